/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A whole card while it runs a launch: shader engines, each with its SIMDs and caches, and what they share. Time passes in
 * quanta that are shorter than the way from an engine to L2 and back. Within one the engines know nothing of each other, so
 * host threads may take one each; between quanta one thread starts work-groups and answers what was asked of L2.
 */
#ifndef TIMING_CHIP_H
#define TIMING_CHIP_H

#include "engine.h"
#include "record.h"

struct pool;

enum { QUANTUM = 160, RULES_MOST = 64 };

struct chip_group {
    struct recorded_group *recorded;
    unsigned processor; /* of the engine */
    unsigned unit;      /* CU mode: which of its compute units has it */
    unsigned alive, arrived;
    cycle last_arrival;
    struct chip_wave *waves[RECORD_WAVES];
};

struct chip_wave {
    struct stream *stream; /* null: the slot is free */
    size_t step, line, turn;
    struct chip_group *group;
    uint16_t simd, slot; /* of the engine; of the SIMD */
    cycle start;
};

/* An engine with its SIMDs. */
struct chip_engine {
    struct chip *chip;
    struct engine memory;
    unsigned simd_count;
    struct cu **cus;         /* [processors * PROCESSOR_CUS] */
    struct simd **simds;     /* [simd_count] */
    cycle *next;             /* [simd_count]: nothing happens before */
    struct chip_wave *waves; /* [simd_count * SIMD_WAVES] */
    /* What is free, and since when: */
    uint32_t *vgprs; /* [simd_count] */
    uint16_t *slots; /* [simd_count]: how many */
    uint32_t *lds;   /* [processors * PROCESSOR_CUS]; WGP mode: of all in the first of a processor */
    cycle *freed;    /* [processors] */
    /* Dispatch. */
    unsigned turn;             /* the processor whose turn it is */
    cycle start_after;         /* of the next work-group, at the earliest */
    cycle *processor_after;    /* [processors] */
    unsigned alive;            /* waves */
    struct chip_group **ended; /* since the last border */
    unsigned ended_count, ended_capacity;
    struct request *answers;
    size_t answer_count, answer_capacity;
    cycle last_end;
    /* Counts of a launch. */
    uint64_t instructions, wave_cycles, held[RULES_MOST];
};

/* What a launch takes of the card. */
struct chip_kernel {
    const struct table *table;
    const uint8_t *flags; /* OP_*, by op */
    uint32_t vgprs, lds;  /* of a wave, of a work-group; in whole granules */
    unsigned wave_size;
    bool processor_mode; /* WGP mode: a work-group has all four SIMDs */
    uint64_t groups;
};

struct chip {
    struct card card;
    struct simd_config config;
    struct shared shared;
    struct pool *pool;
    unsigned engine_count;
    struct chip_engine *engines;
    unsigned processor_lds, simd_vgprs, simd_waves;
    struct surroundings surroundings;
    uint64_t launches;
    /* Of a launch: */
    const struct chip_kernel *kernel;
    struct recorder *recorder;
    cycle begin, border; /* of the launch; of the quantum. Launches follow each other in time */
    unsigned engine_turn;
    uint64_t dispatched, ended;     /* work-groups, those that are left out not counted */
    struct recorded_group *waiting; /* the next one, for which there was no room */
    struct request *pending;
    size_t pending_count, pending_capacity;
    /* Atomics whose turn has not come, and how many work-groups have come to each place; see turns.h. */
    struct request *held;
    size_t held_count, held_capacity, came_capacity;
    uint32_t *came;
    bool left_out;       /* some work-groups: then nobody waits for others */
    const char *failure; /* why the launch cannot be timed, or null */
};

/* False: out of memory, or threads. chip_destroy in either case. */
bool chip_create(struct chip *chip, const struct card *card, const struct simd_config *config, int threads);
void chip_destroy(struct chip *chip);
/* Nothing is cached. */
void chip_cool(struct chip *chip);

/* Rounds that are left out of a long launch: sample.c */
struct sample {
    uint64_t above;       /* launches of more wave-instructions are sampled */
    uint64_t round;       /* work-groups that the card holds at a time */
    uint64_t left_out;    /* work-groups */
    cycle period, spread; /* cycles of a round; difference between the last two that were modelled */
    cycle round_ended[8];
    unsigned rounds; /* of them */
};

/* Runs what the recorder gives. Returns the cycles from the first wave's start to the last one's end; chip->failure. */
cycle chip_run(struct chip *chip, const struct chip_kernel *kernel, struct recorder *recorder,
               struct sample *sample);

/* dispatch.c: work-groups for what is free at the border; false: the launch has failed. */
bool dispatch(struct chip *chip);
/* Frees what a work-group had that ended; at the border. */
void dispatch_ended(struct chip *chip, struct chip_engine *e, struct chip_group *group);
/* sample.c: after a border, whether rounds are to be left out, and how. */
void sample_rounds(struct chip *chip, struct sample *sample);

#endif
