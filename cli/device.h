/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Choosing a device by option, and one verified-memory product on it. */
#ifndef CLI_DEVICE_H
#define CLI_DEVICE_H

#include "w4a16/linear.h"

/* "sim", "cpu", "hip", null; index + 1 is the w4a16_device_kind. */
extern const char *const device_names[];

/* One plan's run, between poisoned buffers. */
struct product {
    w4a16_run_stats stats;
    char kernels[256]; /* names of the launches, joined by " + " */
    w4a16_order order;
    uint16_t *out; /* [M][N]; owned by the caller, who passes it in */
};

/*
 * out = a x weights. a is [M][K] 16-bit elements of problem->act. The output buffer is poisoned with NaN and
 * followed by a guard, the workspace is poisoned: an element that is not written or a byte written beyond the
 * end is seen (the latter as DEVICE_FAULT).
 */
w4a16_status product_run(w4a16_device *device, const w4a16_weights *weights, const w4a16_problem *problem,
                         const uint16_t *a, struct product *product, w4a16_error *error);

/*
 * -1 if every entry of the mask (which may be null) names a kernel, else an exit code: the error is reported.
 */
int check_kernel_mask(const char *verb, const char *mask);

/* A new device buffer with the contents of `data`. */
w4a16_status device_upload(w4a16_device *device, const void *data, size_t bytes, w4a16_address *out,
                           w4a16_error *error);

/* The kernels of a plan's launches in their order, "a + b". */
void name_kernels(const w4a16_plan *plan, char *names, size_t size);

#endif
