/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The device that the environment asks for. test_settings LIBRARY OBJECT OTHER_OBJECT TEST: each test has a process of
 * its own, because it chooses what the device is.
 */
#include <unistd.h>

#include "sums.h"

static void read_text(const char *path, char *text, size_t bytes) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, bytes - 1, file)] = 0;
    fclose(file);
    unlink(path);
}

/* Its finds are written down, and the launch succeeds. */
static void test_going_on(void **state) {
    (void)state;
    char lines[] = "/tmp/hip-front-XXXXXX", text[8192] = "";
    close(mkstemp(lines));
    setenv("RDNASIM_REPORT", lines, 1);
    setenv("RDNASIM_STRICT", "1", 1);
    setenv("RDNASIM_GO_ON", "1", 1);
    set_up(NULL);
    void *in = device_memory(BYTES), *out = device_memory(4 * GROUPS);
    OK(launch_sums(in, out, NULL));
    OK(hipDeviceSynchronize());
    OK(hipDeviceReset());
    read_text(lines, text, sizeof text);
    static const char begin[] = "{\"status\": \"strict\", \"check\": \"undefined\", ";
    assert_int_equal(strncmp(text, begin, sizeof begin - 1), 0);
    assert_non_null(strstr(text, "\"origin\": {\"load_pc\": "));
    assert_string_equal(strchr(text, '\n'), "\n");
}

/* Strict mode: what hipMalloc gives is undefined until something is written there. */
static void test_strict(void **state) {
    (void)state;
    char log[] = "/tmp/hip-front-XXXXXX", text[2048] = "";
    close(mkstemp(log));
    setenv("RDNASIM_HIP_LOG", log, 1);
    setenv("RDNASIM_STRICT", "1", 1);
    set_up(NULL);
    void *in = device_memory(BYTES), *out = device_memory(4 * GROUPS), *copy = device_memory(BYTES);
    OK(hipMemset(in, 1, BYTES));
    OK(hipMemcpy(copy, in, BYTES, ON_DEVICE));
    OK(launch_sums(copy, out, NULL));
    OK(hipDeviceSynchronize());
    OK(hipFree(in));
    in = device_memory(BYTES);
    OK(launch_sums(in, out, NULL));
    GIVES("hipErrorLaunchFailure", hipDeviceSynchronize());
    OK(hipDeviceReset());
    read_text(log, text, sizeof text);
    assert_non_null(strstr(text, "rdnasim: kernel group_sum"));
}

static void test_targets(void **state) {
    (void)state;
    char properties[1472];
    int count = 7;
    void *m;
    setenv("RDNASIM_TARGET", "gfx906", 1);
    GIVES("hipErrorNoDevice", hipInit(0));
    GIVES("hipErrorNoDevice", hipGetDeviceCount(&count));
    GIVES("hipErrorNoDevice", hipMalloc(&m, 8));
    setenv("RDNASIM_TARGET", "gfx1101", 1);
    setenv("RDNASIM_THREADS", "1", 1);
    OK(hipGetDevicePropertiesR0600(properties, 0));
    assert_string_equal(properties + 1160, "gfx1101");
    GIVES("hipErrorNoBinaryForGpu", hipModuleLoad(&m, object_path));
    OK(hipModuleLoad(&m, other_path));
    OK(hipModuleUnload(m));
}

/* What a wave may execute. */
static void test_quota(void **state) {
    (void)state;
    static const char *const wrong[] = {"0", "-1", "many", "1x", "99999999999999999999"};
    for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
        setenv("RDNASIM_QUOTA", wrong[n], 1);
        GIVES("hipErrorNoDevice", hipInit(0));
    }
    setenv("RDNASIM_QUOTA", "20", 1);
    set_up(NULL);
    void *in = device_memory(BYTES), *out = device_memory(4 * GROUPS);
    OK(hipMemset(in, 1, BYTES));
    OK(launch_sums(in, out, NULL));
    GIVES("hipErrorLaunchTimeOut", hipDeviceSynchronize());
    OK(hipDeviceReset());
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        const struct CMUnitTest test;
    } tests[] = {{"strict", cmocka_unit_test(test_strict)},
                 {"finds", cmocka_unit_test(test_going_on)},
                 {"targets", cmocka_unit_test(test_targets)},
                 {"quota", cmocka_unit_test(test_quota)}};
    if (argc != 5) return 2;
    open_front(argv[1]);
    object_path = argv[2], other_path = argv[3];
    for (size_t n = 0; n < sizeof tests / sizeof tests[0]; n++)
        if (strcmp(argv[4], tests[n].name) == 0) {
            const struct CMUnitTest one[] = {tests[n].test};
            return cmocka_run_group_tests(one, NULL, NULL);
        }
    return 2;
}
