/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "table.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 1 << 24 };

/* ---- classes ------------------------------------------------------------------------------------------- */

enum class {
#define CLASS(name, ...) CLASS_##name,
#include "classes.def"
    CLASSES
};

static const struct {
    uint8_t hold, passes, behind, result;
} classes[CLASSES] = {
#define CLASS(name, hold, passes, behind, result, source, confidence) {hold, passes, behind, result},
#include "classes.def"
};

enum group_flags { READS_MASK = 1 };

static const struct {
    const char *prefix;
    enum class class;
    unsigned flags;
} groups[] = {
#define GROUP(prefix, class, flags) {prefix, CLASS_##class, flags},
#include "classes.def"
};

static enum class class_of(rdnasim_latency latency) {
    switch (latency) {
    case RDNASIM_LATENCY_ALU64: return CLASS_ALU64;
    case RDNASIM_LATENCY_MUL32: return CLASS_MUL32;
    case RDNASIM_LATENCY_DOT: return CLASS_DOT;
    case RDNASIM_LATENCY_F64: return CLASS_F64;
    case RDNASIM_LATENCY_TRANS: return CLASS_TRANS;
    case RDNASIM_LATENCY_TRANS64: return CLASS_TRANS64;
    case RDNASIM_LATENCY_WMMA32: return CLASS_WMMA32;
    case RDNASIM_LATENCY_WMMA16: return CLASS_WMMA16;
    default: return CLASS_ALU32;
    }
}

static bool begins(const char *name, const char *prefix) { return !strncmp(name, prefix, strlen(prefix)); }

static bool is(const rdnasim_instruction *i, const char *opcode) { return !strcmp(i->opcode, opcode); }

/* ---- operands ------------------------------------------------------------------------------------------ */

static void add_scalar(uint8_t *list, uint8_t *count, unsigned reg) {
    if (reg == SCALAR_NULL || reg >= SCALARS || *count == ROW_SCALARS) return;
    list[(*count)++] = (uint8_t)reg;
}

static void add_scalars(uint8_t *list, uint8_t *count, const rdnasim_operand *o) {
    if (o->kind != RDNASIM_OPERAND_SGPR || o->reg == SCALAR_NULL) return;
    for (unsigned n = 0; n < o->dwords; n++) add_scalar(list, count, o->reg + n);
}

static struct span span_of(const rdnasim_operand *o) {
    return (struct span){(uint8_t)o->reg, (uint8_t)(o->dwords ? o->dwords : 1)};
}

static bool in_vgprs(const rdnasim_operand *o) { return o->kind == RDNASIM_OPERAND_VGPR; }

static void add_operands(struct row *row, const rdnasim_instruction *i, bool reads_mask) {
    int last_scalar = -1;
    for (unsigned n = 0; n < 4; n++) {
        const rdnasim_operand *o = &i->sources[n];
        if (in_vgprs(o)) {
            if (row->source_count < ROW_SOURCES) row->sources[row->source_count++] = span_of(o);
        } else if (o->kind == RDNASIM_OPERAND_SGPR) {
            last_scalar = row->read_count;
            add_scalars(row->reads, &row->read_count, o);
        }
    }
    if (reads_mask && last_scalar >= 0)
        /* In the long encoding every scalar register of such an instruction is read late. */
        row->mask_reads |= i->bytes > 4 && !i->dual ? (1u << row->read_count) - 1 : 1u << last_scalar;
    const rdnasim_operand *results[] = {&i->destination, &i->mask_destination};
    for (unsigned n = 0; n < 2; n++)
        if (in_vgprs(results[n])) {
            if (row->result_count < ROW_RESULTS) row->results[row->result_count++] = span_of(results[n]);
        } else {
            add_scalars(row->writes, &row->write_count, results[n]);
        }
}

/* ---- rows by kind -------------------------------------------------------------------------------------- */

