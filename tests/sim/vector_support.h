/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Vector instructions executed directly, without a code object: a wave on the test's own registers. */
#ifndef VECTOR_SUPPORT_H
#define VECTOR_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exec/executors.h"
#include "isa/generation.h"
#include "random.h"

enum { VGPRS = 64, CLANG_MODE = MODE_DENORM_32 | MODE_DENORM_16_64 | MODE_DX10_CLAMP | MODE_IEEE };

struct level {
    const char *name;
    rdnasim_simd simd;
};

/* The levels that this build has and this host runs; table[n] is level n's. Returns how many. */
static inline unsigned bind_levels(struct level *levels, exec_fn *table[3][OP_COUNT]) {
    static const struct level all[] = {
        {"portable", RDNASIM_SIMD_PORTABLE}, {"avx2", RDNASIM_SIMD_AVX2}, {"avx512", RDNASIM_SIMD_AVX512}};
    unsigned count = 0;
    for (unsigned n = 0; n < 3; n++)
        if (executors_bind(table[count], &gfx11, all[n].simd, false)) levels[count++] = all[n];
    return count;
}

struct machine {
    u32v v[2 * VGPRS];
    struct wave w;
    struct rdnasim_report report;
};

static inline void machine_reset(struct machine *m) {
    memset(m, 0, sizeof *m);
    m->w.v = m->v;
    m->w.wave_size = 32;
    m->w.vgpr_count = VGPRS;
    m->w.mode = CLANG_MODE;
    m->w.s[SREG_EXEC] = 0xffffffff;
    m->w.fault = &m->report;
}

static inline struct operand vgpr(unsigned reg) {
    return (struct operand){.kind = OPND_VGPR, .reg = (uint16_t)reg, .dwords = 1};
}

/* op v[8..], v[16..], v[24..], v[32..], in the given format; the mask result goes to s[40]. */
enum { REG_D = 8, REG_A = 16, REG_B = 24, REG_C = 32, SREG_MASK = 40 };
static inline struct inst instruction(enum op op, enum inst_format format, unsigned sources) {
    struct inst i = {
        .op = (uint16_t)op, .format = (uint8_t)format, .src_count = (uint8_t)sources, .op_sel_hi = 7};
    i.dst = vgpr(REG_D);
    i.src[0] = vgpr(REG_A);
    i.src[1] = vgpr(REG_B);
    i.src[2] = vgpr(REG_C);
    i.sdst = (struct operand){.kind = OPND_SGPR, .reg = SREG_MASK};
    return i;
}

static inline bool starts_with(const char *s, const char *prefix) {
    return !strncmp(s, prefix, strlen(prefix));
}

/* The encoding in which a vector operation takes every modifier it has. */
static inline enum inst_format format_of(enum op op) {
    static const char *const packed[] = {"v_pk_", "v_dot4", "v_dot8", "v_dot2_f32", "v_fma_mix", "v_wmma"};
    for (unsigned n = 0; n < sizeof packed / sizeof *packed; n++)
        if (starts_with(op_info(op)->name, packed[n])) return FMT_VOP3P;
    return FMT_VOP3;
}

static inline void execute(exec_fn *const *table, struct machine *m, const struct inst *i) {
    struct inst_pair pair = {.x = *i};
    executors_select(table, &pair);
    assert_non_null(pair.x.exec);
    pair.x.exec(&m->w, &pair.x);
}

#endif
