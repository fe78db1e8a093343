/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Binding of executors, their choice per instruction, and dual issue. */
#include "executors.h"

#include <string.h>

#define BIND_ONE(file) bind_##file,
static bind_fn *const scalar_files[] = {SCALAR_EXECUTORS(BIND_ONE) NULL};

#define BIND_PORTABLE(file) bind_##file##_portable,
#define BIND_AVX2(file)     bind_##file##_avx2,
#define BIND_AVX512(file)   bind_##file##_avx512,
static bind_fn *const portable_files[] = {VECTOR_EXECUTORS(BIND_PORTABLE) NULL};
#ifdef SIM_HAS_avx2
static bind_fn *const avx2_files[] = {VECTOR_EXECUTORS(BIND_AVX2) NULL};
#endif
#ifdef SIM_HAS_avx512
static bind_fn *const avx512_files[] = {VECTOR_EXECUTORS(BIND_AVX512) NULL};
#endif

bool executors_run_here(gfx11sim_simd level) {
    switch (level) {
    case GFX11SIM_SIMD_PORTABLE: return true;
#ifdef SIM_HAS_avx2
    case GFX11SIM_SIMD_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2");
#endif
#ifdef SIM_HAS_avx512
    case GFX11SIM_SIMD_AVX512:
        return executors_run_here(GFX11SIM_SIMD_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    default: return false;
    }
}

bool executors_bind(exec_fn **table, gfx11sim_simd level) {
    /* The functions that fill the table are compiled for the level, too. */
    if (!executors_run_here(level)) return false;
    bind_fn *const *files = NULL;
    switch (level) {
    case GFX11SIM_SIMD_PORTABLE: files = portable_files; break;
#ifdef SIM_HAS_avx2
    case GFX11SIM_SIMD_AVX2: files = avx2_files; break;
#endif
#ifdef SIM_HAS_avx512
    case GFX11SIM_SIMD_AVX512: files = avx512_files; break;
#endif
    default: return false;
    }
    memset(table, 0, OP_COUNT * sizeof *table);
    for (bind_fn *const *f = scalar_files; *f; f++) (*f)(table);
    for (; *files; files++) (*files)(table);
    return true;
}

void executors_bind_approximate_wmma(exec_fn **table, gfx11sim_simd level) {
    static bind_fn *const files[] = {
        [GFX11SIM_SIMD_PORTABLE] = bind_wmma_fast_portable,
#ifdef SIM_HAS_avx2
        [GFX11SIM_SIMD_AVX2] = bind_wmma_fast_avx2,
#endif
#ifdef SIM_HAS_avx512
        [GFX11SIM_SIMD_AVX512] = bind_wmma_fast_avx512,
#endif
    };
    files[level](table);
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
