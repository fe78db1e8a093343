/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* When an instruction may issue: every rule is a bound, and the largest names the stall. */
#include "core.h"

static void bound(struct wave *w, unsigned rule, cycle at) {
    if (at <= w->earliest) return;
    w->earliest = at;
    w->rule = rule;
}

static void bound_after(struct wave *w, unsigned rule, cycle event, unsigned distance) {
    if (event && distance) bound(w, rule, event + distance);
}

/* ---- what stands before it (I1, I4, I5, I17, I18, I20) ------------------------------------------------- */

static bool is_immediate(const struct row *row) {
    switch (row->kind) {
    case ROW_IMMEDIATE:
    case ROW_NOP:
    case ROW_SLEEP:
    case ROW_BARRIER:
    case ROW_END: return true;
    default: return false;
    }
}

static void follow(const struct simd *s, struct wave *w) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row, *previous = w->previous;
    w->earliest = w->first;
    w->rule = RULE_start;
    if (!previous) return;
    cycle t = w->issued;
    bound(w, RULE_in_order, t + 1);
    bound(w, RULE_fetch, w->fetched);
    if (previous->kind == ROW_BRANCH)
        bound(w, RULE_branch, t + (w->previous_taken ? c->branch_taken : c->branch_passed));
    else if (previous->kind == ROW_BARRIER)
        bound(w, RULE_barrier,
              w->released + c->barrier_release + (row->kind == ROW_END ? c->barrier_end : 0));
    else if (previous->kind == ROW_NOP)
        bound(w, RULE_nop, t + 1 + ((unsigned)previous->immediate & 15));
    else if (is_immediate(row) && !is_immediate(previous))
        bound(w, RULE_immediate, t + c->immediate);
    if (w->delayed && is_immediate(previous)) bound(w, RULE_delay_late, t + c->delay_late);
}

/* ---- s_delay_alu (I3) ---------------------------------------------------------------------------------- */

static void delays(const struct simd *s, struct wave *w) {
    enum { TRANS = 5, ACCUMULATE = 8, SALU = 9, SALU_LAST = 11 };
    const struct simd_config *c = s->config;
    for (unsigned n = 0; n < w->row->delay_count; n++) {
        unsigned id = w->row->delays[n];
        if (id < TRANS) {
            if (w->valu_issue[id - 1])
                bound(w, RULE_delay_alu, w->valu_issue[id - 1] + c->delay_valu + w->valu_hold[id - 1] - 1u);
        } else if (id < ACCUMULATE) {
            bound_after(w, RULE_delay_alu, w->trans_issue[id - TRANS], c->delay_trans);
        } else if (id >= SALU && id <= SALU_LAST) {
            bound_after(w, RULE_delay_alu, w->salu_issue, c->delay_salu + id - SALU + 1);
        }
    }
}

/* ---- counters ------------------------------------------------------------------------------------------ */

/* At most `left` operations of a counter may be pending. Returns false if that is not known yet. */
static bool drained(struct wave *w, struct pending *p, unsigned left, unsigned rule) {
    cycle at = p->left;
    for (unsigned n = 0; p->count > left && n < p->count - left; n++) {
        unsigned entry = (p->first + n) % RING;
        if (p->done[entry] == LATER) return false;
        if (p->done[entry] > at) {
            at = p->done[entry];
            if (rule != RULE_end_stores) rule = p->rule[entry];
        }
    }
    bound(w, rule, at);
    return true;
}

static bool waits(struct wave *w) {
    const struct row *row = w->row;
    for (unsigned n = 0; n < RDNASIM_COUNTERS; n++) {
        if (row->waits[n] != RDNASIM_NO_WAIT &&
            !drained(w, &w->pending[n], (unsigned)row->waits[n], RULE_wait_load))
            return false;
        /* A counter that is full lets nothing more in. */
        if ((row->counters >> n & 1) && w->pending[n].count >= COUNTED_MAX &&
            !drained(w, &w->pending[n], COUNTED_MAX - 1, RULE_wait_load))
            return false;
    }
    return row->kind != ROW_END || drained(w, &w->pending[RDNASIM_COUNTER_VS], 0, RULE_end_stores);
}

/* ---- registers that units share (I9 to I12, I14, N1 to N3, N6) ----------------------------------------- */

static void before_valu(const struct simd *s, struct wave *w) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row;
    bound_after(w, RULE_memory_reads, w->vmem, c->vmem_to_valu);
    bound_after(w, RULE_memory_reads, w->lds, c->lds_to_valu);
    for (unsigned n = 0; n < row->read_count; n++)
        bound_after(w, RULE_salu_to_valu, w->scalar[row->reads[n]].salu, c->salu_to_valu);
    if (row->scalar_result) {
        bound_after(w, RULE_salu_to_valu, w->salu, c->salu_to_valu);
        if (w->mask_count >= c->mask_limit) bound_after(w, RULE_mask_limit, w->mask_last, 1);
    }
    if (row->wide && w->previous && w->previous->trans)
        bound(w, RULE_trans_then_wide, w->issued + c->trans_then_wide);
}

