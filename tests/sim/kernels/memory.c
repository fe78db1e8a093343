/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Every width of load and store and every atomic, in every memory space, at addresses of the test's choice.
 * Lanes have slots of SLOT bytes each; an access is to byte 1 of the slot, so nothing is aligned.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef u32 u32x2 __attribute__((ext_vector_type(2)));
typedef u32 u32x3 __attribute__((ext_vector_type(3)));
typedef u32 u32x4 __attribute__((ext_vector_type(4)));
#define GLOBAL  __attribute__((address_space(1)))
#define LDS     __attribute__((address_space(3)))
#define PRIVATE __attribute__((address_space(5)))
#define KERNEL  __attribute__((amdgpu_kernel))

enum { SLOT = 20, LANES = 64 };

static LDS __attribute__((loader_uninitialized)) u8 lds[4096];

#define lane __builtin_amdgcn_workitem_id_x()
#define INIT __asm__ volatile("" : : : "memory")
#define WAIT "\n s_waitcnt vmcnt(0) lgkmcnt(0)\n s_waitcnt_vscnt null, 0"

/* clang-format off */
#define LOADS(X) /* row of the result, dwords, name in global memory, name in LDS */ \
    X(0, 1, u8, u8) X(1, 1, i8, i8) X(2, 1, u16, u16) X(3, 1, i16, i16) X(4, 1, b32, b32) X(5, 2, b64, b64) \
    X(6, 3, b96, b96) X(7, 4, b128, b128) X(8, 1, d16_u8, u8_d16) X(9, 1, d16_i8, i8_d16) \
    X(10, 1, d16_b16, u16_d16) X(11, 1, d16_hi_u8, u8_d16_hi) X(12, 1, d16_hi_i8, i8_d16_hi) \
    X(13, 1, d16_hi_b16, u16_d16_hi)
#define STORES(X) \
    X(0, 1, b8, b8) X(1, 1, b16, b16) X(2, 1, b32, b32) X(3, 2, b64, b64) X(4, 3, b96, b96) \
    X(5, 4, b128, b128) X(6, 1, d16_hi_b8, b8_d16_hi) X(7, 1, d16_hi_b16, b16_d16_hi)
/* clang-format on */

#define REGISTERS(dwords) REGISTERS_##dwords
#define REGISTERS_1       u32
#define REGISTERS_2       u32x2
#define REGISTERS_3       u32x3
#define REGISTERS_4       u32x4

/* ---- loads: out[row][lane][4 dwords], the registers held 0xa5a5a5a5 ---------------------------------- */

#define PUT(row, dwords, r)                                                                                  \
    for (u32 n = 0; n < dwords; n++) out[((row) * LANES + lane) * 4 + n] = ((u32 *)&r)[n];
#define LOAD(row, dwords, text)                                                                              \
    {                                                                                                        \
        REGISTERS(dwords) r = 0xa5a5a5a5;                                                                    \
        __asm__ volatile(text WAIT : "+v"(r) : "v"(at) : "memory");                                          \
        PUT(row, dwords, r)                                                                                  \
    }
#define GLOBAL_LOAD(row, dwords, name, ds)  LOAD(row, dwords, "global_load_" #name " %0, %1, off")
#define FLAT_LOAD(row, dwords, name, ds)    LOAD(row, dwords, "flat_load_" #name " %0, %1")
#define SCRATCH_LOAD(row, dwords, name, ds) LOAD(row, dwords, "scratch_load_" #name " %0, %1, off")
#define DS_LOAD(row, dwords, name, ds)      LOAD(row, dwords, "ds_load_" #ds " %0, %1")

#define FILL(to)                                                                                             \
    for (u32 n = 0; n < SLOT; n++) (to)[n] = memory[SLOT * lane + n];                                        \
    INIT

