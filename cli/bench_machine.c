/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "bench_machine.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cpu/levels.h"
#include "huge_pages.h"

/* Figures are the best of short rounds, between which other programs may have run. */
enum { SLICE = 1 << 20, ROUND_SLICES = 32, REPEATS = 100000, CHAINS = 12 };

/* ---- streaming read -------------------------------------------------------------------------------------- */

struct stream {
    const unsigned char *bytes;
    uint64_t *sums; /* of slices: what was read is used */
};

static void read_slice(void *context, int64_t index, int thread) {
    (void)thread;
    typedef uint64_t line __attribute__((vector_size(64)));
    const struct stream *s = context;
    const line *from = (const line *)(const void *)(s->bytes + index * SLICE);
    line sum[4] = {0};
    for (size_t n = 0; n < SLICE / sizeof *from; n += 4)
        for (size_t i = 0; i < 4; i++) sum[i] ^= from[n + i];
    line all = sum[0] ^ sum[1] ^ sum[2] ^ sum[3];
    s->sums[index] = all[0] ^ all[1] ^ all[2] ^ all[3] ^ all[4] ^ all[5] ^ all[6] ^ all[7];
}

static double best_stream(size_t cache, struct pool *pool, double (*clock)(void), double seconds) {
    int64_t slices =
        (int64_t)((2 * cache > (256 << 20) ? 2 * cache : 256 << 20) / SLICE / ROUND_SLICES * ROUND_SLICES);
    size_t bytes = (size_t)slices * SLICE;
    unsigned char *memory = huge_pages_alloc(bytes);
    struct stream s = {memory, malloc(ROUND_SLICES * sizeof *s.sums)};
    double best = 0;
    if (memory && s.sums) {
        memset(memory, 1, bytes);
        double begin = now_seconds();
        for (int64_t at = 0; now_seconds() < begin + 2 * seconds; at = (at + ROUND_SLICES) % slices) {
            struct stream part = {memory + at * SLICE, s.sums};
            double start = clock();
            pool_run(pool, ROUND_SLICES, read_slice, &part);
            double rate = (double)ROUND_SLICES * SLICE / (clock() - start);
            if (rate > best) best = rate;
        }
    }
    free(s.sums);
    free(memory);
    return best;
}

/* ---- arithmetic ------------------------------------------------------------------------------------------ */

/* Independent chains of one instruction, in registers. */
#if defined __x86_64__
#define STEP(instruction, n) instruction " %%" REGISTER "14, %%" REGISTER "15, %%" REGISTER #n "\n"
#define TWELVE(instruction)                                                                                  \
    STEP(instruction, 0)                                                                                     \
    STEP(instruction, 1)                                                                                     \
    STEP(instruction, 2)                                                                                     \
    STEP(instruction, 3)                                                                                     \
    STEP(instruction, 4)                                                                                     \
    STEP(instruction, 5)                                                                                     \
    STEP(instruction, 6)                                                                                     \
    STEP(instruction, 7)                                                                                     \
    STEP(instruction, 8)                                                                                     \
    STEP(instruction, 9)                                                                                     \
    STEP(instruction, 10)                                                                                    \
    STEP(instruction, 11)
#define CLOBBERED                                                                                            \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",        \
        "xmm14", "xmm15"
#define CHAINS_OF(name, instruction, clear)                                                                  \
    static void name(void *context, int64_t index, int thread) {                                             \
        (void)context, (void)index, (void)thread;                                                            \
        __asm__ volatile(clear ::: CLOBBERED);                                                               \
        for (int n = 0; n < REPEATS; n++) __asm__ volatile(TWELVE(instruction)::: CLOBBERED);                \
        __asm__ volatile("vzeroupper");                                                                      \
    }
#define REGISTER "ymm"
CHAINS_OF(fma_256, "vfmadd231ps", "vzeroall")
#undef REGISTER
#define REGISTER "zmm"
CHAINS_OF(fma_512, "vfmadd231ps", "vzeroall")
CHAINS_OF(dots_512, "vdpbf16ps", "vzeroall")
#undef REGISTER
#else
#define fma_256  NULL
#define fma_512  NULL
#define dots_512 NULL
#endif

/* operations: of an instruction. */
static double best_rate(struct pool *pool, pool_body *chains, double operations, double (*clock)(void),
                        double seconds) {
    double best = 0;
    int threads = pool_threads(pool);
    for (double begin = now_seconds(); chains && now_seconds() < begin + seconds;) {
        double start = clock();
        pool_run(pool, threads, chains, NULL); /* a share for each; a thread that takes two is a bad round */
        double rate = operations * CHAINS * REPEATS * threads / (clock() - start);
        if (rate > best) best = rate;
    }
    return best;
}

static size_t largest_cache(void) {
    static const int names[] = {_SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE};
    long largest = 1 << 20;
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
        if (sysconf(names[n]) > largest) largest = sysconf(names[n]);
    return (size_t)largest;
}

void bench_machine_measure(struct bench_machine *m, struct pool *pool, double (*clock)(void),
                           double seconds) {
    *m = (struct bench_machine){.cache_bytes = largest_cache()};
    m->stream = best_stream(m->cache_bytes, pool, clock, seconds);
    if (cpu_has_avx2()) m->fma_256 = best_rate(pool, fma_256, 8 * 2, clock, seconds);
    if (cpu_has_avx512()) m->fma_512 = best_rate(pool, fma_512, 16 * 2, clock, seconds);
    if (cpu_has_avx512bf16()) m->dots = best_rate(pool, dots_512, 16 * 4, clock, seconds);
}

double bench_machine_peak(const struct bench_machine *m, const char *kernel) {
    const struct {
        const char *kernel;
        double peak;
    } rows[] = {{"cpu_linear_avx2", m->fma_256},
                {"cpu_linear_avx512", m->fma_512},
                {"cpu_linear_avx512bf16", m->dots}};
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++)
        if (strcmp(rows[n].kernel, kernel) == 0) return rows[n].peak;
    return 0;
}
