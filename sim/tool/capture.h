/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A recorded thread trace of a card: what the waves of one SIMD executed, and at which cycles (docs/timing.md, Traces). */
#ifndef RDNASIM_CAPTURE_H
#define RDNASIM_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "observe/timing/table.h"

#define NO_TIME UINT64_MAX

struct executed {
    uint32_t op;            /* row of the table */
    uint32_t pc;            /* bytes from the kernel's first instruction */
    uint64_t time, execute; /* cycles; NO_TIME: not recorded */
    bool jumped;            /* the clock has jumped in front of it: its time says little */
};

struct recorded_wave {
    uint64_t start, end;
    size_t first, count; /* of the capture's executed instructions */
    size_t group;        /* waves of one number meet at barriers */
    bool jumped;         /* the clock has, on the way */
};

struct neighbour { /* an LDS instruction of another SIMD of the compute unit */
    uint64_t time;
    unsigned cycles;
};

struct capture {
    char target[16], kernel[128];
    double clock_hz; /* 0: unknown */
    struct table *
        table; /* behind the rows of the code, those of stand-ins: what only the class of its packet is known of */
    uint64_t stand_ins; /* executed instructions that have one */
    uint64_t left_out;  /* issue times that are before the one in front */
    uint32_t *code;
    size_t dwords;
    struct recorded_wave *waves; /* in the order of their start */
    size_t wave_count;
    struct executed *executed;
    size_t executed_count;
    struct neighbour *neighbours; /* in the order of time */
    size_t neighbour_count;
    bool *group_unseen; /* of each group: whether a wave of it ran elsewhere */
    size_t group_count;
};

struct doc_problem;
/* False: *problem says why. */
bool capture_parse(const char *text, size_t bytes, struct capture *out, struct doc_problem *problem);
void capture_free(struct capture *capture);

#endif
