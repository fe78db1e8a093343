/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The LDS unit of a compute unit, which its SIMDs share: rules I19 and X8'. */
#ifndef TIMING_LDS_H
#define TIMING_LDS_H

#include "simd.h"
#include "table.h"

struct cu {
    const struct simd_config *config;
    cycle accepts; /* the next instruction's addresses and data, at the earliest */
    cycle works;   /* the banks are busy before this cycle */
    cycle returns; /* the path back to the SIMDs is */
};

/* An instruction arrives at x: returns when it is taken, and in *done when its counter falls. passes: 0, no conflicts. */
cycle lds_request(struct cu *cu, const struct row *row, unsigned passes, cycle x, cycle *done);
/*
 * Another SIMD's instruction, seen from outside: issued at `issue`, it takes the unit's entrance for `cycles`. load:
 * dwords per lane of a load, 0 for a store. It comes in front of what this SIMD issues from `now` on. False: that is still to come.
 */
bool lds_occupy(struct cu *cu, cycle issue, cycle now, unsigned cycles, unsigned load);

/*
 * Cycles that the unit takes for an executed LDS instruction: 32 banks of a dword, one dword of each a cycle, lanes that
 * read one dword share it. Of 64 bits 16 lanes are served together, of 128 eight. At least 1; for event->space LDS.
 */
unsigned lds_passes(const rdnasim_event *event);

#endif
