/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Launches: what a kernel is given, a grid of work-groups over the host's threads, the verdict. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "launch.h"
#include "parallel.h"
#include "struct_size.h"

enum { PROPERTY_DISPATCH_PTR = 1 << 1, PROPERTY_DYNAMIC_STACK = 1 << 11 };
enum { DYNAMIC_STACK_BYTES = 16384, MAX_SCRATCH = 256 << 10, QUEUE_BYTES = 4096 };
#define MAX_GROUPS (UINT64_C(1) << 31)

/* ---- setting up and taking down ----------------------------------------------------------------------- */

static rdnasim_status check(struct launch_run *r, rdnasim_report *report) {
    const rdnasim_launch *launch = r->launch;
    const rdnasim_kernel_info *info = &r->kernel->info;
    const rdnasim_target *target = &r->sim->target->facts;
    const char *name = info->name;
    uint64_t items = 1, groups = 1;
    for (unsigned d = 0; d < 3; d++) {
        REPORT_IF(!launch->grid[d] || !launch->block[d] || launch->block[d] > MAX_BLOCK, report,
                  RDNASIM_INVALID_ARGUMENT,
                  "kernel %.200s: grid %" PRIu32 " and block %" PRIu32
                  " in dimension %u; accepted are 1 or more work-items "
                  "and blocks up to %d",
                  name, launch->grid[d], launch->block[d], d, MAX_BLOCK);
        r->groups[d] = launch->grid[d] / launch->block[d] + (launch->grid[d] % launch->block[d] != 0);
        items *= launch->block[d];
        if (groups < MAX_GROUPS) groups *= r->groups[d];
    }
    uint32_t most = info->max_block < MAX_BLOCK ? info->max_block : MAX_BLOCK;
    REPORT_IF(items > most, report, RDNASIM_INVALID_ARGUMENT,
              "kernel %.200s: a work-group of %" PRIu64 " work-items, at most %" PRIu32 " are accepted", name,
              items, most);
    REPORT_IF(groups >= MAX_GROUPS, report, RDNASIM_INVALID_ARGUMENT,
              "kernel %.200s: more than %" PRIu64 " work-groups", name, MAX_GROUPS - 1);
    uint64_t lds = (uint64_t)info->lds_bytes + launch->dynamic_lds_bytes;
    REPORT_IF(lds > target->group_lds_bytes, report, RDNASIM_INVALID_ARGUMENT,
              "kernel %.200s: %" PRIu32 " + %" PRIu32 " bytes of LDS, a work-group can have %" PRIu32, name,
              info->lds_bytes, launch->dynamic_lds_bytes, target->group_lds_bytes);
    REPORT_IF(launch->kernarg_bytes < info->explicit_bytes || (info->explicit_bytes && !launch->kernarg),
              report, RDNASIM_INVALID_ARGUMENT,
              "kernel %.200s: %zu bytes of arguments, its explicit arguments take %" PRIu32, name,
              launch->kernarg ? launch->kernarg_bytes : 0, info->explicit_bytes);
    uint64_t scratch = info->scratch_bytes;
    if (r->kernel->descriptor.properties & PROPERTY_DYNAMIC_STACK) scratch += DYNAMIC_STACK_BYTES;
    REPORT_IF(scratch > MAX_SCRATCH, report, RDNASIM_UNSUPPORTED,
              "kernel %.200s: %" PRIu64 " bytes of scratch per lane, at most %d can be had", name, scratch,
              MAX_SCRATCH);
    r->group_count = groups;
    r->max_waves = (unsigned)((items + info->wave_size - 1) / info->wave_size);
    r->lds_bytes = (uint32_t)(lds + 3) / 4 * 4; /* atomics on its last 16 bits are made of those on a dword */
    r->scratch_bytes = (uint32_t)(scratch + 3) & ~UINT32_C(3);
    return RDNASIM_OK;
}

/* Aligned memory of at least one byte; its contents are undefined. No register more than asked for: a
 * sanitizer shall see an access beyond. */
static void *allocate(size_t bytes) {
    size_t registers = (bytes + 4 * LANES - 1) / (4 * LANES);
    return aligned_alloc(4 * LANES, (registers ? registers : 1) * (4 * LANES));
}

static bool add_segment(struct launch_run *r, struct segment *s, size_t bytes, const char *name) {
    s->host = allocate(bytes);
    if (!s->host) return false;
    memset(s->host, 0, bytes);
    return memory_bind(&r->sim->memory, s->host, bytes, RDNASIM_READ, name, &s->address, NULL) == RDNASIM_OK;
}

