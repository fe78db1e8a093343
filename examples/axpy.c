/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Running a kernel of one's own on the simulator, without a GPU and without ROCm: eight calls.
 *
 *     axpy CODE_OBJECT
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "rdnasim.h"

#define COUNT 1000

static float x[COUNT], y[COUNT];

static void must(rdnasim_status status, const rdnasim_report *report) {
    if (status == RDNASIM_OK) return;
    fprintf(stderr, "axpy: %s\n", report->text);
    exit(1);
}

static void *read_file(const char *path, size_t *bytes) {
    enum { LIMIT = 1 << 20 };
    struct stat info; /* opening a FIFO would wait for a writer */
    FILE *file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "rb") : NULL;
    void *content = file && info.st_size <= LIMIT ? malloc(LIMIT) : NULL;
    if (!content) {
        fprintf(stderr, "axpy: %s is no file of at most %d bytes that can be read\n", path, LIMIT);
        exit(1);
    }
    *bytes = fread(content, 1, LIMIT, file);
    fclose(file);
    return content;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: axpy CODE_OBJECT\n");
        return 2;
    }
    size_t bytes;
    void *elf = read_file(argv[1], &bytes);
    for (int i = 0; i < COUNT; i++) x[i] = (float)i, y[i] = 0.5f;

    rdnasim *sim;
    rdnasim_object *object;
    rdnasim_counts counts;
    rdnasim_report report;
    struct { /* the kernel's parameters, in order, at their natural alignment */
        uint64_t x, y;
        float a;
        uint32_t count;
    } arguments = {.a = 2, .count = COUNT};

    must(rdnasim_create(NULL, &sim, &report), &report);
    must(rdnasim_bind(sim, x, sizeof x, RDNASIM_READ, "x", &arguments.x, &report), &report);
    must(rdnasim_bind(sim, y, sizeof y, RDNASIM_READ | RDNASIM_WRITE, "y", &arguments.y, &report), &report);
    must(rdnasim_load(sim, elf, bytes, &object, &report), &report);
    free(elf);

    const rdnasim_kernel *kernel = rdnasim_find_kernel(object, "axpy");
    if (!kernel) {
        fprintf(stderr, "axpy: %s has no kernel axpy\n", argv[1]);
        return 1;
    }
    rdnasim_launch launch;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.grid[0] = (COUNT + 255) / 256 * 256;
    launch.block[0] = 256;
    launch.kernarg = &arguments;
    launch.kernarg_bytes = sizeof arguments;
    must(rdnasim_run(sim, kernel, &launch, &counts, &report), &report);
    rdnasim_destroy(sim);

    int wrong = 0;
    for (int i = 0; i < COUNT; i++) wrong += y[i] != 2 * (float)i + 0.5f;
    printf("%d of %d right, %llu wave-instructions simulated\n", COUNT - wrong, COUNT,
           (unsigned long long)counts.instructions);
    return wrong != 0;
}
