/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Launches of kernels.c on modelled cards. */
#ifndef TIMING_LAUNCHES_H
#define TIMING_LAUNCHES_H

#include "../sim/support.h"

struct bench {
    rdnasim *sim;
    rdnasim_object *object;
    const rdnasim_kernel *kernel;
    rdnasim_timing_options options;
    rdnasim_launch launch;
    unsigned char kernarg[64];
    size_t bytes;
    void *buffers[2];
};

static inline struct bench begin(const char *name) {
    struct bench b = {.sim = create(NULL)};
    b.object = load(b.sim, TIMING_OBJECT);
    b.kernel = rdnasim_find_kernel(b.object, name);
    assert_non_null(b.kernel);
    rdnasim_timing_options_init(&b.options, sizeof b.options);
    rdnasim_launch_init(&b.launch, sizeof b.launch);
    return b;
}

static inline void finish(struct bench *b) {
    rdnasim_destroy(b->sim);
    free(b->buffers[0]);
    free(b->buffers[1]);
}

static inline void *buffer(struct bench *b, int n, size_t bytes) {
    b->buffers[n] = calloc(bytes, 1);
    assert_non_null(b->buffers[n]);
    uint64_t address = bind(b->sim, b->buffers[n], bytes, RDNASIM_READ | RDNASIM_WRITE, "buffer");
    memcpy(b->kernarg + b->bytes, &address, 8);
    b->bytes += 8;
    return b->buffers[n];
}

static inline void number(struct bench *b, int value) {
    memcpy(b->kernarg + b->bytes, &value, 4);
    b->bytes += 4;
}

static inline rdnasim_status try_time(struct bench *b, rdnasim_timing *timing, unsigned groups,
                                      unsigned block, rdnasim_time_result *result, rdnasim_report *report) {
    b->launch.grid[0] = groups * block;
    b->launch.block[0] = block;
    b->launch.kernarg = b->kernarg;
    b->launch.kernarg_bytes = b->bytes;
    *result = (rdnasim_time_result){.struct_size = sizeof *result};
    return rdnasim_time(timing, b->sim, b->kernel, &b->launch, NULL, result, report);
}

static inline rdnasim_timing *card(const struct bench *b) {
    rdnasim_timing *timing;
    rdnasim_report report;
    assert_ok(rdnasim_timing_create(&b->options, &timing, &report), report);
    return timing;
}

static inline rdnasim_time_result run_on(struct bench *b, rdnasim_timing *timing, unsigned groups,
                                         unsigned block) {
    rdnasim_time_result result;
    rdnasim_report report;
    assert_ok(try_time(b, timing, groups, block, &result, &report), report);
    return result;
}

static inline rdnasim_time_result run(struct bench *b, unsigned groups, unsigned block) {
    rdnasim_timing *timing = card(b);
    rdnasim_time_result result = run_on(b, timing, groups, block);
    rdnasim_timing_destroy(timing);
    return result;
}

#define assert_between(value, least, most)                                                                   \
    do {                                                                                                     \
        double is = (double)(value);                                                                         \
        if (is < (least) || is > (most))                                                                     \
            fail_msg("%s is %g, not in %g..%g", #value, is, (double)(least), (double)(most));                \
    } while (0)

#endif
