/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

/* A gap that long at a new line of code, or behind a branch, is a miss (I21). */
enum { FETCH_GAP = 40, LINE = 64, COUNTED = 64 };
/*
 * Waves that sleep in front of a barrier wake on the other SIMD so much later than the last one that is seen: its counter
 * has another phase (N5).
 */
enum { UNSEEN_WAKE = 9 };
#define NEVER SIZE_MAX

struct player {
    const struct recorded_wave *wave;
    size_t at; /* next instruction, of the wave */
    unsigned slot;
    bool waiting; /* at a barrier */
};

struct director {
    const struct capture *capture;
    const struct simd_config *config;
    struct replayed *out;
    enum replay_mode mode;
    struct simd *simd;
    struct player *players;
    size_t *released_by; /* of each memory instruction: what waits for it, or NEVER */
    struct group {
        size_t first, count; /* of the capture's waves */
        size_t waves, arrived;
        size_t missed; /* that were waited for in vain: the trace's groups are not quite known */
        bool slept;    /* since the last barrier */
        cycle last;
    } *groups;
    bool taken[SIMD_WAVES];
    cycle now;
};

/* ---- what the trace gives ------------------------------------------------------------------------------ */

static const struct row *row_of(const struct capture *c, size_t executed) {
    return &c->table->rows[c->executed[executed].op];
}

/* Whether something else than LDS answers, which the model knows itself. */
static bool is_given(const struct row *row) { return row->kind == ROW_VMEM || row->kind == ROW_SMEM; }

struct queue {
    size_t of[COUNTED]; /* the oldest first */
    unsigned count;
};

/* Leaves `left` operations in the queue; whether one of those that go is given. */
static bool wait_for(struct director *d, struct queue *q, unsigned left, size_t waiter) {
    bool given = false;
    while (q->count > left) {
        size_t one = q->of[0];
        memmove(&q->of[0], &q->of[1], --q->count * sizeof q->of[0]);
        d->released_by[one] = waiter;
        given |= is_given(row_of(d->capture, one));
    }
    return given;
}

static bool is_miss(const struct row *previous, const struct row *row, uint32_t from, uint32_t pc,
                    uint64_t gap) {
    from += previous->bytes - 1u; /* instructions may lie in two lines */
    pc += row->bytes - 1u;
    if (gap <= FETCH_GAP || row->kind == ROW_IMMEDIATE || row->kind == ROW_SLEEP ||
        previous->kind == ROW_BARRIER)
        return false;
    return previous->kind == ROW_BRANCH || pc / LINE != from / LINE;
}

/* Kinds of all gaps of a wave, and what releases its memory instructions. */
static void prepare(struct director *d, const struct recorded_wave *wave) {
    const struct capture *c = d->capture;
    struct queue queues[RDNASIM_COUNTERS] = {0};
    size_t previous = NEVER;
    for (size_t n = wave->first; n < wave->first + wave->count; n++) {
        const struct row *row = row_of(c, n);
        const struct executed *e = &c->executed[n];
        bool given = false;
        for (unsigned k = 0; k < RDNASIM_COUNTERS; k++) {
            if (row->waits[k] != RDNASIM_NO_WAIT)
                given |= wait_for(d, &queues[k], (unsigned)row->waits[k], n);
            if (!(row->counters >> k & 1)) continue;
            if (queues[k].count == COUNTED) wait_for(d, &queues[k], COUNTED - 1, n);
            queues[k].of[queues[k].count++] = n;
        }
        if (row->kind == ROW_END) given |= wait_for(d, &queues[RDNASIM_COUNTER_VS], 0, n);
        if (e->time == NO_TIME) continue;
        if (previous != NEVER) {
            const struct row *before = row_of(c, previous);
            d->out->gap[n] = given ? GAP_MEMORY
                             : e->jumped || is_miss(before, row, c->executed[previous].pc, e->pc,
                                                    e->time - c->executed[previous].time)
                                 ? GAP_FETCH
                             : before->kind == ROW_BARRIER && c->group_unseen[wave->group] ? GAP_UNSEEN
                                                                                           : GAP_SCORED;
        }
        previous = n;
    }
}

/* ---- surroundings -------------------------------------------------------------------------------------- */

static size_t current(const struct player *p) { return p->wave->first + p->at - 1; }

