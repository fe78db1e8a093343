/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Launches: a grid of work-groups over the host's threads, the state a wave starts with, barriers, the
 * verdict. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "parallel.h"
#include "program.h"
#include "strict.h"

enum {
    PROPERTY_DISPATCH_PTR = 1 << 1,
    PROPERTY_QUEUE_PTR = 1 << 2,
    PROPERTY_KERNARG_PTR = 1 << 3,
    PROPERTY_DISPATCH_ID = 1 << 4,
    PROPERTY_PRIVATE_SIZE = 1 << 6,
    PROPERTY_DYNAMIC_STACK = 1 << 11
};
enum { MAX_BLOCK = 1024, MAX_WAVES = MAX_BLOCK / LANES, MAX_LDS = 65536 };
enum { DYNAMIC_STACK_BYTES = 16384, MAX_SCRATCH = 256 << 10, QUEUE_BYTES = 4096 };
#define MAX_GROUPS (UINT64_C(1) << 31)

/* Instructions after which the next wave of the group has its turn: waves may wait for each other in loops.
 */
#define TURN        16384
/* ... and the most of them under a random schedule, where changes should be frequent. */
#define RANDOM_TURN 256

/* A buffer that the launch makes for the kernel. */
struct segment {
    unsigned char *host;
    uint64_t address;
};

struct worker { /* of one host thread */
    struct wave *waves;
    u32v *registers;
    unsigned char *lds, *scratch;
    struct op_counts counts;
    uint64_t wave_count, group_count;
    gfx11sim_report report;
};

struct run {
    gfx11sim *sim;
    const gfx11sim_kernel *kernel;
    const gfx11sim_launch *launch;
    uint32_t groups[3];
    uint64_t group_count;
    uint32_t *order; /* of the groups under a random schedule, else null */
    unsigned max_waves;
    uint32_t lds_bytes, scratch_bytes;
    struct segment kernarg, packet, queue;
    struct strict *strict; /* null without strict mode */
    int worker_count;
    struct worker *workers;
    pthread_mutex_t fault_lock;
    _Atomic int64_t fault_at; /* turn of the faulting work-group; later ones need not finish */
    gfx11sim_report fault;
};

/* ---- random schedules --------------------------------------------------------------------------------- */

