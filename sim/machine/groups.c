/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The work-groups of a launch: the state that their waves start with, turns, barriers, quotas. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "isa/generation.h"
#include "launch.h"

/*
 * Instructions after which the next wave of the group has its turn: waves may wait for each other in loops.
 */
#define TURN        16384
/* ... and the most of them under a random schedule, where changes should be frequent. */
#define RANDOM_TURN 256

/* ---- random schedules --------------------------------------------------------------------------------- */

uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void random_order(uint32_t *items, uint64_t count, uint64_t *state) {
    for (uint64_t n = 0; n < count; n++) items[n] = (uint32_t)n;
    for (uint64_t n = count; n > 1; n--) {
        uint64_t other = random_next(state) % n;
        uint32_t swapped = items[n - 1];
        items[n - 1] = items[other];
        items[other] = swapped;
    }
}

/* ---- the state a wave starts with --------------------------------------------------------------------- */

static void fill(void *memory, size_t bytes) {
    uint32_t *words = memory;
    for (size_t n = 0; n < bytes / 4; n++) words[n] = POISON;
}

/* EXEC and v0, the packed work-item ids. Work-items fill the waves with x running fastest. */
static void init_lanes(const struct launch_run *r, struct wave *w, const uint32_t size[3]) {
    unsigned enabled = r->kernel->descriptor.rsrc2 >> 11 & 3, first = w->index * w->wave_size;
    uint64_t exec = 0;
    for (unsigned lane = 0; lane < w->wave_size; lane++) {
        unsigned item = first + lane;
        if (item >= size[0] * size[1] * size[2]) break;
        uint32_t x = item % size[0], y = item / size[0] % size[1], z = item / size[0] / size[1];
        uint32_t id = x | (enabled >= 1 ? y << 10 : 0) | (enabled >= 2 ? z << 20 : 0);
        w->v[lane / LANES * w->vgpr_count][lane % LANES] = id;
        exec |= UINT64_C(1) << lane;
    }
    w->s[SREG_EXEC] = (uint32_t)exec;
    w->s[SREG_EXEC + 1] = (uint32_t)(exec >> 32);
}

static void init_scalars(const struct launch_run *r, struct wave *w) {
    const struct generation *generation = r->sim->target->generation;
    const struct descriptor *d = &r->kernel->descriptor;
    struct wave_start start = {.rsrc1 = d->rsrc1,
                               .rsrc2 = d->rsrc2,
                               .properties = d->properties,
                               .packet = r->packet.address,
                               .queue = r->queue.address,
                               .kernarg = r->kernarg.address,
                               .scratch_bytes = r->scratch_bytes,
                               .wave = w->index,
                               .waves = w->group->wave_count};
    memcpy(start.group, w->group->id, sizeof start.group);
    w->mode = generation->start_mode(&start);
    fill(w->s, sizeof w->s);
    w->s[SREG_NULL] = 0;
    generation->start_sgprs(&start, w->s);
}

static void init_wave(const struct launch_run *r, struct worker *worker, struct group *group, unsigned index,
                      const uint32_t size[3]) {
    const rdnasim_object *object = r->kernel->object;
    const struct program *program = r->kernel->program;
    unsigned wave_size = r->kernel->info.wave_size, registers = program->vgpr_count * (wave_size / LANES);
    struct wave *w = &group->waves[index];
    *w = (struct wave){
        .v = worker->registers + (size_t)index * registers,
        .wave_size = wave_size,
        .vgpr_count = program->vgpr_count,
        .index = index,
        .pc = program->entry,
        .next = program->entry,
        .state = WAVE_RUNNING,
        .group = group,
        .scratch = worker->scratch + (size_t)index * wave_size * r->scratch_bytes,
        .scratch_bytes = r->scratch_bytes,
        .code_address = object->code_address,
        .code_dwords = object->code_dwords,
        .observed = r->watchers.all[0] != NULL,
        .fault = &worker->report,
    };
    fill(w->v, registers * sizeof w->v[0]);
    fill(w->scratch, (size_t)wave_size * r->scratch_bytes);
    init_scalars(r, w);
    init_lanes(r, w, size);
    FOR_WATCHERS(p, r->watchers.all) {
        if (p->kind->wave_begin) p->kind->wave_begin(p, w);
    }
}

