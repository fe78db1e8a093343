/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Strict mode around every instruction, wave and work-group; its memory. */
#include "strict.h"

#include <stdlib.h>
#include <string.h>

/* ---- instructions --------------------------------------------------------------------------------- */

static unsigned state_of(const struct wave *w, const struct operand *o) {
    unsigned state = 0;
    if (o->kind == OPND_VGPR) {
        const uint8_t *states = v_states(w) + o->reg;
        for (unsigned n = 0; n < o->dwords; n++) state |= states[n];
    }
    for (unsigned n = 0; n < s_count(o); n++) state |= w->shadow->s_state[o->reg + n];
    return state;
}

static unsigned states_of(const struct wave *w, const struct inst *i) {
    unsigned state = state_of(w, &i->dst) | state_of(w, &i->sdst);
    for (unsigned n = 0; n < i->src_count; n++) state |= state_of(w, &i->src[n]);
    return state;
}

/* Instructions that see all lanes of a wave64 at once: the upper half's registers count too. */
static unsigned states_of_both_halves(struct wave *w, const struct inst *i) {
    unsigned state = states_of(w, i);
    w->half = 1;
    state |= states_of(w, i);
    w->half = 0;
    return state;
}

static bool overlaps(const struct operand *a, const struct operand *b) {
    return a->kind == OPND_VGPR && b->kind == OPND_VGPR && a->reg < b->reg + b->dwords &&
           b->reg < a->reg + a->dwords;
}

/* A WMMA may not take the result of the one just before it as A or B: one other VALU instruction must lie
 * between. Nor may its own result lie over a part of them, as in LLVM's code it never does. */
static bool check_hazard(struct wave *w, const struct inst *i, rdnasim_port port) {
    struct shadow *sh = w->shadow;
    const struct inst *last = sh->wmma;
    sh->wmma = port == RDNASIM_PORT_WMMA ? i : NULL;
    if (port != RDNASIM_PORT_WMMA || !(sh->strict->checks & RDNASIM_CHECK_HAZARD)) return true;
    for (unsigned n = 0; n < 2; n++) {
        if (overlaps(&i->src[n], &i->dst) && i->src[n].reg != i->dst.reg) {
            return strict_found(
                w, (struct find){.check = RDNASIM_CHECK_HAZARD},
                "writes v%u and what follows over a part of matrix %c, which begins at v%u: its result "
                "must begin there too, or lie apart",
                i->dst.reg, n ? 'B' : 'A', i->src[n].reg);
        }
        if (last && overlaps(&i->src[n], &last->dst)) {
            return strict_found(
                w, (struct find){.check = RDNASIM_CHECK_HAZARD},
                "takes v%u, a result of the WMMA just before it, as matrix %c: a v_nop or another VALU "
                "instruction must lie between them",
                i->src[n].reg, n ? 'B' : 'A');
        }
    }
    return true;
}

static bool branch_is_defined(struct wave *w, const struct inst *i) {
    struct shadow *sh = w->shadow;
    if (!(sh->strict->checks & RDNASIM_CHECK_UNDEFINED)) return true;
    const char *what = NULL;
    uint32_t unknown = 0, certain = 0, origin = 0;
    unsigned first = 0, count = 0; /* SGPRs that count as defined if it goes on */
    const struct op_info *info = op_info(i->op);
    if (info->scc & STATE_R && sh->scc) {
        what = "SCC";
        origin = sh->scc_origin;
    }
    if (info->flags & OP_READS_VCC) {
        first = SREG_VCC;
        count = w->wave_size / LANES;
        for (unsigned n = 0; n < count; n++) {
            unknown |= sh->s[SREG_VCC + n];
            certain |= w->s[SREG_VCC + n] & ~sh->s[SREG_VCC + n];
        }
        if (unknown && !certain) what = "VCC";
    } else if (s_count(&i->src[0])) {
        first = i->src[0].reg;
        count = s_count(&i->src[0]);
        for (unsigned n = 0; n < count; n++)
            if (sh->s[first + n]) what = "its target";
    }
    if (!what) return true;
    for (unsigned n = 0; n < count && !origin; n++) origin = strict_origin_sgpr(w, first + n);
    if (!strict_found(w, (struct find){.check = RDNASIM_CHECK_UNDEFINED, .origin = origin},
                      "the branch depends on %s, which holds an undefined value", what))
        return false;
    sh->scc = false;
    for (unsigned n = 0; n < count; n++) s_define(w, first + n, 0);
    return true;
}

