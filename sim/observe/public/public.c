/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The observer of a launch's caller: what happens, told by the public interface. */
#include <stdlib.h>
#include <string.h>

#include "machine/launch.h"

struct caller {
    struct watcher watcher;
    const struct launch_run *run;
    const gfx11sim_observer *observer;
};

static gfx11sim_event ids(const struct caller *c, const struct wave *w) {
    gfx11sim_event event = {.kernel = c->run->kernel, .wave = w->index, .wave_size = w->wave_size};
    memcpy(event.workgroup, w->group->id, sizeof event.workgroup);
    return event;
}

static bool before(struct watcher *watcher, struct wave *w, struct decoded *d) {
    (void)watcher;
    (void)d;
    w->note.exec = w->s[SREG_EXEC] | (w->wave_size == 64 ? (uint64_t)w->s[SREG_EXEC + 1] << 32 : 0);
    w->note.store = w->note.atomic = false;
    w->note.count = 0;
    w->note.bytes = 0;
    return true;
}

static void after(struct watcher *watcher, struct wave *w, struct decoded *d) {
    const struct caller *c = (const struct caller *)watcher;
    const struct inst *i = &d->inst;
    const struct op_info *info = op_info(i->op);
    const struct access_note *note = &w->note;
    gfx11sim_event event = ids(c, w);
    event.pc = ((uint64_t)w->pc - w->group->program->entry) * 4;
    event.opcode = info->name;
    event.dual_opcode = i->dual ? op_info(i->dual->op)->name : NULL;
    event.unit = info->unit;
    event.exec = note->exec;
    event.space = note->space;
    event.store = note->store;
    event.atomic = note->atomic;
    event.bytes = note->bytes;
    event.addresses = note->space == GFX11SIM_SPACE_NONE ? NULL : note->addresses[0];
    event.addresses2 = note->count == 2 ? note->addresses[1] : NULL;
    c->observer->issue(c->observer->context, &event);
}

static void wave_begin(struct watcher *watcher, struct wave *w) {
    const struct caller *c = (const struct caller *)watcher;
    gfx11sim_event event = ids(c, w);
    if (c->observer->wave_begin) c->observer->wave_begin(c->observer->context, &event);
}

static void wave_end(struct watcher *watcher, struct wave *w) {
    const struct caller *c = (const struct caller *)watcher;
    gfx11sim_event event = ids(c, w);
    if (c->observer->wave_end) c->observer->wave_end(c->observer->context, &event);
}

static bool create(const struct launch_run *r, struct watcher **out) {
    if (!r->launch->observer) return true;
    struct caller *c = malloc(sizeof *c);
    if (!c) return false;
    *c = (struct caller){.watcher.kind = &public_watcher, .run = r, .observer = r->launch->observer};
    *out = &c->watcher;
    return true;
}

static void destroy(struct watcher *watcher, gfx11sim_status status) {
    (void)status;
    free(watcher);
}

const struct watcher_kind public_watcher = {.create = create,
                                            .destroy = destroy,
                                            .before = before,
                                            .after = after,
                                            .wave_begin = wave_begin,
                                            .wave_end = wave_end};
