/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a conformance case is made of: its description, its seeded data, and what should come out. */
#ifndef W4A16_CHECK_CONFORMANCE_DATA_H
#define W4A16_CHECK_CONFORMANCE_DATA_H

#include "w4a16/linear.h"

enum fill {
    GAUSSIAN,
    HEAVY,
    MAX_NIBBLES,
    EXTREME_ZEROS,
    SUBNORMAL_SCALES,
    SUBNORMAL_ACTIVATIONS,
    NON_FINITE,
    CANCELLING,
    ADVERSARIAL, /* the first of those that adversary.c makes */
    CANCELLED_BY_FOLD = ADVERSARIAL,
    LOST_IN_FOLDS,
    CANCELLED_IN_CHUNK,
    LOST_IN_WAVES,
    ALTERNATING,
    RANDOMLY_LOST,
    GROWING,
    FILLS
};

struct test_case {
    w4a16_problem p;
    enum fill fill;
    int64_t turn; /* adversarial: which of several variants */
    char name[128], pool[32];
};

/* Everything a case needs on the host, in one place so that it is freed in one place. */
struct data {
    const struct test_case *c;
    uint64_t seed;
    w4a16_order order;   /* of the plan */
    uint64_t expert;     /* whose values are drawn */
    w4a16_layer *layers; /* one, or an expert's each */
    size_t layer_count;
    uint32_t *q;
    uint16_t *scale, *bias, *a, *out, *again;
    uint8_t *zero;
    int32_t *perm;
    int32_t *ids; /* [slots], some of them no expert's */
    float *gates;
    double *y, *mass; /* [out_rows][N] */
    int64_t slots;    /* M * top_k; M of a dense case */
    int64_t a_rows, out_rows;
    size_t a_elements, out_elements;
};

/* Draws everything; 0: out of memory. data_free in any case. order: of the case's plan. */
int data_make(struct data *d, const struct test_case *c, const w4a16_order *order, uint64_t seed);
void data_free(struct data *d);

/* Whether row `row` of the output is to be written: not if it belongs to a slot without an expert. */
int data_row_is_written(const struct data *d, int64_t row);

/* Fills y and mass of the written rows. */
w4a16_status data_reference(struct data *d, int threads, w4a16_error *error);

#endif
