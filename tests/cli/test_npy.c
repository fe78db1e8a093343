/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The .npy reader: what NumPy writes is read, everything else is refused with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "npy.h"

/* A file in memory: magic, version, length of the header (or -1: its true length), header, zeros as data. */
static w4a16_status parse(int version, int length, const char *header, size_t data, struct npy *out,
                          w4a16_error *error) {
    size_t prefix = version == 1 ? 10 : 12, size = prefix + strlen(header) + data;
    unsigned char *bytes = calloc(size, 1); /* exactly, so that a sanitizer sees a read beyond the end */
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (unsigned char)version;
    unsigned stored = length < 0 ? (unsigned)strlen(header) : (unsigned)length;
    for (size_t i = 8; i < prefix; i++) bytes[i] = (unsigned char)(stored >> 8 * (i - 8));
    memcpy(bytes + prefix, header, strlen(header));
    w4a16_status status = npy_parse("x.npy", bytes, size, size, out, error);
    free(bytes);
    return status;
}

static void test_good(void **state) {
    (void)state;
    static const struct {
        int version;
        const char *header;
        size_t data;
        w4a16_dtype type;
        int64_t rows, columns;
    } cases[] = {
        {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (3, 8), }     \n", 48, W4A16_F16, 3, 8},
        {2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 5)}\n", 40, W4A16_F32, 2, 5},
        {1, "{'shape': (7,), 'fortran_order': False, 'descr': '<u2'}\n", 14, W4A16_BF16, 1, 7},
        {1, "{\"descr\":\"|V2\",\"fortran_order\":False,\"shape\":(1,2)}", 4, W4A16_BF16, 1, 2},
        {1, "{'descr': '<V2', 'fortran_order': False, 'shape': (0, 4), }\n", 0, W4A16_BF16, 0, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct npy npy;
        w4a16_error error;
        if (parse(cases[i].version, -1, cases[i].header, cases[i].data, &npy, &error) != W4A16_OK)
            fail_msg("%s: %s", cases[i].header, error.message);
        assert_int_equal(npy.type, cases[i].type);
        assert_int_equal(npy.rows, cases[i].rows);
        assert_int_equal(npy.columns, cases[i].columns);
        assert_int_equal(npy.data_bytes, cases[i].data);
        assert_int_equal(npy.data_offset, (cases[i].version == 1 ? 10 : 12) + strlen(cases[i].header));
    }
}

#define HEADER(descr, order, shape) "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }\n"
#define NOT_JUST "x.npy: the header is not a dictionary of just descr, fortran_order and shape"

