/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/error.h"

#define GUARD  256
#define POISON 0xff /* as fp16 and bf16: NaN */

const char *const device_names[] = {"sim", "cpu", "hip", NULL};

w4a16_status device_upload(w4a16_device *device, const void *data, size_t bytes, w4a16_address *out,
                           w4a16_error *error) {
    TRY(w4a16_buffer_alloc(device, bytes, out, error));
    return w4a16_copy_to_device(device, *out, data, bytes, error);
}

static w4a16_status upload_poison(w4a16_device *device, size_t bytes, w4a16_address *out,
                                  w4a16_error *error) {
    void *poison = malloc(bytes);
    FAIL_IF(!poison, error, W4A16_OUT_OF_MEMORY, "out of memory");
    memset(poison, POISON, bytes);
    w4a16_status status = device_upload(device, poison, bytes, out, error);
    free(poison);
    return status;
}

/* Copies the output back and looks at the guard behind it. */
static w4a16_status download(w4a16_device *device, w4a16_address from, size_t bytes, void *to,
                             w4a16_error *error) {
    unsigned char guard[GUARD];
    TRY(w4a16_copy_from_device(device, to, from, bytes, error));
    TRY(w4a16_copy_from_device(device, guard, from + bytes, GUARD, error));
    for (size_t i = 0; i < GUARD; i++)
        FAIL_IF(guard[i] != POISON, error, W4A16_DEVICE_FAULT,
                "byte %zu beyond the end of the output was written", i);
    return W4A16_OK;
}

void name_kernels(const w4a16_plan *plan, char *names, size_t size) {
    w4a16_launch_info launch;
    names[0] = 0;
    for (size_t i = 0; w4a16_plan_launch(plan, i, &launch, NULL) == W4A16_OK; i++) {
        size_t length = strlen(names);
        snprintf(names + length, size - length, "%s%s", i ? " + " : "", launch.kernel);
    }
}

w4a16_status product_run(w4a16_device *device, const w4a16_weights *weights, const w4a16_problem *problem,
                         const uint16_t *a, struct product *product, w4a16_error *error) {
    w4a16_plan *plan;
    TRY(w4a16_plan_create(device, weights, problem, &plan, error));
    name_kernels(plan, product->kernels, sizeof product->kernels);
    w4a16_plan_order(plan, &product->order);
    size_t a_bytes = (size_t)(problem->shape.M * problem->shape.K) * 2,
           out_bytes = (size_t)(problem->shape.M * problem->shape.N) * 2;
    size_t workspace_bytes = w4a16_plan_workspace(plan);
    w4a16_run_args args = {.struct_size = sizeof args};
    w4a16_status status = device_upload(device, a, a_bytes, &args.a, error);
    if (status == W4A16_OK) status = upload_poison(device, out_bytes + GUARD, &args.out, error);
    if (status == W4A16_OK && workspace_bytes)
        status = upload_poison(device, workspace_bytes, &args.workspace, error);
    if (status == W4A16_OK) status = w4a16_run(plan, &args, &product->stats, error);
    if (status == W4A16_OK) status = download(device, args.out, out_bytes, product->out, error);
    const w4a16_address buffers[] = {args.a, args.out, args.workspace};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        if (buffers[i]) w4a16_buffer_free(device, buffers[i], NULL);
    w4a16_plan_free(plan);
    return status;
}

static int names_a_kernel(const char *entry, size_t length) {
    int prefix = length && entry[length - 1] == '*';
    w4a16_kernel_info kernel;
    for (size_t n = 0; w4a16_kernel(n, &kernel, NULL) == W4A16_OK; n++)
        if (prefix ? strncmp(entry, kernel.name, length - 1) == 0
                   : strlen(kernel.name) == length && strncmp(entry, kernel.name, length) == 0)
            return 1;
    return 0;
}

int check_kernel_mask(const char *verb, const char *mask) {
    for (const char *entry = mask; entry && *entry;) {
        size_t length = strcspn(entry, ",");
        if (!names_a_kernel(entry, length))
            return usage_error(verb,
                               "--kernel-mask %.*s: no kernel is called so; w4a16 info --kernels lists them",
                               (int)length, entry);
        entry += length + (entry[length] == ',');
    }
    return -1;
}
