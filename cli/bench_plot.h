/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The times of a benchmark as a picture. */
#ifndef CLI_BENCH_PLOT_H
#define CLI_BENCH_PLOT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { BENCH_SERIES = 2, BENCH_POINTS = 64 };

struct bench_series {
    const char *name; /* "fp16" */
    double peak;      /* operations a second; 0: unknown */
    size_t count;
    struct bench_point {
        int64_t M;
        double seconds, operations, bytes; /* of all layers */
    } points[BENCH_POINTS];                /* M ascends */
};

/* SVG of three graphs: time over M, operations a second over M, and these over operations per byte, with the bounds that
 * memory (stream, bytes a second; 0: unknown) and arithmetic set. title: plain text. */
void bench_plot(FILE *to, const char *title, const struct bench_series series[BENCH_SERIES], double stream);

#endif
