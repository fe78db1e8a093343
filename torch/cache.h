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
    w4a16_shape shape;          /* M, K and lda; with nibbles only all */
    w4a16_weights_kind weights; /* with nibbles only; else zero */
    w4a16_mixture mixture;
    w4a16_epilogue epilogue;   /* has_bias: that is given to the run */
    int64_t sizes[SHAPE_DIMS]; /* of the tensor of weights packed whole, without the experts' */
    w4a16_device_kind kind;
    w4a16_dtype act;
    int64_t index; /* of the device */
};

struct plan_entry {
    struct plan_key key;
    w4a16_device *device;
    w4a16_plan *plan;
    int kept; /* 0: the cache was full; the plan is the caller's, to be given back */
};

/* From when on the process is told from forked children; before other calls, or by the first of them. */
void cache_watch_forks(void);

/* The device for tensors in host memory: cpu, or sim where the variable W4A16_DEVICE says so. */
w4a16_device_kind cache_host_kind(void);

w4a16_status cache_device(w4a16_device_kind kind, int index, w4a16_device **out, w4a16_error *error);
w4a16_status cache_plan(const struct plan_key *key, struct plan_entry **out, w4a16_error *error);
/* After the run. */
void cache_give_back(struct plan_entry *entry);

#endif
