/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Binding of executors, their choice per instruction, and dual issue. */
#include "executors.h"

#include <string.h>

#include "isa/generation.h"

/* A file's functions, and the generation that they are of; null: all have them. */
struct file {
    const struct generation *generation;
    bind_fn *bind;
};

#define GENERATION_any             NULL
#define GENERATION_gfx11           &gfx11
#define ONE(generation, file)      {GENERATION_##generation, bind_##file},
#define PORTABLE(generation, file) {GENERATION_##generation, bind_##file##_portable},
#define AVX2(generation, file)     {GENERATION_##generation, bind_##file##_avx2},
#define AVX512(generation, file)   {GENERATION_##generation, bind_##file##_avx512},

static const struct file scalar_files[] = {SCALAR_EXECUTORS(ONE){NULL, NULL}};

/* What there is for a SIMD level. */
#define LEVEL(form)                                                                                          \
    {                                                                                                        \
        (const struct file[]){VECTOR_EXECUTORS(form){NULL, NULL}}, (const struct file[]) {                   \
            APPROXIMATE_EXECUTORS(form) { NULL, NULL }                                                       \
        }                                                                                                    \
    }
static const struct {
    const struct file *exact, *approximate;
} levels[] = {
    [RDNASIM_SIMD_PORTABLE] = LEVEL(PORTABLE),
#ifdef SIM_HAS_avx2
    [RDNASIM_SIMD_AVX2] = LEVEL(AVX2),
#endif
#ifdef SIM_HAS_avx512
    [RDNASIM_SIMD_AVX512] = LEVEL(AVX512),
#endif
};

bool executors_run_here(rdnasim_simd level) {
    switch (level) {
    case RDNASIM_SIMD_PORTABLE: return true;
#ifdef SIM_HAS_avx2
    case RDNASIM_SIMD_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2");
#endif
#ifdef SIM_HAS_avx512
    case RDNASIM_SIMD_AVX512:
        return executors_run_here(RDNASIM_SIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    default: return false;
    }
}

static void bind_files(exec_fn **table, const struct file *files, const struct generation *generation) {
    for (; files->bind; files++)
        if (!files->generation || files->generation == generation) files->bind(table);
}

bool executors_bind(exec_fn **table, const struct generation *generation, rdnasim_simd level,
                    bool approximate_wmma) {
    /* The functions that fill the table are compiled for the level, too. */
    if (!executors_run_here(level)) return false;
    memset(table, 0, OP_COUNT * sizeof *table);
    bind_files(table, scalar_files, generation);
    bind_files(table, levels[level].exact, generation);
    if (approximate_wmma) bind_files(table, levels[level].approximate, generation);
    return true;
}

/* ---- dual issue: both halves read their sources before either writes ----------------------------------- */

static void vopd_independent(struct wave *w, const struct inst *i) {
    i->exec_x(w, i);
    i->dual->exec(w, i->dual);
}

/* Y reads what X writes, and must see the old value. */
static void vopd_overlapping(struct wave *w, const struct inst *i) {
    u32v *d = &w->v[i->dst.reg];
    u32v before = *d;
    i->exec_x(w, i);
    u32v after = *d;
    *d = before;
    i->dual->exec(w, i->dual);
    *d = after;
}

static bool reads_vgpr(const struct inst *i, unsigned reg) {
    for (unsigned n = 0; n < i->src_count; n++)
        if (i->src[n].kind == OPND_VGPR && i->src[n].reg == reg) return true;
    return false;
}

static bool is_plain(const struct inst *i) {
    if (i->clamp || i->omod || i->dpp || i->dst.hi) return false;
    for (unsigned n = 0; n < i->src_count; n++)
        if (i->src[n].neg || i->src[n].abs || i->src[n].hi) return false;
    if (i->format != FMT_VOP3P) return true;
    unsigned all = (1u << i->src_count) - 1;
    return !(i->op_sel & all) && (i->op_sel_hi & all) == all && !i->neg_lo && !i->neg_hi;
}

void executors_select(exec_fn *const *table, struct inst_pair *pair) {
    struct inst *x = &pair->x, *y = &pair->y;
    x->exec = table[x->op];
    x->plain = is_plain(x);
    if (x->format != FMT_VOPD) return;
    y->exec = table[y->op];
    y->plain = is_plain(y);
    x->exec_x = x->exec;
    if (x->exec && y->exec)
        x->exec = reads_vgpr(y, x->dst.reg) ? vopd_overlapping : vopd_independent;
    else
        x->exec = NULL;
}
