/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The library is closed while a device is open, whose threads are just starting or wait for work: its code
 * must stay. test_unload LIBRARY; this program has nothing else of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>

#include "w4a16/linear.h"

static const char *path;

/* POSIX gives dlsym's result as an object pointer; the bytes are those of the function pointer. */
static void find(void *library, const char *name, void *function) {
    void *symbol = dlsym(library, name);
    assert_non_null(symbol);
    memcpy(function, &symbol, sizeof symbol);
}

static void open_and_close(w4a16_device_kind kind) {
    void (*init)(w4a16_device_options *, size_t);
    w4a16_status (*open_device)(const w4a16_device_options *, w4a16_device **, w4a16_error *);
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_error error;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) fail_msg("%s", dlerror());
    find(library, "w4a16_device_options_init", &init);
    find(library, "w4a16_device_open", &open_device);
    init(&options, sizeof options);
    options.kind = kind;
    options.threads = 8;
    if (open_device(&options, &device, &error) != W4A16_OK) fail_msg("%s", error.message);
    assert_int_equal(dlclose(library), 0);
}

static void test_close_with_a_device(void **state) {
    (void)state;
    for (int n = 0; n < 5; n++) {
        open_and_close(W4A16_DEVICE_CPU);
        open_and_close(W4A16_DEVICE_SIM);
    }
    void *still = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(still);
    dlclose(still);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    path = argv[1];
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_close_with_a_device)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
