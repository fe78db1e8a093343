/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Loading code objects: what is read from a sound one, and that damaged ones give errors and nothing worse.
 */
#include <elf.h>

#include "support.h"

static struct file object_file;

static rdnasim_status try_load(rdnasim *sim, const void *data, size_t bytes, rdnasim_report *report) {
    rdnasim_object *object = (void *)&object; /* poison */
    rdnasim_status status = rdnasim_load(sim, data, bytes, &object, report);
    if (status == RDNASIM_OK) {
        rdnasim_unload(object);
    } else {
        assert_null(object);
        assert_int_equal(report->status, status);
        assert_true(strlen(report->text) > 10);
    }
    return status;
}

/* Loads a copy in memory of exactly its size, so that a sanitizer sees any read beyond it. */
static rdnasim_status try_copy(rdnasim *sim, size_t bytes, size_t at, const void *patch, size_t patch_bytes,
                               rdnasim_report *report) {
    unsigned char *copy = malloc(bytes ? bytes : 1);
    assert_non_null(copy);
    memcpy(copy, object_file.data, bytes);
    if (patch_bytes) memcpy(copy + at, patch, patch_bytes);
    rdnasim_status status = try_load(sim, copy, bytes, report);
    free(copy);
    return status;
}

static void kernels_and_arguments(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    rdnasim_object *object = load(sim, LAUNCH_OBJECT);
    assert_string_equal(rdnasim_object_target(object), "gfx1100");
    assert_null(rdnasim_find_kernel(object, "no_such_kernel"));
    assert_null(rdnasim_object_kernel(object, rdnasim_object_kernels(object)));
    for (size_t n = 0; n < rdnasim_object_kernels(object); n++) {
        const rdnasim_kernel *k = rdnasim_object_kernel(object, n);
        assert_ptr_equal(rdnasim_find_kernel(object, rdnasim_get_kernel_info(k)->name), k);
    }
    rdnasim_kernel_info ids = *rdnasim_get_kernel_info(rdnasim_find_kernel(object, "ids"));
    assert_int_equal(ids.explicit_bytes, 28);
    assert_int_equal(ids.wave_size, 32);
    assert_int_equal(ids.arg_count, 6);
    assert_string_equal(ids.args[0].value_kind, "global_buffer");
    assert_string_equal(ids.args[1].value_kind, "by_value");
    assert_int_equal(ids.args[1].offset, 8);
    assert_int_equal(ids.args[1].size, 4);
    assert_true(ids.code_bytes > 16 && ids.code_bytes < 4096);
    assert_true(ids.vgprs > 0 && ids.sgprs > 0);
    assert_int_equal(ids.max_block, 1024);
    rdnasim_kernel_info hidden = *rdnasim_get_kernel_info(rdnasim_find_kernel(object, "hidden"));
    assert_int_equal(hidden.explicit_bytes, 8);
    assert_true(hidden.kernarg_bytes > 64);
    rdnasim_kernel_info sum = *rdnasim_get_kernel_info(rdnasim_find_kernel(object, "group_sum"));
    assert_int_equal(sum.lds_bytes, 1024);
    rdnasim_destroy(sim);
}

/* The code object is one read-only buffer of simulated memory. */
static void objects_come_and_go(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    rdnasim_object *first = load(sim, LAUNCH_OBJECT), *second = load(sim, LAUNCH_OBJECT);
    rdnasim_report report;
    assert_int_equal(rdnasim_unbind(sim, UINT64_C(1) << 34, &report), RDNASIM_INVALID_ARGUMENT);
    rdnasim_unload(first);
    assert_non_null(rdnasim_find_kernel(second, "ids"));
    rdnasim_unload(second);
    rdnasim_unload(NULL);
    for (int n = 0; n < 20000; n++) { /* more than there are addresses: they must come back */
        char byte;
        uint64_t address = bind(sim, &byte, 1, RDNASIM_READ, NULL);
        assert_int_equal(address % 256, 0);
        assert_ok(rdnasim_unbind(sim, address, &report), report);
    }
    rdnasim_destroy(sim);
    rdnasim_destroy(NULL);
}

/* Notes may stand in any segment, the first one too. */
static void notes_first(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    struct file file = read_file(LAUNCH_OBJECT);
    Elf64_Ehdr *header = (Elf64_Ehdr *)file.data;
    Elf64_Phdr *segments = (Elf64_Phdr *)(file.data + header->e_phoff), first = segments[0];
    unsigned n = 0;
    while (segments[n].p_type != PT_NOTE) assert_true(++n < header->e_phnum);
    assert_true(n > 0);
    segments[0] = segments[n];
    segments[n] = first;
    rdnasim_object *object;
    rdnasim_report report;
    assert_ok(rdnasim_load(sim, file.data, file.bytes, &object, &report), report);
    assert_non_null(rdnasim_find_kernel(object, "ids"));
    free(file.data);
    rdnasim_destroy(sim);
}