KERNEL void loads_global(GLOBAL u8 *memory, GLOBAL u32 *out) {
    GLOBAL u8 *at = memory + SLOT * lane + 1;
    LOADS(GLOBAL_LOAD)
}
KERNEL void loads_flat(GLOBAL u8 *memory, GLOBAL u32 *out) {
    u8 *at = (u8 *)memory + SLOT * lane + 1;
    LOADS(FLAT_LOAD)
}
KERNEL void loads_lds(GLOBAL u8 *memory, GLOBAL u32 *out) {
    LDS u8 *at = lds + SLOT * lane + 1;
    FILL(at - 1);
    LOADS(DS_LOAD)
}
KERNEL void loads_flat_lds(GLOBAL u8 *memory, GLOBAL u32 *out) {
    u8 *at = (u8 *)lds + SLOT * lane + 1;
    FILL(at - 1);
    LOADS(FLAT_LOAD)
}
KERNEL void loads_scratch(GLOBAL u8 *memory, GLOBAL u32 *out) {
    volatile u8 slot[SLOT];
    FILL(slot);
    PRIVATE u8 *at = (PRIVATE u8 *)slot + 1;
    LOADS(SCRATCH_LOAD)
}
KERNEL void loads_flat_scratch(GLOBAL u8 *memory, GLOBAL u32 *out) {
    volatile u8 slot[SLOT];
    FILL(slot);
    u8 *at = (u8 *)slot + 1;
    LOADS(FLAT_LOAD)
}

/* ---- stores: memory[row][lane][SLOT], which held 0x5a ------------------------------------------------ */

#define STORE(row, dwords, text)                                                                             \
    {                                                                                                        \
        REGISTERS(dwords) r;                                                                                 \
        for (u32 n = 0; n < dwords; n++) ((u32 *)&r)[n] = (4 * lane + n + 1) * 0x9e3779b9;                   \
        GLOBAL u8 *slot = memory + ((row) * LANES + lane) * SLOT;                                            \
        (void)slot;                                                                                          \
        BEFORE                                                                                               \
        __asm__ volatile(text WAIT : : "v"(at), "v"(r) : "memory");                                          \
        AFTER                                                                                                \
    }
#define GLOBAL_STORE(row, dwords, name, ds)  STORE(row, dwords, "global_store_" #name " %0, %1, off")
#define FLAT_STORE(row, dwords, name, ds)    STORE(row, dwords, "flat_store_" #name " %0, %1")
#define SCRATCH_STORE(row, dwords, name, ds) STORE(row, dwords, "scratch_store_" #name " %0, %1, off")
#define DS_STORE(row, dwords, name, ds)      STORE(row, dwords, "ds_store_" #ds " %0, %1")

#define AFTER
#define BEFORE GLOBAL u8 *at = slot + 1;
KERNEL void stores_global(GLOBAL u8 *memory){STORES(GLOBAL_STORE)}
#undef BEFORE
#define BEFORE u8 *at = (u8 *)slot + 1;
KERNEL void stores_flat(GLOBAL u8 *memory){STORES(FLAT_STORE)}
#undef BEFORE
#undef AFTER

/* Memory that is not global: a slot there is filled before and copied out after. */
#define BEFORE                                                                                               \
    for (u32 n = 0; n < SLOT; n++) mine[n] = 0x5a;                                                           \
    INIT;
#define AFTER                                                                                                \
    for (u32 n = 0; n < SLOT; n++) slot[n] = mine[n];
KERNEL void stores_lds(GLOBAL u8 *memory) {
    LDS volatile u8 *mine = lds + SLOT * lane, *at = mine + 1;
    STORES(DS_STORE)
}
KERNEL void stores_flat_lds(GLOBAL u8 *memory) {
    volatile u8 *mine = (u8 *)lds + SLOT * lane, *at = mine + 1;
    STORES(FLAT_STORE)
}
KERNEL void stores_scratch(GLOBAL u8 *memory) {
    volatile u8 mine[SLOT];
    PRIVATE u8 *at = (PRIVATE u8 *)mine + 1;
    STORES(SCRATCH_STORE)
}
KERNEL void stores_flat_scratch(GLOBAL u8 *memory) {
    volatile u8 mine[SLOT];
    u8 *at = (u8 *)mine + 1;
    STORES(FLAT_STORE)
}

/* ---- two addresses: LDS word n held 1000 + n; old values go to out[row][lane][4], the words follow --- */

#define EXCHANGE(row, dwords, name, offsets, operand_a, operand_b)                                           \
    {                                                                                                        \
        REGISTERS_##dwords r;                                                                                \
        u32x2 a = {10 * lane, 10 * lane + 1}, b = {10 * lane + 2, 10 * lane + 3};                            \
        __asm__ volatile("ds_storexchg_" name " %0, %1, %2, %3 " offsets WAIT                                \
                         : "=&v"(r)                                                                          \
                         : "v"(lds + 8 * lane), "v"(operand_a), "v"(operand_b)                               \
                         : "memory");                                                                        \
        PUT(row, dwords, r)                                                                                  \
    }
