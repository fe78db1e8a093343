/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "depends.h"
#include "lds.h"

/* The work-group that this thread executes: those of a launch without `resident` run whole, each on one thread. */
static _Thread_local struct recorded_group *current;

/* ---- streams -------------------------------------------------------------------------------------------- */

static bool room(void **items, size_t *capacity, size_t wanted, size_t bytes) {
    if (wanted <= *capacity) return true;
    size_t more = *capacity ? 2 * *capacity : 256;
    while (more < wanted) more *= 2;
    void *grown = realloc(*items, more * bytes);
    if (!grown) return false;
    *items = grown;
    *capacity = more;
    return true;
}

static void free_group(struct recorded_group *g) {
    for (unsigned n = 0; g && n < RECORD_WAVES; n++) {
        free(g->waves[n].steps);
        free(g->waves[n].lines);
        free(g->waves[n].turns);
    }
    free(g);
}

static size_t bytes_of(const struct recorded_group *g) {
    size_t bytes = sizeof *g + RECORD_WAVES * sizeof g->waves[0];
    for (unsigned n = 0; n < g->wave_count; n++)
        bytes += g->waves[n].step_capacity * sizeof(uint32_t) + g->waves[n].line_capacity * sizeof(uint64_t) +
                 g->waves[n].turn_capacity * sizeof(struct turn);
    return bytes;
}

const char timing_no_memory[] = "out of memory for its timing";

static void refuse(struct recorder *r, const rdnasim_event *e, const char *why) {
    pthread_mutex_lock(&r->lock);
    if (!r->refusal) r->refusal = why;
    pthread_mutex_unlock(&r->lock);
    rdnasim_stop(e->state, why);
}

/* Adds a line unless the access has it already: lanes beside each other mostly touch the last one again. */
static void add_line(struct stream *s, size_t first, uint64_t line) {
    for (size_t n = s->line_count; n > first; n--)
        if (s->lines[n - 1] == line) return;
    s->lines[s->line_count++] = line;
}

/* FLAT addresses that lie in LDS or in scratch have no line of global memory. */
static void add_lines(struct stream *s, const rdnasim_event *e, size_t first) {
    bool scalar = e->space == RDNASIM_SPACE_SCALAR;
    unsigned lanes = scalar ? 1 : e->wave_size, line_bytes = scalar ? SCALAR_LINE_BYTES : LINE_BYTES;
    for (unsigned part = 0; part < e->parts; part++)
        for (unsigned lane = 0; lane < lanes; lane++) {
            if (!scalar && !(e->exec >> lane & 1)) continue;
            uint64_t address = e->addresses[part][lane];
            if (!address || address >= RDNASIM_APERTURE_LDS) continue;
            uint64_t last = (address + (e->bytes ? e->bytes - 1 : 0)) / line_bytes;
            for (uint64_t line = address / line_bytes; line <= last; line++) add_line(s, first, line);
        }
}

/*
 * Scratch is stored so that the same dword of all lanes is one line. Where it lies is not simulated: each wave has a place
 * of its own beyond all buffers.
 */
static void add_scratch(struct stream *s, const rdnasim_event *e, size_t first) {
    uint64_t place =
        (UINT64_C(1) << 50) + (e->workgroup_index * RECORD_WAVES + e->wave) * (UINT64_C(1) << 18);
    for (unsigned lane = 0; lane < e->wave_size; lane++)
        for (uint32_t at = 0; e->exec >> lane & 1 && at < e->bytes; at += 4)
            add_line(s, first, place + (e->addresses[0][lane] + at) / 4);
}

/* The address that all lanes have which take part; 0: they have several, or none does. */
static uint64_t one_address(const rdnasim_event *e) {
    uint64_t one = 0;
    for (unsigned lane = 0; lane < e->wave_size; lane++) {
        if (!(e->exec >> lane & 1)) continue;
        if (one && e->addresses[0][lane] != one) return 0;
        one = e->addresses[0][lane];
    }
    return e->space == RDNASIM_SPACE_GLOBAL && one < RDNASIM_APERTURE_LDS ? one : 0;
}

/* False: out of memory. */
static bool add_turn(struct recorder *r, struct stream *s, const rdnasim_event *e) {
    if (!room((void **)&s->turns, &s->turn_capacity, s->turn_count + 1, sizeof *s->turns)) return false;
    struct turn *turn = &s->turns[s->turn_count++];
    uint64_t address = one_address(e);
    *turn = (struct turn){0};
    return !address || turns_take(&r->turns, address, e->workgroup_index, turn);
}

/*
 * One ticket for a wave may say who does the last piece of work. A second one from the same place is a queue's: on a card
 * others would have taken it.
 */
static bool second_ticket(struct stream *s, const rdnasim_event *e) {
    if (e->space != RDNASIM_SPACE_GLOBAL || !e->exec || e->exec & (e->exec - 1) || compares(e->instruction))
        return false;
    uint64_t address = e->addresses[0][__builtin_ctzll(e->exec)];
    bool second = s->ticket == address;
    s->ticket = address;
    return second;
}

