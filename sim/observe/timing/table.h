/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the timing model knows of a kernel's instructions before they run: one row for each, made from the decoder's. */
#ifndef TIMING_TABLE_H
#define TIMING_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rdnasim.h"

enum row_kind {
    ROW_NONE, /* no instruction, or none that can run */
    ROW_VALU,
    ROW_SALU,
    ROW_MODE, /* SALU: s_setreg, s_getreg */
    ROW_SMEM,
    ROW_VMEM,
    ROW_LDS,
    ROW_BRANCH,
    ROW_IMMEDIATE, /* what has no unit: waits, s_clause, messages */
    ROW_NOP,
    ROW_SLEEP,
    ROW_DELAY, /* s_delay_alu: takes no time itself */
    ROW_BARRIER,
    ROW_END
};

/* Of each a SIMD issues one instruction per cycle. */
enum issue_port { PORT_NONE, PORT_VALU, PORT_SCALAR, PORT_VMEM, PORT_LDS, PORT_BRANCH, PORT_BARRIER, PORTS };

/* Places in a wave's scalar state. */
enum { SCALAR_VCC = 106, SCALAR_NULL = 124, SCALAR_EXEC = 126, SCALAR_SCC = 128, SCALARS };

/* VGPRs reg .. reg + count - 1 */
struct span {
    uint8_t reg, count;
};

enum { ROW_SOURCES = 6, ROW_RESULTS = 2, ROW_SCALARS = 16, ROW_DELAYS = 3 };

struct row {
    uint32_t pc;
    uint8_t bytes, kind, port;
    /* VALU, from classes.def */
    uint8_t hold, passes, behind, result;
    bool trans, wide, wmma, wmma_vectors, dual;
    bool scalar_source, scalar_result; /* reads, writes scalar registers */
    uint8_t source_count, result_count;
    struct span sources[ROW_SOURCES]; /* in the order in which they are read */
    struct span results[ROW_RESULTS];
    /* Scalar registers, SCC as SCALAR_SCC. mask_reads: those of reads which the VALU reads late (N6), one bit each. */
    uint8_t read_count, write_count;
    uint8_t reads[ROW_SCALARS], writes[ROW_SCALARS];
    uint16_t mask_reads;
    /* What s_delay_alu asks of this instruction: its InstIDs. */
    uint8_t delay_count, delays[ROW_DELAYS];
    /* Memory */
    uint8_t registers;              /* VGPRs of address and data, which are read */
    uint8_t dwords;                 /* of data, per lane */
    bool store;                     /* LDS: writes only */
    unsigned counters;              /* bits 1 << RDNASIM_COUNTER_* */
    int8_t waits[RDNASIM_COUNTERS]; /* RDNASIM_NO_WAIT: none */
    int32_t immediate;              /* of s_nop, s_sleep, s_clause */
};

struct table {
    size_t count; /* rows: dwords of the code; that of an instruction is pc / 4 */
    struct row rows[];
};

/*
 * The table of a kernel's code. target: as rdnasim_decode takes it. Read-only afterwards, for any thread. Null: no
 * memory, or more than 2^24 dwords.
 */
struct table *table_create(const char *target, const uint32_t *code, size_t dwords, unsigned wave_size);
void table_destroy(struct table *table);

#endif