static uint64_t random_next(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void shuffle(uint32_t *items, uint64_t count, uint64_t *state) {
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

static uint32_t initial_mode(uint32_t rsrc1) {
    uint32_t mode = rsrc1 >> 12 & 0xff; /* rounding and denormals lie as in MODE */
    if (rsrc1 >> 21 & 1) mode |= MODE_DX10_CLAMP;
    if (rsrc1 >> 23 & 1) mode |= MODE_IEEE;
    if (rsrc1 >> 26 & 1) mode |= MODE_FP16_OVFL;
    return mode;
}

static unsigned put64(uint32_t *s, unsigned at, uint64_t value) {
    s[at] = (uint32_t)value;
    s[at + 1] = (uint32_t)(value >> 32);
    return at + 2;
}

/* User SGPRs lie without gaps from s0, system SGPRs from the stated count of user SGPRs on. */
static void init_sgprs(const struct run *r, struct wave *w) {
    const struct descriptor *d = &r->kernel->descriptor;
    fill(w->s, sizeof w->s);
    w->s[SREG_NULL] = 0;
    unsigned n = 0;
    if (d->properties & PROPERTY_DISPATCH_PTR) n = put64(w->s, n, r->packet.address);
    if (d->properties & PROPERTY_QUEUE_PTR) n = put64(w->s, n, r->queue.address);
    if (d->properties & PROPERTY_KERNARG_PTR) n = put64(w->s, n, r->kernarg.address);
    if (d->properties & PROPERTY_DISPATCH_ID) n = put64(w->s, n, 0);
    if (d->properties & PROPERTY_PRIVATE_SIZE) w->s[n] = r->scratch_bytes;
    n = d->rsrc2 >> 1 & 31;
    for (unsigned dimension = 0; dimension < 3; dimension++)
        if (d->rsrc2 >> (7 + dimension) & 1) w->s[n++] = w->group->id[dimension];
    if (d->rsrc2 >> 10 & 1) w->s[n] = (w->index == 0 ? UINT32_C(1) << 31 : 0) | w->group->wave_count;
}

/* EXEC and v0, the packed work-item ids. Work-items fill the waves with x running fastest. */
static void init_lanes(const struct run *r, struct wave *w, const uint32_t size[3]) {
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
    put64(w->s, SREG_EXEC, exec);
}

static void init_wave(const struct run *r, struct worker *worker, struct group *group, unsigned index,
                      const uint32_t size[3]) {
    const gfx11sim_object *object = r->kernel->object;
    const struct program *program = r->kernel->program;
    unsigned wave_size = r->kernel->info.wave_size, registers = program->vgpr_count * (wave_size / LANES);
    struct wave *w = &group->waves[index];
    *w = (struct wave){
        .v = worker->registers + (size_t)index * registers,
        .mode = initial_mode(r->kernel->descriptor.rsrc1),
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
        .observed = r->launch->observer != NULL,
        .fault = &worker->report,
    };
    fill(w->v, registers * sizeof w->v[0]);
    fill(w->scratch, (size_t)wave_size * r->scratch_bytes);
    init_sgprs(r, w);
    init_lanes(r, w, size);
    if (r->strict) strict_begin_wave(r->strict, w);
}

/* ---- work-groups -------------------------------------------------------------------------------------- */

static void notify(const struct run *r, const struct wave *w,
                   void (*call)(void *context, const gfx11sim_event *event)) {
    if (!call) return;
    gfx11sim_event event = {.kernel = r->kernel, .wave = w->index, .wave_size = w->wave_size};
    memcpy(event.workgroup, w->group->id, sizeof event.workgroup);
    call(r->launch->observer->context, &event);
}

/* The lowest turn wins: all earlier ones have begun and will finish, so the verdict does not depend on luck.
 */
static void record_fault(struct run *r, const struct wave *w, int64_t turn) {
    report_complete(w->fault, w, r->kernel);
    pthread_mutex_lock(&r->fault_lock);
    if (turn < r->fault_at) {
        r->fault = *w->fault;
        r->fault_at = turn;
    }
    pthread_mutex_unlock(&r->fault_lock);
}

/* What the waves of a work-group have used of their quotas. */
struct usage {
    uint64_t wave[MAX_WAVES], group;
};

/* A wave's turn: it executes until it waits, ends, faults or has used up its share. */
static void run_turn(struct run *r, struct worker *worker, struct wave *w, uint64_t share,
                     struct usage *usage) {
    uint64_t quota = r->sim->quota, *used = &usage->wave[w->index], left = quota - *used;
    uint64_t cost = run_wave(w, r->kernel, &worker->counts, share < left ? share : left, r->launch->observer);
    if (w->mode & (MODE_ROUND_32 | MODE_ROUND_16_64)) cost *= 16; /* computed in integers, lane by lane */
    *used = cost < left ? *used + cost : quota; /* the last instruction may have cost more than was left */
    usage->group += cost;
    bool alone = *used == quota;
    if (w->state == WAVE_RUNNING && (alone || usage->group / GFX11SIM_GROUP_QUOTAS >= quota))
        wave_fault(w, GFX11SIM_TIMEOUT, 0, 0, 0,
                   "still runs after %s quota of %" PRIu64
                   " instructions; gfx11sim_options.quota raises it (gfx11sim's --quota, the HIP front's "
                   "GFX11SIM_QUOTA)",
                   alone ? "its" : "its work-group has used twice a wave's", quota);
    if (w->state == WAVE_ENDED && r->launch->observer) notify(r, w, r->launch->observer->wave_end);
}

/*
 * Lets the waves take turns. A barrier opens when no wave runs any more: those that ended do not count, so
 * all others have arrived.
 */
static void run_waves(struct run *r, struct worker *worker, struct group *group, int64_t turn,
                      uint64_t *random) {
    struct usage usage = {0};
    uint32_t order[MAX_WAVES];
    for (uint32_t n = 0; n < group->wave_count; n++) order[n] = n;
    for (unsigned waiting = 0, running = 1; running || waiting;) {
        struct wave *stray = !running && r->strict ? strict_barrier(r->strict, group) : NULL;
        if (stray) {
            record_fault(r, stray, turn);
            return;
        }
        if (!running)
            for (unsigned n = 0; n < group->wave_count; n++)
                if (group->waves[n].state == WAVE_AT_BARRIER) group->waves[n].state = WAVE_RUNNING;
        if (random) shuffle(order, group->wave_count, random);
        waiting = running = 0;
        for (unsigned n = 0; n < group->wave_count; n++) {
            struct wave *w = &group->waves[order[n]];
            uint64_t share = random ? 1 + random_next(random) % RANDOM_TURN : TURN;
            if (w->state == WAVE_RUNNING) run_turn(r, worker, w, share, &usage);
            if (w->state == WAVE_FAULTED) {
                record_fault(r, w, turn);
                return;
            }
            running += w->state == WAVE_RUNNING;
            waiting += w->state == WAVE_AT_BARRIER;
        }
        if (turn > r->fault_at) return;
    }
}

static void run_group(void *context, int64_t turn, int thread) {
    struct run *r = context;
    if (turn > r->fault_at) return;
    struct worker *worker = &r->workers[thread];
    const gfx11sim_launch *launch = r->launch;
    uint64_t index = r->order ? r->order[turn] : (uint64_t)turn;
    struct group group = {
        .id = {(uint32_t)(index % r->groups[0]), (uint32_t)(index / r->groups[0] % r->groups[1]),
               (uint32_t)(index / r->groups[0] / r->groups[1])},
        .lds = worker->lds,
        .lds_bytes = r->lds_bytes,
        .memory = &r->sim->memory,
        .program = r->kernel->program,
        .waves = worker->waves,
    };
    uint32_t size[3]; /* smaller than the block at the far edges of the grid */
    for (unsigned d = 0; d < 3; d++) {
        uint32_t left = launch->grid[d] - group.id[d] * launch->block[d];
        size[d] = left < launch->block[d] ? left : launch->block[d];
    }
    unsigned wave_size = r->kernel->info.wave_size;
    group.wave_count = (size[0] * size[1] * size[2] + wave_size - 1) / wave_size;
    fill(group.lds, group.lds_bytes);
    if (r->strict) strict_begin_group(r->strict, index);
    for (unsigned n = 0; n < group.wave_count; n++) {
        init_wave(r, worker, &group, n, size);
        if (launch->observer) notify(r, &group.waves[n], launch->observer->wave_begin);
    }
    worker->group_count++;
    worker->wave_count += group.wave_count;
    uint64_t random = r->sim->schedule_seed + index;
    run_waves(r, worker, &group, turn, r->order ? &random : NULL);
}

/* ---- setting up and taking down ----------------------------------------------------------------------- */

static gfx11sim_status check(struct run *r, gfx11sim_report *report) {
    const gfx11sim_launch *launch = r->launch;
    const gfx11sim_kernel_info *info = &r->kernel->info;
    const char *name = info->name;
    uint64_t items = 1, groups = 1;
    for (unsigned d = 0; d < 3; d++) {
        FAIL_IF(!launch->grid[d] || !launch->block[d] || launch->block[d] > MAX_BLOCK, report,
                GFX11SIM_INVALID_ARGUMENT,
                "kernel %.200s: grid %" PRIu32 " and block %" PRIu32
                " in dimension %u; accepted are 1 or more work-items "
                "and blocks up to %d",
                name, launch->grid[d], launch->block[d], d, MAX_BLOCK);
        r->groups[d] = launch->grid[d] / launch->block[d] + (launch->grid[d] % launch->block[d] != 0);
        items *= launch->block[d];
        if (groups < MAX_GROUPS) groups *= r->groups[d];
    }
    uint32_t most = info->max_block < MAX_BLOCK ? info->max_block : MAX_BLOCK;
    FAIL_IF(items > most, report, GFX11SIM_INVALID_ARGUMENT,
            "kernel %.200s: a work-group of %" PRIu64 " work-items, at most %" PRIu32 " are accepted", name,
            items, most);
    FAIL_IF(groups >= MAX_GROUPS, report, GFX11SIM_INVALID_ARGUMENT,
            "kernel %.200s: more than %" PRIu64 " work-groups", name, MAX_GROUPS - 1);
    uint64_t lds = (uint64_t)info->lds_bytes + launch->dynamic_lds_bytes;
    FAIL_IF(lds > MAX_LDS, report, GFX11SIM_INVALID_ARGUMENT,
            "kernel %.200s: %" PRIu32 " + %" PRIu32 " bytes of LDS, a work-group can have %d", name,
            info->lds_bytes, launch->dynamic_lds_bytes, MAX_LDS);
    FAIL_IF(launch->kernarg_bytes < info->explicit_bytes || (info->explicit_bytes && !launch->kernarg),
            report, GFX11SIM_INVALID_ARGUMENT,
            "kernel %.200s: %zu bytes of arguments, its explicit arguments take %" PRIu32, name,
            launch->kernarg ? launch->kernarg_bytes : 0, info->explicit_bytes);
    uint64_t scratch = info->scratch_bytes;
    if (r->kernel->descriptor.properties & PROPERTY_DYNAMIC_STACK) scratch += DYNAMIC_STACK_BYTES;
    FAIL_IF(scratch > MAX_SCRATCH, report, GFX11SIM_UNSUPPORTED,
            "kernel %.200s: %" PRIu64 " bytes of scratch per lane, at most %d can be had", name, scratch,
            MAX_SCRATCH);
    r->group_count = groups;
    r->max_waves = (unsigned)((items + info->wave_size - 1) / info->wave_size);
    r->lds_bytes = (uint32_t)lds;
    r->scratch_bytes = (uint32_t)(scratch + 3) & ~UINT32_C(3);
    return GFX11SIM_OK;
}

/* Aligned memory of at least one byte; its contents are undefined. No register more than asked for: a
 * sanitizer shall see an access beyond. */
static void *allocate(size_t bytes) {
    size_t registers = (bytes + 4 * LANES - 1) / (4 * LANES);
    return aligned_alloc(4 * LANES, (registers ? registers : 1) * (4 * LANES));
}

static bool add_segment(struct run *r, struct segment *s, size_t bytes, const char *name) {
    s->host = allocate(bytes);
    if (!s->host) return false;
    memset(s->host, 0, bytes);
    return memory_bind(&r->sim->memory, s->host, bytes, GFX11SIM_READ, name, &s->address, NULL) ==
           GFX11SIM_OK;
}

static void remove_segment(struct run *r, struct segment *s) {
    if (s->address) memory_unbind(&r->sim->memory, s->address);
    free(s->host);
}

/* What the kernel reads about its launch: rounded up to 16 bytes, as compilers load small arguments in
 * dwords. */
static bool add_segments(struct run *r) {
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

static bool add_workers(struct run *r) {
    unsigned wave_size = r->kernel->info.wave_size;
    size_t registers = (size_t)r->kernel->program->vgpr_count * (wave_size / LANES);
    int count = pool_threads(r->sim->pool);
    r->workers = calloc((size_t)count, sizeof *r->workers);
    if (!r->workers) return false;
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

static bool add_strict(struct run *r) {
    if (!r->sim->checks) return true;
    r->strict = strict_create(r->sim, r->kernel, r->max_waves, r->kernel->program->vgpr_count, r->lds_bytes,
                              r->scratch_bytes, r->group_count);
    return r->strict != NULL;
}

static bool add_order(struct run *r) {
    uint64_t random = r->sim->schedule_seed;
    if (!random) return true;
    r->order = malloc(r->group_count * sizeof *r->order);
    if (r->order) shuffle(r->order, r->group_count, &random);
    return r->order != NULL;
}

static void take_down(struct run *r) {
    for (int n = 0; n < r->worker_count; n++) {
        struct worker *w = &r->workers[n];
        free(w->waves);
        free(w->registers);
        free(w->lds);
        free(w->scratch);
    }
    free(r->workers);
    free(r->order);
    strict_destroy(r->strict);
    remove_segment(r, &r->packet);
    remove_segment(r, &r->kernarg);
    remove_segment(r, &r->queue);
}

static void sum_counts(const struct run *r, struct op_counts *profile, gfx11sim_counts *counts) {
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
        counts->by_unit[op_info((enum op)op)->unit] += profile->of[op];
        if (op_info((enum op)op)->flags & OP_IDLE) counts->idle_instructions += profile->of[op];
    }
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- public calls ------------------------------------------------------------------------------------- */

void gfx11sim_launch_init(gfx11sim_launch *launch) {
    if (launch)
        *launch = (gfx11sim_launch){.struct_size = sizeof *launch, .grid = {1, 1, 1}, .block = {1, 1, 1}};
}

gfx11sim_status gfx11sim_run(gfx11sim *sim, const gfx11sim_kernel *kernel, const gfx11sim_launch *launch,
                             gfx11sim_counts *counts, gfx11sim_report *report) {
    report_clear(report);
    if (counts) memset(counts, 0, sizeof *counts);
    FAIL_IF(!sim || !kernel || !launch, report, GFX11SIM_INVALID_ARGUMENT,
            "gfx11sim_run: sim, kernel and launch must not be null");
    FAIL_IF(launch->struct_size != sizeof *launch, report, GFX11SIM_INVALID_ARGUMENT,
            "gfx11sim_launch has %zu bytes, expected %zu: call gfx11sim_launch_init first",
            launch->struct_size, sizeof *launch);
    FAIL_IF(kernel->object->sim != sim, report, GFX11SIM_INVALID_ARGUMENT,
            "kernel %.200s was loaded into another machine", kernel->info.name);
    FAIL_IF(launch->observer && !launch->observer->issue, report, GFX11SIM_INVALID_ARGUMENT,
            "the observer has no function 'issue'");
    struct run r = {.sim = sim, .kernel = kernel, .launch = launch, .fault_at = INT64_MAX};
    gfx11sim_status status = check(&r, report);
    if (status) return status;

    pthread_mutex_init(&r.fault_lock, NULL);
    pthread_mutex_lock(&sim->lock);
    double start = now();
    if (!program_prepare(kernel->program) || !add_segments(&r) || !add_workers(&r) || !add_order(&r) ||
        !add_strict(&r)) {
        status = report_fail(report, GFX11SIM_OUT_OF_MEMORY, "kernel %.200s: out of memory for the launch",
                             kernel->info.name);
    } else {
        pool_run(sim->pool, (int64_t)r.group_count, run_group, &r);
        status = r.fault.status;
        if (status && report) *report = r.fault;
    }
    gfx11sim_counts totals = {0};
    sum_counts(&r, &sim->profile, &totals);
    totals.seconds = now() - start;
    if (counts) *counts = totals;
    take_down(&r);
    pthread_mutex_unlock(&sim->lock);
    pthread_mutex_destroy(&r.fault_lock);
    return status;
}

/* ---- what was executed -------------------------------------------------------------------------------- */

const char *gfx11sim_fidelity_name(gfx11sim_fidelity fidelity) {
    static const char *const names[] = {"captured", "exact", "modelled", "approximate"};
    return (unsigned)fidelity < GFX11SIM_FIDELITIES ? names[fidelity] : "unknown";
}

size_t gfx11sim_profile(const gfx11sim *sim, gfx11sim_op_count *rows, size_t capacity) {
    size_t used = 0;
    for (unsigned op = 0; sim && op < OP_COUNT; op++) {
        uint64_t count = sim->profile.of[op] + sim->profile.second[op];
        if (!count) continue;
        const struct op_info *info = op_info((enum op)op);
        bool lowered = sim->approximate_wmma && info->unit == GFX11SIM_UNIT_WMMA &&
                       info->fidelity != GFX11SIM_EXACT; /* integer forms stay as they are */
        gfx11sim_fidelity fidelity = lowered ? GFX11SIM_APPROXIMATE : (gfx11sim_fidelity)info->fidelity;
        if (used < capacity) rows[used] = (gfx11sim_op_count){info->name, fidelity, info->unit, count};
        used++;
    }
    return used;
}
