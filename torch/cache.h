/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Devices and plans, made when first needed and kept for the process's life. Finding a plan takes no lock. A
 * forked child, in which threads and runtimes of the parent do not live on, starts with none.
 */
#ifndef W4A16_TORCH_CACHE_H
#define W4A16_TORCH_CACHE_H

#include "shape.h"
#include "w4a16/linear.h"

/* What a plan depends on. No padding: keys are compared as bytes. */
struct plan_key {
    int64_t M, K, lda;
    int64_t experts, top_k;    /* 0: dense */
    int64_t sizes[SHAPE_DIMS]; /* of the packed tensor, without the experts'; or of weights of nibbles only */
    int64_t sorted_block, sorted_count;
    int32_t kind, index;   /* the device: w4a16_device_kind, number */
    int32_t act, has_bias; /* a bias that is given to the run */
    int32_t combine, nibbles_only;
};

/* What sizes holds of weights of nibbles only. */
enum { NIBBLES_N, NIBBLES_GROUP_SIZE, NIBBLES_FLAGS };
enum { NIBBLES_BF16_SCALES = 1, NIBBLES_ZEROS = 2, NIBBLES_ZERO_OFFSET = 4, NIBBLES_ORDER = 8 };

struct plan_entry {
    struct plan_key key;
    w4a16_device *device;
    w4a16_plan *plan;
    int kept; /* 0: the cache was full; the plan is the caller's, to be given back */
};

/* The device for tensors in host memory: cpu, or sim where the variable W4A16_DEVICE says so. */
w4a16_device_kind cache_host_kind(void);

w4a16_status cache_device(w4a16_device_kind kind, int index, w4a16_device **out, w4a16_error *error);
w4a16_status cache_plan(const struct plan_key *key, struct plan_entry **out, w4a16_error *error);
/* After the run. */
void cache_give_back(struct plan_entry *entry);

#endif
