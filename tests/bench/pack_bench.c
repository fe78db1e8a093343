/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * How fast layers are packed: the linear layers of one decoder block of an 8B model (Llama 3's shapes),
 * asymmetric, groups of 128, with and without act-order; each block's time and what 32 of them would take.
 * Weights are counted in bytes of the checkpoint (q, scales, zeros). Every packed nibble of a few rows is
 * compared first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "layer/pack.h"
#include "random.h"

enum { GROUP = 128, BLOCKS = 32, ROUNDS = 3 };

static const struct {
    const char *name;
    int64_t N, K;
} shapes[] = {{"q", 4096, 4096},     {"k", 1024, 4096},   {"v", 1024, 4096},    {"o", 4096, 4096},
              {"gate", 14336, 4096}, {"up", 14336, 4096}, {"down", 4096, 14336}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *need(size_t bytes) {
    void *memory = malloc(bytes);
    if (!memory) {
        fprintf(stderr, "no memory for %zu bytes\n", bytes);
        exit(2);
    }
    return memory;
}

/* The nibble of place p and column n in the packed layer, by the drawing in layout.h. */
static unsigned packed_nibble(const struct packed_layout *l, const unsigned char *packed, int64_t p,
                              int64_t n) {
    int64_t in_block = p % PACK_BLOCK, i = in_block / 8, j = in_block % 8;
    size_t at = l->weights + (size_t)(((n / 32 * l->blocks + p / 32) * 32 + n % 32) * 16 + 4 * i);
    uint32_t word;
    memcpy(&word, packed + at, 4);
    return word >> (j / 2 * 4 + j % 2 * 16) & 15;
}

static int correct(const w4a16_layer *layer, const struct packed_layout *l, const unsigned char *packed) {
    for (int64_t p = 0; p < layer->K; p += 97)
        for (int64_t n = 0; n < layer->N; n++) {
            int64_t k = layer->perm ? layer->perm[p] : p;
            if (packed_nibble(l, packed, p, n) != (layer->q[k / 8 * layer->N + n] >> 4 * (k % 8) & 15))
                return 0;
        }
    return 1;
}

/* Seconds to pack a layer of a shape, the best of some; adds its checkpoint bytes to *bytes. */
static double pack_once(int64_t N, int64_t K, int act_order, struct pool *pool, double *bytes) {
    w4a16_layer layer;
    w4a16_layer_init(&layer, sizeof layer);
    size_t words = (size_t)(K / 8 * N), cells = (size_t)(K / GROUP * N);
    uint32_t *q = need(words * 4);
    uint16_t *scale = need(cells * 2);
    uint8_t *zero = need(cells);
    int32_t *perm = need((size_t)K * 4);
    for (size_t i = 0; i < words; i++) q[i] = (uint32_t)random_at(1, i);
    for (size_t i = 0; i < cells; i++) scale[i] = 0x2000 + (i & 0xff), zero[i] = i % 17;
    for (int64_t k = 0; k < K; k++) perm[k] = (int32_t)((k * 4099 + 17) % K);
    layer.N = N, layer.K = K, layer.group_size = GROUP, layer.scale_type = W4A16_F16;
    layer.q = q, layer.scale = scale, layer.zero = zero, layer.perm = act_order ? perm : NULL;
    const struct packed_layout l = packed_layout_of(&layer, 0);
    unsigned char *packed = need(l.bytes);
    memset(packed, 0, l.bytes);
    double best = 1e30;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        pack_layer(&layer, &l, packed, pool);
        double seconds = now() - start;
        if (seconds < best) best = seconds;
    }
    if (!correct(&layer, &l, packed)) {
        fprintf(stderr, "N = %" PRId64 ", K = %" PRId64 ": packed nibbles are wrong\n", N, K);
        exit(1);
    }
    *bytes += (double)words * 4 + (double)cells * 2 + (double)cells / 2;
    free(q), free(scale), free(zero), free(perm), free(packed);
    return best;
}

int main(int argc, char **argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    struct pool *pool = pool_create(threads);
    if (!pool) return 2;
    printf("packing the linear layers of an 8B model, %d thread%s\n\n", threads, threads == 1 ? "" : "s");
    printf("| act-order | GB of checkpoint | s per block | s for %d blocks | GB/s | GB/s per thread |\n",
           BLOCKS);
    printf("| --------- | ---------------: | ----------: | --------------: | ---: | --------------: |\n");
    for (int act_order = 0; act_order < 2; act_order++) {
        double bytes = 0, seconds = 0;
        for (size_t n = 0; n < SHAPES; n++)
            seconds += pack_once(shapes[n].N, shapes[n].K, act_order, pool, &bytes);
        printf("| %-9s | %16.2f | %11.3f | %15.2f | %4.2f | %15.2f |\n", act_order ? "yes" : "no",
               bytes * BLOCKS / 1e9, seconds, seconds * BLOCKS, bytes / seconds / 1e9,
               bytes / seconds / 1e9 / threads);
    }
    pool_destroy(pool);
    return 0;
}
