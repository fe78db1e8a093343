/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Memory: a port per channel, whose rate is that of the best measured streams. Rows and banks are not modelled. */
#include "shared.h"

cycle dram_request(struct shared *s, cycle at, uint64_t line, bool write) {
    *(write ? &s->dram_written : &s->dram_read) += LINE_BYTES;
    cycle begins =
        port_take(&s->dram_ports[channel_of(s, line, s->channels)], at, write ? s->write_cost : s->read_cost);
    return begins + s->dram_cycles;
}
