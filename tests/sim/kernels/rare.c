/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Instructions that compilers seldom choose. 64 work-items; out[row][64] words. */
typedef unsigned int u32;
typedef unsigned long u64;
#define GLOBAL __attribute__((address_space(1)))
#define LDS    __attribute__((address_space(3)))
#define KERNEL __attribute__((amdgpu_kernel))

static LDS u32 area[512] __attribute__((loader_uninitialized));

#define ID              __builtin_amdgcn_workitem_id_x()
#define PUT(row, value) out[(row) * 64 + ID] = (value)

static void sync(void) {
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

/* Rows 0, 1: what the counters gave; 2: what they end with. Every third work-item takes no part. */
KERNEL void counters(GLOBAL u32 *out) {
    if (ID < 2) area[ID] = 1000 * (ID + 1);
    sync();
    if (ID % 3) {
        u32 first, second;
        __asm__ volatile("s_mov_b32 m0, %2\n ds_append %0\n ds_consume %1 offset:4\n s_waitcnt lgkmcnt(0)"
                         : "=&v"(first), "=&v"(second)
                         : "s"((u32)(LDS u32 *)area)
                         : "memory");
        PUT(0, first);
        PUT(1, second);
    }
    sync();
    PUT(2, area[ID % 2]);
}

/* Bytes between the areas of neighbouring waves of 32; a wave64 begins at its own. */
#define WAVE_BYTES 256

KERNEL void lane_order(GLOBAL u32 *out) {
    __asm__ volatile("s_mov_b32 m0, %0\n ds_store_addtid_b32 %1 offset:16\n s_waitcnt lgkmcnt(0)"
                     :
                     : "s"((u32)(LDS u32 *)area + WAVE_BYTES * (u32)__builtin_amdgcn_readfirstlane(ID / 32)),
                       "v"(ID + 7)
                     : "memory");
    sync();
    u32 wave = ID / (u32)__builtin_amdgcn_wavefrontsize(), lane = ID % (u32)__builtin_amdgcn_wavefrontsize();
    PUT(0, area[64 * wave + 4 + lane]);
    u32 loaded;
    __asm__ volatile("s_mov_b32 m0, %1\n ds_load_addtid_b32 %0 offset:16\n s_waitcnt lgkmcnt(0)"
                     : "=v"(loaded)
                     : "s"((u32)(LDS u32 *)area + WAVE_BYTES * (u32)__builtin_amdgcn_readfirstlane(ID / 32))
                     : "memory");
    PUT(1, loaded);
}

#define FFT(row, mask)                                                                                       \
    {                                                                                                        \
        u32 value;                                                                                           \
        __asm__ volatile("ds_swizzle_b32 %0, %1 offset:swizzle(FFT," #mask ")\n s_waitcnt lgkmcnt(0)"        \
                         : "=v"(value)                                                                       \
                         : "v"(ID));                                                                         \
        PUT(row, value);                                                                                     \
    }
KERNEL void fft(GLOBAL u32 *out){
    /* clang-format off */
    FFT(0, 0)
    FFT(1, 1)
    FFT(2, 3)
    FFT(3, 16)
    FFT(4, 31)
    /* clang-format on */
}

#define F64(name, value)                                                                                     \
    __asm__ volatile("ds_" name " %0, %1\n s_waitcnt lgkmcnt(0)"                                             \
                     :                                                                                       \
                     : "v"((u32)(LDS u32 *)area + 8 * ID), "v"(value)                                        \
                     : "memory")
KERNEL void doubles(const GLOBAL double *in, GLOBAL double *results) {
    LDS double *at = (LDS double *)area;
    GLOBAL double *out = results;
    double a = in[ID], b = in[64 + ID], old;
    at[ID] = a;
    F64("min_f64", b);
    PUT(0, at[ID]);
    at[ID] = a;
    F64("max_f64", b);
    PUT(1, at[ID]);
    at[ID] = a;
    __asm__ volatile("ds_cmpstore_rtn_f64 %0, %1, %2, %3\n s_waitcnt lgkmcnt(0)"
                     : "=&v"(old)
                     : "v"((u32)(LDS u32 *)area + 8 * ID), "v"(1.5), "v"(b)
                     : "memory");
    PUT(2, old);
    PUT(3, at[ID]);
}

KERNEL void exchange(const GLOBAL u64 *in, GLOBAL u64 *results) {
    LDS u64 *at = (LDS u64 *)area;
    GLOBAL u64 *out = results;
    u64 old;
    at[ID] = in[ID];
    __asm__ volatile("ds_condxchg32_rtn_b64 %0, %1, %2\n s_waitcnt lgkmcnt(0)"
                     : "=&v"(old)
                     : "v"((u32)(LDS u32 *)area + 8 * ID), "v"(in[64 + ID])
                     : "memory");
    PUT(0, old);
    PUT(1, at[ID]);
}

KERNEL void clocks(GLOBAL u32 *out) {
    u32 first, second;
    u64 time, later;
    __asm__ volatile("s_getreg_b32 %0, hwreg(HW_REG_SHADER_CYCLES, 0, 20)\n"
                     "s_getreg_b32 %1, hwreg(HW_REG_SHADER_CYCLES, 0, 20)\n"
                     "s_sendmsg_rtn_b64 %2, sendmsg(MSG_RTN_GET_REALTIME)\n"
                     "s_sendmsg_rtn_b64 %3, sendmsg(MSG_RTN_GET_REALTIME)\n s_waitcnt lgkmcnt(0)"
                     : "=&s"(first), "=&s"(second), "=&s"(time), "=&s"(later));
    PUT(0, second > first);
    PUT(1, later > time);
}

/* EXEC and the loop register before, in and after the passes over a wave64's halves. */
KERNEL void subvectors(GLOBAL u32 *out) {
    u32 passes = 0, after;
    u32 value = 0;
    __asm__ volatile("s_mov_b32 %0, 0\n s_subvector_loop_begin s40, 2f\n1:\n s_add_u32 %0, %0, 1\n"
                     "v_mov_b32 %1, %0\n s_subvector_loop_end s40, 1b\n2:\n s_bcnt1_i32_b64 %2, exec"
                     : "+s"(passes), "+v"(value), "=s"(after)
                     :
                     : "s40", "scc");
    PUT(0, passes);
    PUT(1, value);
    PUT(2, after);
}