#define LOAD_PAIR(row, dwords, name, offsets)                                                                \
    {                                                                                                        \
        REGISTERS_##dwords r;                                                                                \
        __asm__ volatile("ds_load_" name " %0, %1 " offsets WAIT                                             \
                         : "=v"(r)                                                                           \
                         : "v"(lds + 8 * lane)                                                               \
                         : "memory");                                                                        \
        PUT(row, dwords, r)                                                                                  \
    }
KERNEL void pairs(GLOBAL u32 *out) {
    LDS volatile u32 *words = (LDS volatile u32 *)lds;
    for (u32 n = 0; n < 16; n++) words[LANES * n + lane] = 1000 + LANES * n + lane;
    __builtin_amdgcn_s_barrier();
    LOAD_PAIR(0, 2, "2addr_b32", "offset0:1 offset1:5")
    LOAD_PAIR(1, 2, "2addr_stride64_b32", "offset0:1 offset1:3")
    LOAD_PAIR(2, 4, "2addr_b64", "offset0:2 offset1:7")
    LOAD_PAIR(3, 4, "2addr_stride64_b64", "offset0:1 offset1:2")
    __builtin_amdgcn_s_barrier();
    EXCHANGE(4, 2, "2addr_rtn_b32", "offset0:0 offset1:1", a.x, b.x)
    EXCHANGE(5, 4, "2addr_stride64_rtn_b64", "offset0:1 offset1:2", a, b)
    __builtin_amdgcn_s_barrier();
    for (u32 n = 0; n < 16; n++) out[6 * LANES * 4 + LANES * n + lane] = words[LANES * n + lane];
}

/* ---- atomics: every lane on 8 bytes of its own; the old value goes to out[lane] ------------------------ */

typedef u64 u64x2 __attribute__((ext_vector_type(2)));

/* clang-format off */
#define ATOMICS(X) \
    X(swap_b32, u32) X(add_u32, u32) X(sub_u32, u32) X(csub_u32, u32) X(min_i32, u32) X(min_u32, u32) \
    X(max_i32, u32) X(max_u32, u32) X(and_b32, u32) X(or_b32, u32) X(xor_b32, u32) X(inc_u32, u32) \
    X(dec_u32, u32) X(min_f32, u32) X(max_f32, u32) X(add_f32, u32) \
    X(swap_b64, u64) X(add_u64, u64) X(sub_u64, u64) X(min_i64, u64) X(min_u64, u64) X(max_i64, u64) \
    X(max_u64, u64) X(and_b64, u64) X(or_b64, u64) X(xor_b64, u64) X(inc_u64, u64) X(dec_u64, u64)
#define COMPARING(X) X(cmpswap_b32, u32, u32x2) X(cmpswap_f32, u32, u32x2) X(cmpswap_b64, u64, u64x2)
#define DS_ATOMICS(X) \
    X(storexchg, b32, u32) X(add, u32, u32) X(sub, u32, u32) X(rsub, u32, u32) X(inc, u32, u32) \
    X(dec, u32, u32) X(min, i32, u32) X(max, i32, u32) X(min, u32, u32) X(max, u32, u32) X(and, b32, u32) \
    X(or, b32, u32) X(xor, b32, u32) X(min, f32, u32) X(max, f32, u32) X(add, f32, u32) \
    X(storexchg, b64, u64) X(add, u64, u64) X(sub, u64, u64) X(rsub, u64, u64) X(inc, u64, u64) \
    X(dec, u64, u64) X(min, i64, u64) X(max, i64, u64) X(min, u64, u64) X(max, u64, u64) X(and, b64, u64) \
    X(or, b64, u64) X(xor, b64, u64)
#define DS_TWO(X) \
    X(cmpstore, b32, u32) X(cmpstore, f32, u32) X(mskor, b32, u32) X(wrap, b32, u32) \
    X(cmpstore, b64, u64) X(mskor, b64, u64)
/* clang-format on */

