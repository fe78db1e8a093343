/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the host can do at best: figures that times are held against, measured in the same run. */
#ifndef CLI_BENCH_MACHINE_H
#define CLI_BENCH_MACHINE_H

#include <stddef.h>

#include "parallel.h"

/* 0: not here, or no memory. */
struct bench_machine {
    size_t cache_bytes; /* of the largest cache, as the system says */
    double stream;      /* bytes a second that all threads read, from huge pages where there are some */
    double fma_256;     /* floating-point operations a second of all threads: AVX2 */
    double fma_512;     /* AVX-512 */
    double dots;        /* BF16 dots of AVX-512 */
};

/* clock: in seconds; each figure gets `seconds`, memory twice as long. */
void bench_machine_measure(struct bench_machine *machine, struct pool *pool, double (*clock)(void),
                           double seconds);
/* The peak that bounds a kernel; 0: none of these does. */
double bench_machine_peak(const struct bench_machine *machine, const char *kernel);

#endif