static void bounds_of_bindings(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    rdnasim_report report;
    unsigned char host[100];
    uint64_t empty, a = bind(sim, host, sizeof host, RDNASIM_READ, "a"),
                    b = bind(sim, host, 1, RDNASIM_READ, "b");
    assert_true(b > a && b - a >= UINT64_C(1) << 32); /* no 32-bit offset leads from one to the other */
    assert_ptr_equal(rdnasim_host_pointer(sim, a, 100), host);
    assert_ptr_equal(rdnasim_host_pointer(sim, a + 99, 1), host + 99);
    assert_ptr_equal(rdnasim_host_pointer(sim, a + 100, 0), host + 100);
    assert_null(rdnasim_host_pointer(sim, a, 101));
    assert_null(rdnasim_host_pointer(sim, a + 99, 2));
    assert_null(rdnasim_host_pointer(sim, a + 100, 1));
    assert_null(rdnasim_host_pointer(sim, a + 1, SIZE_MAX));
    assert_null(rdnasim_host_pointer(sim, a - 1, 1));
    assert_null(rdnasim_host_pointer(sim, 0, 0));
    assert_null(rdnasim_host_pointer(sim, UINT64_MAX, 1));
    assert_ok(rdnasim_bind(sim, NULL, 0, RDNASIM_READ, "empty", &empty, &report), report);
    assert_null(rdnasim_host_pointer(sim, empty, 1));
    assert_int_equal(rdnasim_bind(sim, NULL, 1, RDNASIM_READ, "x", &empty, &report),
                     RDNASIM_INVALID_ARGUMENT);
    assert_int_equal(rdnasim_bind(sim, host, 1, 8, "x", &empty, &report), RDNASIM_INVALID_ARGUMENT);
    assert_int_equal(rdnasim_unbind(sim, a + 1, &report), RDNASIM_INVALID_ARGUMENT);
    assert_ok(rdnasim_unbind(sim, a, &report), report);
    assert_null(rdnasim_host_pointer(sim, a, 1));
    assert_int_equal(rdnasim_unbind(sim, a, &report), RDNASIM_INVALID_ARGUMENT);
    rdnasim_destroy(sim);
}

/* Every buffer has addresses of its own; when there are no more, the next one gets none, until one is freed. */
static void addresses_end(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    rdnasim_report report;
    unsigned char host[1];
    uint64_t address, last = 0;
    int bound = 0;
    rdnasim_status status;
    while ((status = rdnasim_bind(sim, host, 1, RDNASIM_READ, "x", &address, &report)) == RDNASIM_OK) {
        assert_true(address > last && bound++ < 1 << 16);
        last = address;
    }
    assert_int_equal(status, RDNASIM_OUT_OF_MEMORY);
    assert_non_null(strstr(report.text, "no simulated addresses are left for buffer 'x'"));
    assert_true(bound > 4000);
    assert_ok(rdnasim_unbind(sim, last, &report), report);
    assert_int_equal(bind(sim, host, 1, RDNASIM_READ, "y"), last);
    rdnasim_destroy(sim);
}

static void other_target(void **state) {
    (void)state;
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.target = "gfx1101";
    rdnasim *sim = create(&options);
    rdnasim_report report;
    assert_int_equal(try_load(sim, object_file.data, object_file.bytes, &report), RDNASIM_BAD_OBJECT);
    assert_non_null(strstr(report.text, "gfx1100"));
    assert_non_null(strstr(report.text, "gfx1101"));
    rdnasim_destroy(sim);
    options.target = "gfx942";
    sim = (void *)&sim; /* poison */
    assert_int_equal(rdnasim_create(&options, &sim, &report), RDNASIM_INVALID_ARGUMENT);
    assert_null(sim);
    assert_non_null(strstr(report.text, "gfx942"));
}

