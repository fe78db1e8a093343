/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Seeded numbers addressed by their index, so that any part of a sequence can be made alone. Integer
 * arithmetic and one multiplication by a float: the same bits on every host.
 */
#ifndef COMMON_RANDOM_H
#define COMMON_RANDOM_H

#include <stdint.h>

/* The i-th number of stream `seed` (the finaliser of splitmix64). */
static inline uint64_t random_at(uint64_t seed, uint64_t i) {
    uint64_t x = seed + (i + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* A stream of its own for each name. */
static inline uint64_t random_stream(uint64_t seed, const char *name) {
    uint64_t hash = random_at(seed, 0);
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return random_at(hash, 0);
}

/* Nearly normal with deviation 1: the sum of four uniform 16-bit numbers, centred. */
static inline float random_normal(uint64_t bits) {
    int sum =
        (int)(bits & 0xffff) + (int)(bits >> 16 & 0xffff) + (int)(bits >> 32 & 0xffff) + (int)(bits >> 48);
    return (float)(sum - 2 * 0xffff) * (1 / 37837.2f);
}

#endif