static bool before_half(struct wave *w, const struct inst *i) {
    struct shadow *sh = w->shadow;
    const struct op_info *info = op_info(i->op);
    rdnasim_port port = info->port;
    if (port == RDNASIM_PORT_IMMEDIATE) {
        if (info->flags & OP_WAITS) strict_wait(w, i);
        if (i->op == OP_s_barrier) sh->barriers++;
        return i->op != OP_s_endpgm || strict_race_end(w);
    }
    bool whole = w->wave_size == 64 && info->lanes == LANES_WAVE;
    unsigned state = whole ? states_of_both_halves(w, i) : states_of(w, i);
    if (i->dual) state |= states_of(w, i->dual);
    if (state & (REG_VMEM | REG_LGKM)) {
        if (!strict_check_waits(w, i) || (i->dual && !strict_check_waits(w, i->dual))) return false;
    }
    if (port <= RDNASIM_PORT_WMMA && w->half == 0 && !check_hazard(w, i, port)) return false;
    if (port == RDNASIM_PORT_BRANCH && !branch_is_defined(w, i)) return false;
    if (!(state & REG_UNDEFINED) && !sh->scc) return true;
    if (!(sh->strict->checks & RDNASIM_CHECK_UNDEFINED)) return true;
    if (info->bits == BITS_MEMORY) return strict_check_addresses(w, i);
    return strict_propagate(w, i);
}

static void after_half(struct wave *w, const struct inst *i) {
    const struct op_info *info = op_info(i->op);
    if (!info->counter || info->flags & OP_WAITS) return;
    strict_issue(w, i);
    strict_memory(w, i);
    if (w->wave_size == 32 || info->lanes != LANES_WAVE) return;
    w->half = 1; /* these run once and serve both halves */
    strict_issue(w, i);
    strict_memory(w, i);
    w->half = 0;
}

/* ---- barriers ------------------------------------------------------------------------------------- */

static struct wave *barrier(struct watcher *watcher, struct group *group) {
    struct strict *st = (struct strict *)watcher;
    struct wave *first = NULL;
    if (st->checks & RDNASIM_CHECK_BARRIER) {
        for (unsigned n = 0; n < group->wave_count; n++) {
            struct wave *w = &group->waves[n];
            if (w->state == WAVE_AT_BARRIER && !first) first = w;
        }
        for (unsigned n = 0; n < group->wave_count; n++) {
            struct wave *w = &group->waves[n];
            if (w->state == WAVE_ENDED && w->shadow->barriers < first->shadow->barriers) {
                if (!strict_found(
                        first, (struct find){.check = RDNASIM_CHECK_BARRIER},
                        "waits at its barrier number %u, but wave %u has ended without arriving at it",
                        first->shadow->barriers, n))
                    return first;
            }
            if (w->state == WAVE_AT_BARRIER && w->pc != first->pc) {
                uint64_t pc = ((uint64_t)first->pc - program_entry(st->kernel->program)) * 4;
                if (!strict_found(
                        w, (struct find){.check = RDNASIM_CHECK_BARRIER},
                        "waits here while wave %u waits at the barrier at pc 0x%llx: the work-group's waves "
                        "have gone different ways",
                        first->index, (unsigned long long)pc))
                    return w;
            }
        }
    }
    strict_race_epoch(st, group);
    return NULL;
}

/* ---- beginnings ----------------------------------------------------------------------------------- */

static void group_begin(struct watcher *watcher, struct group *group) {
    struct strict *st = (struct strict *)watcher;
    memset(st->lds, 255, st->lds_bytes);
    if (st->scratch_bytes)
        memset(st->scratch, 255, (size_t)st->wave_count * st->wave_size * st->scratch_bytes);
    strict_race_group(st, group->index);
}

