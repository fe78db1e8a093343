/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The integer vector operations as AMD's pseudocode defines them, one row each. */
#include "valu_int.h"

/* ---- words of the pseudocode -------------------------------------------------------------------------- */

static integer least(integer a, integer b) { return a < b ? a : b; }
static integer most(integer a, integer b) { return a > b ? a : b; }
static integer middle(integer a, integer b, integer c) {
    return a >= b && a >= c ? most(b, c) : b >= a && b >= c ? most(a, c) : most(a, b);
}
static integer difference(integer a, integer b) { return a > b ? a - b : b - a; }

/* Bits high..low of v, as an unsigned number and as a signed one. */
static integer bits(integer v, unsigned high, unsigned low) {
    return v >> low & (((integer)1 << (high - low + 1)) - 1);
}
static integer signed_bits(integer v, unsigned high, unsigned low) {
    integer field = bits(v, high, low), top = (integer)1 << (high - low);
    return field >= top ? field - 2 * top : field;
}

integer model_fit(integer value, unsigned width, bool is_signed, bool clamp) {
    integer limit = (integer)1 << (width - is_signed);
    if (clamp) value = least(most(value, is_signed ? -limit : 0), limit - 1);
    return bits(value, width - 1, 0);
}

static integer count_ones(integer v) {
    integer count = 0;
    for (unsigned i = 0; i < 32; i++) count += bits(v, i, i);
    return count;
}
static integer reverse(integer v) {
    integer result = 0;
    for (unsigned i = 0; i < 32; i++) result |= bits(v, i, i) << (31 - i);
    return result;
}
/* Distance from the top, or from the bottom, of the first bit that is `wanted`; -1 if none is. */
static integer find_from_top(integer v, integer wanted) {
    for (unsigned i = 0; i < 32; i++)
        if (bits(v, 31 - i, 31 - i) == wanted) return i;
    return -1;
}
static integer find_from_bottom(integer v) {
    for (unsigned i = 0; i < 32; i++)
        if (bits(v, i, i)) return i;
    return -1;
}

static integer field_mask(integer width) { return ((integer)1 << bits(width, 4, 0)) - 1; }
static integer extract_signed(integer a, integer offset, integer width) {
    unsigned length = (unsigned)bits(width, 4, 0);
    return length ? signed_bits(a >> bits(offset, 4, 0), length - 1, 0) : 0;
}

static integer join(integer high, integer low, unsigned width) {
    return high << width | bits(low, width - 1, 0);
}

static integer average_bytes(integer a, integer b, integer round) {
    integer result = 0;
    for (unsigned i = 0; i < 32; i += 8)
        result |= (bits(a, i + 7, i) + bits(b, i + 7, i) + bits(round, i, i)) >> 1 << i;
    return result;
}

/* Sum of absolute differences of bytes; `masked` leaves out those where b's byte is 0. */
static integer sad(integer a, integer b, bool masked) {
    integer sum = 0;
    for (unsigned i = 0; i < 32; i += 8)
        if (!masked || bits(b, i + 7, i)) sum += difference(bits(a, i + 7, i), bits(b, i + 7, i));
    return sum;
}
/* Four of them, of the four words that start at bytes 0 to 3 of a, each added to its field of c. */
static integer four_sads(const struct lane *x, bool masked, unsigned width) {
    natural result = 0;
    for (unsigned n = 0; n < 4; n++) {
        integer sum =
            sad(bits(x->a, 8 * n + 31, 8 * n), x->b, masked) + bits(x->c, width * (n + 1) - 1, width * n);
        result |= (natural)model_fit(sum, width, false, x->clamp) << width * n;
    }
    return (integer)result;
}

static integer permuted_byte(integer data, integer selector) {
    if (selector >= 13) return 0xff;
    if (selector == 12) return 0;
    if (selector >= 8) {
        unsigned sign = 16 * (unsigned)(selector - 8) + 15;
        return bits(data, sign, sign) * 0xff;
    }
    return bits(data, 8 * (unsigned)selector + 7, 8 * (unsigned)selector);
}
static integer permute(integer data, integer selectors) {
    integer result = 0;
    for (unsigned i = 0; i < 32; i += 8) result |= permuted_byte(data, bits(selectors, i + 7, i)) << i;
    return result;
}

