/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The one list of cases that every device must pass: run by the tests and by `w4a16 check`. Each case makes a
 * seeded layer and activations, runs them on the device and compares with the fp64 reference.
 */
#ifndef W4A16_CHECK_CONFORMANCE_H
#define W4A16_CHECK_CONFORMANCE_H

#include "w4a16/linear.h"

struct conformance_result {
    w4a16_accuracy accuracy;
    w4a16_order order; /* of the plan that ran */
    int same_bits;     /* a second run gave the same bits */
    uint64_t bits;     /* a hash of the outputs: equal on devices that give equal bits */
};

size_t conformance_count(void);
const char *conformance_name(size_t index); /* "fp16 m4 n200 k1024 g128 asym perm bias gaussian" */

/*
 * Cases with random fills are pooled by type and fill, since the share within 1 ulp is a statement about many
 * outputs: the pool's name ("fp16 gaussian"), or null if only the hard bound is asked of this case.
 */
const char *conformance_pool(size_t index);

/*
 * OK if the case passed. MISMATCH if outputs are beyond the hard bound, a rerun differs or memory beyond the
 * output was written; UNSUPPORTED if the device takes no such problem; else what the device reported. result
 * is filled for OK and MISMATCH.
 */
w4a16_status conformance_run(w4a16_device *device, size_t index, int threads,
                             struct conformance_result *result, w4a16_error *error);

#endif