static void add_valu(struct row *row, const rdnasim_instruction *i, unsigned wave_size) {
    enum class class = class_of(i->latency);
    bool reads_mask = false;
    for (size_t n = 0; n < sizeof groups / sizeof groups[0]; n++)
        if (begins(i->opcode, groups[n].prefix)) {
            class = groups[n].class;
            reads_mask = groups[n].flags & READS_MASK;
        }
    row->trans = i->port == RDNASIM_PORT_TRANS;
    row->wmma = i->port == RDNASIM_PORT_WMMA;
    row->wide = class == CLASS_ALU64;
    row->dual = i->dual != NULL;
    row->wmma_vectors = row->wmma && in_vgprs(&i->sources[2]);
    row->hold = classes[class].hold;
    row->passes = classes[class].passes;
    row->behind = classes[class].behind;
    row->result = classes[class].result;
    if (wave_size == 64 && !row->wmma) { /* two halves of 32 lanes, one behind the other */
        row->passes = (uint8_t)(row->passes + row->hold);
        row->hold = (uint8_t)(2 * row->hold);
    }
    add_operands(row, i, reads_mask);
    if (i->dual) add_operands(row, i->dual, begins(i->dual->opcode, "v_cndmask_"));
    if (is(i, "v_swap_b32") && row->source_count && row->result_count < ROW_RESULTS)
        row->results[row->result_count++] = row->sources[0]; /* both are written */
    row->scalar_source = row->read_count;
    row->scalar_result = row->write_count;
}

static void add_scalar_unit(struct row *row, const rdnasim_instruction *i) {
    add_operands(row, i, false);
    if (strstr(i->opcode, "_saveexec") || strstr(i->opcode, "_wrexec")) {
        add_scalar(row->reads, &row->read_count, SCALAR_EXEC);
        add_scalar(row->writes, &row->write_count, SCALAR_EXEC);
    }
    if (i->reads_scc) add_scalar(row->reads, &row->read_count, SCALAR_SCC);
    if (i->writes_scc) add_scalar(row->writes, &row->write_count, SCALAR_SCC);
}

static void add_branch(struct row *row, const rdnasim_instruction *i) {
    add_operands(row, i, false);
    if (begins(i->opcode, "s_cbranch_vcc")) add_scalar(row->reads, &row->read_count, SCALAR_VCC);
    if (begins(i->opcode, "s_cbranch_exec")) add_scalar(row->reads, &row->read_count, SCALAR_EXEC);
    if (begins(i->opcode, "s_cbranch_scc")) add_scalar(row->reads, &row->read_count, SCALAR_SCC);
}

static void add_memory(struct row *row, const rdnasim_instruction *i) {
    unsigned data = in_vgprs(&i->destination) ? i->destination.dwords : 0;
    for (unsigned n = 0; n < 4; n++) {
        if (!in_vgprs(&i->sources[n])) continue;
        row->registers = (uint8_t)(row->registers + i->sources[n].dwords);
        if (n && !in_vgprs(&i->destination)) data += i->sources[n].dwords;
    }
    row->dwords = (uint8_t)(data ? data : 1);
    row->store = !in_vgprs(&i->destination);
    add_operands(row, i, false);
    row->write_count = 0; /* loaded registers are waited for by the counters */
}

/* ---- delays -------------------------------------------------------------------------------------------- */

static void add_delay(struct row *row, unsigned id) {
    if (id && row->kind != ROW_NONE && row->delay_count < ROW_DELAYS)
        row->delays[row->delay_count++] = (uint8_t)id;
}

/* The next instruction behind a row that takes time; null at the end. */
static struct row *behind(struct table *table, const struct row *row) {
    for (size_t at = (size_t)(row - table->rows);;) {
        at += table->rows[at].bytes / 4u;
        if (at >= table->count || table->rows[at].kind == ROW_NONE) return NULL;
        if (table->rows[at].kind != ROW_DELAY) return &table->rows[at];
    }
}

