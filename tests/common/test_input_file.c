/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Which files are read, and what is said of the others; nothing blocks and nothing is allocated for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "input_file.h"

#define MOST 2000

static void write_bytes(const char *path, const char *bytes, size_t count) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void refused(const char *path, enum input_status status, const char *why) {
    struct input_file file;
    unsigned char *data = (void *)&data; /* poison */
    assert_int_equal(input_read_all(&file, path, MOST, &data), status);
    assert_null(data);
    assert_string_equal(file.why, why);
    assert_int_equal(file.fd, -1);
    assert_int_equal(input_open(&file, path, MOST), status);
    assert_int_equal(file.fd, -1);
}

static void what_is_refused(void **state) {
    (void)state;
    refused("nothing", INPUT_MISSING, "cannot open: No such file or directory");
    refused("nothing/else", INPUT_MISSING, "cannot open: No such file or directory");
    refused("/dev/zero", INPUT_UNUSABLE, "is not a regular file");
    refused("/tmp", INPUT_UNUSABLE, "is not a regular file");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    refused("fifo", INPUT_UNUSABLE, "is not a regular file");
    write_bytes("sparse", "", 0);
    assert_int_equal(truncate("sparse", (off_t)1 << 40), 0);
    refused("sparse", INPUT_UNUSABLE, "has 1099511627776 bytes; accepted are at most 2000");
}

static void pointers(void **state) {
    (void)state;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n";
    write_bytes("pointer", pointer, sizeof pointer - 1);
    refused("pointer", INPUT_UNUSABLE, "is a Git LFS pointer, not the file itself: run git lfs pull");
    char larger[MOST]; /* is a text that begins like one */
    memset(larger, ' ', sizeof larger);
    memcpy(larger, pointer, sizeof pointer - 1);
    write_bytes("larger", larger, sizeof larger);
    write_bytes("nearly", pointer, 39);
    const size_t sizes[] = {sizeof larger, 39};
    const char *const names[] = {"larger", "nearly"};
    for (int n = 0; n < 2; n++) {
        struct input_file file;
        unsigned char *data;
        assert_int_equal(input_read_all(&file, names[n], MOST, &data), INPUT_OK);
        assert_int_equal(file.bytes, sizes[n]);
        assert_memory_equal(data, larger, sizes[n]);
        assert_int_equal(data[sizes[n]], 0);
        assert_string_equal(file.why, "");
        free(data);
    }
}

static void shortened(void **state) {
    (void)state;
    struct input_file file;
    char to[10] = "";
    write_bytes("short", "0123456789", 10);
    assert_int_equal(input_open(&file, "short", MOST), INPUT_OK);
    assert_int_equal(input_read(&file, to, 4, 3), INPUT_OK);
    assert_memory_equal(to, "3456", 4);
    assert_int_equal(truncate("short", 6), 0);
    assert_int_equal(input_read(&file, to, 10, 0), INPUT_IO);
    assert_string_equal(file.why, "ends at byte 6, 4 bytes early: it was shortened while being read");
    input_close(&file);
    input_close(&file);
}

static int empty_directory(void **state) {
    (void)state;
    char path[] = "/tmp/input-file-XXXXXX";
    return mkdtemp(path) ? chdir(path) : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_refused), cmocka_unit_test(pointers),
                                       cmocka_unit_test(shortened)};
    return cmocka_run_group_tests(tests, empty_directory, NULL);
}