static bool next(void *context, void *wave, struct step *step) {
    struct player *p = wave;
    const struct director *d = context;
    if (p->at == p->wave->count) return false;
    const struct executed *e = &d->capture->executed[p->wave->first + p->at++];
    const struct row *row = &d->capture->table->rows[e->op];
    *step = (struct step){.op = e->op};
    if (p->at < p->wave->count) step->taken = e[1].pc != e->pc + row->bytes;
    return true;
}

static cycle fetch(void *context, void *wave, uint64_t previous, uint64_t pc, bool taken, cycle now) {
    (void)previous, (void)pc, (void)taken;
    const struct director *d = context;
    size_t n = current(wave), before = n;
    if (d->out->gap[n] == GAP_UNSEEN && d->mode == REPLAY_GIVEN) return d->capture->executed[n].time;
    if (d->out->gap[n] != GAP_FETCH) return 0;
    while (d->capture->executed[--before].time == NO_TIME) {
    }
    uint64_t time = d->capture->executed[n].time;
    return d->mode == REPLAY_FREE ? now + (time - d->capture->executed[before].time) : time;
}

static cycle request(void *context, void *wave, const struct step *step, cycle x, cycle *done) {
    (void)step;
    const struct director *d = context;
    const struct capture *c = d->capture;
    size_t n = current(wave), by = d->released_by[n];
    const struct executed *e = &c->executed[n];
    uint64_t base = e->execute != NO_TIME ? e->execute : e->time,
             release = by == NEVER ? base : c->executed[by].time;
    cycle taken = x;
    if (base == NO_TIME) {
        *done = release == NO_TIME ? x : release;
        return x;
    }
    if (row_of(c, n)->kind == ROW_VMEM && e->execute != NO_TIME) {
        cycle recorded = d->mode == REPLAY_FREE ? d->now + (e->execute - e->time) : e->execute;
        taken = recorded > x ? recorded : x;
    }
    if (release == NO_TIME || release < base) release = base;
    *done = d->mode == REPLAY_FREE ? taken + (release - base) : release;
    return taken;
}

static void open_barrier(struct director *d, size_t group) {
    struct group *g = &d->groups[group];
    if (!g->arrived || g->arrived + g->missed < g->waves) return;
    g->arrived = 0;
    bool unseen = d->capture->group_unseen[group];
    cycle last = unseen && d->mode == REPLAY_GIVEN ? 0 : g->last + (unseen && g->slept ? UNSEEN_WAKE : 0);
    g->slept = false;
    for (size_t n = g->first; n < g->first + g->count; n++) {
        struct player *p = &d->players[n];
        if (!p->waiting) continue;
        p->waiting = false;
        simd_release(d->simd, p->slot, last);
    }
}

static void arrive(void *context, void *wave, cycle t) {
    struct director *d = context;
    struct player *p = wave;
    struct group *g = &d->groups[p->wave->group];
    p->waiting = true;
    g->arrived++;
    g->last = t;
    open_barrier(d, p->wave->group);
}

static void end(void *context, void *wave, cycle t) {
    (void)t;
    struct director *d = context;
    struct player *p = wave;
    d->taken[p->slot] = false;
    d->groups[p->wave->group].waves--;
    open_barrier(d, p->wave->group);
}

static void issued(void *context, void *wave, const struct step *step, cycle issue, cycle execute,
                   unsigned rule, cycle held) {
    (void)rule, (void)held;
    const struct director *d = context;
    const struct player *p = wave;
    if (d->capture->table->rows[step->op].kind == ROW_SLEEP) d->groups[p->wave->group].slept = true;
    size_t n = current(wave);
    d->out->time[n] = issue;
    d->out->execute[n] = execute ? execute : NO_TIME;
}

static const struct surroundings trace_gives = {next, fetch, request, arrive, end, issued};

/* ---- the run ------------------------------------------------------------------------------------------- */

/* When a wave's first instruction could issue: as recorded, but the time of s_sleep is that of its end. */
static cycle first_issue(const struct director *d, const struct recorded_wave *wave) {
    const struct row *row = row_of(d->capture, wave->first);
    cycle time = d->capture->executed[wave->first].time;
    cycle slept = row->kind == ROW_SLEEP ? (cycle)(row->immediate & 127) * d->config->sleep_edge : 0;
    return slept < time ? time - slept : time;
}

