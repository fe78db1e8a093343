/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What becomes of each tensor of a model that is quantised: which are, in what groups, and why the others are
 * not. */
#ifndef W4A16_FORMAT_QUANTIZE_PLAN_H
#define W4A16_FORMAT_QUANTIZE_PLAN_H

#include <jansson.h>

#include "format/keep.h"
#include "format/store.h"
#include "w4a16/checkpoint.h"

/*
 * A tensor, and if it is quantised the layers that it becomes: one, or for experts stacked in three
 * dimensions one or two for each (gate and up in one tensor).
 */
struct planned {
    struct stored in;
    char *module; /* "model.layers.0.mlp.gate_proj"; of stacked experts without the expert's number */
    char
        *unit; /* what engines load as one: "model.layers.0.mlp.gate_up_proj", "model.layers.0.mlp.experts" */
    char *kind;                         /* the tensor's name, numbers as * */
    int64_t experts, halves;            /* 0 and 1 if it is no stack */
    int64_t N, K;                       /* of each layer */
    int transposed;                     /* [K, N] in the file, halves side by side along N */
    int64_t group_size;                 /* 0: copied */
    const struct keep_pattern *pattern; /* that keeps it, or null */
    char *reason;                       /* why it is copied or has smaller groups than asked for; or null */
};

struct quantize_plan {
    size_t count;
    struct planned *tensors; /* in the order of the store */
    int quantized;           /* whether any is: not where all are kept by the caller's patterns */
    struct keep keep;
};

/* config: the model's config.json, or null. Free with plan_free, also after a failure. */
w4a16_status plan_create(const struct store *store, const json_t *config,
                         const w4a16_quantize_options *options, struct quantize_plan *plan,
                         w4a16_error *error);
void plan_free(struct quantize_plan *plan);

static inline int64_t plan_groups(const struct planned *tensor) { return tensor->K / tensor->group_size; }
int64_t plan_layers(const struct planned *tensor); /* how many it becomes; 0 if it is copied */
/* Whether a module whose name ends in that part is quantised. */
int plan_has_quantized(const struct quantize_plan *plan, const char *leaf);
/* The name of one of them; free it. Null: no memory. */
char *plan_layer_name(const struct planned *tensor, int64_t layer);

/*
 * The settings by module that GPTQ's configuration calls `dynamic`, in *rules: "-:expression" for what is not
 * quantised,
 * "+:expression" for other groups than the model's.
 */
w4a16_status plan_rules(const struct quantize_plan *plan, int64_t group_size, json_t **rules,
                        w4a16_error *error);

#endif
