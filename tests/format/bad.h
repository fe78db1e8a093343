/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the tests of bad input share: a checkpoint directory "m" in an empty working directory, made of texts.
 */
#ifndef TESTS_FORMAT_BAD_H
#define TESTS_FORMAT_BAD_H

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

#include "w4a16/checkpoint.h"

#define CONFIG "{\"bits\":4,\"group_size\":32}"

static inline void write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static inline void write_text(const char *path, const char *text) { write_file(path, text, strlen(text)); }

/* m/model.safetensors: the header's length as stated, the header, the data. */
static inline void write_model(uint64_t length, const char *header, size_t header_bytes, const void *data,
                               size_t data_bytes) {
    char *file = malloc(8 + header_bytes + data_bytes);
    assert_non_null(file);
    for (int i = 0; i < 8; i++) file[i] = (char)(length >> 8 * i);
    memcpy(file + 8, header, header_bytes);
    if (data_bytes) memcpy(file + 8 + header_bytes, data, data_bytes);
    write_file("m/model.safetensors", file, 8 + header_bytes + data_bytes);
    free(file);
}

/* Opening must fail with this sentence. */
static inline void refused(const char *path, w4a16_status status, const char *sentence) {
    w4a16_checkpoint *checkpoint = (void *)&checkpoint; /* poison */
    w4a16_error error;
    assert_int_equal(w4a16_checkpoint_open(path, &checkpoint, &error), status);
    assert_null(checkpoint);
    assert_string_equal(error.message, sentence);
    assert_int_equal(error.status, status);
}

static inline int empty_directory(void **state) {
    (void)state;
    char path[] = "/tmp/w4a16-bad-XXXXXX";
    if (!mkdtemp(path) || chdir(path) != 0 || mkdir("m", 0700) != 0) return -1;
    write_text("m/quantize_config.json", CONFIG);
    return 0;
}

static inline int remove_directory(void **state) {
    (void)state;
    char path[4096];
    if (!getcwd(path, sizeof path)) return -1;
    for (const char *const *name =
             (const char *const[]){"m/quantize_config.json", "m/config.json", "m/model.safetensors",
                                   "m/other.safetensors", "m/model.safetensors.index.json", NULL};
         *name; name++)
        unlink(*name);
    return rmdir("m") != 0 || chdir("/") != 0 || rmdir(path) != 0 ? -1 : 0;
}

#endif