/* instid0 is about the next instruction, instid1 about the one that many behind it. */
static void resolve_delay(struct table *table, const struct row *delay) {
    enum { ID = 15, SKIP_SHIFT = 4, SKIP = 7, SECOND_SHIFT = 7 };
    unsigned fields = (uint32_t)delay->immediate;
    struct row *at = behind(table, delay);
    if (at) add_delay(at, fields & ID);
    for (unsigned n = fields >> SKIP_SHIFT & SKIP; at && n; n--) at = behind(table, at);
    if (at) add_delay(at, fields >> SECOND_SHIFT & ID);
}

/* ---- the table ----------------------------------------------------------------------------------------- */

static enum row_kind kind_of(const rdnasim_instruction *i) {
    switch (i->port) {
    case RDNASIM_PORT_VALU:
    case RDNASIM_PORT_TRANS:
    case RDNASIM_PORT_WMMA: return ROW_VALU;
    case RDNASIM_PORT_SALU:
        return begins(i->opcode, "s_setreg") || begins(i->opcode, "s_getreg") ? ROW_MODE : ROW_SALU;
    case RDNASIM_PORT_SMEM: return ROW_SMEM;
    case RDNASIM_PORT_VMEM: return ROW_VMEM;
    case RDNASIM_PORT_LDS: return ROW_LDS;
    case RDNASIM_PORT_BRANCH: return ROW_BRANCH;
    default: break;
    }
    if (is(i, "s_delay_alu")) return ROW_DELAY;
    if (is(i, "s_barrier")) return ROW_BARRIER;
    if (begins(i->opcode, "s_endpgm")) return ROW_END;
    if (is(i, "s_nop")) return ROW_NOP;
    if (is(i, "s_sleep")) return ROW_SLEEP;
    return ROW_IMMEDIATE;
}

static void make_row(struct row *row, const rdnasim_instruction *i, unsigned wave_size) {
    static const uint8_t ports[] = {
        [ROW_VALU] = PORT_VALU,     [ROW_SALU] = PORT_SCALAR,     [ROW_MODE] = PORT_SCALAR,
        [ROW_SMEM] = PORT_SCALAR,   [ROW_VMEM] = PORT_VMEM,       [ROW_LDS] = PORT_LDS,
        [ROW_BRANCH] = PORT_BRANCH, [ROW_BARRIER] = PORT_BARRIER, [ROW_END] = PORT_NONE};
    *row = (struct row){.pc = (uint32_t)i->pc,
                        .bytes = (uint8_t)i->bytes,
                        .kind = (uint8_t)kind_of(i),
                        .counters = i->counters,
                        .immediate = i->immediate};
    row->port = ports[row->kind];
    for (unsigned n = 0; n < RDNASIM_COUNTERS; n++) row->waits[n] = (int8_t)i->waits[n];
    switch (row->kind) {
    case ROW_VALU: add_valu(row, i, wave_size); break;
    case ROW_SALU:
    case ROW_MODE: add_scalar_unit(row, i); break;
    case ROW_SMEM:
    case ROW_VMEM:
    case ROW_LDS: add_memory(row, i); break;
    case ROW_BRANCH: add_branch(row, i); break;
    default: break;
    }
}

struct table *table_create(const char *target, const uint32_t *code, size_t dwords, unsigned wave_size) {
    if (dwords > ROWS_MAX) return NULL;
    struct table *table = calloc(1, sizeof *table + dwords * sizeof table->rows[0]);
    if (!table) return NULL;
    table->count = dwords;
    for (size_t at = 0; at < dwords;) {
        rdnasim_instruction pair[2];
        uint32_t length = rdnasim_decode(target, code + at, dwords - at, 4 * at, pair);
        if (length) make_row(&table->rows[at], pair, wave_size);
        at += length ? length : 1;
    }
    for (size_t at = 0; at < dwords; at++)
        if (table->rows[at].kind == ROW_DELAY) resolve_delay(table, &table->rows[at]);
    return table;
}

void table_destroy(struct table *table) { free(table); }