#define ATOMIC(kernel, type, before, text, at, operand, after)                                               \
    KERNEL void kernel(GLOBAL u64 *memory, GLOBAL u64 *out, u64 first, u64 second) {                         \
        type data = (type)first, data2 = (type)second, old;                                                  \
        (void)data2;                                                                                         \
        before;                                                                                              \
        __asm__ volatile(text WAIT : "=&v"(old) : "v"(at), "v"(operand), "v"(data2) : "memory");             \
        after;                                                                                               \
        out[lane] = old;                                                                                     \
    }
#define GLOBAL_ATOMIC(name, type)                                                                            \
    ATOMIC(global_##name, type, , "global_atomic_" #name " %0, %1, %2, off glc", memory + lane, data, )
#define GLOBAL_COMPARING(name, type, pair)                                                                   \
    ATOMIC(global_##name, type, , "global_atomic_" #name " %0, %1, %2, off glc", memory + lane,              \
           ((pair){data, data2}), )
#define FLAT_COMPARING(name, type, pair)                                                                     \
    ATOMIC(flat_##name, type, , "flat_atomic_" #name " %0, %1, %2 glc", (u64 *)(memory + lane),              \
           ((pair){data, data2}), )
#define FROM_MEMORY (((LDS volatile u64 *)lds)[lane] = memory[lane])
#define TO_MEMORY   (memory[lane] = ((LDS volatile u64 *)lds)[lane])
#define DS_ATOMIC(name, suffix, type)                                                                        \
    ATOMIC(ds_##name##_##suffix, type, FROM_MEMORY, "ds_" #name "_rtn_" #suffix " %0, %1, %2",               \
           (LDS u64 *)lds + lane, data, TO_MEMORY)
#define DS_ATOMIC_TWO(name, suffix, type)                                                                    \
    ATOMIC(ds_##name##_##suffix, type, FROM_MEMORY, "ds_" #name "_rtn_" #suffix " %0, %1, %2, %3",           \
           (LDS u64 *)lds + lane, data, TO_MEMORY)
ATOMICS(GLOBAL_ATOMIC)
COMPARING(GLOBAL_COMPARING)
COMPARING(FLAT_COMPARING)
DS_ATOMICS(DS_ATOMIC)
DS_TWO(DS_ATOMIC_TWO)

/* ---- wild accesses: lane n's is at offset + n * stride of its memory; then a mark that nobody may see -- */

#define WILD(kernel, type, base, text)                                                                       \
    KERNEL void wild_##kernel(GLOBAL u8 *memory, GLOBAL u32 *mark, u32 offset, u32 stride) {                 \
        volatile u8 scratch[64];                                                                             \
        scratch[lane & 63] = 1;                                                                              \
        type r = 7;                                                                                          \
        __asm__ volatile(text WAIT : "+v"(r) : "v"((base) + offset + lane * stride) : "memory");             \
        lds[4095] = scratch[lane & 63];                                                                      \
        mark[lane] = (u32)r + memory[0];                                                                     \
    }
WILD(global_store_b32, u32, memory, "global_store_b32 %1, %0, off")
WILD(global_store_b64, u64, memory, "global_store_b64 %1, %0, off")
WILD(global_load_u8, u32, memory, "global_load_u8 %0, %1, off")
WILD(global_load_b64, u64, memory, "global_load_b64 %0, %1, off")
WILD(global_atomic, u32, memory, "global_atomic_add_u32 %1, %0, off")
WILD(flat_store, u32, (u8 *)memory, "flat_store_b32 %1, %0")
WILD(flat_lds, u32, (u8 *)lds, "flat_store_b32 %1, %0")
WILD(flat_scratch, u32, (u8 *)scratch, "flat_store_b32 %1, %0")
WILD(scratch_store, u32, (PRIVATE u8 *)scratch, "scratch_store_b32 %1, %0, off")
WILD(lds_store, u32, lds, "ds_store_b32 %1, %0")
WILD(lds_load_b64, u64, lds, "ds_load_b64 %0, %1")
WILD(lds_pair, u32, lds, "ds_store_2addr_b32 %1, %0, %0 offset0:0 offset1:1")
WILD(lds_atomic, u32, lds, "ds_add_u32 %1, %0")
WILD(lds_atomic_b64, u64, lds, "ds_add_u64 %1, %0")

/* Writes where it is itself. */
KERNEL void own_code(void) { *(GLOBAL u32 *)(__builtin_amdgcn_s_getpc() & ~3ul) = 0; }