/* ---- work-groups -------------------------------------------------------------------------------------- */

/*
 * The lowest turn wins: all earlier ones have begun and will finish, so the verdict does not depend on luck.
 */
static void record_fault(struct launch_run *r, const struct wave *w, int64_t turn) {
    report_complete(w->fault, w, r->kernel);
    pthread_mutex_lock(&r->fault_lock);
    if (turn < r->fault_at) {
        r->fault = *w->fault;
        r->fault_at = turn;
    }
    pthread_mutex_unlock(&r->fault_lock);
}

/* A wave's turn: it executes until it waits, ends, faults or has used up its share. */
static void run_turn(struct launch_run *r, struct worker *worker, struct wave *w, uint64_t share,
                     struct usage *usage) {
    uint64_t quota = r->sim->quota, *used = &usage->wave[w->index], left = quota - *used;
    uint64_t cost = run_wave(w, r->kernel->program, &worker->counts, share < left ? share : left);
    if (w->mode & (MODE_ROUND_32 | MODE_ROUND_16_64)) cost *= 16; /* computed in integers, lane by lane */
    *used = cost < left ? *used + cost : quota; /* the last instruction may have cost more than was left */
    usage->group += cost;
    bool alone = *used == quota;
    if (w->state == WAVE_RUNNING && (alone || usage->group / RDNASIM_GROUP_QUOTAS >= quota))
        wave_fault(w, RDNASIM_TIMEOUT, 0, 0, 0,
                   "still runs after %s quota of %" PRIu64
                   " instructions; rdnasim_options.quota raises it (rdnasim's --quota, the HIP front's "
                   "RDNASIM_QUOTA)",
                   alone ? "its" : "its work-group has used twice a wave's", quota);
    FOR_WATCHERS(p, r->watchers.all) {
        if (w->state == WAVE_ENDED && p->kind->wave_end) p->kind->wave_end(p, w);
    }
}

/* No wave runs any more: those that wait go on. Returns one that must not, if a watcher says so. */
static struct wave *open_barrier(struct group *group) {
    FOR_WATCHERS(p, group->watchers->all) {
        if (!p->kind->barrier) continue;
        struct wave *stray = p->kind->barrier(p, group);
        if (stray) return stray;
    }
    for (unsigned n = 0; n < group->wave_count; n++)
        if (group->waves[n].state == WAVE_AT_BARRIER) group->waves[n].state = WAVE_RUNNING;
    return NULL;
}

/* With work-groups that are resident together: whether those who watch want the wave to go on. */
static bool may_go_on(const struct launch_run *r, struct wave *w) {
    FOR_WATCHERS(p, r->watchers.all) {
        if (p->kind->ready && !p->kind->ready(p, w)) return false;
    }
    return true;
}

static void begin_group(struct launch_run *r, struct worker *worker, int64_t turn, struct resident *g) {
    const rdnasim_launch *launch = r->launch;
    uint64_t index = r->order ? r->order[turn] : (uint64_t)turn;
    *g = (struct resident){
        .group = {.id = {(uint32_t)(index % r->groups[0]), (uint32_t)(index / r->groups[0] % r->groups[1]),
                         (uint32_t)(index / r->groups[0] / r->groups[1])},
                  .lds = worker->lds,
                  .lds_bytes = r->lds_bytes,
                  .memory = &r->sim->memory,
                  .program = r->kernel->program,
                  .executors = r->sim->executors,
                  .watchers = &r->watchers,
                  .index = index,
                  .waves = worker->waves},
        .random = r->sim->schedule_seed + index,
        .turn = turn,
        .running = 1,
        .live = true,
    };
    struct group *group = &g->group;
    uint32_t size[3]; /* smaller than the block at the far edges of the grid */
    for (unsigned d = 0; d < 3; d++) {
        uint32_t left = launch->grid[d] - group->id[d] * launch->block[d];
        size[d] = left < launch->block[d] ? left : launch->block[d];
    }
    unsigned wave_size = r->kernel->info.wave_size;
    group->wave_count = (size[0] * size[1] * size[2] + wave_size - 1) / wave_size;
    for (uint32_t n = 0; n < group->wave_count; n++) g->order[n] = n;
    fill(group->lds, group->lds_bytes);
    FOR_WATCHERS(p, r->watchers.all) {
        if (p->kind->group_begin) p->kind->group_begin(p, group);
    }
    for (unsigned n = 0; n < group->wave_count; n++) init_wave(r, worker, group, n, size);
    worker->group_count++;
    worker->wave_count += group->wave_count;
}

