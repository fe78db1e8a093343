/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A launch on a whole card: what surrounds the SIMDs, quanta, the borders between them. */
#include "chip.h"

#include <stdlib.h>
#include <string.h>

#include "parallel.h"

/* ---- what surrounds a SIMD ------------------------------------------------------------------------------ */

static struct chip_engine *engine_of(void *context) { return context; }

static bool next_step(void *context, void *wave, struct step *step) {
    const struct chip_kernel *k = engine_of(context)->chip->kernel;
    struct chip_wave *w = wave;
    if (w->step == w->stream->step_count) return false;
    uint32_t bits = w->stream->steps[w->step++];
    uint32_t op = bits & ((1u << STEP_OP_BITS) - 1), count = bits >> STEP_COUNT_SHIFT;
    const struct row *row = &k->table->rows[op];
    *step =
        (struct step){.op = op, .taken = (bits & STEP_TAKEN) != 0, .exec_zero = (bits & STEP_EXEC_ZERO) != 0};
    if (row->kind == ROW_LDS) {
        step->access.kind = ACCESS_LDS;
        step->access.passes = (uint16_t)count;
    } else if (row->kind == ROW_SMEM || row->kind == ROW_VMEM) {
        bool returns = (row->counters >> RDNASIM_COUNTER_VM & 1) || row->kind == ROW_SMEM;
        step->access = (struct access){.kind = row->kind == ROW_SMEM      ? ACCESS_SCALAR
                                               : k->flags[op] & OP_ATOMIC ? ACCESS_ATOMIC
                                               : returns                  ? ACCESS_LOAD
                                                                          : ACCESS_STORE,
                                       .returns = returns,
                                       .bytes = (uint16_t)(row->dwords * 4 * (k->wave_size / 32)),
                                       .turn = k->flags[op] & OP_TURN ? &w->stream->turns[w->turn++] : NULL,
                                       .line_count = (uint16_t)count,
                                       .lines = w->stream->lines + w->line};
        w->line += count;
    }
    return true;
}

static cycle fetch(void *context, void *wave, uint64_t previous, uint64_t pc, bool taken, cycle now) {
    (void)taken;
    return fetch_request(&engine_of(context)->memory, ((struct chip_wave *)wave)->group->processor, previous,
                         pc, now);
}

static cycle request(void *context, void *wave, const struct step *step, cycle x, cycle *done) {
    struct chip_engine *e = context;
    struct chip_wave *w = wave;
    switch (step->access.kind) {
    case ACCESS_SCALAR: return scalar_request(&e->memory, w->simd, &step->access, x, done);
    case ACCESS_NONE: *done = x; return x;
    default:
        return vector_request(&e->memory, w->simd, &step->access, e->chip->kernel->flags[step->op] & OP_PAST,
                              x, done);
    }
}

/* All waves that have not ended wait: they go on. */
static void open_barrier(struct chip_engine *e, struct chip_group *g, cycle now) {
    if (!g->arrived || g->arrived < g->alive) return;
    g->arrived = 0;
    for (unsigned n = 0; n < g->recorded->wave_count; n++) {
        struct chip_wave *w = g->waves[n];
        if (!w) continue;
        simd_release(e->simds[w->simd], w->slot, g->last_arrival);
        cycle next = simd_wake(e->simds[w->simd], now);
        if (next < e->next[w->simd]) e->next[w->simd] = next;
    }
}

static void arrive(void *context, void *wave, cycle t) {
    struct chip_group *g = ((struct chip_wave *)wave)->group;
    if (!g->arrived++ || t > g->last_arrival) g->last_arrival = t;
    open_barrier(context, g, t);
}

static void end(void *context, void *wave, cycle t) {
    struct chip_engine *e = context;
    struct chip_wave *w = wave;
    struct chip_group *g = w->group;
    e->slots[w->simd]++;
    e->vgprs[w->simd] += e->chip->kernel->vgprs;
    e->wave_cycles += t - w->start;
    e->alive--;
    if (t > e->last_end) e->last_end = t;
    if (t > e->freed[g->processor]) e->freed[g->processor] = t;
    for (unsigned n = 0; n < g->recorded->wave_count; n++)
        if (g->waves[n] == w) g->waves[n] = NULL;
    w->stream = NULL;
    g->alive--;
    if (g->alive)
        open_barrier(e, g, t);
    else
        e->ended[e->ended_count++] = g; /* has room for all waves of the engine */
}

