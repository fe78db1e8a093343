/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The sequence of a run, for every level. */
#include "cpu/linear.h"

#include <stdatomic.h>
#include <string.h>

#include "cpu/level.h"

#if defined __x86_64__
#include <immintrin.h>
#endif

struct level {
    int (*prepare)(const struct cpu_linear_args *p, int64_t row, int64_t expert, int64_t place, int64_t held);
    void (*product)(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip);
    void (*combine)(const struct cpu_linear_args *p, int64_t token);
};

/* A run's rows are those of a, or the slots that have an expert, sorted by it. They are prepared and
 * multiplied up to CPU_LINEAR_ROWS at a time. */
struct run {
    const struct cpu_linear_args *p;
    const struct level *level;
    struct pool *pool;
    int64_t first, held; /* the rows at this time */
    _Atomic int careful;
    int64_t at_once, units; /* strips of all blocks, and how many of them follow each other in one thread */
    int64_t block_count;
    struct rows blocks[CPU_LINEAR_ROWS];
};

int64_t cpu_linear_words(int64_t group_size, int64_t padded_K) {
    struct cpu_linear_args p = {.group_size = group_size, .padded_K = padded_K};
    int64_t words = 0;
    FOR_CHUNKS(c, &p) words += c.words;
    return words;
}

/* ---- experts ------------------------------------------------------------------------------------------- */

/* What unsort.c does. */
static void unsort(const struct cpu_linear_args *p) {
    int32_t *ids = pointer(p->ids);
    const int32_t *sorted = pointer(p->sorted), *experts = pointer(p->block_experts);
    int64_t slots = p->M * p->top_k, used = *(const uint32_t *)pointer(p->sorted_used);
    for (int64_t i = 0; i < slots; i++) ids[i] = -1;
    for (int64_t i = 0; i < used && i < p->sorted_count; i++)
        if ((uint32_t)sorted[i] < slots) ids[sorted[i]] = experts[i / p->sorted_block];
}

static int has_expert(const struct cpu_linear_args *p, int64_t slot) {
    int32_t id = ((const int32_t *)pointer(p->ids))[slot];
    return id >= 0 && id < p->experts;
}

/* Fills slots and starts: a sort by counting. Returns how many slots have an expert. */
static int64_t sort_slots(const struct cpu_linear_args *p) {
    const int32_t *ids = pointer(p->ids);
    int32_t *slots = pointer(p->slots), *starts = pointer(p->starts);
    memset(starts, 0, (size_t)(p->experts + 1) * sizeof *starts);
    for (int64_t slot = 0; slot < p->M * p->top_k; slot++)
        if (has_expert(p, slot)) starts[ids[slot]]++;
    for (int64_t e = 1; e <= p->experts; e++) starts[e] += starts[e - 1]; /* now the ends */
    for (int64_t slot = p->M * p->top_k; slot-- > 0;)
        if (has_expert(p, slot)) slots[--starts[ids[slot]]] = (int32_t)slot;
    return starts[p->experts];
}

/* ---- loops over the pool's threads --------------------------------------------------------------------- */

/* Every thread computes with the default modes, whatever its caller has set: bits must not depend on who runs
 * what. */
static unsigned set_modes(unsigned modes) {
#if defined __x86_64__
    unsigned before = _mm_getcsr();
    _mm_setcsr(modes);
    return before;
#else
    return modes;
#endif
}
enum { DEFAULT_MODES = 0x1f80 };

static void prepare_row(void *context, int64_t index, int thread) {
    (void)thread;
    struct run *run = context;
    const struct cpu_linear_args *p = run->p;
    int64_t row = run->first + index, expert = 0;
    if (p->experts) {
        int64_t slot = ((const int32_t *)pointer(p->slots))[row];
        expert = ((const int32_t *)pointer(p->ids))[slot];
        row = p->adds ? slot : slot / p->top_k;
    }
    unsigned modes = set_modes(DEFAULT_MODES);
    if (run->level->prepare(p, row, expert, index, run->held)) atomic_store(&run->careful, 1);
    set_modes(modes);
}

/*
 * Strips of one block of rows, then of the next. A thread takes many that follow each other in memory: where threads take
 * single strips in turn, the prefetchers of each core run on into what another one reads, and two cores read hardly faster
 * than one.
 */
