/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Machine words as a program: they take the place of the row of s_nop in kernels/programs.c, with as many
 * VGPRs reserved as the test says. Looks behind the simulator's public header.
 */
#ifndef TESTS_SIM_CARRIER_H
#define TESTS_SIM_CARRIER_H

#include <stdlib.h>
#include <string.h>

#include "machine/program.h"

enum { ROW = 64, S_NOP = 0xbf800000, BUFFER_BYTES = 6144, DUMP_AT = 4096 };

struct carrier {
    rdnasim_kernel *kernel;
    uint32_t *row; /* [ROW] */
};

/* row is null if the object is not the one of kernels/programs.c. */
static inline struct carrier find_carrier(rdnasim_object *object) {
    struct carrier c = {(rdnasim_kernel *)(uintptr_t)rdnasim_find_kernel(object, "program"), NULL};
    for (uint32_t at = 0, run = 0; at < object->code_dwords && !c.row; at++) {
        run = object->code[at] == S_NOP ? run + 1 : 0;
        if (run == ROW) c.row = object->code + at + 1 - ROW;
    }
    return c;
}

/* False: no memory. */
static inline bool put_program(struct carrier *c, const uint32_t *words, unsigned count, unsigned vgprs) {
    struct program *old = c->kernel->program;
    struct program *new = program_create(old->object, old->entry, vgprs, old->wave_size);
    if (!new) return false;
    program_destroy(old);
    c->kernel->program = new;
    for (unsigned n = 0; n < ROW; n++) c->row[n] = n < count ? words[n] : S_NOP;
    return true;
}

#endif
