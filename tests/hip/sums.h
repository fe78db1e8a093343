/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The test kernels of sim/kernels/launch.c on the front: a module, and sums of groups. */
#ifndef TESTS_HIP_SUMS_H
#define TESTS_HIP_SUMS_H

#include "front.h"

enum { BLOCK = 256, GROUPS = 4, ITEMS = BLOCK * GROUPS, BYTES = 4 * ITEMS };

static const char *object_path, *other_path;
static void *module, *group_sum, *store_at, *trap_kernel;

static inline unsigned char *read_all(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = malloc(*bytes);
    assert_int_equal(fread(data, 1, *bytes, file), *bytes);
    fclose(file);
    return data;
}

static inline int set_up(void **state) {
    (void)state;
    unsetenv("RDNASIM_HIP_FAIL");
    OK(hipModuleLoad(&module, object_path));
    OK(hipModuleGetFunction(&group_sum, module, "group_sum"));
    OK(hipModuleGetFunction(&store_at, module, "store_at"));
    OK(hipModuleGetFunction(&trap_kernel, module, "trap"));
    hipGetLastError();
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    size_t left, total;
    OK(hipModuleUnload(module));
    OK(hipMemGetInfo(&left, &total));
    assert_int_equal(left, total); /* the test has freed what it made */
    return 0;
}

static inline void *device_memory(size_t bytes) {
    void *p;
    OK(hipMalloc(&p, bytes));
    return p;
}

/* sums[g] of ones counted up from `first` */
static inline uint32_t expected_sum(uint32_t first, uint32_t group) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < BLOCK; i++) sum += first + group * BLOCK + i;
    return sum;
}
static inline void fill_input(uint32_t *in, uint32_t first) {
    for (uint32_t i = 0; i < ITEMS; i++) in[i] = first + i;
}
static inline int launch_sums(void *in, void *out, void *stream) {
    void *params[] = {&in, &out};
    return hipModuleLaunchKernel(group_sum, GROUPS, 1, 1, BLOCK, 1, 1, 0, stream, params, NULL);
}
static inline void check_sums(const uint32_t *out, uint32_t first) {
    for (uint32_t g = 0; g < GROUPS; g++) assert_int_equal(out[g], expected_sum(first, g));
}

#endif
