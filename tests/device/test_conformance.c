/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The conformance list on one device: test_conformance DEVICE [TARGET [STRIDE [strict | MASK]]]. With a stride,
 * every stride-th case runs; with a mask, without the kernels that it names. A target whose kernels are an earlier target's, byte for byte, runs few: what is left
 * to try is that they load and launch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/conformance.h"
#include "same_code.h"

#define POOLS_MAX    16
#define POOL_OUTPUTS 100000

/* No factor in common with the list's periods, nor have those that CMakeLists.txt gives. */
#define SAME_CODE_STRIDE 499

static w4a16_device_options options;
static size_t stride = 1;
static int same_code; /* as an earlier target: too few cases to judge shares by */

static void conforms(void **state) {
    (void)state;
    struct {
        const char *name;
        w4a16_accuracy accuracy;
    } pools[POOLS_MAX] = {0};
    size_t pool_count = 0, failed = 0;
    w4a16_device *device = NULL;
    w4a16_error error;
    if (w4a16_device_open(&options, &device, &error) != W4A16_OK) fail_msg("%s", error.message);
    for (size_t i = 0; i < conformance_count(); i += stride) {
        struct conformance_result result;
        if (conformance_run(device, i, 2, &result, &error) != W4A16_OK) {
            print_error("%s: %s\n", conformance_name(i), error.message);
            failed++;
        }
        const char *pool = conformance_pool(i);
        if (!pool || same_code) continue;
        size_t n = 0;
        while (n < pool_count && strcmp(pools[n].name, pool) != 0) n++;
        assert_in_range(n, 0, POOLS_MAX - 1);
        if (n == pool_count) pools[pool_count++].name = pool;
        w4a16_accuracy_add(&pools[n].accuracy, &result.accuracy);
    }
    for (size_t n = 0; n < pool_count; n++) {
        print_message("%-20s %lld outputs, %.4f %% within 1 ulp, worst excess %.3f\n", pools[n].name,
                      (long long)pools[n].accuracy.outputs,
                      100.0 * (double)pools[n].accuracy.within_1ulp / (double)pools[n].accuracy.outputs,
                      pools[n].accuracy.worst_excess);
        assert_true(pools[n].accuracy.outputs >= POOL_OUTPUTS);
        assert_true(w4a16_accuracy_ok(&pools[n].accuracy, 1));
    }
    assert_int_equal(failed, 0);
    w4a16_device_close(device);
}

int main(int argc, char **argv) {
    w4a16_device_options_init(&options, sizeof options);
    if (argc > 1 && strcmp(argv[1], "cpu") == 0) options.kind = W4A16_DEVICE_CPU;
    if (argc > 1 && strcmp(argv[1], "hip") == 0) options.kind = W4A16_DEVICE_HIP;
    if (argc > 2 && *argv[2]) options.target = argv[2];
    if (argc > 3) stride = strtoul(argv[3], NULL, 10);
    if (argc > 4 && strcmp(argv[4], "strict") != 0) {
        options.kernel_mask = argv[4];
    } else if (argc > 4) { /* under a random schedule */
        options.strict = 1;
        options.schedule_seed = 7;
    }
    const char *same = options.target ? first_with_the_code_of(options.target) : NULL;
    same_code = same && strcmp(same, options.target) != 0;
    if (same_code) {
        print_message("%s has the code of %s\n", options.target, same);
        stride = SAME_CODE_STRIDE;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(conforms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
