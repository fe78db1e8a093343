/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* When an issued instruction executes, and what others have to wait for because of it. */
#include "core.h"

/* ---- VALU: one FIFO for all waves (X1 to X7, X9', X10') -------------------------------------------------- */

/* The earliest start as far as units, registers and the wave's first read are concerned. */
static cycle valu_start(const struct simd *s, const struct wave *w, cycle t) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row;
    unsigned latency = row->source_count    ? (w->reads_begun ? c->execute_vector : c->execute_first)
                       : row->scalar_source ? c->execute_scalar
                                            : c->execute_none;
    cycle start = t + latency;
    if (row->source_count == 1 && w->reads_begun && c->banks &&
        banks_hit(&s->banks, w->slot, row, t + c->execute_scalar - READ_BEFORE_EXECUTE))
        start = t + c->execute_scalar;
    if (s->trans_last && (row->trans || (row->wide && w->previous && w->previous->trans)))
        start = later(start, s->trans_last + c->trans_then_wide);
    for (unsigned n = 0; n < row->source_count; n++)
        for (unsigned r = 0; r < row->sources[n].count; r++)
            start = later(start, w->vgpr[(row->sources[n].reg + r) & 255]);
    /* A result may not arrive before that of an older instruction (WAW). */
    cycle mine = row->passes + row->result - 1u;
    for (unsigned n = 0; n < row->result_count; n++)
        for (unsigned r = 0; r < row->results[n].count; r++) {
            cycle ready = w->vgpr[(row->results[n].reg + r) & 255];
            if (ready > mine) start = later(start, ready - mine);
        }
    for (unsigned n = 0; n < row->read_count; n++) {
        unsigned reg = row->reads[n];
        cycle written = w->scalar[reg].valu_written;
        if (written) start = later(start, written + (reg == SCALAR_VCC ? c->vcc_raw : c->scalar_raw));
    }
    return start;
}

/* The FIFO of scalar results delays the one behind its oldest, and then freezes issue as long (I13). */
static cycle mask_fifo(struct simd *s, cycle start) {
    const struct simd_config *c = s->config;
    cycle oldest = ring_last(&s->masks, c->mask_fifo);
    if (oldest && start < oldest + c->mask_fifo_free) {
        cycle delayed = oldest + c->mask_fifo_free, from = start - c->mask_freeze;
        if (s->freeze_count == FREEZES) {
            s->freeze_first = (s->freeze_first + 1) % FREEZES;
            s->freeze_count--;
        }
        unsigned entry = (s->freeze_first + s->freeze_count++) % FREEZES;
        s->freeze[entry].from = from;
        s->freeze[entry].until = from + (delayed - start);
        start = delayed;
    }
    ring_add(&s->masks, start);
    return start;
}

static void note_scalars(struct wave *w, cycle t, cycle x) {
    const struct row *row = w->row;
    for (unsigned n = 0; n < row->read_count; n++) {
        unsigned reg = row->reads[n];
        if (row->mask_reads >> n & 1)
            w->scalar[reg].valu = later(w->scalar[reg].valu, x);
        else
            w->scalar[reg].valu_read = t;
    }
    for (unsigned n = 0; n < row->write_count; n++) {
        unsigned reg = row->writes[n];
        w->scalar[reg].valu_written = x;
        w->scalar[reg].valu = later(w->scalar[reg].valu, x);
        w->scalar[reg].salu = 0;
    }
}

static void note_issue(struct wave *w, cycle t) {
    cycle *list = w->row->trans ? w->trans_issue : w->valu_issue;
    for (unsigned n = DELAY_DEPTH - 1; n; n--) {
        list[n] = list[n - 1];
        if (!w->row->trans) w->valu_hold[n] = w->valu_hold[n - 1];
    }
    list[0] = t;
    if (!w->row->trans) w->valu_hold[0] = w->row->hold;
}

static cycle execute_valu(struct simd *s, struct wave *w, cycle t) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row;
    cycle start = valu_start(s, w, t), turn = row->wmma && s->last_wmma ? s->wmma_last : s->valu_next;
    if (row->source_count && c->banks && !row->wmma) {
        cycle from = later(start - READ_BEFORE_EXECUTE, s->reads_begun + 1);
        if (turn > READ_BEFORE_EXECUTE + c->bank_overlap)
            from = later(from, turn - READ_BEFORE_EXECUTE - c->bank_overlap);
        s->reads_begun = from;
        start = later(start, banks_read(&s->banks, w->slot, row, from) + READ_BEFORE_EXECUTE);
    }
    start = later(start, turn);
    if (row->scalar_result) {
        w->mask_count = w->mask_last < t ? 1 : w->mask_count + 1;
        start = mask_fifo(s, start);
    }
    cycle x = start + row->passes + (row->wmma_vectors ? c->wmma_vectors : 0);
    if (c->banks && !row->wmma) banks_write(&s->banks, w->slot, row, x);
    if (row->source_count) w->reads_begun = true;
    for (unsigned n = 0; n < row->result_count; n++)
        for (unsigned r = 0; r < row->results[n].count; r++)
            w->vgpr[(row->results[n].reg + r) & 255] = x + row->result - 5 + c->valu_raw;
    if (row->scalar_result) w->mask_last = x;
    note_scalars(w, t, x);
    note_issue(w, t);
    w->valu = x;
    ring_add(&s->valu_start, start);
    s->valu_next = x + row->behind;
    s->last_wmma = row->wmma;
    if (row->wmma) s->wmma_last = x;
    ring_add(&s->products, row->wmma ? x : 0);
    if (row->trans) {
        s->trans_last = x;
        s->trans_free = t + c->trans_then_wide;
    }
    if (row->hold > 1) {
        s->port_free[PORT_VALU] = t + row->hold;
        s->port_rule[PORT_VALU] = RULE_port_held;
    }
    while (s->freeze_count && s->freeze[s->freeze_first].until <= t) {
        s->freeze_first = (s->freeze_first + 1) % FREEZES;
        s->freeze_count--;
    }
    return x;
}