/*
 * A turn for each of the waves, of one instruction or of many. A barrier opens when no wave runs any more: those that
 * ended do not count, so all others have arrived. False: the work-group is over, by its end or because of a fault.
 */
static bool take_turns(struct launch_run *r, struct worker *worker, struct resident *g, bool single,
                       uint64_t *turns) {
    struct group *group = &g->group;
    if (g->turn > r->fault_at) return false;
    struct wave *stray = g->running ? NULL : open_barrier(group);
    if (stray) {
        record_fault(r, stray, g->turn);
        return false;
    }
    if (r->order) random_order(g->order, group->wave_count, &g->random);
    unsigned waiting = g->running = 0;
    for (unsigned n = 0; n < group->wave_count; n++) {
        struct wave *w = &group->waves[g->order[n]];
        uint64_t share = r->order ? 1 + random_next(&g->random) % RANDOM_TURN : TURN;
        if (w->state == WAVE_RUNNING && (!single || may_go_on(r, w))) {
            run_turn(r, worker, w, single ? 1 : share, &g->usage);
            ++*turns;
        }
        if (w->state == WAVE_FAULTED) {
            record_fault(r, w, g->turn);
            return false;
        }
        g->running += w->state == WAVE_RUNNING;
        waiting += w->state == WAVE_AT_BARRIER;
    }
    if (g->running || waiting) return true;
    FOR_WATCHERS(p, r->watchers.all) {
        if (p->kind->group_end) p->kind->group_end(p, group);
    }
    return false;
}

void run_group(void *run, int64_t turn, int thread) {
    struct launch_run *r = run;
    struct resident g;
    uint64_t turns = 0;
    if (turn > r->fault_at) return;
    begin_group(r, &r->workers[thread], turn, &g);
    while (take_turns(r, &r->workers[thread], &g, false, &turns)) continue;
}

/* ---- work-groups that are resident together ----------------------------------------------------------- */

/* Rounds in which those who watch may let no wave go on: a model may need some to get its own work done. */
enum { IDLE_ROUNDS = 1000 };

/* They let none go on: that would last for ever. */
static void stop_standstill(struct launch_run *r) {
    struct resident *first = NULL;
    for (int n = 0; n < r->worker_count; n++)
        if (r->residents[n].live && (!first || r->residents[n].turn < first->turn)) first = &r->residents[n];
    for (unsigned n = 0; n < first->group.wave_count; n++) {
        struct wave *w = &first->group.waves[n];
        if (w->state != WAVE_RUNNING) continue;
        wave_fault(w, RDNASIM_STOPPED, 0, 0, 0, "the observer says of every wave that it may not go on");
        record_fault(r, w, first->turn);
        return;
    }
}

void run_residents(void *run, int64_t item, int thread) {
    struct launch_run *r = run;
    (void)item;
    (void)thread;
    int64_t next = 0, count = (int64_t)r->group_count;
    unsigned idle = 0;
    for (bool going = true; going;) {
        uint64_t turns = 0;
        going = false;
        for (int n = 0; n < r->worker_count; n++) {
            struct resident *g = &r->residents[n];
            if (!g->live && next < count && next <= r->fault_at) begin_group(r, &r->workers[n], next++, g);
            if (g->live) g->live = take_turns(r, &r->workers[n], g, true, &turns);
            going |= g->live;
        }
        idle = turns ? 0 : idle + 1;
        if (going && idle == IDLE_ROUNDS) stop_standstill(r);
        going |= next < count && next <= r->fault_at;
    }
}
