/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What is measured: a workload made ready is one launch, with its buffers and what must come out of it. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum counted { COUNT_INSTRUCTIONS, COUNT_WMMA };
enum size { SIZE_CHECKED, SIZE_TIMED }; /* small enough for the expectation; large enough to be timed */

struct buffer {
    const char *name;
    void *data;
    size_t bytes;
    size_t argument; /* offset of its address in the kernel arguments */
};

struct launch {
    struct buffer buffers[4]; /* the last one in use is the output */
    unsigned buffer_count;
    uint32_t groups[2], block, lds_bytes; /* groups: of the grid */
    unsigned char kernarg[256];
    size_t kernarg_bytes;
};

struct workload {
    const char *name, *kernel;
    enum counted counted;
    const char *code_object;  /* embedded in the library ("decode"), or null: the benchmark's own kernels */
    bool approximate;         /* with options.approximate_wmma */
    bool strict;              /* is also timed in strict mode */
    double bar, portable_bar; /* millions a second on one thread at the best level, in portable C; 0: none */
    const struct form *form;  /* of a matrix instruction's loop; else null */
    void (*prepare)(const struct workload *w, enum size size, struct launch *launch);
    /* Computes on the host, by other code than the simulator's, what the launch leaves in its output. */
    void (*expect)(const struct workload *w, const struct launch *launch, void *out);
};

extern const struct workload workloads[];
extern const unsigned workload_count;

void launch_free(struct launch *launch);

/* Prints the sentence and ends the program. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
