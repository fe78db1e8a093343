/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* How many wave-instructions one SIMD of the timing model takes per second of processor time: speed_simd [INSTRUCTIONS] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "observe/timing/simd.h"
#include "observe/timing/table.h"

/* A loop with loads, LDS, scalar and vector arithmetic and matrix products, as a tile kernel has them. */
static const uint32_t body[] = {
    0xdc5e0000, 0x08000001,             /* global_load_b128 v[8:11], v1, s[0:1] */
    0x80050402,                         /* s_add_u32 s5, s2, s4 */
    0xdbfc0000, 0x04000002,             /* ds_load_b128 v[4:7], v2 */
    0x06060501, 0x06080703, 0x06101908, /* v_add_f32 */
    0x06121104, 0xd73c0006, 0x00020082, /* ..., v_lshlrev_b64 */
    0xbf89fc07,                         /* s_waitcnt lgkmcnt(0) */
    0xcc404000, 0x1c022108,             /* v_wmma_f32_16x16x16_f16 */
    0x7c980004, 0x020a0704,             /* v_cmp_gt_u32, v_cndmask_b32 */
    0xbf8903f7,                         /* s_waitcnt vmcnt(0) */
    0xbfa1ffef,                         /* s_cbranch_scc0 */
};
enum { DWORDS = sizeof body / sizeof body[0], WAVES = 16 };

struct wave {
    uint64_t left;
    uint32_t at;
};

static const struct table *table;

static bool next(void *context, void *wave, struct step *step) {
    (void)context;
    struct wave *w = wave;
    if (!w->left--) return false;
    *step = (struct step){.op = w->at, .taken = table->rows[w->at].kind == ROW_BRANCH};
    w->at = step->taken ? 0 : w->at + table->rows[w->at].bytes / 4u;
    return true;
}
static cycle fetch(void *context, void *wave, uint64_t previous, uint64_t pc, bool taken, cycle now) {
    (void)context, (void)wave, (void)previous, (void)pc, (void)taken, (void)now;
    return 0;
}
static cycle request(void *context, void *wave, const struct step *step, cycle x, cycle *done) {
    (void)context, (void)wave, (void)step;
    *done = x + 400;
    return x;
}
static void none(void *context, void *wave, cycle t) { (void)context, (void)wave, (void)t; }

int main(int argc, char **argv) {
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, each = count / WAVES;
    static const struct surroundings around = {next, fetch, request, none, none, NULL};
    struct wave waves[WAVES];
    struct simd_config config;
    struct timespec begin, end;
    simd_config_init(&config);
    struct table *made = table_create("gfx1100", body, DWORDS, 32);
    struct cu *cu = cu_create(&config);
    struct simd *simd = simd_create(&config, cu, &around, NULL);
    if (!made || !cu || !simd || !each) return 1;
    table = made;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (unsigned n = 0; n < WAVES; n++) {
        waves[n] = (struct wave){.left = each};
        if (!simd_start(simd, n, made, &waves[n], 1000 + n)) return 1;
    }
    cycle last = 0;
    for (cycle now = 1000; now != LATER; now = simd_advance(simd, now)) last = now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    printf("%.1f million wave-instructions a second of processor time; modelled: %.2f cycles each\n",
           (double)(each * WAVES) / seconds / 1e6, (double)(last - 1000) / (double)(each * WAVES));
    simd_destroy(simd);
    cu_destroy(cu);
    table_destroy(made);
    return 0;
}
