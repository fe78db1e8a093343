/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "trace.h"

#include <inttypes.h>

static void after(void *context, const rdnasim_event *e) {
    struct trace *t = context;
    const rdnasim_instruction *i = e->instruction;
    if (atomic_load_explicit(&t->left, memory_order_relaxed) <= 0) return;
    char text[192];
    rdnasim_disassemble_wave(t->target, e->wave_size, i->encoding, i->bytes / 4, text, sizeof text);
    pthread_mutex_lock(&t->lock);
    if (t->left-- > 0)
        fprintf(t->to, "%u,%u,%u wave %u  %05" PRIx64 "  exec %0*" PRIx64 "  %s\n", e->workgroup[0],
                e->workgroup[1], e->workgroup[2], e->wave, i->pc, e->wave_size == 64 ? 16 : 8, e->exec, text);
    pthread_mutex_unlock(&t->lock);
}

rdnasim_observer trace_observer(struct trace *trace) {
    return (rdnasim_observer){.struct_size = sizeof(rdnasim_observer), .context = trace, .after = after};
}