static integer saturate_byte(integer v) { return least(most(v, 0), 255); }

/* The lanes below this one, of which `half` is wanted. */
static integer lanes_below(unsigned lane, unsigned half) {
    return bits(((integer)1 << lane) - 1, 32 * half + 31, 32 * half);
}

static integer dot(const struct lane *x, unsigned width, bool a_signed, bool b_signed) {
    integer sum = x->c;
    for (unsigned i = 0; i < 32; i += width)
        sum += (a_signed ? signed_bits : bits)(x->a, i + width - 1, i) *
               (b_signed ? signed_bits : bits)(x->b, i + width - 1, i);
    return sum;
}

/* ---- the rows ----------------------------------------------------------------------------------------- */

/* clang-format off */
#define ROW(name, value) case OP_##name: x->d = (value); return true
#define ROW_MASK(name, value, bit) case OP_##name: x->d = (value); x->mask = (bit); return true
#define COMPARE(name, value) case OP_v_cmp_##name: case OP_v_cmpx_##name: x->mask = (value); return true
#define COMPARES(type)                                                                                       \
    COMPARE(lt_##type, a < b);                                                                               \
    COMPARE(eq_##type, a == b);                                                                              \
    COMPARE(le_##type, a <= b);                                                                              \
    COMPARE(gt_##type, a > b);                                                                               \
    COMPARE(ne_##type, a != b);                                                                              \
    COMPARE(ge_##type, a >= b)
#define COMPARES_AND_CONSTANTS(type)                                                                         \
    COMPARES(type);                                                                                          \
    COMPARE(f_##type, false);                                                                                \
    COMPARE(t_##type, true)
/* clang-format on */

static bool arithmetic(enum op op, struct lane *x) {
    const integer a = x->a, b = x->b, c = x->c, carry = x->bit;
    switch ((unsigned)op) {
        ROW(v_add_nc_u32, a + b);
        ROW(v_sub_nc_u32, a - b);
        ROW(v_subrev_nc_u32, b - a);
        ROW(v_add_nc_i32, a + b);
        ROW(v_sub_nc_i32, a - b);
        ROW(v_add_nc_u16, a + b);
        ROW(v_sub_nc_u16, a - b);
        ROW(v_add_nc_i16, a + b);
        ROW(v_sub_nc_i16, a - b);
        ROW_MASK(v_add_co_u32, a + b, x->d > UINT32_MAX);
        ROW_MASK(v_sub_co_u32, a - b, b > a);
        ROW_MASK(v_subrev_co_u32, b - a, a > b);
        ROW_MASK(v_add_co_ci_u32, a + b + carry, x->d > UINT32_MAX);
        ROW_MASK(v_sub_co_ci_u32, a - b - carry, b + carry > a);
        ROW_MASK(v_subrev_co_ci_u32, b - a - carry, a + carry > b);
        ROW(v_add3_u32, a + b + c);
        ROW(v_xad_u32, (a ^ b) + c);
        ROW(v_lshl_add_u32, (a << bits(b, 4, 0)) + c);
        ROW(v_add_lshl_u32, bits(a + b, 31, 0) << bits(c, 4, 0));

        ROW(v_mul_i32_i24, signed_bits(a, 23, 0) * signed_bits(b, 23, 0));
        ROW(v_mul_hi_i32_i24, signed_bits(a, 23, 0) * signed_bits(b, 23, 0) >> 32);
        ROW(v_mul_u32_u24, bits(a, 23, 0) * bits(b, 23, 0));
        ROW(v_mul_hi_u32_u24, bits(a, 23, 0) * bits(b, 23, 0) >> 32);
        ROW(v_mul_lo_u32, a * b);
        ROW(v_mul_hi_u32, a * b >> 32);
        ROW(v_mul_hi_i32, a * b >> 32);
        ROW(v_mul_lo_u16, a * b);
        ROW(v_mad_i32_i24, signed_bits(a, 23, 0) * signed_bits(b, 23, 0) + c);
        ROW(v_mad_u32_u24, bits(a, 23, 0) * bits(b, 23, 0) + c);
        ROW(v_mad_u16, a * b + c);
        ROW(v_mad_i16, a * b + c);
        ROW(v_mad_u32_u16, a * b + c);
        ROW(v_mad_i32_i16, a * b + c);
        ROW_MASK(v_mad_u64_u32, a * b + c, bits(x->d, 64, 64));
        ROW_MASK(v_mad_i64_i32, a * b + c, bits(x->d, 64, 64));

        ROW(v_dot4_i32_iu8, dot(x, 8, x->a_signed, x->b_signed));
        ROW(v_dot4_u32_u8, dot(x, 8, false, false));
        ROW(v_dot8_i32_iu4, dot(x, 4, x->a_signed, x->b_signed));
        ROW(v_dot8_u32_u4, dot(x, 4, false, false));

        ROW(v_sad_u8, sad(a, b, false) + c);
        ROW(v_sad_hi_u8, (sad(a, b, false) << 16) + c);
        ROW(v_msad_u8, sad(a, b, true) + c);
        ROW(v_sad_u16, difference(bits(a, 15, 0), bits(b, 15, 0)) + difference(a >> 16, b >> 16) + c);
        ROW(v_sad_u32, difference(a, b) + c);
        ROW(v_qsad_pk_u16_u8, four_sads(x, false, 16));
        ROW(v_mqsad_pk_u16_u8, four_sads(x, true, 16));
        ROW(v_mqsad_u32_u8, four_sads(x, true, 32));
    }
    return false;
}

static bool selection(enum op op, struct lane *x) {
    const integer a = x->a, b = x->b, c = x->c;
    switch ((unsigned)op) {
        ROW(v_min_i32, least(a, b));
        ROW(v_min_u32, least(a, b));
        ROW(v_min_i16, least(a, b));
        ROW(v_min_u16, least(a, b));
        ROW(v_max_i32, most(a, b));
        ROW(v_max_u32, most(a, b));
        ROW(v_max_i16, most(a, b));
        ROW(v_max_u16, most(a, b));
        ROW(v_min3_i32, least(least(a, b), c));
        ROW(v_min3_u32, least(least(a, b), c));
        ROW(v_min3_i16, least(least(a, b), c));
        ROW(v_min3_u16, least(least(a, b), c));
        ROW(v_max3_i32, most(most(a, b), c));
        ROW(v_max3_u32, most(most(a, b), c));
        ROW(v_max3_i16, most(most(a, b), c));
        ROW(v_max3_u16, most(most(a, b), c));
        ROW(v_med3_i32, middle(a, b, c));
        ROW(v_med3_u32, middle(a, b, c));
        ROW(v_med3_i16, middle(a, b, c));
        ROW(v_med3_u16, middle(a, b, c));
        ROW(v_maxmin_u32, least(most(a, b), c));
        ROW(v_maxmin_i32, least(most(a, b), c));
        ROW(v_minmax_u32, most(least(a, b), c));
        ROW(v_minmax_i32, most(least(a, b), c));
        ROW(v_cndmask_b32, x->bit ? b : a);
        ROW(v_cndmask_b16, x->bit ? b : a);
        COMPARES(i16);
        COMPARES(u16);
        COMPARES_AND_CONSTANTS(i32);
        COMPARES_AND_CONSTANTS(u32);
        COMPARES_AND_CONSTANTS(i64);
        COMPARES_AND_CONSTANTS(u64);
    }
    return false;
}

static bool bit_pattern(enum op op, struct lane *x) {
    const integer a = x->a, b = x->b, c = x->c;
    switch ((unsigned)op) {
        ROW(v_mov_b32, a);
        ROW(v_mov_b16, a);
        ROW(v_not_b32, ~a);
        ROW(v_not_b16, ~a);
        ROW(v_cvt_i32_i16, a);
        ROW(v_cvt_u32_u16, a);
        ROW(v_bfrev_b32, reverse(a));
        ROW(v_clz_i32_u32, find_from_top(a, 1));
        ROW(v_ctz_i32_b32, find_from_bottom(a));
        ROW(v_cls_i32, find_from_top(a, !bits(a, 31, 31)));
        ROW(v_bcnt_u32_b32, count_ones(a) + b);
        ROW(v_mbcnt_lo_u32_b32, count_ones(a & lanes_below(x->number, 0)) + b);
        ROW(v_mbcnt_hi_u32_b32, count_ones(a & lanes_below(x->number, 1)) + b);

        ROW(v_and_b32, a & b);
        ROW(v_or_b32, a | b);
        ROW(v_xor_b32, a ^ b);
        ROW(v_xnor_b32, ~(a ^ b));
        ROW(v_and_b16, a & b);
        ROW(v_or_b16, a | b);
        ROW(v_xor_b16, a ^ b);
        ROW(v_xor3_b32, a ^ b ^ c);
        ROW(v_or3_b32, a | b | c);
        ROW(v_and_or_b32, (a & b) | c);
        ROW(v_lshl_or_b32, a << bits(b, 4, 0) | c);
        ROW(v_bfi_b32, (a & b) | (~a & c));
        ROW(v_bfm_b32, field_mask(a) << bits(b, 4, 0));
        ROW(v_bfe_u32, a >> bits(b, 4, 0) & field_mask(c));
        ROW(v_bfe_i32, extract_signed(a, b, c));

        ROW(v_lshlrev_b32, b << bits(a, 4, 0));
        ROW(v_lshrrev_b32, b >> bits(a, 4, 0));
        ROW(v_ashrrev_i32, b >> bits(a, 4, 0));
        ROW(v_lshlrev_b16, bits(b << bits(a, 3, 0), 15, 0)); /* what leaves the top is no overflow */
        ROW(v_lshrrev_b16, b >> bits(a, 3, 0));
        ROW(v_ashrrev_i16, b >> bits(a, 3, 0));
        ROW(v_lshlrev_b64, b << bits(a, 5, 0));
        ROW(v_lshrrev_b64, b >> bits(a, 5, 0));
        ROW(v_ashrrev_i64, b >> bits(a, 5, 0));

        ROW(v_alignbit_b32, join(a, b, 32) >> bits(c, 4, 0));
        ROW(v_alignbyte_b32, join(a, b, 32) >> 8 * bits(c, 1, 0));
        ROW(v_perm_b32, permute(join(a, b, 32), c));
        ROW(v_lerp_u8, average_bytes(a, b, c));
        ROW(v_cvt_pk_u16_u32, join(least(b, 0xffff), least(a, 0xffff), 16));
        ROW(v_cvt_pk_i16_i32, join(model_fit(b, 16, true, true), model_fit(a, 16, true, true), 16));
        ROW(v_sat_pk_u8_i16,
            join(saturate_byte(signed_bits(a, 31, 16)), saturate_byte(signed_bits(a, 15, 0)), 8));
    }
    return false;
}

bool model_lane(enum op op, struct lane *x) {
    return arithmetic(op, x) || selection(op, x) || bit_pattern(op, x);
}

enum op model_packed(enum op op) {
    static const struct {
        enum op packed, one;
    } pairs[] = {
        {OP_v_pk_mad_i16, OP_v_mad_i16},         {OP_v_pk_mad_u16, OP_v_mad_u16},
        {OP_v_pk_mul_lo_u16, OP_v_mul_lo_u16},   {OP_v_pk_add_i16, OP_v_add_nc_i16},
        {OP_v_pk_sub_i16, OP_v_sub_nc_i16},      {OP_v_pk_add_u16, OP_v_add_nc_u16},
        {OP_v_pk_sub_u16, OP_v_sub_nc_u16},      {OP_v_pk_lshlrev_b16, OP_v_lshlrev_b16},
        {OP_v_pk_lshrrev_b16, OP_v_lshrrev_b16}, {OP_v_pk_ashrrev_i16, OP_v_ashrrev_i16},
        {OP_v_pk_max_i16, OP_v_max_i16},         {OP_v_pk_min_i16, OP_v_min_i16},
        {OP_v_pk_max_u16, OP_v_max_u16},         {OP_v_pk_min_u16, OP_v_min_u16},
    };
    for (unsigned n = 0; n < sizeof pairs / sizeof *pairs; n++)
        if (pairs[n].packed == op) return pairs[n].one;
    return OP_COUNT;
}
