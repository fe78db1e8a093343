/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The VGPR banks of a SIMD (rules X9' and X10'): register n is in bank n mod 4. A bank serves one read per cycle; it has a
 * cache of the last registers that were read from it, and a buffer of results that wait for a cycle in which it is not
 * read. Cycles are those of the read stage, three before execution.
 */
#ifndef TIMING_BANKS_H
#define TIMING_BANKS_H

#include "simd.h"
#include "table.h"

enum { BANKS = 4, BANK_CACHE_MAX = 8, BANK_WRITES_MAX = 64, READ_BEFORE_EXECUTE = 3 };

struct cached {
    uint32_t tag; /* wave and register */
    cycle first;  /* when it was read first */
};

struct bank {
    cycle free;                          /* its port is used up before this cycle */
    struct cached cache[BANK_CACHE_MAX]; /* the oldest first */
    unsigned cache_count;
    cycle writes[BANK_WRITES_MAX]; /* when results fall due, ascending, from write_first on */
    unsigned write_first, write_count;
};

struct banks {
    const struct simd_config *config;
    struct bank bank[BANKS];
};

/* The cycle of an instruction's last read, if it reads from cycle `from` on; `from` if it need not wait. */
cycle banks_read(struct banks *banks, unsigned slot, const struct row *row, cycle from);
/* Whether every operand of the instruction comes from the caches at that cycle. */
bool banks_hit(const struct banks *banks, unsigned slot, const struct row *row, cycle at);
/* The instruction's results fall due at its execute cycle. */
void banks_write(struct banks *banks, unsigned slot, const struct row *row, cycle execute);

#endif