static void issued(void *context, void *wave, const struct step *step, cycle issue, cycle execute,
                   unsigned rule, cycle held) {
    struct chip_engine *e = context;
    (void)wave;
    (void)step;
    (void)issue;
    (void)execute;
    e->instructions++;
    if (rule < RULES_MOST) e->held[rule] += held;
}

/* ---- making --------------------------------------------------------------------------------------------- */

static bool create_engine(struct chip *c, unsigned number) {
    struct chip_engine *e = &c->engines[number];
    unsigned engines = c->engine_count, arrays = card_get(&c->card, CARD_arrays);
    unsigned processors = card_get(&c->card, CARD_compute_units) / PROCESSOR_CUS, of_array[16] = {0};
    /* Cards with parts switched off: the first arrays have one more. */
    for (unsigned n = 0; n < arrays; n++)
        of_array[n] = processors / (engines * arrays) +
                      (n * engines + number < processors % (engines * arrays) ? 1 : 0);
    e->chip = c;
    if (!engine_create(&e->memory, &c->card, number, arrays, of_array)) return false;
    unsigned count = e->memory.processor_count, simds = count * PROCESSOR_SIMDS;
    e->simd_count = simds;
    e->cus = calloc(count * PROCESSOR_CUS, sizeof(struct cu *));
    e->simds = calloc(simds, sizeof(struct simd *));
    e->next = calloc(simds, sizeof *e->next);
    e->waves = calloc((size_t)simds * SIMD_WAVES, sizeof *e->waves);
    e->vgprs = calloc(simds, sizeof *e->vgprs);
    e->slots = calloc(simds, sizeof *e->slots);
    e->lds = calloc(count * PROCESSOR_CUS, sizeof *e->lds);
    e->freed = calloc(count, sizeof *e->freed);
    e->processor_after = calloc(count, sizeof *e->processor_after);
    e->ended = calloc((size_t)simds * SIMD_WAVES, sizeof(struct chip_group *));
    if (!e->cus || !e->simds || !e->next || !e->waves || !e->vgprs || !e->slots || !e->lds || !e->freed ||
        !e->processor_after || !e->ended)
        return false;
    for (unsigned n = 0; n < count * PROCESSOR_CUS; n++)
        if (!(e->cus[n] = cu_create(&c->config))) return false;
    for (unsigned n = 0; n < simds; n++) {
        struct cu *cu = e->cus[n / PROCESSOR_SIMDS * PROCESSOR_CUS + n % PROCESSOR_CUS];
        if (!(e->simds[n] = simd_create(&c->config, cu, &c->surroundings, e))) return false;
    }
    return true;
}

static void destroy_engine(struct chip_engine *e) {
    for (unsigned n = 0; e->simds && n < e->simd_count; n++) simd_destroy(e->simds[n]);
    for (unsigned n = 0; e->cus && n < e->memory.processor_count * PROCESSOR_CUS; n++) cu_destroy(e->cus[n]);
    engine_destroy(&e->memory);
    free(e->cus);
    free(e->simds);
    free(e->next);
    free(e->waves);
    free(e->vgprs);
    free(e->slots);
    free(e->lds);
    free(e->freed);
    free(e->processor_after);
    free(e->ended);
    free(e->answers);
}

bool chip_create(struct chip *c, const struct card *card, const struct simd_config *config, int threads) {
    const rdnasim_target *target = rdnasim_find_target(card->target);
    *c = (struct chip){.card = *card,
                       .config = *config,
                       .engine_count = card_get(card, CARD_shader_engines),
                       .processor_lds = target->processor_lds_bytes,
                       .simd_vgprs = target->simd_vgprs,
                       .simd_waves = target->simd_waves < SIMD_WAVES ? target->simd_waves : SIMD_WAVES,
                       .surroundings = {.next = next_step,
                                        .fetch = fetch,
                                        .request = request,
                                        .arrive = arrive,
                                        .end = end,
                                        .issued = issued}};
    c->pool = pool_create(threads);
    c->engines = calloc(c->engine_count, sizeof *c->engines);
    if (!c->pool || !c->engines || !shared_create(&c->shared, card)) return false;
    for (unsigned n = 0; n < c->engine_count; n++)
        if (!create_engine(c, n)) return false;
    return true;
}

void chip_destroy(struct chip *c) {
    for (unsigned n = 0; c->engines && n < c->engine_count; n++) destroy_engine(&c->engines[n]);
    free(c->engines);
    free(c->pending);
    free(c->held);
    free(c->came);
    shared_destroy(&c->shared);
    pool_destroy(c->pool);
}

