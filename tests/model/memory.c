/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The second model's rows of memory operations, written from AMD's pseudocode. Memory and registers are
 * little-endian bytes; an access of b96 and b128 is one of three and four dwords.
 */
#include "memory.h"

#include <stddef.h>
#include <string.h>

/* ---- atomics: what memory becomes ---------------------------------------------------------------------- */

#define BINARY(name, type, expression)                                                                       \
    static uint64_t name(uint64_t memory, uint64_t data, uint64_t data2) {                                   \
        type m = (type)memory, d = (type)data, d2 = (type)data2;                                             \
        (void)m, (void)d, (void)d2;                                                                          \
        return (uint64_t)(expression);                                                                       \
    }
#define BOTH(name, expression)                                                                               \
    BINARY(name##_u32, uint32_t, expression)                                                                 \
    BINARY(name##_u64, uint64_t, expression)
#define BOTH_SIGNED(name, expression)                                                                        \
    BINARY(name##_i32, int32_t, expression)                                                                  \
    BINARY(name##_i64, int64_t, expression)

BOTH(add, m + d)
BOTH(sub, m - d)
BOTH(rsub, d - m)
BOTH(inc, m >= d ? 0 : m + 1)
BOTH(dec, m == 0 || m > d ? d : m - 1)
BOTH(min, d < m ? d : m)
BOTH(max, d >= m ? d : m)
BOTH_SIGNED(min, d < m ? d : m)
BOTH_SIGNED(max, d >= m ? d : m)
BOTH(and, m &d)
BOTH(or, m | d)
BOTH(xor, m ^ d)
BOTH(mskor, (m & ~d) | d2)
BOTH(swap, d)
BOTH(cmpstore, m == d2 ? d : m) /* DATA is the new value, DATA2 what it is compared with */
BINARY(csub_u32, uint32_t, m >= d ? m - d : 0)
BINARY(wrap_u32, uint32_t, m >= d ? m - d : m + d2)

/* Two dwords, each replaced by the 31 lower bits of its data if the highest bit is set. */
static uint64_t condxchg(uint64_t memory, uint64_t data, uint64_t data2) {
    (void)data2;
    uint64_t result = memory;
    for (unsigned shift = 0; shift < 64; shift += 32)
        if (data >> (shift + 31) & 1)
            result = (result & ~(UINT64_C(0xffffffff) << shift)) | (data & (UINT64_C(0x7fffffff) << shift));
    return result;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

#define ATOMICS(name, function)                                                                              \
    {name "32", ATOMIC, 4, 1, .stride = 1, .atomic = function##32},                                          \
        {name "64", ATOMIC, 8, 1, .stride = 1, .atomic = function##64}

static const struct access_row rows[] = {
    {"load_u8", LOAD, 1, 1, .stride = 1},
    {"load_i8", LOAD, 1, 1, .stride = 1, .sign = true},
    {"load_u16", LOAD, 2, 1, .stride = 1},
    {"load_i16", LOAD, 2, 1, .stride = 1, .sign = true},
    {"load_b32", LOAD, 4, 1, .stride = 1},
    {"load_b64", LOAD, 8, 1, .stride = 1},
    {"load_b96", LOAD, 12, 1, .stride = 1},
    {"load_b128", LOAD, 16, 1, .stride = 1},
    {"load_2addr_b32", LOAD, 4, 2, .stride = 4},
    {"load_2addr_b64", LOAD, 8, 2, .stride = 8},
    {"load_2addr_stride64_b32", LOAD, 4, 2, .stride = 256},
    {"load_2addr_stride64_b64", LOAD, 8, 2, .stride = 512},
    {"load_u8_d16", LOAD, 1, 1, .stride = 1, .d16 = true},
    {"load_i8_d16", LOAD, 1, 1, .stride = 1, .d16 = true, .sign = true},
    {"load_u16_d16", LOAD, 2, 1, .stride = 1, .d16 = true},
    {"load_u8_d16_hi", LOAD, 1, 1, .stride = 1, .d16 = true, .high = true},
    {"load_i8_d16_hi", LOAD, 1, 1, .stride = 1, .d16 = true, .high = true, .sign = true},
    {"load_u16_d16_hi", LOAD, 2, 1, .stride = 1, .d16 = true, .high = true},
    {"load_d16_u8", LOAD, 1, 1, .stride = 1, .d16 = true},
    {"load_d16_i8", LOAD, 1, 1, .stride = 1, .d16 = true, .sign = true},
    {"load_d16_b16", LOAD, 2, 1, .stride = 1, .d16 = true},
    {"load_d16_hi_u8", LOAD, 1, 1, .stride = 1, .d16 = true, .high = true},
    {"load_d16_hi_i8", LOAD, 1, 1, .stride = 1, .d16 = true, .high = true, .sign = true},
    {"load_d16_hi_b16", LOAD, 2, 1, .stride = 1, .d16 = true, .high = true},
    {"load_addtid_b32", LOAD, 4, 1, .stride = 1},
    {"store_b8", STORE, 1, 1, .stride = 1},
    {"store_b16", STORE, 2, 1, .stride = 1},
    {"store_b32", STORE, 4, 1, .stride = 1},
    {"store_b64", STORE, 8, 1, .stride = 1},
    {"store_b96", STORE, 12, 1, .stride = 1},
    {"store_b128", STORE, 16, 1, .stride = 1},
    {"store_2addr_b32", STORE, 4, 2, .stride = 4},
    {"store_2addr_b64", STORE, 8, 2, .stride = 8},
    {"store_2addr_stride64_b32", STORE, 4, 2, .stride = 256},
    {"store_2addr_stride64_b64", STORE, 8, 2, .stride = 512},
    {"store_b8_d16_hi", STORE, 1, 1, .stride = 1, .high = true},
    {"store_b16_d16_hi", STORE, 2, 1, .stride = 1, .high = true},
    {"store_d16_hi_b8", STORE, 1, 1, .stride = 1, .high = true},
    {"store_d16_hi_b16", STORE, 2, 1, .stride = 1, .high = true},
    {"store_addtid_b32", STORE, 4, 1, .stride = 1},
    ATOMICS("add_u", add_u),
    ATOMICS("sub_u", sub_u),
    ATOMICS("rsub_u", rsub_u),
    ATOMICS("inc_u", inc_u),
    ATOMICS("dec_u", dec_u),
    ATOMICS("min_u", min_u),
    ATOMICS("max_u", max_u),
    ATOMICS("min_i", min_i),
    ATOMICS("max_i", max_i),
    ATOMICS("and_b", and_u),
    ATOMICS("or_b", or_u),
    ATOMICS("xor_b", xor_u),
    ATOMICS("mskor_b", mskor_u),
    ATOMICS("swap_b", swap_u),
    ATOMICS("storexchg_b", swap_u),
    ATOMICS("cmpswap_b", cmpstore_u),
    ATOMICS("cmpstore_b", cmpstore_u),
    {"storexchg_2addr_b32", ATOMIC, 4, 2, .stride = 4, .atomic = swap_u32},
    {"storexchg_2addr_b64", ATOMIC, 8, 2, .stride = 8, .atomic = swap_u64},
    {"storexchg_2addr_stride64_b32", ATOMIC, 4, 2, .stride = 256, .atomic = swap_u32},
    {"storexchg_2addr_stride64_b64", ATOMIC, 8, 2, .stride = 512, .atomic = swap_u64},
    {"add_f32", ATOMIC, 4, 1, .stride = 1, .float_atomic = model_add_f32},
    {"min_f32", ATOMIC, 4, 1, .stride = 1, .float_atomic = model_min_f32},
    {"max_f32", ATOMIC, 4, 1, .stride = 1, .float_atomic = model_max_f32},
    {"min_f64", ATOMIC, 8, 1, .stride = 1, .float_atomic = model_min_f64},
    {"max_f64", ATOMIC, 8, 1, .stride = 1, .float_atomic = model_max_f64},
    {"cmpstore_f32", ATOMIC, 4, 1, .stride = 1, .float_atomic = model_cmpstore_f32},
    {"cmpstore_f64", ATOMIC, 8, 1, .stride = 1, .float_atomic = model_cmpstore_f64},
    {"cmpswap_f32", ATOMIC, 4, 1, .stride = 1, .float_atomic = model_cmpstore_f32},
    {"csub_u32", ATOMIC, 4, 1, .stride = 1, .atomic = csub_u32},
    {"wrap_b32", ATOMIC, 4, 1, .stride = 1, .atomic = wrap_u32},
    {"condxchg32_b64", ATOMIC, 8, 1, .stride = 1, .atomic = condxchg},
};

/* Writes the mnemonic without its family, "_rtn" and "atomic_". */
static void row_name(const char *mnemonic, char name[64]) {
    const char *rest = strchr(mnemonic, '_');
    rest = rest ? rest + 1 : mnemonic;
    if (!strncmp(rest, "atomic_", 7)) rest += 7;
    const char *returning = strstr(rest, "_rtn");
    size_t head = returning ? (size_t)(returning - rest) : strlen(rest);
    memcpy(name, rest, head);
    strcpy(name + head, returning ? returning + 4 : "");
}

const struct access_row *model_access_row(const char *mnemonic) {
    char name[64];
    row_name(mnemonic, name);
    for (size_t n = 0; n < sizeof rows / sizeof *rows; n++)
        if (!strcmp(rows[n].name, name)) return &rows[n];
    return NULL;
}

/* ---- one lane ------------------------------------------------------------------------------------------ */

static void load(const struct access_row *row, const unsigned char *at, uint32_t *result) {
    uint32_t value[4] = {0};
    memcpy(value, at, row->bytes);
    if (row->sign) value[0] = row->bytes == 1 ? (uint32_t)(int8_t)value[0] : (uint32_t)(int16_t)value[0];
    if (row->d16)
        memcpy((unsigned char *)result + (row->high ? 2 : 0), value, 2);
    else
        memcpy(result, value, (row->bytes + 3) / 4 * 4);
}

void model_access(const struct access_row *row, unsigned char *const at[2], const uint32_t *data,
                  const uint32_t *data2, struct denormals keep, uint32_t *result) {
    unsigned dwords = (row->bytes + 3) / 4;
    uint64_t old[2] = {0}, given[2] = {0};
    switch (row->kind) {
    case LOAD:
        for (unsigned n = 0; n < row->addresses; n++) load(row, at[n], result + n * dwords);
        break;
    case STORE:
        for (unsigned n = 0; n < row->addresses; n++)
            memcpy(at[n], (const unsigned char *)(n ? data2 : data) + (row->high ? 2 : 0), row->bytes);
        break;
    case ATOMIC:
        memcpy(&given[0], data, row->bytes);
        memcpy(&given[1], data2, row->bytes);
        for (unsigned n = 0; n < row->addresses; n++) memcpy(&old[n], at[n], row->bytes);
        for (unsigned n = 0; n < row->addresses; n++) {
            uint64_t value = row->float_atomic ? row->float_atomic(old[n], given[n], given[1], keep)
                                               : row->atomic(old[n], given[n], given[1]);
            memcpy(at[n], &value, row->bytes);
            memcpy(result + n * dwords, &old[n], row->bytes);
        }
        break;
    }
}

/* ---- lanes that read each other ------------------------------------------------------------------------ */

static unsigned reversed_5(unsigned x) {
    unsigned result = 0;
    for (unsigned bit = 0; bit < 5; bit++) result |= (x >> bit & 1) << (4 - bit);
    return result;
}

unsigned model_swizzle_source(unsigned offset, unsigned lane) {
    unsigned mask = offset & 31;
    if (offset >= 0xe000) { /* a step of the fast Fourier transform */
        unsigned ones = 0;
        for (unsigned bit = 0; bit < 5; bit++) ones += mask >> bit & 1;
        return reversed_5(lane) >> ones | (lane & mask);
    }
    if (offset >= 0xc000) { /* rotation of the lanes outside the mask */
        unsigned count = offset >> 5 & 31;
        unsigned to = offset >> 10 & 1 ? lane - count : lane + count;
        return (lane & mask) | (to & ~mask & 31);
    }
    if (offset & 0x8000) return (lane & ~3u) | (offset >> (lane % 4 * 2) & 3); /* each four lanes */
    return (((lane & mask) | (offset >> 5 & 31)) ^ (offset >> 10 & 31)) & 31;
}
