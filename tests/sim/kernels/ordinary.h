/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Programs of ordinary C, compiled for the host and, by ordinary.c, as a kernel each: u32 NAME(in, i) of INPUT numbers of every
 * magnitude. Whoever includes it has defined u8 ... i64 and GLOBAL, the address space of `in`.
 */
/* clang-format off */
#define ORDINARY_PROGRAMS(X)                                                                                 \
    X(digit_sums) X(primes) X(machine) X(fibonacci) X(divisors) X(signed_quotients) X(high_words)            \
    X(packed_structs) X(bit_fields) X(puns) X(matrices) X(polynomials) X(halves) X(half_pairs)               \
    X(short_pairs) X(byte_dots) X(bit_counts) X(shifts) X(checksums) X(searches) X(insertion_sort)           \
    X(heap_sort) X(quick_sort) X(many_arguments) X(pointers) X(values) X(jumps) X(nested) X(overflows)       \
    X(conversions) X(unordered) X(roundings) X(mandelbrot) X(newton) X(collatz) X(generator)                 \
    X(transposition) X(texts) X(lists) X(logic) X(copies) X(minima)
/* clang-format on */

enum { INPUT = 1024 };

#define APART __attribute__((noinline))
typedef const GLOBAL u32 *inputs;

static u32 at(inputs in, u32 n) { return in[n % INPUT]; }
static u32 f32_bits(float x) {
    u32 bits;
    __builtin_memcpy(&bits, &x, 4);
    return bits;
}
static u64 f64_bits(double x) {
    u64 bits;
    __builtin_memcpy(&bits, &x, 8);
    return bits;
}
static u32 folded(u64 x) { return (u32)x ^ (u32)(x >> 32); }

/* ---- integers --------------------------------------------------------------------------------------------- */

static u32 digit_sums(inputs in, u32 i) {
    u32 sum = 0;
    for (u32 base = 2; base < 11; base++)
        for (u32 x = at(in, i); x; x /= base) sum = sum * 3 + x % base;
    return sum;
}

static u32 primes(inputs in, u32 i) {
    u8 composite[100] = {0};
    u32 sum = 0, most = 50 + at(in, i) % 50;
    for (u32 p = 2; p < most; p++) {
        if (composite[p]) continue;
        sum += p;
        for (u32 n = p * p; n < most; n += p) composite[n] = 1;
    }
    return sum;
}

/* A machine of twelve instructions runs the input. */
static u32 machine(inputs in, u32 i) {
    u32 a = i, b = at(in, i), n = 0;
    for (u32 step = 0; step < 40; step++) {
        u32 code = at(in, i + n++);
        switch (code % 12) {
        case 0: a += b; break;
        case 1: a -= b; break;
        case 2: a *= 7; break;
        case 3: a ^= code; break;
        case 4: b = a; break;
        case 5: b = ~b; break;
        case 6: n += a & 3; break;
        case 7:
            if (a & 1) b >>= 3;
            break;
        case 8: a = a >> 5 | a << 27; break;
        case 9: a /= (b | 1); break;
        case 10: return a ^ b;
        default:
            b += 13;
            a &= 0xffffff;
            break;
        }
    }
    return a + b;
}

static u32 fibonacci(inputs in, u32 i) {
    u64 a = 0, b = 1, modulus = (u64)at(in, i) * 977 + 3;
    for (u32 n = at(in, i + 1) % 60; n; n--) {
        u64 c = (a + b) % modulus;
        a = b;
        b = c;
    }
    return folded(a);
}

static u32 divisors(inputs in, u32 i) {
    u64 a = (u64)at(in, i) << 20 | at(in, i + 1), b = (u64)at(in, i + 2) * at(in, i + 3) + 1;
    while (b) {
        u64 rest = a % b;
        a = b;
        b = rest;
    }
    return folded(a);
}