static void remove_segment(struct launch_run *r, struct segment *s) {
    if (s->address) memory_unbind(&r->sim->memory, s->address);
    free(s->host);
}

/* What the kernel reads about its launch: rounded up to 16 bytes, as compilers load small arguments in
 * dwords. */
static bool add_segments(struct launch_run *r) {
    uint32_t properties = r->kernel->descriptor.properties;
    size_t kernarg_bytes = ((size_t)r->kernel->info.kernarg_bytes + 15) / 16 * 16;
    if (!add_segment(r, &r->queue, QUEUE_BYTES, "queue") ||
        !add_segment(r, &r->kernarg, kernarg_bytes, "kernel arguments"))
        return false;
    kernarg_fill(r->kernarg.host, r->kernel, r->launch, r->queue.address);
    if (!(properties & PROPERTY_DISPATCH_PTR)) return true;
    if (!add_segment(r, &r->packet, DISPATCH_PACKET_BYTES, "dispatch packet")) return false;
    dispatch_packet_fill(r->packet.host, r->kernel, r->launch, r->kernarg.address);
    return true;
}

static bool add_workers(struct launch_run *r) {
    unsigned wave_size = r->kernel->info.wave_size;
    size_t registers = (size_t)r->kernel->program->vgpr_count * (wave_size / LANES);
    uint32_t resident = r->launch->resident;
    int count = !resident                   ? pool_threads(r->sim->pool)
                : resident < r->group_count ? (int)resident
                                            : (int)r->group_count;
    r->workers = calloc((size_t)count, sizeof *r->workers);
    if (resident) r->residents = calloc((size_t)count, sizeof *r->residents);
    if (!r->workers || (resident && !r->residents)) return false;
    for (r->worker_count = 0; r->worker_count < count;) {
        struct worker *w = &r->workers[r->worker_count++];
        w->waves = allocate(r->max_waves * sizeof *w->waves);
        w->registers = allocate(r->max_waves * registers * sizeof *w->registers);
        w->lds = allocate(r->lds_bytes);
        w->scratch = allocate((size_t)r->max_waves * wave_size * r->scratch_bytes);
        if (!w->waves || !w->registers || !w->lds || !w->scratch) return false;
    }
    return true;
}

static bool add_watchers(struct launch_run *r) {
    static const struct watcher_kind *const kinds[] = {
#define KIND(name) &name##_watcher,
        WATCHER_KINDS(KIND)
#undef KIND
    };
    struct watchers *w = &r->watchers;
    unsigned all = 0, before = 0, after = 0, before_half = 0, after_half = 0;
    for (unsigned n = 0; n < WATCHERS_MAX; n++) {
        struct watcher *made = NULL;
        if (!kinds[n]->create(r, &made)) return false;
        if (!made) continue;
        w->all[all++] = made;
        if (kinds[n]->before) w->before[before++] = made;
        if (kinds[n]->after) w->after[after++] = made;
        if (kinds[n]->before_half) w->before_half[before_half++] = made;
        if (kinds[n]->after_half) w->after_half[after_half++] = made;
    }
    return true;
}

static bool add_order(struct launch_run *r) {
    uint64_t random = r->sim->schedule_seed;
    if (!random) return true;
    r->order = malloc(r->group_count * sizeof *r->order);
    if (r->order) random_order(r->order, r->group_count, &random);
    return r->order != NULL;
}

static void take_down(struct launch_run *r) {
    for (int n = 0; n < r->worker_count; n++) {
        struct worker *w = &r->workers[n];
        free(w->waves);
        free(w->registers);
        free(w->lds);
        free(w->scratch);
    }
    free(r->workers);
    free(r->residents);
    free(r->order);
    remove_segment(r, &r->packet);
    remove_segment(r, &r->kernarg);
    remove_segment(r, &r->queue);
}

