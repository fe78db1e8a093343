/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* One layer of random weights, several times in memory, and the times of products with it. */
#ifndef CLI_BENCH_CASE_H
#define CLI_BENCH_CASE_H

#include "w4a16/linear.h"

struct bench_kind {
    int64_t group_size; /* -1: one group */
    int asymmetric, act_order;
    int64_t experts, top_k; /* 0: dense */
    int skewed;             /* expert e is drawn in proportion to 1 / (e + 1); else all alike */
};

struct bench_layer {
    w4a16_device *device;
    struct bench_kind kind;
    w4a16_layer *layers; /* the experts, which differ in their scales; or one */
    uint32_t *q;
    uint16_t *scale;
    uint8_t *zero;
    int32_t *perm;
    w4a16_weights *weights;
    w4a16_address *copies; /* of the packed weights; the first is that of weights */
    size_t count, bytes;   /* of copies, and of each */
};

/* Makes and packs a layer, as often as fills `cold` bytes, twice at least. Free it in any case. */
w4a16_status bench_layer_make(struct bench_layer *layer, w4a16_device *device, int64_t N, int64_t K,
                              const struct bench_kind *kind, size_t cold, w4a16_error *error);
void bench_layer_free(struct bench_layer *layer);

struct bench_times {
    char kernel[160];     /* of each launch: "a + b" */
    double least, median; /* seconds */
    int64_t runs;
    int64_t rows;            /* of products: M, or M * top_k */
    double bytes;            /* packed ones of the weights that are used */
    w4a16_accuracy accuracy; /* of the first and the last of the rows, */
    double relative_error;   /* and their root mean square error over that of the exact results */
    w4a16_run_stats stats;   /* of the run that was verified */
};

struct bench_clock {
    double (*now)(void); /* seconds */
    double seconds;      /* for a case's runs, of which there are five at least */
    int threads;         /* for the reference */
};

/*
 * Draws experts for M rows of a mixture and verifies the first and the last result against the fp64 reference (MISMATCH: nothing
 * was timed), then times runs, each with the next copy of the weights. clock->now null: nothing is timed but by the device itself
 * (times->stats).
 */
w4a16_status bench_time(const struct bench_layer *layer, w4a16_dtype act, int64_t M,
                        const struct bench_clock *clock, struct bench_times *times, w4a16_error *error);

#endif
