/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The proven bound against the search for its worst cases: for each unit that adds products and each type,
 * nothing found is beyond the bound, and the worst is within a factor of 3 of it, both where most of the
 * bound is the chunk's and where it is the folds'. test_bound [STRIDE]: with a stride, every stride-th case
 * of the search runs, and how near they come is not asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/conformance.h"

static size_t stride = 1;
/* Of fp16 and bf16; where the chunk has most of the bound, and where the folds and waves have. */
static double worst[W4A16_ADDERS][2][2];

static void search_on(w4a16_device_kind kind) {
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    if (w4a16_device_open(&options, &device, &error) != W4A16_OK) fail_msg("%s", error.message);
    size_t found = 0;
    for (size_t i = 0; i < conformance_count(); i++) {
        const char *name = conformance_name(i);
        struct conformance_result result;
        if (!strstr(name, "adversarial") || found++ % stride) continue;
        if (conformance_run(device, i, 2, &result, &error) != W4A16_OK)
            fail_msg("%s: %s", name, error.message);
        const w4a16_order *o = &result.order;
        double *of = &worst[o->adder][name[0] == 'b'][o->folds + o->waves > o->chunk];
        if (result.accuracy.worst_excess > *of) *of = result.accuracy.worst_excess;
    }
    w4a16_device_close(device);
}

static void near_and_never_beyond(void **state) {
    (void)state;
    search_on(W4A16_DEVICE_SIM);
    search_on(W4A16_DEVICE_CPU);
    for (int adder = 0; adder < W4A16_ADDERS; adder++) {
        for (int type = 0; type < 2; type++) {
            const double *of = worst[adder][type];
            print_message("%s, %s: worst found / proven bound %.3f in chunks, %.3f in folds\n",
                          w4a16_adder_name((w4a16_adder)adder), type ? "bf16" : "fp16", of[0], of[1]);
            for (int part = 0; part < 2; part++)
                assert_true(of[part] <= 1 && (stride > 1 || of[part] >= 1 / 3.0));
        }
    }
}

int main(int argc, char **argv) {
    if (argc > 1) stride = strtoul(argv[1], NULL, 10);
    const struct CMUnitTest tests[] = {cmocka_unit_test(near_and_never_beyond)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
