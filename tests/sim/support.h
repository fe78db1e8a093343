/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the simulator's tests share: cmocka's includes, files, machines that must come to be. */
#ifndef TESTS_SIM_SUPPORT_H
#define TESTS_SIM_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rdnasim.h"

struct file {
    unsigned char *data;
    size_t bytes;
};

static inline struct file read_file(const char *path) {
    struct file f = {0};
    FILE *stream = fopen(path, "rb");
    if (!stream) fail_msg("cannot open %s", path);
    fseek(stream, 0, SEEK_END);
    f.bytes = (size_t)ftell(stream);
    rewind(stream);
    f.data = malloc(f.bytes + 1);
    assert_non_null(f.data);
    assert_int_equal(fread(f.data, 1, f.bytes, stream), f.bytes);
    fclose(stream);
    return f;
}

/* Calls that must succeed; the report says why they did not. */
#define assert_ok(status, report)                                                                            \
    do {                                                                                                     \
        if ((status) != RDNASIM_OK) fail_msg("%s", (report).text);                                           \
    } while (0)

static inline rdnasim *create(const rdnasim_options *options) {
    rdnasim *sim;
    rdnasim_report report;
    assert_ok(rdnasim_create(options, &sim, &report), report);
    return sim;
}

static inline rdnasim_object *load(rdnasim *sim, const char *path) {
    struct file f = read_file(path);
    rdnasim_object *object;
    rdnasim_report report;
    assert_ok(rdnasim_load(sim, f.data, f.bytes, &object, &report), report);
    free(f.data);
    return object;
}

static inline uint64_t bind(rdnasim *sim, void *host, size_t bytes, unsigned access, const char *name) {
    uint64_t address;
    rdnasim_report report;
    assert_ok(rdnasim_bind(sim, host, bytes, access, name, &address, &report), report);
    return address;
}

/* Work-items in a line. */
static inline rdnasim_launch launch_of(uint32_t grid, uint32_t block, const void *kernarg, size_t bytes) {
    rdnasim_launch launch;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.grid[0] = grid;
    launch.block[0] = block;
    launch.kernarg = kernarg;
    launch.kernarg_bytes = bytes;
    return launch;
}

#endif