void chip_cool(struct chip *c) {
    shared_cool(&c->shared);
    for (unsigned n = 0; n < c->engine_count; n++) engine_begin(&c->engines[n].memory, true);
}

/* ---- a quantum ------------------------------------------------------------------------------------------ */

static void wake(struct chip_engine *e, cycle now) {
    for (unsigned n = 0; n < e->simd_count; n++)
        if (e->memory.woken[n / 64] >> n % 64 & 1) {
            cycle next = simd_wake(e->simds[n], now);
            if (next < e->next[n]) e->next[n] = next;
        }
}

/* An engine, from this border to the next. */
static void run_engine(void *context, int64_t index, int thread) {
    struct chip *c = context;
    struct chip_engine *e = &c->engines[index];
    (void)thread;
    memset(e->memory.woken, 0, (e->simd_count + 63) / 64 * sizeof *e->memory.woken);
    for (size_t n = 0; n < e->answer_count; n++) engine_answer(&e->memory, &e->answers[n]);
    e->answer_count = 0;
    wake(e, c->border);
    for (cycle until = c->border + QUANTUM;;) {
        cycle now = LATER;
        for (unsigned n = 0; n < e->simd_count; n++)
            if (e->next[n] < now) now = e->next[n];
        if (now >= until) return;
        for (unsigned n = 0; n < e->simd_count; n++)
            if (e->next[n] == now) {
                e->next[n] = LATER;
                cycle next = simd_advance(e->simds[n], now);
                if (next < e->next[n]) e->next[n] = next;
            }
    }
}

/* ---- borders -------------------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
    const struct request *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->engine != y->engine) return x->engine < y->engine ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static bool grow(struct request **requests, size_t *capacity, size_t wanted) {
    if (wanted <= *capacity) return true;
    size_t more = wanted * 2;
    struct request *grown = realloc(*requests, more * sizeof *grown);
    if (!grown) return false;
    *requests = grown;
    *capacity = more;
    return true;
}

static bool answer(struct chip *c, struct request *q) {
    q->ready = l2_request(&c->shared, tlb_request(&c->shared, q->at, q->line), q->line, q->kind);
    struct chip_engine *e = &c->engines[q->engine];
    if (!grow(&e->answers, &e->answer_capacity, e->answer_count + 1)) return false;
    e->answers[e->answer_count++] = *q;
    return true;
}

static bool room_for_place(struct chip *c, uint32_t place) {
    if (place < c->came_capacity) return true;
    size_t capacity = 2 * (size_t)place + 256;
    uint32_t *grown = realloc(c->came, capacity * sizeof *grown);
    if (!grown) return false;
    memset(grown + c->came_capacity, 0, (capacity - c->came_capacity) * sizeof *grown);
    c->came = grown;
    c->came_capacity = capacity;
    return true;
}

/* Atomics that waited for the work-group that has come at `at`. */
static bool release(struct chip *c, uint32_t place, cycle at) {
    for (size_t n = 0; n < c->held_count; n++) {
        struct request q = c->held[n];
        if (q.turn.place != place || q.turn.rank > c->came[place]) continue;
        c->held[n] = c->held[--c->held_count];
        if (q.at < at) q.at = at;
        if (!answer(c, &q)) return false;
        c->came[place] += q.turn.first;
        n = (size_t)-1; /* others may have waited for this one */
        at = q.at;
    }
    return true;
}

/* An atomic that keeps its turn. */
static bool serve_in_turn(struct chip *c, struct request *q) {
    if (!room_for_place(c, q->turn.place)) return false;
    if (q->turn.rank > c->came[q->turn.place]) {
        if (!grow(&c->held, &c->held_capacity, c->held_count + 1)) return false;
        c->held[c->held_count++] = *q;
        return true;
    }
    if (!answer(c, q)) return false;
    c->came[q->turn.place] += q->turn.first;
    return !q->turn.first || release(c, q->turn.place, q->at);
}

/* Nobody waits for work-groups that are left out. */
static bool release_all(struct chip *c) {
    for (; c->held_count; c->held_count--) {
        struct request *q = &c->held[c->held_count - 1];
        if (q->at < c->border) q->at = c->border;
        if (!answer(c, q)) return false;
    }
    return true;
}

