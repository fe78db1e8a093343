/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The instructions of one kernel. Each is decoded at its first execution, so that loading costs nothing and
 * memory is spent on what runs; finding it again is one load from an array indexed by the program counter.
 */
#ifndef GFX11SIM_PROGRAM_H
#define GFX11SIM_PROGRAM_H

#include <stdatomic.h>

#include "simulator.h"

struct program {
    const gfx11sim_object *object;
    uint32_t entry;       /* dword index of the kernel's first instruction */
    unsigned vgpr_count;  /* that the kernel has reserved; others are not its to touch */
    pthread_mutex_t lock; /* of a thread that decodes */
    struct chunk *chunks;
    _Atomic(const struct inst *) at[]; /* [code_dwords]; null until decoded */
};

static inline const struct inst *program_at(struct program *p, uint32_t pc) {
    const struct inst *i = NULL;
    if (__builtin_expect(pc < p->object->code_dwords, 1))
        i = atomic_load_explicit(&p->at[pc], memory_order_acquire);
    return __builtin_expect(i != NULL, 1) ? i : program_decode(p, pc);
}

#endif