/* ---- the scalar unit (X11, X12) ------------------------------------------------------------------------- */

static cycle execute_scalar(struct simd *s, struct wave *w, cycle t) {
    const struct simd_config *c = s->config;
    const struct row *row = w->row;
    bool registers = false, warm = false;
    for (unsigned n = 0; n < row->read_count; n++) {
        if (row->reads[n] == SCALAR_SCC) continue;
        cycle touched = w->scalar[row->reads[n]].touched;
        registers = true;
        warm |= (touched && t <= touched + c->salu_lately) || row->reads[n] == SCALAR_EXEC;
    }
    cycle x = later(t + (registers && !warm ? c->salu_cold : c->salu_warm), s->salu_next);
    for (unsigned n = 0; n < row->read_count; n++)
        if (w->scalar[row->reads[n]].salu) x = later(x, w->scalar[row->reads[n]].salu + c->salu_raw);
    for (unsigned n = 0; n < row->read_count; n++) w->scalar[row->reads[n]].touched = x;
    s->salu_next = x + 1;
    ring_add(&s->salu, x);
    if (row->kind == ROW_SMEM) return x;
    for (unsigned n = 0; n < row->write_count; n++) {
        unsigned reg = row->writes[n];
        w->scalar[reg].touched = w->scalar[reg].salu = x;
        w->scalar[reg].salu_issue = t;
        w->scalar[reg].valu_written = 0;
    }
    w->salu = x;
    w->salu_issue = t;
    return x;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

/* The place of one more operation in a counter; those that have left make room. */
static cycle *count_operation(struct pending *p, unsigned rule, cycle t) {
    while (p->count && (p->count == RING || p->done[p->first] <= t)) {
        p->left = later(p->left, p->done[p->first]);
        p->first = (p->first + 1) % RING;
        p->count--;
    }
    unsigned entry = (p->first + p->count++) % RING;
    p->rule[entry] = (uint8_t)rule;
    p->done[entry] = LATER;
    return &p->done[entry];
}

static cycle *place_of(struct wave *w, unsigned rule, cycle t, cycle *spare) {
    for (unsigned n = 0; n < RDNASIM_COUNTERS; n++)
        if (w->row->counters >> n & 1) return count_operation(&w->pending[n], rule, t);
    return spare;
}

static cycle execute_vmem(struct simd *s, struct wave *w, cycle t) {
    bool store = w->row->counters >> RDNASIM_COUNTER_VS & 1;
    cycle spare, *done = place_of(w, store ? RULE_wait_store : RULE_wait_load, t, &spare);
    cycle x = later(t + s->config->memory_execute, s->vmem_next);
    x = s->around->request(s->context, w->name, &w->step, x, done);
    s->vmem_next = x + w->row->registers;
    ring_add(&s->vmem, x);
    return w->vmem = x;
}

static cycle execute_smem(struct simd *s, struct wave *w, cycle t) {
    cycle x = execute_scalar(s, w, t), spare;
    s->around->request(s->context, w->name, &w->step, x, place_of(w, RULE_wait_scalar, t, &spare));
    return x;
}

static cycle execute_lds(struct simd *s, struct wave *w, cycle t) {
    cycle spare, *done = place_of(w, RULE_wait_lds, t, &spare);
    cycle x = lds_request(s->cu, w->row, w->step.access.passes, t + s->config->memory_execute, done);
    /* Of two that execute two cycles apart the second leaves the queue one cycle behind the first. */
    s->lds_paired = !s->lds_paired && s->lds_last && x == s->lds_last + 2;
    ring_add(&s->lds, x + s->config->lds_queue_free - s->lds_paired);
    s->lds_last = x;
    return w->lds = x;
}

cycle execute(struct simd *s, struct wave *w, cycle t) {
    if (w->row->port != PORT_NONE) {
        s->port_free[w->row->port] = t + 1;
        s->port_rule[w->row->port] = RULE_arbitration;
    }
    switch (w->row->kind) {
    case ROW_VALU: return execute_valu(s, w, t);
    case ROW_SALU:
    case ROW_MODE: return execute_scalar(s, w, t);
    case ROW_SMEM: return execute_smem(s, w, t);
    case ROW_VMEM: return execute_vmem(s, w, t);
    case ROW_LDS: return execute_lds(s, w, t);
    case ROW_BARRIER: ring_add(&s->barriers, t); return 0;
    default: return 0;
    }
}
