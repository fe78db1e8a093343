/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "port.h"

/* The bucket of this number, emptied if it was an older one. */
static unsigned at(struct port *port, uint64_t number) {
    unsigned n = (unsigned)(number % PORT_BUCKETS);
    if (port->buckets[n].number != (uint32_t)number + 1) {
        port->buckets[n].number = (uint32_t)number + 1;
        port->buckets[n].used = port->buckets[n].ahead = 0;
    }
    return n;
}

/* The first bucket from this one on that is not full; the way there becomes short. */
static uint64_t first_free(struct port *port, uint64_t number) {
    uint64_t found = number;
    while (port->buckets[at(port, found)].used == PORT_BUCKET_TICKS)
        found += port->buckets[at(port, found)].ahead;
    while (number < found) {
        unsigned n = at(port, number);
        uint32_t ahead = port->buckets[n].ahead;
        port->buckets[n].ahead = (uint32_t)(found - number);
        number += ahead;
    }
    return found;
}

cycle port_take(struct port *port, cycle from, uint32_t cost) {
    uint64_t number = first_free(port, from * TICKS / PORT_BUCKET_TICKS);
    cycle begins = (number * PORT_BUCKET_TICKS + port->buckets[at(port, number)].used) / TICKS;
    while (cost) {
        number = first_free(port, number);
        unsigned n = at(port, number);
        uint32_t left = PORT_BUCKET_TICKS - port->buckets[n].used, taken = cost < left ? cost : left;
        port->buckets[n].used += taken;
        if (taken == left) port->buckets[n].ahead = 1;
        cost -= taken;
    }
    return begins > from ? begins : from;
}