static void test_bad(void **state) {
    (void)state;
    static const struct {
        int version, length;
        const char *header;
        size_t data;
        const char *message;
    } cases[] = {
        {3, -1, HEADER("'<f2'", "False", "(2,)"), 4, "x.npy: .npy version 3.0; accepted are 1.0 and 2.0"},
        {1, 65535, "{", 0, "x.npy: a header of 65535 bytes does not fit the file of 11 bytes"},
        {2, -2, "", 0, NOT_JUST},
        {1, -1, HEADER("'<f8'", "False", "(2,)"), 16,
         "x.npy: elements are '<f8'; accepted are '<f2', '<f4' and, as bits of bfloat16, '<u2', '<V2' and "
         "'|V2'"},
        {1, -1, HEADER("'<f2'", "True", "(2, 2)"), 8,
         "x.npy: the array is in Fortran order; accepted is C order"},
        {1, -1, HEADER("'<f2'", "False", "()"), 2, "x.npy: the array has 0 dimensions; accepted are 1 and 2"},
        {1, -1, HEADER("'<f2'", "False", "(1, 2, 3)"), 12,
         "x.npy: the array has 3 dimensions; accepted are 1 and 2"},
        {1, -1, HEADER("'<f2'", "False", "(2, 3)"), 11,
         "x.npy: 11 bytes of data for 2 x 3 elements of 2 bytes"},
        {1, -1, HEADER("'<f2'", "False", "(2, 3)"), 14,
         "x.npy: 14 bytes of data for 2 x 3 elements of 2 bytes"},
        {1, -1, HEADER("'<f2'", "False", "(4294967296, 4294967296)"), 0,
         "x.npy: 0 bytes of data for 4294967296 x 4294967296 elements of 2 bytes"},
        {1, -1, HEADER("'<f2'", "False", "(9223372036854775807, 1)"), 0,
         "x.npy: 0 bytes of data for 9223372036854775807 x 1 elements of 2 bytes"},
        {1, -1, HEADER("'<f2'", "False", "(9223372036854775808,)"), 0, NOT_JUST},
        {1, -1, HEADER("'<f2'", "False", "(-1,)"), 0, NOT_JUST},
        {1, -1, HEADER("'<f2'", "Maybe", "(2,)"), 4, NOT_JUST},
        {1, -1, HEADER("'<f2", "False", "(2,)"), 4, NOT_JUST},
        {1, -1, HEADER("[('a', '<f2')]", "False", "(2,)"), 4, NOT_JUST},
        {1, -1, HEADER("'an endless description'", "False", "(2,)"), 4, NOT_JUST},
        {1, -1, "{'descr': '<f2', 'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", 4, NOT_JUST},
        {1, -1, "{'descr': '<f2', 'fortran_order': False}", 4, NOT_JUST},
        {1, -1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2,), 'x': 1}", 4, NOT_JUST},
        {1, -1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2,)} x", 4, NOT_JUST},
        {1, -1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2", 4, NOT_JUST},
        {1, -1, "{'descr': ", 0, NOT_JUST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct npy npy;
        w4a16_error error = {0};
        int length = cases[i].length == -2 ? 0 : cases[i].length;
        assert_int_not_equal(parse(cases[i].version, length, cases[i].header, cases[i].data, &npy, &error),
                             W4A16_OK);
        assert_string_equal(error.message, cases[i].message);
    }
    struct npy npy;
    w4a16_error error;
    const unsigned char magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 1, 0, 0};
    for (size_t size = 0; size <= sizeof magic; size++) {
        unsigned char *bytes = malloc(size + !size);
        memcpy(bytes, magic, size);
        assert_int_equal(npy_parse("x.npy", bytes, size, size, &npy, &error), W4A16_BAD_FILE);
        free(bytes);
    }
}

static void test_round_trip(void **state) {
    (void)state;
    static const w4a16_dtype types[] = {W4A16_F16, W4A16_BF16, W4A16_F32};
    char path[] = "/tmp/w4a16-npy-XXXXXX";
    close(mkstemp(path));
    uint16_t values[2 * 6];
    for (int i = 0; i < 12; i++) values[i] = (uint16_t)(i * 1000);
    for (int t = 0; t < 3; t++) {
        int64_t columns = types[t] == W4A16_F32 ? 3 : 6;
        struct npy npy;
        void *data;
        assert_int_equal(npy_write(path, types[t], 2, columns, values, NULL), W4A16_OK);
        assert_int_equal(npy_read(path, &npy, &data, NULL), W4A16_OK);
        assert_int_equal(npy.type, types[t]);
        assert_int_equal(npy.rows, 2);
        assert_int_equal(npy.columns, columns);
        assert_int_equal(npy.data_offset % 64, 0);
        assert_memory_equal(data, values, sizeof values);
        free(data);
    }
    unlink(path);
    w4a16_error error;
    struct npy npy;
    void *data;
    assert_int_equal(npy_read(path, &npy, &data, &error), W4A16_IO);
    assert_non_null(strstr(error.message, path));
    assert_int_equal(npy_read("/tmp", &npy, &data, &error), W4A16_BAD_FILE);
    assert_int_equal(npy_write("/nowhere/y.npy", W4A16_F16, 1, 1, values, &error), W4A16_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
                                       cmocka_unit_test(test_round_trip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
