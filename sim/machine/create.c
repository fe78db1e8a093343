/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Making and destroying a machine: options, the host's SIMD level, the table of executors. */
#include <stdlib.h>
#include <string.h>

#include "exec/executors.h"
#include "parallel.h"
#include "program.h"
#include "simulator.h"
#include "struct_size.h"

static const char *simd_name(rdnasim_simd level) {
    switch (level) {
    case RDNASIM_SIMD_PORTABLE: return "portable";
    case RDNASIM_SIMD_AVX2: return "avx2";
    case RDNASIM_SIMD_AVX512: return "avx512";
    default: return "unknown";
    }
}

const char *rdnasim_version(void) { return RDNASIM_VERSION_STRING; }

void rdnasim_options_init(rdnasim_options *options, size_t struct_size) {
    const rdnasim_options ours = {0};
    struct_give(options, struct_size, &ours, sizeof ours);
}

static rdnasim_status configure(rdnasim *sim, const rdnasim_options *options, rdnasim_report *report) {
    char names[128];
    sim->target = target_from_name(options->target);
    REPORT_IF(!sim->target, report, RDNASIM_INVALID_ARGUMENT, "target '%.32s' is not simulated; %s are",
              options->target, target_names(names, sizeof names));
    sim->simd = options->simd;
    if (sim->simd == RDNASIM_SIMD_AUTO)
        sim->simd = executors_run_here(RDNASIM_SIMD_AVX512) ? RDNASIM_SIMD_AVX512
                    : executors_run_here(RDNASIM_SIMD_AVX2) ? RDNASIM_SIMD_AVX2
                                                            : RDNASIM_SIMD_PORTABLE;
    REPORT_IF(!executors_run_here(sim->simd), report, RDNASIM_INVALID_ARGUMENT,
              "this host cannot do SIMD level %s", simd_name(sim->simd));
    sim->checks = options->checks;
    sim->schedule_seed = options->schedule_seed;
    sim->quota = options->quota ? options->quota : RDNASIM_DEFAULT_QUOTA;
    REPORT_IF(options->threads < 0 || options->threads > POOL_THREADS_MAX, report, RDNASIM_INVALID_ARGUMENT,
              "%d host threads: accepted are 1 to %d, or 0 for all", options->threads, POOL_THREADS_MAX);
    REPORT_IF(options->checks & ~(unsigned)RDNASIM_CHECK_ALL, report, RDNASIM_INVALID_ARGUMENT,
              "checks 0x%x has bits beyond RDNASIM_CHECK_ALL", options->checks);
    /*
     * Strict mode's records are shared by all work-groups: one thread keeps its verdicts the same every time.
     */
    sim->pool = pool_create(sim->checks ? 1 : options->threads);
    REPORT_IF(!sim->pool, report, RDNASIM_OUT_OF_MEMORY, "out of memory or threads for the host's threads");
    sim->approximate_wmma = options->approximate_wmma;
    executors_bind(sim->executors, sim->target->generation, sim->simd, sim->approximate_wmma);
    return RDNASIM_OK;
}

/* Threads that held locks are gone; the bindings of a launch that one of them was in stay, and nobody asks
 * for them. */
static void unlock_in_child(void *machine) {
    rdnasim *sim = machine;
    pthread_mutex_init(&sim->lock, NULL);
    for (rdnasim_object *o = sim->objects; o; o = o->next)
        for (size_t n = 0; n < o->kernel_count; n++)
            if (o->kernels[n].program) pthread_mutex_init(&o->kernels[n].program->lock, NULL);
}

rdnasim_status rdnasim_create(const rdnasim_options *given, rdnasim **out, rdnasim_report *report) {
    report_clear(report);
    REPORT_IF(!out, report, RDNASIM_INVALID_ARGUMENT, "rdnasim_create: out must not be null");
    *out = NULL;
    rdnasim_options all;
    const rdnasim_options *options = &all;
    rdnasim_options_init(&all, sizeof all);
    REPORT_IF(given && !struct_take(&all, sizeof all, given, STRUCT_LEAST(rdnasim_options, target)), report,
              RDNASIM_INVALID_ARGUMENT,
              "rdnasim_options has %zu bytes, expected %zu: call rdnasim_options_init first",
              given->struct_size, sizeof all);
    rdnasim *sim = calloc(1, sizeof *sim);
    REPORT_IF(!sim, report, RDNASIM_OUT_OF_MEMORY, "out of memory for a machine");
    pthread_mutex_init(&sim->lock, NULL);
    after_fork_add(&sim->after_fork, unlock_in_child, sim);
    rdnasim_status status = configure(sim, options, report);
    if (status) {
        rdnasim_destroy(sim);
        return status;
    }
    *out = sim;
    return RDNASIM_OK;
}

void rdnasim_destroy(rdnasim *sim) {
    if (!sim) return;
    after_fork_remove(&sim->after_fork);
    while (sim->objects) rdnasim_unload(sim->objects);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (sim->memory.slots[slot].host) memory_unbind(&sim->memory, (uint64_t)slot << SLOT_SHIFT);
    pool_destroy(sim->pool);
    pthread_mutex_destroy(&sim->lock);
    free(sim);
}

const char *rdnasim_simd_name(const rdnasim *sim) { return simd_name(sim->simd); }

int rdnasim_threads(const rdnasim *sim) { return pool_threads(sim->pool); }
