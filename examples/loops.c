/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * An observer of one's own: which instructions the loops of a kernel execute, by the port that they use. A loop is what
 * lies between a branch that was taken backwards and where it went.
 *
 *     loops CODE_OBJECT      runs the kernel `columns` of loops_kernel.c
 */
#include <stdio.h>
#include <stdlib.h>

#include "rdnasim.h"

enum { DWORDS = 4096, LOOPS = 16, ROWS = 10, COLUMNS = 64 };

/* ---- the observer ------------------------------------------------------------------------------------- */

struct mix {
    uint64_t executed[DWORDS]; /* by pc / 4 */
    rdnasim_port port[DWORDS];
    struct loop {
        uint64_t first, last, times; /* pc of its first instruction and of its branch */
    } loops[LOOPS];
};

static void after(void *context, const rdnasim_event *event) {
    struct mix *mix = context;
    const rdnasim_instruction *i = event->instruction;
    if (i->pc / 4 >= DWORDS) return;
    mix->executed[i->pc / 4]++;
    mix->port[i->pc / 4] = i->port;
    if (!event->taken || event->next_pc > i->pc) return;
    struct loop *loop = mix->loops;
    while (loop->times && loop->last != i->pc && loop < mix->loops + LOOPS - 1) loop++;
    *loop = (struct loop){event->next_pc, i->pc, loop->times + 1};
}

static void launch_end(void *context, rdnasim_status status) {
    static const char *const names[RDNASIM_PORTS] = {"VALU", "TRANS", "WMMA",   "SALU",     "SMEM",
                                                     "VMEM", "LDS",   "BRANCH", "IMMEDIATE"};
    const struct mix *mix = context;
    if (status != RDNASIM_OK) return;
    for (const struct loop *loop = mix->loops; loop < mix->loops + LOOPS && loop->times; loop++) {
        uint64_t by_port[RDNASIM_PORTS] = {0};
        for (uint64_t at = loop->first / 4; at <= loop->last / 4; at++)
            by_port[mix->port[at]] += mix->executed[at];
        printf("loop 0x%llx to 0x%llx, repeated %llu times:", (unsigned long long)loop->first,
               (unsigned long long)loop->last, (unsigned long long)loop->times);
        for (int port = 0; port < RDNASIM_PORTS; port++)
            if (by_port[port]) printf(" %s %llu", names[port], (unsigned long long)by_port[port]);
        putchar('\n');
    }
}

/* ---- a launch to look at ------------------------------------------------------------------------------ */

static void must(rdnasim_status status, const rdnasim_report *report) {
    if (status == RDNASIM_OK) return;
    fprintf(stderr, "loops: %s\n", report->text);
    exit(1);
}

int main(int argc, char **argv) {
    static unsigned char elf[1 << 20];
    static float in[ROWS * COLUMNS], out[COLUMNS];
    static struct mix mix;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: loops CODE_OBJECT\n");
        return 2;
    }
    size_t bytes = fread(elf, 1, sizeof elf, file);
    fclose(file);
    for (int n = 0; n < ROWS * COLUMNS; n++) in[n] = (float)n;

    rdnasim *sim;
    rdnasim_object *object;
    rdnasim_report report;
    struct {
        uint64_t in, out;
        uint32_t rows, columns;
    } arguments = {.rows = ROWS, .columns = COLUMNS};
    must(rdnasim_create(NULL, &sim, &report), &report);
    must(rdnasim_bind(sim, in, sizeof in, RDNASIM_READ, "in", &arguments.in, &report), &report);
    must(rdnasim_bind(sim, out, sizeof out, RDNASIM_WRITE, "out", &arguments.out, &report), &report);
    must(rdnasim_load(sim, elf, bytes, &object, &report), &report);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(object, "columns");
    if (!kernel) {
        fprintf(stderr, "loops: %s has no kernel columns\n", argv[1]);
        return 1;
    }
    rdnasim_observer observer = {
        .struct_size = sizeof observer, .context = &mix, .launch_end = launch_end, .after = after};
    rdnasim_launch launch;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.grid[0] = COLUMNS;
    launch.block[0] = 32;
    launch.kernarg = &arguments;
    launch.kernarg_bytes = sizeof arguments;
    launch.observer = &observer;
    launch.resident = 1; /* one work-group after the other: the counts are shared */
    must(rdnasim_run(sim, kernel, &launch, NULL, &report), &report);
    rdnasim_destroy(sim);

    for (int column = 0; column < COLUMNS; column++) {
        float sum = 0;
        for (int row = 0; row < ROWS; row++) sum += in[row * COLUMNS + column];
        if (out[column] != sum) return 1;
    }
    return 0;
}
