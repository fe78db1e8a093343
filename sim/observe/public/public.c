/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The observer of a launch's caller: what happens, told by the public interface, and the registers that it may read. */
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "exec/scalar.h"
#include "machine/launch.h"

struct caller {
    struct watcher watcher;
    const struct launch_run *run;
    const rdnasim_observer *observer;
};

/* ---- events ------------------------------------------------------------------------------------------- */

typedef void call_fn(void *context, const rdnasim_event *event);

static rdnasim_event of_group(const struct caller *c, const struct group *group) {
    rdnasim_event event = {.kernel = c->run->kernel, .workgroup_index = group->index};
    memcpy(event.workgroup, group->id, sizeof event.workgroup);
    return event;
}

static rdnasim_event of_wave(const struct caller *c, struct wave *w) {
    rdnasim_event event = of_group(c, w->group);
    event.wave = w->index;
    event.wave_size = w->wave_size;
    event.state = (rdnasim_wave *)w;
    return event;
}

static void tell_group(struct watcher *watcher, struct group *group, call_fn *call) {
    const struct caller *c = (const struct caller *)watcher;
    if (!call) return;
    rdnasim_event event = of_group(c, group);
    call(c->observer->context, &event);
}

static void group_begin(struct watcher *watcher, struct group *group) {
    tell_group(watcher, group, ((const struct caller *)watcher)->observer->group_begin);
}

static void group_end(struct watcher *watcher, struct group *group) {
    tell_group(watcher, group, ((const struct caller *)watcher)->observer->group_end);
}

static struct wave *barrier(struct watcher *watcher, struct group *group) {
    tell_group(watcher, group, ((const struct caller *)watcher)->observer->barrier);
    return NULL;
}

static void tell_wave(struct watcher *watcher, struct wave *w, call_fn *call) {
    const struct caller *c = (const struct caller *)watcher;
    if (!call) return;
    rdnasim_event event = of_wave(c, w);
    call(c->observer->context, &event);
}

static void wave_begin(struct watcher *watcher, struct wave *w) {
    tell_wave(watcher, w, ((const struct caller *)watcher)->observer->wave_begin);
}

static void wave_end(struct watcher *watcher, struct wave *w) {
    tell_wave(watcher, w, ((const struct caller *)watcher)->observer->wave_end);
}

static bool ready(struct watcher *watcher, struct wave *w) {
    const struct caller *c = (const struct caller *)watcher;
    if (!c->observer->ready) return true;
    rdnasim_event event = of_wave(c, w);
    return c->observer->ready(c->observer->context, &event);
}

static bool before(struct watcher *watcher, struct wave *w, struct decoded *d) {
    const struct caller *c = (const struct caller *)watcher;
    if (d->inst.refused) return true;
    w->note.exec = w->s[SREG_EXEC] | (w->wave_size == 64 ? (uint64_t)w->s[SREG_EXEC + 1] << 32 : 0);
    w->note.store = w->note.atomic = false;
    const rdnasim_instruction *instruction = describe(c->run->kernel->program, d, w->pc);
    if (!instruction) {
        wave_fault(w, RDNASIM_OUT_OF_MEMORY, 0, 0, 0, "out of memory for what the observer is told");
        return false;
    }
    if (!c->observer->before) return true;
    rdnasim_event event = of_wave(c, w);
    event.instruction = instruction;
    event.exec = w->note.exec;
    c->observer->before(c->observer->context, &event);
    return w->state != WAVE_FAULTED;
}

static void after(struct watcher *watcher, struct wave *w, struct decoded *d) {
    const struct caller *c = (const struct caller *)watcher;
    if (!c->observer->after) return;
    const struct access_note *note = &w->note;
    rdnasim_event event = of_wave(c, w);
    event.instruction = d->described;
    event.exec = note->exec;
    event.next_pc = ((uint64_t)w->next - w->group->program->entry) * 4;
    event.taken = w->next != w->pc + d->inst.dwords;
    if (note->space != RDNASIM_SPACE_NONE) {
        event.space = note->space;
        event.store = note->store;
        event.atomic = note->atomic;
        event.bytes = note->bytes / note->pieces;
        event.parts = (uint32_t)note->count * note->pieces;
        event.addresses = note->addresses;
    }
    c->observer->after(c->observer->context, &event);
}

/* ---- launches ----------------------------------------------------------------------------------------- */

static bool create(const struct launch_run *r, struct watcher **out) {
    const rdnasim_observer *o = r->observer;
    if (!o) return true;
    struct caller *c = malloc(sizeof *c);
    if (!c) return false;
    *c = (struct caller){.watcher.kind = &public_watcher, .run = r, .observer = o};
    *out = &c->watcher;
    if (o->launch_begin) o->launch_begin(o->context, r->kernel, r->launch);
    return true;
}

static void destroy(struct watcher *watcher, rdnasim_status status) {
    const rdnasim_observer *o = ((const struct caller *)watcher)->observer;
    if (o->launch_end) o->launch_end(o->context, status);
    free(watcher);
}

const struct watcher_kind public_watcher = {.create = create,
                                            .destroy = destroy,
                                            .group_begin = group_begin,
                                            .group_end = group_end,
                                            .wave_begin = wave_begin,
                                            .wave_end = wave_end,
                                            .barrier = barrier,
                                            .ready = ready,
                                            .before = before,
                                            .after = after};

/* ---- public calls ------------------------------------------------------------------------------------- */

static const struct wave *inside(const rdnasim_wave *wave) { return (const struct wave *)wave; }

uint32_t rdnasim_read_sgpr(const rdnasim_wave *wave, unsigned reg) {
    return reg < SREG_COUNT ? inside(wave)->s[reg] : 0;
}

uint32_t rdnasim_read_vgpr(const rdnasim_wave *wave, unsigned reg, unsigned lane) {
    const struct wave *w = inside(wave);
    if (reg >= w->vgpr_count || lane >= w->wave_size) return 0;
    return ((const uint32_t *)&w->v[lane / LANES * w->vgpr_count + reg])[lane % LANES];
}

uint32_t rdnasim_read_scc(const rdnasim_wave *wave) { return inside(wave)->scc; }

uint32_t rdnasim_read_mode(const rdnasim_wave *wave) { return inside(wave)->mode; }

uint64_t rdnasim_read_operand(const rdnasim_wave *wave, const rdnasim_operand *o, unsigned lane) {
    bool wide = o->dwords > 1;
    switch (o->kind) {
    case RDNASIM_OPERAND_VGPR:
        return rdnasim_read_vgpr(wave, o->reg, lane) |
               (wide ? (uint64_t)rdnasim_read_vgpr(wave, o->reg + 1, lane) << 32 : 0);
    case RDNASIM_OPERAND_SGPR:
        if (o->reg == SREG_NULL) return 0;
        return rdnasim_read_sgpr(wave, o->reg) |
               (wide ? (uint64_t)rdnasim_read_sgpr(wave, o->reg + 1) << 32 : 0);
    case RDNASIM_OPERAND_CONSTANT: return o->value;
    case RDNASIM_OPERAND_SPECIAL: return special_read(inside(wave), o->reg);
    default: return 0;
    }
}

void rdnasim_stop(rdnasim_wave *wave, const char *why) {
    wave_fault((struct wave *)wave, RDNASIM_STOPPED, 0, 0, 0, "%s", why ? why : "the observer stops it");
}