/* Starts the waves whose time has come, as far as there are places. Returns when the next one comes, or LATER. */
static cycle start_waves(struct director *d, size_t *started, cycle now) {
    const struct capture *c = d->capture;
    for (; *started < c->wave_count; ++*started) {
        const struct recorded_wave *wave = &c->waves[*started];
        if (wave->start > now) return wave->start;
        unsigned slot = 0;
        while (slot < SIMD_WAVES && d->taken[slot]) slot++;
        if (slot == SIMD_WAVES) return LATER; /* one has to end first */
        struct player *p = &d->players[*started];
        cycle first = first_issue(d, wave);
        p->slot = slot;
        d->taken[slot] = true;
        simd_start(d->simd, slot, c->table, p, first > now ? first : now);
    }
    return LATER;
}

/* Dwords of a lane that loads of the other SIMD, which runs the same program, are taken to have: as the widest here. */
static unsigned load_width(const struct capture *c) {
    unsigned widest = 1;
    for (size_t n = 0; n < c->executed_count; n++) {
        const struct row *row = row_of(c, n);
        if (row->kind == ROW_LDS && !row->store && row->dwords > widest) widest = row->dwords;
    }
    return widest;
}

/* Nothing goes on: opens the barrier at which a wave has waited longest. False: none does. */
static bool give_up_waiting(struct director *d) {
    for (size_t n = 0; n < d->capture->wave_count; n++) {
        struct group *g = &d->groups[d->players[n].wave->group];
        if (!d->players[n].waiting) continue;
        g->missed = g->waves - g->arrived;
        open_barrier(d, d->players[n].wave->group);
        return true;
    }
    return false;
}

static void run(struct director *d, struct cu *cu) {
    const struct capture *c = d->capture;
    size_t started = 0, neighbour = 0;
    unsigned load = load_width(c);
    for (cycle now = c->waves[0].start;;) {
        d->now = now;
        cycle arrival = start_waves(d, &started, now);
        while (neighbour < c->neighbour_count &&
               lds_occupy(cu, c->neighbours[neighbour].time, now, c->neighbours[neighbour].cycles,
                          c->neighbours[neighbour].cycles > 1 ? 0 : load))
            neighbour++;
        cycle soonest = simd_advance(d->simd, now);
        size_t before = started;
        if (started < c->wave_count) arrival = start_waves(d, &started, now); /* some have ended */
        if (arrival < soonest) soonest = arrival;
        bool more = started > before || soonest != LATER || give_up_waiting(d);
        if (!more) return;
        if (started > before || soonest == LATER) soonest = now + 1;
        now = soonest > now ? soonest : now + 1;
    }
}

bool replay(const struct capture *capture, const struct simd_config *config, enum replay_mode mode,
            struct replayed *out) {
    size_t count = capture->executed_count;
    struct director d = {.capture = capture, .config = config, .out = out, .mode = mode};
    *out = (struct replayed){.time = malloc(count * sizeof(uint64_t)),
                             .execute = malloc(count * sizeof(uint64_t)),
                             .gap = calloc(count, 1)};
    struct cu *cu = cu_create(config);
    d.simd = simd_create(config, cu, &trace_gives, &d);
    d.players = calloc(capture->wave_count, sizeof d.players[0]);
    d.released_by = malloc(count * sizeof d.released_by[0]);
    d.groups = calloc(capture->group_count, sizeof d.groups[0]);
    bool ok = out->time && out->execute && out->gap && cu && d.simd && d.players && d.released_by && d.groups;
    if (ok) {
        for (size_t n = 0; n < count; n++) {
            out->time[n] = out->execute[n] = NO_TIME;
            d.released_by[n] = NEVER;
        }
        for (size_t n = 0; n < capture->wave_count; n++) {
            d.players[n] = (struct player){.wave = &capture->waves[n]};
            struct group *group = &d.groups[capture->waves[n].group];
            if (!group->count++) group->first = n;
            group->waves++;
            prepare(&d, &capture->waves[n]);
        }
        run(&d, cu);
    } else {
        replayed_free(out);
    }
    free(d.players);
    free(d.released_by);
    free(d.groups);
    simd_destroy(d.simd);
    cu_destroy(cu);
    return ok;
}

void replayed_free(struct replayed *replayed) {
    free(replayed->time);
    free(replayed->execute);
    free(replayed->gap);
    *replayed = (struct replayed){0};
}