static void wave_begin(struct watcher *watcher, struct wave *w) {
    struct strict *st = (struct strict *)watcher;
    struct shadow *sh = &st->shadows[w->index];
    unsigned halves = st->wave_size / LANES;
    size_t first = (size_t)w->index * st->registers;
    *sh = (struct shadow){.strict = st,
                          .v = st->v + first,
                          .v_state = st->v_state + first,
                          .v_event = st->v_event + first,
                          .v_origin = st->v_origin + first,
                          .scc = true};
    w->shadow = sh;
    memset(sh->v_state, 0, st->registers);
    memset(sh->v_event, 0, st->registers * sizeof *sh->v_event);
    memset(sh->v_origin, 0, st->registers * sizeof *sh->v_origin);
    /* Lanes beyond the work-group's items never become active in a sound kernel: they are not followed. */
    for (unsigned half = 0; half < halves; half++)
        for (unsigned reg = 0; reg < w->vgpr_count; reg++) {
            uint32_t *bits = (uint32_t *)&sh->v[half * w->vgpr_count + reg];
            for (unsigned l = 0; l < LANES; l++)
                bits[l] = reg && w->s[SREG_EXEC + half] >> l & 1 ? UINT32_MAX : 0;
            if (reg && w->s[SREG_EXEC + half]) sh->v_state[half * w->vgpr_count + reg] = REG_UNDEFINED;
        }
    /* What the launch has set differs from what it fills the rest with. */
    for (unsigned reg = 0; reg < SREG_COUNT; reg++)
        if (w->s[reg] == POISON) s_define(w, reg, UINT32_MAX);
}

/* ---- memory --------------------------------------------------------------------------------------- */

static void release(struct strict *st) {
    for (unsigned slot = 0; st->cells && slot < SLOT_COUNT; slot++) free(st->cells[slot]);
    free(st->cells);
    free(st->lds_reads);
    free(st->lds_cells);
    free(st->scratch);
    free(st->lds);
    free(st->v_origin);
    free(st->v_event);
    free(st->v_state);
    free(st->v);
    free(st->shadows);
    strict_known_free(st);
    free(st->found);
    free(st);
}

static bool create(const struct launch_run *r, struct watcher **out) {
    if (!r->sim->checks) return true;
    struct strict *st = calloc(1, sizeof *st);
    if (!st) return false;
    const struct program *program = r->kernel->program;
    unsigned waves = r->max_waves, wave_size = program->wave_size;
    *st = (struct strict){.watcher.kind = &strict_watcher,
                          .checks = r->sim->checks,
                          .sim = r->sim,
                          .kernel = r->kernel,
                          .launch = r->launch,
                          .wave_count = waves,
                          .registers = program->vgpr_count * (wave_size / LANES),
                          .wave_size = wave_size,
                          .lds_bytes = r->lds_bytes,
                          .scratch_bytes = r->scratch_bytes,
                          .group_count = r->group_count};
    size_t registers = (size_t)waves * st->registers;
    st->shadows = calloc(waves, sizeof *st->shadows);
    st->v = aligned_alloc(sizeof *st->v, registers * sizeof *st->v);
    st->v_state = malloc(registers);
    st->v_event = malloc(registers * sizeof *st->v_event);
    st->v_origin = malloc(registers * sizeof *st->v_origin);
    st->found = calloc(r->kernel->object->code_dwords, 1);
    st->lds = calloc(1, r->lds_bytes + 16);
    st->scratch = calloc(1, (size_t)waves * wave_size * r->scratch_bytes + 16);
    st->lds_cells = calloc(r->lds_bytes / 4 + 4, sizeof *st->lds_cells);
    st->lds_reads = calloc(((size_t)r->lds_bytes / 4 + 4) * waves, sizeof *st->lds_reads);
    st->cells = calloc(SLOT_COUNT, sizeof *st->cells);
    if (!st->shadows || !st->v || !st->v_state || !st->v_event || !st->v_origin || !st->found || !st->lds ||
        !st->scratch || !st->lds_cells || !st->lds_reads || !st->cells) {
        release(st);
        return false;
    }
    *out = &st->watcher;
    return true;
}

static void destroy(struct watcher *watcher, rdnasim_status status) {
    (void)status;
    release((struct strict *)watcher);
}

const struct watcher_kind strict_watcher = {.create = create,
                                            .destroy = destroy,
                                            .group_begin = group_begin,
                                            .wave_begin = wave_begin,
                                            .barrier = barrier,
                                            .before_half = before_half,
                                            .after_half = after_half};