static void multiply_strips(void *context, int64_t index, int thread) {
    (void)thread;
    struct run *run = context;
    int64_t strips = strips_of(run->p), first = index * run->at_once;
    unsigned modes = set_modes(DEFAULT_MODES);
    for (int64_t unit = first; unit < first + run->at_once && unit < run->units; unit++)
        run->level->product(run->p, &run->blocks[unit / strips], unit % strips);
    set_modes(modes);
}

static void combine_token(void *context, int64_t token, int thread) {
    (void)thread;
    struct run *run = context;
    unsigned modes = set_modes(DEFAULT_MODES);
    run->level->combine(run->p, token);
    set_modes(modes);
}

/* Loops of fewer multiplications than that are over before other threads are awake. */
enum { ALONE = 1 << 17 };
static void loop(struct run *run, int64_t count, pool_body *body, double work) {
    if (work > ALONE && count > 1) {
        pool_run_shares(run->pool, count, body, run);
        return;
    }
    for (int64_t index = 0; index < count; index++) body(run, index, 0);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

/* Cuts rows of one expert into blocks of at most `most`, of equal size but for one. */
static void add_blocks(struct run *run, int64_t expert, int64_t first, int64_t count, int64_t most) {
    int64_t blocks = (count + most - 1) / most;
    for (int64_t b = 0; b < blocks; b++) {
        int64_t from = first + count * b / blocks, to = first + count * (b + 1) / blocks;
        run->blocks[run->block_count++] = (struct rows){.expert = expert,
                                                        .first = from,
                                                        .count = to - from,
                                                        .place = from - run->first,
                                                        .held = run->held,
                                                        .careful = run->careful};
    }
}

static void cut(struct run *run, int64_t most) {
    const struct cpu_linear_args *p = run->p;
    const int32_t *starts = pointer(p->starts);
    int64_t end = run->first + run->held;
    run->block_count = 0;
    if (!p->experts) add_blocks(run, 0, run->first, run->held, most);
    for (int64_t e = 0; e < p->experts; e++) {
        int64_t from = starts[e] > run->first ? starts[e] : run->first;
        int64_t to = starts[e + 1] < end ? starts[e + 1] : end;
        if (from < to) add_blocks(run, e, from, to - from, most);
    }
}

/* Parts of the work, so that no thread waits long for the slowest one. */
static int64_t parts_wanted(const struct pool *pool) { return 4 * (int64_t)pool_threads(pool); }

/* Blocks of as many rows as leave something to do for all threads. */
static void plan_blocks(struct run *run) {
    enum { LEAST_ROWS = 24 };
    int64_t wanted = parts_wanted(run->pool), most = CPU_BLOCK_ROWS;
    cut(run, most);
    while (strips_of(run->p) * run->block_count < wanted && most >= 2 * LEAST_ROWS) cut(run, most /= 2);
}

static void multiply(const void *kernarg, struct pool *pool, const struct level *level) {
    struct cpu_linear_args args;
    memcpy(&args, kernarg, sizeof args);
    struct run run = {.p = &args, .level = level, .pool = pool};
    if (args.sorted_block) unsort(&args);
    int64_t rows = args.experts ? sort_slots(&args) : args.M;
    for (; run.first < rows; run.first += run.held) {
        run.held = rows - run.first < CPU_LINEAR_ROWS ? rows - run.first : CPU_LINEAR_ROWS;
        run.careful = 0;
        loop(&run, run.held, prepare_row, (double)(run.held * args.K));
        plan_blocks(&run);
        run.units = run.block_count * strips_of(&args);
        run.at_once = run.units / parts_wanted(pool);
        if (run.at_once < 1) run.at_once = 1;
        loop(&run, (run.units + run.at_once - 1) / run.at_once, multiply_strips,
             (double)run.held * (double)args.K * (double)args.N);
    }
    if (args.adds) loop(&run, args.M, combine_token, (double)(args.M * args.top_k) * (double)args.N);
}

#if defined CPU_X86_LEVELS
#define LEVEL_OF(name) name
#else
#define LEVEL_OF(name) portable /* where the plan's rows are refused */
#endif
#define CPU_LEVEL(name)                                                                                      \
    void cpu_linear_##name(const void *kernarg, struct pool *pool) {                                         \
        static const struct level level = {LEVEL_EXPAND(cpu_prepare, LEVEL_OF(name)),                        \
                                           LEVEL_EXPAND(cpu_product, LEVEL_OF(name)),                        \
                                           LEVEL_EXPAND(cpu_combine, LEVEL_OF(name))};                       \
        multiply(kernarg, pool, &level);                                                                     \
    }
CPU_LEVELS(CPU_LEVEL)
