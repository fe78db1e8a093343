/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a device must be able to do. linear.c checks every argument before it calls a backend, so a backend
 * checks only what it alone knows.
 */
#ifndef W4A16_DEVICE_DEVICE_H
#define W4A16_DEVICE_DEVICE_H

#include "parallel.h"
#include "plan/plan.h"
#include "w4a16/linear.h"

#define BACKEND_API_VERSION 1

struct backend {
    int api_version; /* BACKEND_API_VERSION of its source */
    w4a16_device_kind kind;
    int host_memory; /* addresses are host pointers: weights are packed where they stay */

    /* Fills info but its kind. pool is the device's and outlives the state. */
    w4a16_status (*open)(const w4a16_device_options *options, struct pool *pool, void **state,
                         w4a16_device_info *info, w4a16_error *error);
    void (*close)(void *state);

    w4a16_status (*alloc)(void *state, size_t bytes, w4a16_address *out, w4a16_error *error);
    w4a16_status (*free)(void *state, w4a16_address address, w4a16_error *error);
    w4a16_status (*copy_to)(void *state, w4a16_address to, const void *from, size_t bytes,
                            w4a16_error *error);
    w4a16_status (*copy_from)(void *state, void *to, w4a16_address from, size_t bytes, w4a16_error *error);

    /* At plan time: loads the kernel; the handle lives as long as the device. */
    w4a16_status (*prepare)(void *state, const struct kernel_row *row, const void **handle,
                            w4a16_error *error);

    /* Null, or told that a run begins, whose launches follow: its activations lie at `a`. */
    void (*begin)(void *state, w4a16_address a, size_t bytes);
    /* At run time: allocates nothing. stats may be null and is added to. */
    w4a16_status (*launch)(void *state, const void *handle, const struct plan_step *step,
                           const unsigned char *kernarg, void *stream, w4a16_run_stats *stats,
                           w4a16_error *error);
};

extern const struct backend sim_backend, cpu_backend, hip_backend;

/* The layout of weights that a problem describes, as w4a16_packed_bytes checks it. packed.c */
w4a16_status packed_layout_of_problem(const w4a16_problem *problem, struct packed_layout *out,
                                      w4a16_error *error);

#define NOT_NULL(error, function, pointer)                                                                   \
    FAIL_IF(!(pointer), error, W4A16_INVALID_ARGUMENT, function ": " #pointer " is null")

#endif
