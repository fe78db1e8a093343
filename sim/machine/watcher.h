/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Who looks on while the waves of a launch run. The machine knows no more of them than this interface: strict mode
 * (observe/strict/) and the caller's observer (observe/public/) are its kinds.
 *
 * A launch without watchers pays nothing for them: the wave loop is compiled with and without.
 */
#ifndef RDNASIM_WATCHER_H
#define RDNASIM_WATCHER_H

#include "program.h"

struct launch_run;

struct watcher {
    const struct watcher_kind *kind;
    /* what the kind knows of the launch follows */
};

/* What a kind wants to be told; any but `create` and `destroy` may be null. */
struct watcher_kind {
    /* Before the first work-group. *out stays null if the kind has nothing to watch. False: no memory. */
    bool (*create)(const struct launch_run *run, struct watcher **out);
    void (*destroy)(struct watcher *watcher, rdnasim_status status); /* status: of the launch */

    void (*group_begin)(struct watcher *watcher, struct group *group);
    void (*group_end)(struct watcher *watcher, struct group *group);
    void (*wave_begin)(struct watcher *watcher, struct wave *w); /* its registers have their first values */
    void (*wave_end)(struct watcher *watcher, struct wave *w);
    /* All waves that have not ended wait. The wave that should not, after stopping it; else null: the barrier opens. */
    struct wave *(*barrier)(struct watcher *watcher, struct group *group);

    /* With work-groups that are resident together: whether the wave may execute an instruction now. */
    bool (*ready)(struct watcher *watcher, struct wave *w);

    /* Around an instruction. False: the wave has been stopped. `after` is not called if the instruction stopped it. */
    bool (*before)(struct watcher *watcher, struct wave *w, struct decoded *d);
    void (*after)(struct watcher *watcher, struct wave *w, struct decoded *d);
    /* Around the execution by w->half: twice in wave64 if op_runs_per_half. */
    bool (*before_half)(struct wave *w, const struct inst *i);
    void (*after_half)(struct wave *w, const struct inst *i);
};

/* All kinds: a launch asks each. */
#define WATCHER_KINDS(X)                                                                                     \
    X(strict)                                                                                                \
    X(public)

#define DECLARE_KIND(name) extern const struct watcher_kind name##_watcher;
WATCHER_KINDS(DECLARE_KIND)
#undef DECLARE_KIND

#define COUNT_KIND(name) +1
enum { WATCHERS_MAX = 0 WATCHER_KINDS(COUNT_KIND) };
#undef COUNT_KIND

/* The watchers of a launch, all of them and those that want the calls around instructions: each list ends with null. */
struct watchers {
    struct watcher *all[WATCHERS_MAX + 1], *before[WATCHERS_MAX + 1], *after[WATCHERS_MAX + 1],
        *before_half[WATCHERS_MAX + 1], *after_half[WATCHERS_MAX + 1];
};

#define FOR_WATCHERS(p, list) for (struct watcher *const *at_ = (list), *p; (p = *at_); at_++)

#endif
