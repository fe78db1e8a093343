/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The cpu device: host memory, and the host's kernels on the device's own threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "cpu/levels.h"
#include "device/device.h"
#include "huge_pages.h"

static w4a16_status cpu_open(const w4a16_device_options *options, struct pool *pool, void **state,
                             w4a16_device_info *info, w4a16_error *error) {
    FAIL_IF(!cpu_level_variable_ok(), error, W4A16_INVALID_ARGUMENT,
            "cpu: the variable " CPU_LEVEL_VARIABLE
            " is \"%s\": accepted are portable, avx2, avx512 and avx512bf16",
            getenv(CPU_LEVEL_VARIABLE));
    snprintf(info->name, sizeof info->name, "cpu");
    snprintf(info->runtime, sizeof info->runtime, "%s, %d threads%s", cpu_highest_level(), pool_threads(pool),
             options->parallel_for ? " of the caller's" : "");
    *state = pool;
    return W4A16_OK;
}

static void cpu_close(void *state) { (void)state; }

static w4a16_status cpu_alloc(void *state, size_t bytes, w4a16_address *out, w4a16_error *error) {
    (void)state;
    void *memory = huge_pages_alloc(bytes);
    FAIL_IF(!memory, error, W4A16_OUT_OF_MEMORY, "cpu: out of memory for %zu bytes", bytes);
    *out = (w4a16_address)(uintptr_t)memory;
    return W4A16_OK;
}

static w4a16_status cpu_free(void *state, w4a16_address address, w4a16_error *error) {
    (void)state, (void)error;
    free((void *)(uintptr_t)address);
    return W4A16_OK;
}

static w4a16_status cpu_copy_to(void *state, w4a16_address to, const void *from, size_t bytes,
                                w4a16_error *error) {
    (void)state, (void)error;
    memmove((void *)(uintptr_t)to, from, bytes);
    return W4A16_OK;
}

static w4a16_status cpu_copy_from(void *state, void *to, w4a16_address from, size_t bytes,
                                  w4a16_error *error) {
    (void)state, (void)error;
    memmove(to, (const void *)(uintptr_t)from, bytes);
    return W4A16_OK;
}

static w4a16_status cpu_prepare(void *state, const struct kernel_row *row, const void **handle,
                                w4a16_error *error) {
    (void)state, (void)error;
    *handle = row;
    return W4A16_OK;
}

static w4a16_status cpu_launch(void *state, const void *handle, const struct plan_step *step,
                               const unsigned char *kernarg, void *stream, w4a16_run_stats *stats,
                               w4a16_error *error) {
    (void)step, (void)stream, (void)stats, (void)error;
    ((const struct kernel_row *)handle)->host(kernarg, state);
    return W4A16_OK;
}

const struct backend cpu_backend = {.api_version = BACKEND_API_VERSION,
                                    .kind = W4A16_DEVICE_CPU,
                                    .host_memory = 1,
                                    .open = cpu_open,
                                    .close = cpu_close,
                                    .alloc = cpu_alloc,
                                    .free = cpu_free,
                                    .copy_to = cpu_copy_to,
                                    .copy_from = cpu_copy_from,
                                    .prepare = cpu_prepare,
                                    .launch = cpu_launch};
