/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The sim device: the embedded code objects on the simulator, in process. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "after_fork.h"
#include "core/error.h"
#include "device/device.h"
#include "device/sim_status.h"
#include "plan/family.h"
#include "rdnasim.h"

#define FAMILIES_MAX 16
#define POISON       0xff /* of fresh memory: NaN in every float type */

struct sim_state {
    rdnasim *sim;
    rdnasim_timing *timing; /* or null */
    int warm;
    const char *target;
    pthread_mutex_t lock; /* of the list of loaded families */
    struct after_fork after_fork;
    struct {
        const char *name;
        rdnasim_object *object;
    } families[FAMILIES_MAX];
    int family_count;
};

static w4a16_status fail(w4a16_error *error, w4a16_status status, const rdnasim_report *report) {
    return w4a16_fail(error, sim_status(report, status), "simulator: %s", report->text);
}

static void unlock_in_child(void *state) { pthread_mutex_init(&((struct sim_state *)state)->lock, NULL); }

static void sim_close(void *state) {
    struct sim_state *s = state;
    after_fork_remove(&s->after_fork);
    rdnasim_timing_destroy(s->timing);
    rdnasim_destroy(s->sim);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static const char *known_target(const char *name) {
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (strcmp(kernel_object_at(n).target, name) == 0) return kernel_object_at(n).target;
    return NULL;
}

static w4a16_status sim_open(const w4a16_device_options *options, struct pool *pool, void **state,
                             w4a16_device_info *info, w4a16_error *error) {
    const char *of_card = rdnasim_timing_target(options->timing_card);
    const char *wanted = options->target ? options->target : of_card ? of_card : "gfx1100";
    const char *target = known_target(wanted);
    char targets[160];
    kernel_targets(targets, sizeof targets);
    FAIL_IF(!target, error, W4A16_UNSUPPORTED, "sim: no kernels for target \"%s\"; there are kernels for %s",
            wanted, targets);
    FAIL_IF(options->timing_card && options->schedule_seed, error, W4A16_INVALID_ARGUMENT,
            "sim: runs are timed in the order of the grid; timing_card goes with schedule_seed 0 only");
    struct sim_state *s = calloc(1, sizeof *s);
    FAIL_IF(!s, error, W4A16_OUT_OF_MEMORY, "sim: out of memory");
    s->target = target;
    pthread_mutex_init(&s->lock, NULL);
    after_fork_add(&s->after_fork, unlock_in_child, s);
    rdnasim_options sim_options;
    rdnasim_options_init(&sim_options, sizeof sim_options);
    sim_options.target = target;
    sim_options.threads = pool_threads(pool);
    sim_options.schedule_seed = options->schedule_seed;
    sim_options.quota = RDNASIM_NO_QUOTA; /* our own kernels end, at every K */
    sim_options.checks = options->strict ? RDNASIM_CHECK_ALL : 0;
    rdnasim_report report;
    if (rdnasim_create(&sim_options, &s->sim, &report) != RDNASIM_OK) {
        sim_close(s);
        return fail(error, W4A16_UNSUPPORTED, &report);
    }
    rdnasim_timing_options timing_options;
    rdnasim_timing_options_init(&timing_options, sizeof timing_options);
    timing_options.card = options->timing_card;
    timing_options.axes = options->timing_axes;
    timing_options.threads = pool_threads(pool);
    if (options->timing_whole) timing_options.sample_above = 0;
    s->warm = options->timing_warm;
    if (options->timing_card && rdnasim_timing_create(&timing_options, &s->timing, &report) != RDNASIM_OK) {
        sim_close(s);
        return fail(error, W4A16_INVALID_ARGUMENT, &report);
    }
    snprintf(info->name, sizeof info->name, "simulated %s", target);
    snprintf(info->target, sizeof info->target, "%s", target);
    snprintf(info->runtime, sizeof info->runtime, "rdnasim, %s, %d threads%s", rdnasim_simd_name(s->sim),
             rdnasim_threads(s->sim), options->strict ? ", strict" : "");
    *state = s;
    return W4A16_OK;
}

static w4a16_status sim_free(void *state, w4a16_address address, w4a16_error *error) {
    struct sim_state *s = state;
    void *memory = rdnasim_host_pointer(s->sim, address, 0);
    rdnasim_report report;
    if (!memory || rdnasim_unbind(s->sim, address, &report) != RDNASIM_OK)
        return w4a16_fail(error, W4A16_INVALID_ARGUMENT, "sim: 0x%" PRIx64 " is not a buffer's address",
                          address);
    free(memory);
    return W4A16_OK;
}

static w4a16_status sim_alloc(void *state, size_t bytes, w4a16_address *out, w4a16_error *error) {
    struct sim_state *s = state;
    void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    FAIL_IF(!memory, error, W4A16_OUT_OF_MEMORY, "sim: no memory for %zu bytes", bytes);
    rdnasim_report report;
    w4a16_address address;
    rdnasim_status status =
        rdnasim_bind(s->sim, memory, bytes, RDNASIM_READ | RDNASIM_WRITE, "buffer", &address, &report);
    if (status != RDNASIM_OK) {
        free(memory);
        return fail(error, W4A16_OUT_OF_MEMORY, &report);
    }
    memset(memory, POISON, bytes); /* now that it is known to be wanted */
    if (rdnasim_mark(s->sim, address, bytes, 0, &report) != RDNASIM_OK) {
        sim_free(s, address, NULL);
        return fail(error, W4A16_OUT_OF_MEMORY, &report);
    }
    *out = address;
    return W4A16_OK;
}

static w4a16_status host_range(struct sim_state *s, w4a16_address address, size_t bytes, unsigned char **out,
                               w4a16_error *error) {
    *out = rdnasim_host_pointer(s->sim, address, bytes);
    FAIL_IF(!*out, error, W4A16_INVALID_ARGUMENT, "sim: %zu bytes at 0x%" PRIx64 " are not inside one buffer",
            bytes, address);
    return W4A16_OK;
}

static w4a16_status sim_copy_to(void *state, w4a16_address to, const void *from, size_t bytes,
                                w4a16_error *error) {
    unsigned char *host;
    TRY(host_range(state, to, bytes, &host, error));
    memcpy(host, from, bytes);
    rdnasim_report report;
    if (rdnasim_mark(((struct sim_state *)state)->sim, to, bytes, 1, &report) != RDNASIM_OK)
        return fail(error, W4A16_OUT_OF_MEMORY, &report);
    return W4A16_OK;
}

static w4a16_status sim_copy_from(void *state, void *to, w4a16_address from, size_t bytes,
                                  w4a16_error *error) {
    unsigned char *host;
    TRY(host_range(state, from, bytes, &host, error));
    memcpy(to, host, bytes);
    return W4A16_OK;
}

/* The loaded code object of a family; the lock is held. */
static w4a16_status load_family(struct sim_state *s, const char *name, rdnasim_object **out,
                                w4a16_error *error) {
    for (int n = 0; n < s->family_count; n++)
        if (strcmp(s->families[n].name, name) == 0) {
            *out = s->families[n].object;
            return W4A16_OK;
        }
    struct kernel_object object;
    rdnasim_report report;
    FAIL_IF(s->family_count == FAMILIES_MAX || !kernel_object_find(s->target, name, &object), error,
            W4A16_UNSUPPORTED, "sim: no code object %s for %s", name, s->target);
    if (rdnasim_load(s->sim, object.bytes, object.size, out, &report) != RDNASIM_OK)
        return fail(error, W4A16_DEVICE_FAULT, &report);
    s->families[s->family_count].name = name;
    s->families[s->family_count++].object = *out;
    return W4A16_OK;
}

static w4a16_status sim_prepare(void *state, const struct kernel_row *row, const void **handle,
                                w4a16_error *error) {
    struct sim_state *s = state;
    rdnasim_object *object;
    pthread_mutex_lock(&s->lock);
    w4a16_status status = load_family(s, row->family->name, &object, error);
    pthread_mutex_unlock(&s->lock);
    if (status != W4A16_OK) return status;
    *handle = rdnasim_find_kernel(object, row->name);
    FAIL_IF(!*handle, error, W4A16_UNSUPPORTED, "sim: code object %s for %s has no kernel %s",
            row->family->name, s->target, row->name);
    return W4A16_OK;
}

/* Cold weights; but who has computed the activations has left them in L2. */
static void sim_begin(void *state, w4a16_address a, size_t bytes) {
    struct sim_state *s = state;
    if (!s->warm) rdnasim_timing_cool(s->timing);
    rdnasim_timing_hold(s->timing, a, bytes);
}

static void add_time(w4a16_run_stats *stats, const rdnasim_time_result *time) {
    stats->modelled_launches++;
    stats->modelled_seconds += 1e-6 * time->microseconds;
    stats->modelled_cycles += time->cycles;
    stats->memory_bytes += time->levels[RDNASIM_LEVEL_DRAM].bytes;
    stats->sampled_launches += time->modelled_workgroups < time->workgroups;
}

static w4a16_status sim_launch(void *state, const void *handle, const struct plan_step *step,
                               const unsigned char *kernarg, void *stream, w4a16_run_stats *stats,
                               w4a16_error *error) {
    (void)stream;
    struct sim_state *s = state;
    rdnasim_launch launch;
    rdnasim_launch_init(&launch, sizeof launch);
    for (int n = 0; n < 3; n++) {
        launch.block[n] = step->block[n];
        launch.grid[n] = step->grid[n] * step->block[n];
    }
    launch.dynamic_lds_bytes = step->lds_bytes;
    launch.kernarg = kernarg;
    launch.kernarg_bytes = step->kernarg_bytes;
    rdnasim_counts counts;
    rdnasim_report report;
    rdnasim_time_result time = {.struct_size = sizeof time};
    rdnasim_status status = s->timing
                                ? rdnasim_time(s->timing, s->sim, handle, &launch, &counts, &time, &report)
                                : rdnasim_run(s->sim, handle, &launch, &counts, &report);
    if (status != RDNASIM_OK) return fail(error, W4A16_DEVICE_FAULT, &report);
    if (stats && s->timing) add_time(stats, &time);
    if (stats) {
        stats->wave_instructions += counts.instructions - counts.idle_instructions;
        stats->seconds += counts.seconds;
    }
    return W4A16_OK;
}

const struct backend sim_backend = {.api_version = BACKEND_API_VERSION,
                                    .kind = W4A16_DEVICE_SIM,
                                    .open = sim_open,
                                    .close = sim_close,
                                    .alloc = sim_alloc,
                                    .free = sim_free,
                                    .copy_to = sim_copy_to,
                                    .copy_from = sim_copy_from,
                                    .prepare = sim_prepare,
                                    .begin = sim_begin,
                                    .launch = sim_launch};