static u32 signed_quotients(inputs in, u32 i) {
    i64 a = (i64)((u64)at(in, i) << 32 | at(in, i + 1)), b = (i64)(i32)at(in, i + 2) | 1;
    i32 c = (i32)at(in, i + 3), d = (i32)(at(in, i + 4) | 1);
    i16 e = (i16)at(in, i + 5), f = (i16)(at(in, i + 6) | 1);
    if (b == -1 || d == -1) b = d = 3;
    return folded((u64)(a / b) ^ (u64)(a % b)) ^ (u32)(c / d + c % d) ^ (u32)(e / f + e % f);
}

static u32 high_words(inputs in, u32 i) {
    u64 a = (u64)at(in, i) << 32 | at(in, i + 1), b = (u64)at(in, i + 2) << 32 | at(in, i + 3);
    __extension__ typedef unsigned __int128 u128;
    __extension__ typedef __int128 i128;
    u128 product = (u128)a * b + b;
    i128 other = (i128)(i64)a * (i64)b;
    return folded((u64)(product >> 64)) ^ folded((u64)(other >> 61)) ^ (u32)product;
}

struct packed_record {
    u8 kind;
    u32 length;
    u64 place;
    u16 flags;
} __attribute__((packed));

static APART struct packed_record advanced(struct packed_record r) {
    r.place += r.length * (u64)r.kind;
    r.flags ^= (u16)r.place;
    return r;
}
/* Records of 15 bytes in private and in global memory. */
static u32 packed_structs(inputs in, u32 i) {
    struct packed_record records[4];
    u32 sum = 0;
    for (u32 n = 0; n < 4; n++) {
        const GLOBAL struct packed_record *global = (const GLOBAL struct packed_record *)in + (i + n) % 200;
        records[n] = *global;
        sum += global->length;
    }
    for (u32 n = 0; n < 8; n++) {
        struct packed_record *r = &records[at(in, i + n) % 4];
        *r = advanced(*r);
        sum = sum * 5 + r->flags + folded(r->place) + r->length;
    }
    return sum;
}

struct fields {
    u32 a : 3, b : 7, c : 13, d : 9;
    i32 e : 5, f : 27;
};
static u32 bit_fields(inputs in, u32 i) {
    struct fields x = {0};
    for (u32 n = 0; n < 6; n++) {
        u32 value = at(in, i + n);
        x.a += value & 7;
        x.b ^= value & 127;
        x.c = (x.c + x.b) & 0x1fff;
        x.d = x.c >> 4 & 511;
        x.e = (i32)(value & 31) - 16;
        x.f = x.f / 3 + x.e;
    }
    return x.a ^ x.b << 3 ^ x.c << 10 ^ x.d << 20 ^ (u32)x.e ^ (u32)x.f;
}

static u32 byte_dots(inputs in, u32 i) {
    u32 a = at(in, i), b = at(in, i + 1);
    i32 sum = 0;
    u32 plain = 0;
    for (u32 n = 0; n < 32; n += 8) {
        sum += (signed char)(a >> n) * (signed char)(b >> n);
        plain += (u32)(u8)(a >> n) * (u8)(b >> n);
    }
    return (u32)sum ^ plain << 7;
}

/* Without 64 bits of byte swap, of which clang 22 loses upper halves at -O0. */
static u32 bit_counts(inputs in, u32 i) {
    u32 a = at(in, i) | 1, turned = 0;
    u64 b = (u64)at(in, i + 1) << 32 | a;
    u32 sum = (u32)(__builtin_popcount(a) + __builtin_clz(a) + __builtin_ctz(a));
    sum = sum * 64 + (u32)(__builtin_popcountll(b) + __builtin_clzll(b) + __builtin_ctzll(b));
    for (u32 n = 0; n < 32; n++) turned |= (a >> n & 1) << (31 - n);
    return sum ^ __builtin_bswap32(a) ^ turned ^ __builtin_bswap16((u16)a);
}

