/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The caches of a shader engine: L0 of compute units, scalar and instruction caches of work-group processors, GL1 of
 * arrays. What they lack becomes a request to L2, which all engines share; it is answered later, between quanta, in an
 * order that no host thread can change.
 *
 * An access waits for lines, a line of L0 for one of GL1, that for L2:
 *
 *     wait <-- fill of L0 or of the scalar cache <-- fill of GL1 <-- request
 */
#ifndef TIMING_ENGINE_H
#define TIMING_ENGINE_H

#include "shared.h"
#include "turns.h"

enum { PROCESSOR_SIMDS = 4, PROCESSOR_CUS = 2, CODE_LINES = 2 /* that one fetch brings */ };

/* A request beyond the engine. */
struct request {
    cycle at;    /* when it is at L2 */
    cycle ready; /* the answer */
    uint64_t line;
    enum request_kind kind;
    uint32_t who; /* LINE: a fill of GL1; else a wait */
    uint32_t engine, sequence;
    struct turn turn; /* of an atomic that must wait for it */
};

/* An access that waits for lines. */
struct wait {
    cycle *done;
    cycle latest; /* of the lines that are known */
    uint32_t missing;
    uint16_t simd; /* of the engine */
    uint8_t back;  /* cycles in which its data return; 0: a scalar access */
    bool store;    /* its acknowledgement is all that is awaited */
};

/* A line that is under way to a cache. */
struct fill {
    uint64_t line;
    cycle looked;          /* when GL1 was asked for it */
    struct cache_way *way; /* where it goes, if that still holds it; null: nowhere, it is only passed on */
    struct cache *cache;
    uint32_t first; /* of the links to waits or, in GL1, of the fills of L0 that want it */
    uint32_t next;  /* fill of the same line of GL1 */
    uint16_t array;
    bool scalar; /* of a scalar cache: half a line */
};

struct link {
    uint32_t wait, next;
    cycle looked; /* when the access looked for the line */
};

struct pool_of { /* items with a list of free ones */
    void *items;
    size_t bytes;
    uint32_t count, capacity, free;
};

struct unit { /* a compute unit */
    struct cache l0;
    cycle address_free; /* its address unit */
    struct port back;
};
struct processor {
    struct cache scalar, code;
    cycle scalar_free;
};
struct array {
    struct cache gl1;
    struct port path, write_path;
};

struct engine {
    const struct card *card;
    uint32_t number;
    unsigned processor_count, array_count;
    struct unit *units;           /* [processor_count * PROCESSOR_CUS] */
    struct processor *processors; /* [processor_count] */
    struct array *arrays;         /* [array_count] */
    uint16_t *array_of;           /* [processor_count] */
    uint32_t line_cost;           /* ticks of a line between GL1 and L0 */
    cycle l0_to_gl1, gl1_to_l2, gl1_to_l0, gl1_to_scalar;
    struct pool_of waits, fills, links;
    struct request *requests;
    size_t request_count, request_capacity;
    uint32_t sequence;
    uint64_t *woken; /* bit per SIMD: something that it waits for is known now */
    uint64_t code_base;
    bool failed; /* out of memory */
    struct level_count l0_count, gl1_count, scalar_count, code_count;
};

/* Made of the card's arrays [first_array, first_array + count), with `processors` of them each. False: out of memory. */
bool engine_create(struct engine *e, const struct card *card, uint32_t number, unsigned array_count,
                   const unsigned *processors_of_array);
void engine_destroy(struct engine *e);
/* A launch begins: caches of compute units, arrays and scalars are empty, that of instructions if it is `cold`. */
void engine_begin(struct engine *e, bool cold);

/* Accesses of SIMD `simd` of the engine: when the address is taken. *done: now or after an answer. vector.c, scalar.c */
cycle vector_request(struct engine *e, unsigned simd, const struct access *access, bool past, cycle x,
                     cycle *done);
cycle scalar_request(struct engine *e, unsigned simd, const struct access *access, cycle x, cycle *done);
/* When the instruction at `pc` can be had that follows one at `previous`. fetch.c */
cycle fetch_request(struct engine *e, unsigned processor, uint64_t previous, uint64_t pc, cycle now);
/* What L2 has answered. */
void engine_answer(struct engine *e, const struct request *answer);

/* A line that is asked of a cache in front of GL1: L0 or the scalar cache. */
struct near_line {
    struct cache *cache;
    struct level_count *count;
    uint64_t line, gl1_line; /* its number there, and of the line of GL1 that it lies in */
    uint16_t array;
    bool scalar, past; /* past: it leaves nothing there, and L2 is to answer */
};

/* Between the files of the engine. */
/* When the cache has the line, or LATER: the access waits for its fill. */
cycle near_request(struct engine *e, const struct near_line *near, cycle at, uint32_t wait);
uint32_t pool_new(struct engine *e, struct pool_of *pool);
void pool_release(struct pool_of *pool, uint32_t item);
struct wait *wait_at(const struct engine *e, uint32_t wait);
struct fill *fill_at(const struct engine *e, uint32_t fill);
void engine_ask(struct engine *e, cycle at, uint64_t line, enum request_kind kind, uint32_t who,
                const struct turn *turn);
/* The access waits for one line more. */
void fill_join(struct engine *e, uint32_t fill, uint32_t wait, cycle looked);
/* One line less; `ready`: when it was there. */
void wait_line(struct engine *e, uint32_t wait, cycle ready);
void wait_done(struct engine *e, uint32_t wait);
/* When L0 or the scalar cache has the line that its fill wants; LATER: the fill is told. past: L2 is to answer. gl1.c */
cycle gl1_request(struct engine *e, cycle at, uint64_t line, uint32_t l0_fill, bool past);
void gl1_answer(struct engine *e, uint32_t fill, cycle ready);
/* The fill ends, its line is in its cache from `ready` on: what it was. */
struct fill fill_take(struct engine *e, uint32_t fill, cycle ready);
void fill_arrives(struct engine *e, uint32_t fill, cycle ready);

#endif
