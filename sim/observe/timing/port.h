/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Something that serves one request after the other. Requests come in nearly the order of their times, but not quite: those
 * of an engine are known before those of another for the same moment. So what is left of every few cycles is kept, instead
 * of the time at which all is done.
 */
#ifndef TIMING_PORT_H
#define TIMING_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "simd.h"

/* Costs are in ticks, of which a cycle has so many. */
enum { TICKS = 256, PORT_BUCKETS = 2048, PORT_BUCKET_TICKS = 8 * TICKS };

struct port {
    struct {
        uint32_t number; /* of the bucket, from the start of time, that this is now; + 1 */
        uint32_t used;   /* ticks; when all are: where to look next, as a distance in buckets */
        uint32_t ahead;
    } buckets[PORT_BUCKETS];
};

/* From `from` on, for `cost` ticks: when it begins. */
cycle port_take(struct port *port, cycle from, uint32_t cost);

#endif