static void before_scalar(const struct simd *s, struct wave *w) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row;
    for (unsigned n = 0; n < row->read_count; n++)
        bound_after(w, RULE_valu_to_scalar, w->scalar[row->reads[n]].valu_written, c->valu_to_scalar);
    for (unsigned n = 0; n < row->write_count; n++) {
        bound_after(w, RULE_valu_to_scalar, w->scalar[row->writes[n]].valu, c->valu_to_scalar);
        bound_after(w, RULE_scalar_read, w->scalar[row->writes[n]].valu_read, c->scalar_read);
    }
    if (w->previous && w->previous->kind == ROW_VALU && w->previous->scalar_result && row->kind != ROW_BRANCH)
        bound(w, RULE_mask_then_salu, w->issued + c->mask_then_salu);
    if (row->kind == ROW_MODE) bound_after(w, RULE_mode, w->salu, c->mode);
}

static void before_branch(const struct simd *s, struct wave *w) {
    for (unsigned n = 0; n < w->row->read_count; n++)
        if (w->row->reads[n] == SCALAR_SCC)
            bound_after(w, RULE_scc, w->scalar[SCALAR_SCC].salu_issue, s->config->scc_age);
}

static void before_memory(const struct simd *s, struct wave *w) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row;
    if (row->kind == ROW_SMEM) {
        bound_after(w, RULE_salu_to_smem, w->salu, c->salu_to_smem);
        return;
    }
    bound_after(w, RULE_valu_to_memory, w->valu, c->valu_to_memory);
    for (unsigned n = 0; n < row->read_count; n++)
        bound_after(w, RULE_salu_to_valu, w->scalar[row->reads[n]].salu, c->salu_to_valu);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

/* s_sleep lasts until the N-th edge of a counter that runs freely (N4). */
static cycle sleep_end(const struct simd_config *c, unsigned edges, cycle from) {
    if (!edges) return from;
    cycle phase = (from + c->sleep_edge - c->sleep_phase % c->sleep_edge) % c->sleep_edge;
    return from + (c->sleep_edge - phase) + (cycle)(edges - 1) * c->sleep_edge;
}

void issue_plan(struct simd *s, struct wave *w) {
    w->state = WAVE_READY;
    w->port_rule = RULE_arbitration;
    follow(s, w);
    delays(s, w);
    switch (w->row->kind) {
    case ROW_VALU: before_valu(s, w); break;
    case ROW_BRANCH: before_branch(s, w); /* fall through */
    case ROW_SALU:
    case ROW_MODE: before_scalar(s, w); break;
    case ROW_SMEM:
    case ROW_VMEM:
    case ROW_LDS: before_memory(s, w); break;
    default: break;
    }
    if (!waits(w)) {
        w->state = WAVE_BLOCKED;
        w->earliest = LATER;
        return;
    }
    if (w->row->kind == ROW_SLEEP)
        bound(w, RULE_sleep, sleep_end(s->config, (unsigned)w->row->immediate & 127, w->earliest));
}

/* ---- what the SIMD's waves share (I2, I6, I7, I8, I13, I16, N5) ----------------------------------------- */

static void raise(cycle *at, unsigned *rule, cycle to, unsigned by) {
    if (to <= *at) return;
    *at = to;
    *rule = by;
}

static cycle valu_port(const struct simd *s, const struct row *row, cycle at, unsigned *rule) {
    const struct simd_config *c = s->config;
    cycle oldest = ring_last(&s->valu_start, c->valu_queue);
    if (oldest) raise(&at, rule, oldest + c->valu_queue_free, RULE_valu_queue);
    if (row->trans) raise(&at, rule, s->trans_free, RULE_port_held);
    cycle product = ring_last(&s->products, c->wmma_queue);
    if (product) raise(&at, rule, product - 1, RULE_wmma_queue);
    for (unsigned n = 0; n < s->freeze_count; n++) {
        unsigned entry = (s->freeze_first + n) % FREEZES;
        if (at >= s->freeze[entry].from) raise(&at, rule, s->freeze[entry].until, RULE_mask_frozen);
    }
    return at;
}

cycle issue_port(const struct simd *s, const struct wave *w, cycle from, unsigned *rule) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row;
    cycle at = from;
    if (row->port == PORT_NONE) return at;
    raise(&at, rule, s->port_free[row->port], s->port_rule[row->port]);
    cycle oldest = 0;
    switch (row->port) {
    case PORT_VALU: return valu_port(s, row, at, rule);
    case PORT_SCALAR:
        oldest = ring_last(&s->salu, c->salu_queue);
        if (oldest) raise(&at, rule, oldest + 1, RULE_salu_queue);
        return at;
    case PORT_VMEM:
        oldest = ring_last(&s->vmem, c->vmem_queue);
        if (oldest) raise(&at, rule, oldest + c->vmem_queue_free, RULE_vmem_queue);
        return at;
    case PORT_LDS:
        oldest = ring_last(&s->lds, c->lds_queue);
        raise(&at, rule, oldest, RULE_lds_queue);
        return at;
    case PORT_BARRIER:
        oldest = ring_last(&s->barriers, 2);
        if (oldest) raise(&at, rule, oldest + c->barrier_pair, RULE_barrier_port);
        return at;
    default: return at;
    }
}