static void after(void *context, const rdnasim_event *e) {
    enum { LINES_MOST = 64 * RDNASIM_PARTS * 4 }; /* 64 lanes, each part of 16 bytes or dwords of scratch */
    struct recorder *r = context;
    struct recorded_group *g = current;
    if (!g || e->wave >= RECORD_WAVES) return;
    struct stream *s = &g->waves[e->wave];
    uint64_t op = e->instruction->pc / 4;
    if (op >= r->table->count || op >> STEP_OP_BITS) {
        refuse(r, e, "it executes code outside the kernel: functions that are called are not timed");
        return;
    }
    if (!room((void **)&s->steps, &s->step_capacity, s->step_count + 1, sizeof *s->steps) ||
        !room((void **)&s->lines, &s->line_capacity, s->line_count + LINES_MOST, sizeof *s->lines) ||
        (r->flags[op] & OP_TURN && !add_turn(r, s, e))) {
        refuse(r, e, timing_no_memory);
        return;
    }
    if (r->flags[op] & OP_TURN && second_ticket(s, e)) {
        refuse(r, e,
               "a wave takes two tickets from one place: how work is shared out depends on time, which "
               "the model does not give back");
        return;
    }
    size_t first = s->line_count, count = 0;
    switch (e->space) {
    case RDNASIM_SPACE_LDS: count = lds_passes(e); break;
    case RDNASIM_SPACE_SCRATCH: add_scratch(s, e, first); break;
    case RDNASIM_SPACE_GLOBAL:
    case RDNASIM_SPACE_SCALAR: add_lines(s, e, first); break;
    default: break;
    }
    if (e->space != RDNASIM_SPACE_LDS) count = s->line_count - first;
    if (count > STEP_COUNT_MAX) count = STEP_COUNT_MAX, s->line_count = first + count;
    s->steps[s->step_count++] = (uint32_t)op | (e->taken ? STEP_TAKEN : 0) | (e->exec ? 0 : STEP_EXEC_ZERO) |
                                (uint32_t)count << STEP_COUNT_SHIFT;
}

/* ---- work-groups ---------------------------------------------------------------------------------------- */

static void group_begin(void *context, const rdnasim_event *e) {
    struct recorder *r = context;
    uint64_t index = e->workgroup_index;
    free_group(current); /* of a launch that has failed */
    current = NULL;
    pthread_mutex_lock(&r->lock);
    while (!r->over && index > r->next && (index >= r->next + RECORD_AHEAD || r->held > r->most))
        pthread_cond_wait(&r->changed, &r->lock);
    bool wanted = !r->over && index >= r->next;
    pthread_mutex_unlock(&r->lock);
    if (!wanted) return;
    current = calloc(1, sizeof *current + RECORD_WAVES * sizeof current->waves[0]);
    if (current) {
        current->index = index;
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->refusal = timing_no_memory;
    r->over = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void wave_begin(void *context, const rdnasim_event *e) {
    (void)context;
    if (current && e->wave >= current->wave_count) current->wave_count = e->wave + 1;
}

static void group_end(void *context, const rdnasim_event *e) {
    struct recorder *r = context;
    struct recorded_group *g = current;
    (void)e;
    if (!g) return;
    current = NULL;
    g->bytes = bytes_of(g);
    pthread_mutex_lock(&r->lock);
    if (r->over || g->index < r->next) {
        free_group(g);
    } else {
        r->ready[g->index % RECORD_AHEAD] = g;
        r->held += g->bytes;
        r->groups++;
        for (unsigned n = 0; n < g->wave_count; n++) r->instructions += g->waves[n].step_count;
        pthread_cond_broadcast(&r->changed);
    }
    pthread_mutex_unlock(&r->lock);
}

static void launch_end(void *context, rdnasim_status status) {
    struct recorder *r = context;
    pthread_mutex_lock(&r->lock);
    r->over = true;
    r->status = status;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

/* ---- the model's side ----------------------------------------------------------------------------------- */

bool recorder_create(struct recorder *r, const struct table *table, const uint8_t *flags, size_t most) {
    *r = (struct recorder){.table = table, .flags = flags, .most = most};
    r->observer = (rdnasim_observer){.struct_size = sizeof r->observer,
                                     .context = r,
                                     .launch_end = launch_end,
                                     .group_begin = group_begin,
                                     .group_end = group_end,
                                     .wave_begin = wave_begin,
                                     .after = after};
    return pthread_mutex_init(&r->lock, NULL) == 0 && pthread_cond_init(&r->changed, NULL) == 0;
}

void recorder_destroy(struct recorder *r) {
    for (unsigned n = 0; n < RECORD_AHEAD; n++) free_group(r->ready[n]);
    turns_free(&r->turns);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
}

struct recorded_group *recorder_take(struct recorder *r) {
    pthread_mutex_lock(&r->lock);
    struct recorded_group **slot;
    while (!*(slot = &r->ready[r->next % RECORD_AHEAD]) && !r->over) pthread_cond_wait(&r->changed, &r->lock);
    struct recorded_group *g = *slot;
    *slot = NULL;
    r->next += g != NULL;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return g;
}

void recorder_release(struct recorder *r, struct recorded_group *group) {
    pthread_mutex_lock(&r->lock);
    r->held -= group->bytes;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    free_group(group);
}

void recorder_skip(struct recorder *r, uint64_t next) {
    pthread_mutex_lock(&r->lock);
    for (unsigned n = 0; n < RECORD_AHEAD; n++)
        if (r->ready[n] && r->ready[n]->index < next) {
            r->held -= r->ready[n]->bytes;
            free_group(r->ready[n]);
            r->ready[n] = NULL;
        }
    r->next = next;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

void recorder_stop(struct recorder *r) {
    pthread_mutex_lock(&r->lock);
    r->over = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
}