static void refused_kinds(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        unsigned char patch[32];
        size_t bytes;
        const char *says;
    } cases[] = {
        {"magic", 0, {0}, 4, "not an ELF"},
        {"bundle", 0, "__CLANG_OFFLOAD_BUNDLE__", 24, "offload bundle"},
        {"32-bit", 4, {1}, 1, "64-bit"},
        {"machine x86-64", 18, {62, 0}, 2, "AMDGPU"},
        {"OS ABI", 7, {0}, 1, "amdhsa"},
        {"ABI version", 8, {9}, 1, "version"},
        {"relocatable", 16, {1, 0}, 2, "linked"},
        {"unknown processor", 48, {0xfe}, 1, "unknown target"},
        {"program headers beyond the end", 32, {0xff, 0xff, 0xff, 0xff}, 4, ""},
    };
    rdnasim *sim = create(NULL);
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        rdnasim_report report;
        rdnasim_status status =
            try_copy(sim, object_file.bytes, cases[n].at, cases[n].patch, cases[n].bytes, &report);
        if (status != RDNASIM_BAD_OBJECT || !strstr(report.text, cases[n].says))
            fail_msg("%s: status %d, %s", cases[n].name, status, report.text);
    }
    rdnasim_destroy(sim);
}

/* An empty first segment must not move the image's start to that of the second. */
static void empty_segment(void **state) {
    (void)state;
    enum { HEADERS = 64, HEADER_BYTES = 56, HEADER_COUNT_AT = 56, LOAD = 1, ADDRESS = 16 };
    static const unsigned char nothing[32]; /* address, physical address, bytes in the file and in memory */
    rdnasim *sim = create(NULL);
    rdnasim_report report;
    size_t at = HEADERS;
    while (object_file.data[at] != LOAD) at += HEADER_BYTES;
    assert_true(at < HEADERS + HEADER_BYTES * (size_t)object_file.data[HEADER_COUNT_AT]);
    assert_int_equal(try_copy(sim, object_file.bytes, at + ADDRESS, nothing, sizeof nothing, &report),
                     RDNASIM_BAD_OBJECT);
    rdnasim_destroy(sim);
}

static void truncated(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    rdnasim_report report;
    for (size_t bytes = 0; bytes < object_file.bytes; bytes += bytes < 256 ? 1 : 64) {
        rdnasim_status status = try_copy(sim, bytes, 0, NULL, 0, &report);
        /* without its section headers at the end of the file there are no symbols, hence no kernels */
        if (status != RDNASIM_BAD_OBJECT) fail_msg("%zu bytes: status %d", bytes, status);
    }
    assert_int_equal(try_copy(sim, object_file.bytes, 0, NULL, 0, &report), RDNASIM_OK);
    rdnasim_destroy(sim);
}

/* Any byte may be wrong: an error or a sound object, never a crash. Damage to what matters must be seen. */
static void flipped(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    rdnasim_report report;
    unsigned refused = 0;
    for (size_t at = 0; at < object_file.bytes; at++) {
        unsigned char patch = (unsigned char)(object_file.data[at] ^ (1u << at % 8));
        refused += try_copy(sim, object_file.bytes, at, &patch, 1, &report) != RDNASIM_OK;
        patch = 0xff;
        refused += try_copy(sim, object_file.bytes, at, &patch, 1, &report) != RDNASIM_OK;
    }
    assert_true(refused > 1000);
    rdnasim_destroy(sim);
}

/* Wide values in random places find the overflows that single bytes do not. */
static void scrambled(void **state) {
    (void)state;
    static const uint64_t values[] = {0,
                                      UINT64_MAX,
                                      UINT64_MAX - 1,
                                      INT64_MAX,
                                      UINT32_MAX,
                                      UINT64_MAX - 4095,
                                      UINT64_C(1) << 63,
                                      UINT64_C(1) << 32,
                                      0xdddddddddddddddd};
    rdnasim *sim = create(NULL);
    rdnasim_report report;
    uint64_t random = 1;
    for (int n = 0; n < 20000; n++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t at = (size_t)(random >> 33) % (object_file.bytes - 8), bytes = (random >> 20 & 1) ? 8 : 4;
        try_copy(sim, object_file.bytes, at, &values[(random >> 24) % 9], bytes, &report);
    }
    rdnasim_destroy(sim);
}

int main(void) {
    object_file = read_file(LAUNCH_OBJECT);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_and_arguments),
        cmocka_unit_test(objects_come_and_go),
        cmocka_unit_test(notes_first),
        cmocka_unit_test(bounds_of_bindings),
        cmocka_unit_test(addresses_end),
        cmocka_unit_test(other_target),
        cmocka_unit_test(refused_kinds),
        cmocka_unit_test(empty_segment),
        cmocka_unit_test(truncated),
        cmocka_unit_test(flipped),
        cmocka_unit_test(scrambled),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(object_file.data);
    return failed;
}
