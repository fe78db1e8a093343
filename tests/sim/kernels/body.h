/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * One function of ordinary C, compiled for the host and, as compiled.c, for gfx1100: divisions (integer,
 * 64-bit, float, double), square roots, conversions, shifts, a switch, a constant table, structs by value,
 * arrays that are indexed at run time, and calls. Whoever includes it has defined u8 ... i64 and the two
 * casts to bits.
 */
struct parts {
    u32 a[5];
    float f;
    double d;
};

static const u32 digits[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};

static i64 __attribute__((noinline)) quotients(i64 a, i64 b) { return b ? a / b + a % b : 7; }

static struct parts __attribute__((noinline)) make_parts(u32 x) {
    struct parts p;
    for (u32 i = 0; i < 5; i++) p.a[i] = x * (i + 1);
    p.f = (float)x * 0.5f;
    p.d = (double)x / 3.0;
    return p;
}

static u32 choose(u32 x) {
    switch (x % 11) {
    case 0: return x * 3;
    case 1: return x ^ 0x55;
    case 2: return x >> 3;
    case 3: return x << 2;
    case 4: return ~x;
    case 5: return x + 77;
    case 6: return x / 3;
    case 7: return x % 7;
    case 8: return x * x;
    case 9: return 5;
    default: return 1;
    }
}

static u32 integers(u32 x, u32 y) {
    u32 array[16], r;
    for (u32 i = 0; i < 16; i++) array[i] = x * i + y;
    r = array[(x ^ y) & 15];
    r ^= (u32)quotients((i64)x * 123456789 - 5, (i64)(i32)y);
    r += choose(x + y) + digits[x & 15];
    r += y ? x / y + x % y : 1;
    r += (u32)(((u64)x * y) >> 17);
    r ^= (u32)__builtin_popcount(x) << 5;
    r += x ? (u32)__builtin_clz(x) : 32;
    u64 wide = (u64)x << 32 | y;
    wide = wide >> (y & 31) | wide << (x & 63);
    r ^= (u32)(wide >> 7);
    r += (u32)(wide / (y | 1)) + (u32)(wide % (x | 1));
    i16 narrow = (i16)x;
    u8 byte = (u8)(y + 200);
    r += (u32)(i32)(i16)(narrow / 3) + byte;
    return r + ((i32)x > (i32)y ? (x < y ? 1 : 2) : 3);
}

static u32 reals(u32 x, u32 y) {
    struct parts p = make_parts(x & 1023);
    u32 r = p.a[y % 5] + (u32)p.f + (u32)(p.d * 100);
    float f = (float)(i32)x * 1.25f + (float)y;
    r += (u32)(i32)(f * 0.01f);
    r ^= FLOAT_BITS(f / 3.0f) + FLOAT_BITS(__builtin_sqrtf((float)(x & 0xffff)));
    double d = (double)x * 1.5 - (double)y;
    r += (u32)(i32)(d * 0.001);
    d = d * d + 1.0;
    r ^=
        (u32)(DOUBLE_BITS(d) >> 20) + (u32)(DOUBLE_BITS(d / 7.0) >> 11) + (u32)DOUBLE_BITS(__builtin_sqrt(d));
    _Float16 h = (_Float16)((float)(x & 0xffff) * 0.25f);
    return r + (u32)(i32)((float)h * 8.0f);
}
