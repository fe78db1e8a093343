/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* bench --device sim: how long products would take on a card, by the simulator's timing model. */
#ifndef CLI_BENCH_SIM_H
#define CLI_BENCH_SIM_H

#include <stdio.h>

#include "bench_case.h"
#include "bench_models.h"
#include "cli.h"

struct bench_sim {
    const char *card, *model, *kernel_mask;
    const struct bench_shape *shapes;
    int64_t shape_count, layers, threads;
    const struct int_list *ms;
    int type; /* 0: fp16 and bf16, 1: fp16, 2: bf16 */
    struct bench_kind kind;
    int warm, whole, range;
    int json, wide, quiet;
    FILE *csv, *plot; /* or null */
};

/* Verifies and times everything, and reports it. Returns an exit code. */
int bench_sim(const struct bench_sim *asked);

#endif
