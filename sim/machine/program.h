/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The instructions of one kernel. Each is decoded at its first execution, so that loading costs nothing and
 * memory is spent on what runs; finding it again is one load.
 */
#ifndef RDNASIM_PROGRAM_H
#define RDNASIM_PROGRAM_H

#include <stdatomic.h>

#include "simulator.h"

struct decoded {
    struct inst inst;
    uint16_t cost;         /* what it takes of the wave's quota */
    _Atomic(uint8_t) role; /* in strict mode (observe/strict/role.c); 0 until it was asked for */
    _Atomic(rdnasim_instruction *) described; /* as observers see it; null until one asked */
    /* What follows when no branch is taken; null until it was looked up once. Spares the way through at[]. */
    _Atomic(struct decoded *) successor;
};

struct program {
    const rdnasim_object *object;
    uint32_t entry;      /* dword index of the kernel's first instruction */
    unsigned vgpr_count; /* that the kernel has reserved; others are not its to touch */
    unsigned wave_size;
    pthread_mutex_t lock; /* of a thread that decodes */
    struct chunk *chunks;
    _Atomic(struct decoded *) *at; /* [code_dwords]; null until decoded */
};

static inline struct decoded *program_at(struct program *p, uint32_t pc) {
    struct decoded *d = NULL;
    if (pc < p->object->code_dwords) d = atomic_load_explicit(&p->at[pc], memory_order_acquire);
    return d ? d : program_decode(p, pc);
}

/* The instruction at pc, which is the one after `d`. */
static inline struct decoded *program_after(struct program *p, struct decoded *d, uint32_t pc) {
    struct decoded *next = atomic_load_explicit(&d->successor, memory_order_acquire);
    if (__builtin_expect(next != NULL, 1)) return next;
    next = program_at(p, pc);
    if (pc < p->object->code_dwords) atomic_store_explicit(&d->successor, next, memory_order_release);
    return next;
}

#endif