/* What the engines have asked of L2 before the border is answered in the order of time. */
static bool serve(struct chip *c) {
    for (unsigned n = 0; n < c->engine_count; n++) {
        struct engine *m = &c->engines[n].memory;
        if (m->failed || !grow(&c->pending, &c->pending_capacity, c->pending_count + m->request_count))
            return false;
        if (m->request_count)
            memcpy(c->pending + c->pending_count, m->requests, m->request_count * sizeof *m->requests);
        c->pending_count += m->request_count;
        m->request_count = 0;
    }
    if (c->pending_count) qsort(c->pending, c->pending_count, sizeof *c->pending, by_time);
    size_t served = 0;
    for (; served < c->pending_count && c->pending[served].at < c->border; served++) {
        struct request *q = &c->pending[served];
        bool in_turn = q->turn.place && !c->left_out;
        if (!(in_turn ? serve_in_turn(c, q) : answer(c, q))) return false;
    }
    c->pending_count -= served;
    if (c->pending_count) memmove(c->pending, c->pending + served, c->pending_count * sizeof *c->pending);
    return true;
}

static void free_ended(struct chip *c) {
    for (unsigned n = 0; n < c->engine_count; n++) {
        struct chip_engine *e = &c->engines[n];
        for (unsigned g = 0; g < e->ended_count; g++) dispatch_ended(c, e, e->ended[g]);
        e->ended_count = 0;
    }
}

/* When the next thing happens that is known; LATER: nothing. */
static cycle next_event(const struct chip *c) {
    cycle first = c->pending_count ? c->pending[0].at : LATER;
    for (unsigned n = 0; n < c->engine_count; n++) {
        const struct chip_engine *e = &c->engines[n];
        if (e->answer_count) return c->border;
        for (unsigned s = 0; s < e->simd_count; s++)
            if (e->next[s] < first) first = e->next[s];
    }
    return first;
}

/* ---- a launch ------------------------------------------------------------------------------------------- */

static void begin(struct chip *c, const struct chip_kernel *kernel, struct recorder *recorder) {
    c->kernel = kernel;
    c->recorder = recorder;
    c->begin = c->border += 2 * QUANTUM;
    c->dispatched = c->ended = 0;
    c->pending_count = c->held_count = 0;
    if (c->came) memset(c->came, 0, c->came_capacity * sizeof *c->came);
    c->left_out = false;
    c->engine_turn = 0;
    c->waiting = NULL;
    c->launches++;
    shared_begin(&c->shared);
    for (unsigned n = 0; n < c->engine_count; n++) {
        struct chip_engine *e = &c->engines[n];
        engine_begin(&e->memory, false);
        e->memory.code_base = c->launches << 32;
        e->turn = e->alive = e->ended_count = 0;
        e->answer_count = 0;
        e->start_after = e->last_end = c->begin;
        e->instructions = e->wave_cycles = 0;
        memset(e->held, 0, sizeof e->held);
        for (unsigned s = 0; s < e->simd_count; s++) {
            e->next[s] = LATER;
            e->vgprs[s] = c->simd_vgprs;
            e->slots[s] = (uint16_t)c->simd_waves;
        }
        for (unsigned p = 0; p < e->memory.processor_count; p++) {
            e->freed[p] = e->processor_after[p] = c->begin;
            for (unsigned u = 0; u < PROCESSOR_CUS; u++)
                e->lds[p * PROCESSOR_CUS + u] =
                    kernel->processor_mode ? c->processor_lds : c->processor_lds / PROCESSOR_CUS;
        }
    }
}

cycle chip_run(struct chip *c, const struct chip_kernel *kernel, struct recorder *recorder,
               struct sample *sample) {
    begin(c, kernel, recorder);
    while (dispatch(c)) {
        cycle event = next_event(c);
        if (event == LATER) {
            if (c->dispatched && c->ended == c->dispatched && !c->waiting) break;
            c->failure = c->waiting && c->ended == c->dispatched ? "a work-group has no room on the card"
                                                                 : "its waves wait for what does not come";
            break;
        }
        pool_run(c->pool, (int64_t)c->engine_count, run_engine, c);
        c->border += QUANTUM;
        if (!serve(c) || (c->left_out && !release_all(c))) {
            c->failure = timing_no_memory;
            break;
        }
        free_ended(c);
        sample_rounds(c, sample);
        c->left_out = sample->left_out != 0;
    }
    cycle last = c->begin;
    for (unsigned n = 0; n < c->engine_count; n++)
        if (c->engines[n].last_end > last) last = c->engines[n].last_end;
    return last - c->begin;
}