static u32 shifts(inputs in, u32 i) {
    u32 a = at(in, i), n = at(in, i + 1) % 31 + 1;
    u64 b = (u64)a << 32 | at(in, i + 2), m = at(in, i + 3) % 63 + 1;
    u16 c = (u16)a, k = n % 15 + 1;
    u32 sum = (a << n | a >> (32 - n)) ^ (u32)((i32)a >> n);
    return sum ^ folded(b << m | b >> (64 - m)) ^ folded((u64)((i64)b >> m)) ^ (u16)(c << k | c >> (16 - k));
}

static const u32 nibbles[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
static u32 checksums(inputs in, u32 i) {
    const GLOBAL u8 *bytes = (const GLOBAL u8 *)in;
    u32 crc = ~0u;
    for (u32 n = 0; n < 20 + i % 7; n++) {
        crc ^= bytes[i + n * 3];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

static u32 searches(inputs in, u32 i) {
    const GLOBAL u8 *bytes = (const GLOBAL u8 *)in + 4 * (i % 128);
    u32 found = 0;
    for (u32 n = 0; n + 2 < 90; n++) {
        if (bytes[n] > bytes[n + 1]) continue;
        if (bytes[n + 1] == 0) break;
        for (u32 k = 0; k < 2; k++)
            if (bytes[n + k] == (bytes[n + 2] & 0xf0)) found += n << k;
    }
    return found;
}

static u32 overflows(inputs in, u32 i) {
    i32 a = (i32)at(in, i), b = (i32)at(in, i + 1), c;
    i64 d = (i64)((u64)at(in, i + 2) << 33 | at(in, i)), e;
    u32 f, sum = 0;
    if (__builtin_add_overflow(a, b, &c)) sum += 1;
    sum = sum * 31 + (u32)c;
    if (__builtin_mul_overflow(a, b, &c)) sum += 2;
    sum = sum * 31 + (u32)c;
    if (__builtin_sub_overflow(at(in, i), at(in, i + 3), &f)) f = 0;
    if (__builtin_add_overflow(d, d, &e)) sum += 4;
    return (sum * 31 + f) ^ folded((u64)e);
}

static u32 collatz(inputs in, u32 i) {
    u64 x = at(in, i) % 100000 + 1;
    u32 steps = 0;
    while (x != 1 && steps < 200) {
        x = x & 1 ? 3 * x + 1 : x / 2;
        steps++;
    }
    return steps ^ folded(x);
}

struct states {
    u64 s[4];
};
static u64 next(struct states *g) {
    u64 result = g->s[1] * 5, kept = g->s[1] << 17;
    result = (result << 7 | result >> 57) * 9;
    for (u32 n = 0; n < 4; n++) g->s[n] ^= g->s[(n + 2) & 3] + kept;
    return result;
}
static u32 generator(inputs in, u32 i) {
    struct states g;
    for (u32 n = 0; n < 4; n++) g.s[n] = (u64)at(in, i + n) * 0x9e3779b97f4a7c15u + n;
    u64 sum = 0;
    for (u32 n = 0; n < 10; n++) sum ^= next(&g);
    return folded(sum);
}

static u32 logic(inputs in, u32 i) {
    u32 a = at(in, i), b = at(in, i + 1), c = at(in, i + 2), sum = 0;
    _Bool less = a < b, even = !(c & 1), both = less && even, one = less != even;
    if (both || (one && (a ^ b) > c)) sum |= 1;
    if ((i32)a < 0 ? (i32)b < 0 : c > 100) sum |= 2;
    if (!(a && b) || (c && a % c == b % c)) sum |= 4;
    return sum + (less ? a : both ? b : one ? c : 7) + (u32)both * 3;
}

/* ---- memory ----------------------------------------------------------------------------------------------- */

enum { SORTED = 20 };
static void take(inputs in, u32 i, u32 *values) {
    for (u32 n = 0; n < SORTED; n++) values[n] = at(in, i * 5 + n * 3);
}
static u32 sum_of(const u32 *values) {
    u32 sum = 0;
    for (u32 n = 0; n < SORTED; n++) sum = sum * 31 + values[n];
    return sum;
}

static u32 insertion_sort(inputs in, u32 i) {
    u32 v[SORTED];
    take(in, i, v);
    for (u32 n = 1; n < SORTED; n++) {
        u32 kept = v[n], k = n;
        for (; k && v[k - 1] > kept; k--) v[k] = v[k - 1];
        v[k] = kept;
    }
    return sum_of(v);
}

static APART void sift(u32 *v, u32 root, u32 count) {
    for (;;) {
        u32 child = 2 * root + 1;
        if (child >= count) return;
        if (child + 1 < count && v[child + 1] > v[child]) child++;
        if (v[root] >= v[child]) return;
        u32 kept = v[root];
        v[root] = v[child];
        v[child] = kept;
        root = child;
    }
}
static u32 heap_sort(inputs in, u32 i) {
    u32 v[SORTED];
    take(in, i, v);
    for (u32 n = SORTED / 2; n--;) sift(v, n, SORTED);
    for (u32 n = SORTED; --n;) {
        u32 kept = v[0];
        v[0] = v[n];
        v[n] = kept;
        sift(v, 0, n);
    }
    return sum_of(v);
}

static u32 quick_sort(inputs in, u32 i) {
    u32 v[SORTED], stack[2 * SORTED], depth = 0;
    take(in, i, v);
    stack[depth++] = 0;
    stack[depth++] = SORTED;
    while (depth) {
        u32 end = stack[--depth], begin = stack[--depth], edge = begin;
        if (end - begin < 2) continue;
        for (u32 n = begin; n < end; n++)
            if (v[n] <= v[end - 1]) {
                u32 kept = v[n];
                v[n] = v[edge];
                v[edge++] = kept;
            }
        stack[depth++] = begin;
        stack[depth++] = edge - 1;
        stack[depth++] = edge;
        stack[depth++] = end;
    }
    return sum_of(v);
}

static u32 transposition(inputs in, u32 i) {
    u16 square[6][6];
    u32 sum = 0;
    for (u32 r = 0; r < 6; r++)
        for (u32 c = 0; c < 6; c++) square[(r + i) % 6][(c * 5) % 6] = (u16)at(in, i + r * 6 + c);
    for (u32 c = 0; c < 6; c++)
        for (u32 r = 0; r < 6; r++) sum = sum * 3 + square[r][c];
    return sum;
}

/* A number as text, and back. */
static u32 texts(inputs in, u32 i) {
    char text[16];
    u32 x = at(in, i), length = 0, back = 0;
    do text[length++] = (char)('0' + x % 10);
    while (x /= 10);
    for (u32 n = 0; n < length / 2; n++) {
        char kept = text[n];
        text[n] = text[length - 1 - n];
        text[length - 1 - n] = kept;
    }
    text[length] = 0;
    for (const char *c = text; *c; c++) back = back * 10 + (u32)(*c - '0');
    return back * 16 + length;
}

struct node {
    struct node *next;
    u32 value;
};
static u32 lists(inputs in, u32 i) {
    struct node nodes[10], *first = 0;
    u32 sum = 0;
    for (u32 n = 0; n < 10; n++) {
        struct node **place = &first;
        nodes[n].value = at(in, i + n);
        while (*place && (*place)->value < nodes[n].value) place = &(*place)->next;
        nodes[n].next = *place;
        *place = &nodes[n];
    }
    for (const struct node *n = first; n; n = n->next) sum = sum * 7 + n->value;
    return sum;
}

/* Copies of odd sizes from and to odd places. */
static u32 copies(inputs in, u32 i) {
    u8 bytes[64] = {1, 2, 3};
    const GLOBAL u8 *from = (const GLOBAL u8 *)in + i;
    for (u32 n = 0; n < 23; n++) bytes[n + 5] = from[n];
    u64 wide[3];
    u32 sum = 0;
    __builtin_memcpy(wide, bytes + 5 + i % 3, sizeof wide);
    __builtin_memmove(bytes + 2, bytes + 5, 31);
    u16 half;
    __builtin_memcpy(&half, bytes + 1 + i % 4, 2);
    for (u32 n = 0; n < 64; n++) sum = sum * 3 + bytes[n];
    return sum ^ folded(wide[0] ^ wide[1] * 3) ^
           half; /* the end of wide[2] may lie behind what was copied: zeros */
}

/* ---- calls and jumps -------------------------------------------------------------------------------------- */

static APART u64 summed(u32 a, u64 b, u8 c, i16 d, float e, double f, u32 g, u32 h, u64 j, u64 k, u64 l,
                        u64 m, u64 n, u64 o, u64 p, u64 q, u64 r, u64 s, u32 t, u32 u, u8 v, u16 w) {
    return a + b * c + (u64)d + (u64)e + (u64)f + g * h + (j ^ k ^ l ^ m) + n * o - p * q + r + s + t * u +
           v * w;
}
static u32 many_arguments(inputs in, u32 i) {
    u32 x = at(in, i), y = at(in, i + 1), z = x ^ y;
    return folded(summed(x, y, (u8)z, (i16)x, (float)(y & 4095), (double)(x & 65535), z, x, y, z, x, y, z, x,
                         y, z, x, y, z, x, (u8)y, (u16)z));
}

static APART u32 twice(u32 x) { return 2 * x; }
static APART u32 square(u32 x) { return x * x; }
static APART u32 inverse(u32 x) { return ~x; }
static u32 pointers(inputs in, u32 i) {
    u32 (*const chosen[])(u32) = {twice, square, inverse};
    u32 x = at(in, i);
    for (u32 n = 0; n < 5; n++) x = chosen[(x >> n) % 3](x) + n;
    return x;
}

struct value {
    u8 head[3];
    u32 body;
    u8 tail[6];
    u64 end;
};
static APART struct value mixed(struct value a, struct value b) {
    struct value c = a;
    for (u32 n = 0; n < 3; n++) c.head[n] ^= b.tail[n];
    for (u32 n = 0; n < 6; n++) c.tail[n] = (u8)(c.tail[n] + b.head[n % 3]);
    c.body = a.body * 3 + b.body;
    c.end = a.end ^ b.end << 1;
    return c;
}
static u32 values(inputs in, u32 i) {
    struct value a = {{1, 2, 3}, at(in, i), {4, 5, 6, 7, 8, 9}, at(in, i + 1)}, b = a;
    b.body ^= 0x55;
    for (u32 n = 0; n < 5; n++) {
        struct value c = mixed(a, b);
        a = b;
        b = c;
    }
    return b.body ^ folded(b.end) ^ (u32)(b.head[0] | b.head[2] << 8 | b.tail[3] << 16) ^
           (u32)b.tail[5] << 24;
}

/* A loop with two entries. */
static u32 jumps(inputs in, u32 i) {
    u32 x = at(in, i), n = 0;
    if (x & 1) goto odd;
even:
    x += x / 2 + 1;
    if (++n > 30) return x;
    if (x & 2) goto odd;
    goto even;
odd:
    x ^= x << 1;
    if (++n > 25) return ~x;
    if (x % 3) goto even;
    goto odd;
}

static u32 nested(inputs in, u32 i) {
    u32 sum = 0;
    for (u32 a = 0; a < 9; a++) {
        if (at(in, i + a) % 5 == 0) continue;
        for (u32 b = a;; b++) {
            if (b > 12 || (at(in, i + b) & 15) == 3) break;
            for (u32 c = b; c; c >>= 1) {
                sum += a * b ^ c;
                if (sum % 11 == 4) goto next_a;
            }
        }
        sum = sum * 3 + 1;
    next_a:;
    }
    return sum;
}

/* ---- floating point --------------------------------------------------------------------------------------- */

static u32 puns(inputs in, u32 i) {
    union {
        u32 u;
        float f;
        u8 b[4];
        u16 h[2];
    } x = {at(in, i) & 0x7f7fffff}, y = {0x3f800000u | at(in, i + 1) >> 9};
    x.b[1] ^= y.b[0];
    x.h[0] = (u16)(x.h[0] + y.h[1]);
    return (x.f < y.f) + x.u + f32_bits(y.f - 1.0f);
}

static u32 matrices(inputs in, u32 i) {
    float a[4][4], b[4][4], c[4][4];
    for (u32 n = 0; n < 16; n++) {
        a[n / 4][n % 4] = (float)(at(in, i + n) & 0xfff) * 0.25f;
        b[n % 4][n / 4] = (float)(i32)(at(in, i + n + 16) & 0xff) - 128.0f;
    }
    u32 sum = 0;
    for (u32 r = 0; r < 4; r++)
        for (u32 k = 0; k < 4; k++) {
            c[r][k] = 0;
            for (u32 n = 0; n < 4; n++) c[r][k] += a[r][n] * b[n][k];
        }
    for (u32 n = 0; n < 16; n++) sum = sum * 3 + f32_bits(c[n % 4][n / 4]);
    return sum;
}

static u32 polynomials(inputs in, u32 i) {
    double x = (double)at(in, i) * 0x1p-32, y = 1;
    for (u32 n = 0; n < 8; n++) y = y * x + (double)(i32)at(in, i + n) * 0.125;
    return folded(f64_bits(y));
}

static u32 halves(inputs in, u32 i) {
    _Float16 x = (_Float16)(float)(at(in, i) & 0xff), y = (_Float16)((float)(at(in, i + 1) & 0x3f) + 1);
    float sum = 0;
    for (u32 n = 0; n < 5; n++) {
        _Float16 a = (_Float16)(x * y), b = (_Float16)(x - y), c = (_Float16)(x / y);
        sum += (float)a * 0.5f + (float)b + (float)c;
        x = c < y ? (_Float16)(c + (_Float16)0.5f) : (_Float16)(b * (_Float16)0.125f);
    }
    return f32_bits(sum);
}

typedef _Float16 half2 __attribute__((vector_size(4)));
static u32 half_pairs(inputs in, u32 i) {
    half2 x = {(_Float16)(float)(at(in, i) & 63), (_Float16)(float)(at(in, i) >> 8 & 63)}, y = x;
    for (u32 n = 0; n < 4; n++) {
        half2 scale = {(_Float16)0.25f, (_Float16)(float)n};
        y = y * scale;
        y = y + x;
    }
    u32 bits;
    __builtin_memcpy(&bits, &y, 4);
    return bits;
}

typedef u16 short2 __attribute__((vector_size(4)));
static u32 short_pairs(inputs in, u32 i) {
    short2 x = {(u16)at(in, i), (u16)(at(in, i) >> 16)}, y = {(u16)at(in, i + 1), 77};
    for (u32 n = 0; n < 5; n++) {
        x = x * y + (x >> 3);
        y = (y << 1) ^ x;
        x = x - y;
        for (u32 k = 0; k < 2; k++) x[k] = x[k] < y[k] ? y[k] : x[k];
    }
    u32 bits;
    __builtin_memcpy(&bits, &x, 4);
    return bits;
}

static u32 conversions(inputs in, u32 i) {
    u32 a = at(in, i), sum = 0;
    u64 b = (u64)a << 32 | at(in, i + 1);
    float f = (float)a;
    double d = (double)b;
    sum += f32_bits(f) ^ f32_bits((float)(i32)a) ^ f32_bits((float)b) ^ f32_bits((float)(i64)b);
    sum ^= folded(f64_bits(d)) ^ folded(f64_bits((double)(i64)b)) ^ f32_bits((float)d);
    sum += (u32)(u8)(a & 0xff) + (u32)(i16)(f * 0x1p-18f) + (u32)(f * 0x1p-1f) + (u32)(i32)(d * 0x1p-34);
    sum ^= folded((u64)(d * 0.25)) ^ folded((u64)(i64)(f * 1024.0f)) ^ folded((u64)(d * 0x1p-40));
    sum += f32_bits((float)(u8)a) + f32_bits((float)(i16)a) + f32_bits((float)(signed char)a);
    return sum ^ folded(f64_bits((double)(float)(d * 0.3)));
}

static u32 unordered(inputs in, u32 i) {
    float specials[6] = {0.0f, -0.0f, 1.0f, __builtin_nanf(""), __builtin_inff(), -__builtin_inff()};
    float a = specials[at(in, i) % 6], b = specials[at(in, i + 1) % 6];
    double c = (double)b * 2;
    u32 sum = 0;
    sum |= (a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | (a != b) << 5;
    sum |= (u32) !(a < b) << 6 | (u32)(a != a) << 7 | (u32)__builtin_isunordered(a, b) << 8;
    sum |= (u32)(c < (double)a) << 9 | (u32) !(c >= 1.0) << 10 | (u32)(__builtin_isinf(a) != 0) << 11;
    return sum << 1 | (__builtin_signbit(b) != 0);
}

static u32 roundings(inputs in, u32 i) {
    float f = (float)(i32)at(in, i) * 0x1p-9f;
    double d = (double)(i32)at(in, i + 1) * 0x1p-7;
    u32 sum =
        f32_bits(__builtin_floorf(f)) ^ f32_bits(__builtin_ceilf(f)) * 3 ^ f32_bits(__builtin_truncf(f)) * 5;
    sum ^= f32_bits(__builtin_rintf(f)) * 7 ^ f32_bits(__builtin_fabsf(f));
    u64 wide =
        f64_bits(__builtin_floor(d)) ^ f64_bits(__builtin_ceil(d)) * 3 ^ f64_bits(__builtin_trunc(d)) * 5;
    wide ^= f64_bits(__builtin_rint(d)) * 7 ^ f64_bits(__builtin_copysign(d, -1.0));
    return sum ^ folded(wide);
}

static u32 mandelbrot(inputs in, u32 i) {
    float cx = (float)(at(in, i) & 1023) * 0x1p-8f - 2.5f,
          cy = (float)(at(in, i + 1) & 1023) * 0x1p-9f - 1.0f;
    float x = 0, y = 0;
    u32 n = 0;
    while (n < 60 && x * x + y * y < 4.0f) {
        float next_x = x * x - y * y + cx;
        y = 2.0f * x * y + cy;
        x = next_x;
        n++;
    }
    return n * 65536 + (f32_bits(x) >> 16);
}

static u32 newton(inputs in, u32 i) {
    float f = (float)(at(in, i) % 10000) + 1, x = f;
    double d = (double)at(in, i + 1) + 1, y = d;
    for (u32 n = 0; n < 6; n++) {
        x = 0.5f * (x + f / x);
        y = 0.5 * (y + d / y);
    }
    return f32_bits(x) ^ folded(f64_bits(y)) ^ f32_bits(__builtin_sqrtf(f)) ^
           folded(f64_bits(__builtin_sqrt(d)));
}

static u32 minima(inputs in, u32 i) {
    float least = 1e30f, most = -1e30f, middle = 0;
    i32 lowest = 0;
    i16 highest = -30000;
    u64 widest = 0;
    for (u32 n = 0; n < 9; n++) {
        float x = (float)(i32)at(in, i + n);
        least = __builtin_fminf(least, x);
        most = __builtin_fmaxf(most, x);
        middle = x < -100.0f ? -100.0f : x > 100.0f ? 100.0f : x;
        lowest = (i32)at(in, i + n) < lowest ? (i32)at(in, i + n) : lowest;
        highest = (i16)at(in, i + n) > highest ? (i16)at(in, i + n) : highest;
        u64 wide = (u64)at(in, i + n) << (n * 4);
        if (wide > widest) widest = wide;
    }
    return f32_bits(least) ^ f32_bits(most) * 3 ^ f32_bits(middle) ^ (u32)lowest ^ (u32)highest ^
           folded(widest);
}