static void sum_counts(const struct launch_run *r, struct op_counts *profile, rdnasim_counts *counts) {
    memset(profile, 0, sizeof *profile);
    for (int n = 0; n < r->worker_count; n++) {
        const struct worker *w = &r->workers[n];
        counts->waves += w->wave_count;
        counts->workgroups += w->group_count;
        for (unsigned op = 0; op < OP_COUNT; op++) {
            profile->of[op] += w->counts.of[op];
            profile->second[op] += w->counts.second[op];
        }
    }
    for (unsigned op = 0; op < OP_COUNT; op++) {
        counts->instructions += profile->of[op];
        counts->by_port[op_info((enum op)op)->port] += profile->of[op];
        if (op_info((enum op)op)->flags & OP_IDLE) counts->idle_instructions += profile->of[op];
    }
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- public calls ------------------------------------------------------------------------------------- */

void rdnasim_launch_init(rdnasim_launch *launch, size_t struct_size) {
    const rdnasim_launch ours = {.grid = {1, 1, 1}, .block = {1, 1, 1}};
    struct_give(launch, struct_size, &ours, sizeof ours);
}

rdnasim_status rdnasim_run(rdnasim *sim, const rdnasim_kernel *kernel, const rdnasim_launch *given,
                           rdnasim_counts *counts, rdnasim_report *report) {
    report_clear(report);
    if (counts) memset(counts, 0, sizeof *counts);
    REPORT_IF(!sim || !kernel || !given, report, RDNASIM_INVALID_ARGUMENT,
              "rdnasim_run: sim, kernel and launch must not be null");
    rdnasim_launch all;
    rdnasim_observer observer;
    const rdnasim_launch *launch = &all;
    REPORT_IF(!struct_take(&all, sizeof all, given, STRUCT_LEAST(rdnasim_launch, kernarg_bytes)), report,
              RDNASIM_INVALID_ARGUMENT,
              "rdnasim_launch has %zu bytes, expected %zu: call rdnasim_launch_init first",
              given->struct_size, sizeof all);
    REPORT_IF(kernel->object->sim != sim, report, RDNASIM_INVALID_ARGUMENT,
              "kernel %.200s was loaded into another machine", kernel->info.name);
    REPORT_IF(launch->observer && !struct_take(&observer, sizeof observer, launch->observer,
                                               STRUCT_LEAST(rdnasim_observer, after)),
              report, RDNASIM_INVALID_ARGUMENT,
              "rdnasim_observer has %zu bytes, expected %zu: set its struct_size",
              launch->observer->struct_size, sizeof observer);
    REPORT_IF(launch->resident > 1 && sim->checks, report, RDNASIM_INVALID_ARGUMENT,
              "%" PRIu32 " resident work-groups: strict mode follows one at a time", launch->resident);
    struct launch_run r = {.sim = sim,
                           .kernel = kernel,
                           .launch = launch,
                           .observer = launch->observer ? &observer : NULL,
                           .fault_at = INT64_MAX};
    rdnasim_status status = check(&r, report);
    if (status) return status;

    pthread_mutex_init(&r.fault_lock, NULL);
    pthread_mutex_lock(&sim->lock);
    double start = now();
    if (!program_prepare(kernel->program) || !add_segments(&r) || !add_workers(&r) || !add_order(&r) ||
        !add_watchers(&r)) {
        status = report_fail(report, RDNASIM_OUT_OF_MEMORY, "kernel %.200s: out of memory for the launch",
                             kernel->info.name);
    } else {
        if (launch->resident)
            pool_run(sim->pool, 1, run_residents, &r);
        else
            pool_run(sim->pool, (int64_t)r.group_count, run_group, &r);
        status = r.fault.status;
        if (status && report) *report = r.fault;
    }
    rdnasim_counts totals = {0};
    sum_counts(&r, &sim->profile, &totals);
    totals.seconds = now() - start;
    if (counts) *counts = totals;
    FOR_WATCHERS(p, r.watchers.all) p->kind->destroy(p, status);
    take_down(&r);
    pthread_mutex_unlock(&sim->lock);
    pthread_mutex_destroy(&r.fault_lock);
    return status;
}

/* ---- what was executed -------------------------------------------------------------------------------- */

const char *rdnasim_fidelity_name(rdnasim_fidelity fidelity) {
    static const char *const names[] = {"captured", "exact", "modelled", "approximate"};
    return (unsigned)fidelity < RDNASIM_FIDELITIES ? names[fidelity] : "unknown";
}

size_t rdnasim_profile(const rdnasim *sim, rdnasim_op_count *rows, size_t capacity) {
    size_t used = 0;
    for (unsigned op = 0; sim && op < OP_COUNT; op++) {
        uint64_t count = sim->profile.of[op] + sim->profile.second[op];
        if (!count) continue;
        const struct op_info *info = op_info((enum op)op);
        bool lowered = sim->approximate_wmma && info->port == RDNASIM_PORT_WMMA &&
                       info->fidelity != RDNASIM_EXACT; /* integer forms stay as they are */
        rdnasim_fidelity fidelity = lowered ? RDNASIM_APPROXIMATE : (rdnasim_fidelity)info->fidelity;
        if (used < capacity)
            rows[used] = (rdnasim_op_count){
                .opcode = info->name, .fidelity = fidelity, .port = info->port, .count = count};
        used++;
    }
    return used;
}
