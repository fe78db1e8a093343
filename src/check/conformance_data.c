/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "check/conformance_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check/adversary.h"
#include "core/error.h"
#include "half.h"
#include "random.h"

static uint64_t draw(const struct data *d, uint64_t stream, uint64_t i) {
    return random_at(d->seed + stream + (d->expert << 8), i);
}
static float normal(const struct data *d, uint64_t stream, uint64_t i) {
    return random_normal(draw(d, stream, i));
}
static uint16_t to_16(w4a16_dtype type, float f) {
    return type == W4A16_F16 ? float_to_f16(f) : float_to_bf16(f);
}

static unsigned nibble(const struct data *d, uint64_t i) {
    if (d->c->fill >= ADVERSARIAL)
        return adversary_nibble(d, (int64_t)i / d->c->p.shape.K, (int64_t)i % d->c->p.shape.K);
    switch (d->c->fill) {
    case MAX_NIBBLES: return draw(d, 1, i) % 8 ? 15 : 0;
    case HEAVY: { /* most weights near the zero point, a few at the ends */
        float x = 8 + 2 * normal(d, 1, i) * (draw(d, 2, i) % 16 ? 1 : 4);
        return x < 0 ? 0 : x > 15 ? 15 : (unsigned)x;
    }
    case CANCELLING:
        return (unsigned)(draw(d, 1, i / 2) & 15); /* neighbours in K are equal, see activation() */
    default: return (unsigned)(draw(d, 1, i) & 15);
    }
}

static uint16_t scale_bits(const struct data *d, uint64_t i) {
    uint64_t r = draw(d, 3, i);
    uint16_t sign = (uint16_t)(r >> 63 << 15); /* half of what symmetric quantisers choose are negative */
    if (d->c->fill >= ADVERSARIAL)
        return to_16(d->c->p.weights.scale_type, adversary_scale((int64_t)i % d->c->p.shape.N));
    if (d->c->fill == SUBNORMAL_SCALES) /* below the smallest normal number of the scale's type */
        return (uint16_t)(sign | (1 + r % (d->c->p.weights.scale_type == W4A16_F16 ? 0x3ff : 0x7f)));
    float scale = 0.004f + 0.012f * (float)(r & 0xffff) / 65536;
    if (d->c->fill == HEAVY) scale *= (float)(1 << (r >> 16 & 7)) / 8;
    return sign | to_16(d->c->p.weights.scale_type, scale);
}

static uint8_t zero_point(const struct data *d, uint64_t i) {
    uint64_t r = draw(d, 4, i);
    if (d->c->fill >= ADVERSARIAL) return adversary_zero(d->c);
    return (uint8_t)(d->c->fill == EXTREME_ZEROS ? 16 * (r & 1) : r % 17);
}

static uint16_t activation(const struct data *d, int64_t m, int64_t k) {
    if (d->c->fill >= ADVERSARIAL) return adversary_activation(d, m, k);
    uint64_t i = (uint64_t)(m * d->c->p.shape.K + k), r = draw(d, 5, i);
    w4a16_dtype type = d->c->p.act;
    switch (d->c->fill) {
    case HEAVY:
        return to_16(type, normal(d, 5, i) * (draw(d, 6, (uint64_t)k) % 200 ? 1 : 60)); /* outlier channels */
    case MAX_NIBBLES: return to_16(type, (r & 1 ? -1.0f : 1.0f) * 240);
    case SUBNORMAL_ACTIVATIONS: /* subnormals and the smallest normal numbers among ordinary ones */
        if (r >> 40 & 1) return to_16(type, normal(d, 5, i));
        return (uint16_t)((r & 0x8000) | (r >> 16) % (type == W4A16_F16 ? 0x800 : 0x100));
    case NON_FINITE: { /* every other row has some */
        static const float special[] = {1.0f / 0.0f, -1.0f / 0.0f, 0.0f / 0.0f};
        return to_16(type, m % 2 == 0 && r % 400 == 0 ? special[r / 400 % (m % 4 ? 3 : 2)] : normal(d, 5, i));
    }
    case CANCELLING: {
        float pair = normal(d, 5, (uint64_t)(m * d->c->p.shape.K + k / 2)) * 1000;
        return to_16(type, k % 2 ? -pair : pair);
    }
    default: return to_16(type, normal(d, 5, i));
    }
}

static void shuffle(struct data *d, int32_t *perm) {
    for (int32_t k = 0; k < d->c->p.shape.K; k++) perm[k] = k;
    for (int64_t k = d->c->p.shape.K - 1; k > 0; k--) {
        int64_t other = (int64_t)(draw(d, 7, (uint64_t)k) % (uint64_t)(k + 1));
        int32_t kept = perm[k];
        perm[k] = perm[other];
        perm[other] = kept;
    }
}

static int64_t groups_of(const struct test_case *c) {
    return (c->p.shape.K + c->p.shape.group_size - 1) / c->p.shape.group_size;
}
static int64_t words_of(const struct test_case *c) { return (c->p.shape.K + 7) / 8 * c->p.shape.N; }

/* Layer e, in the e-th part of every array. */
static void fill_layer(struct data *d, int64_t e) {
    const struct test_case *c = d->c;
    w4a16_layer *l = &d->layers[e];
    int64_t entries = groups_of(c) * c->p.shape.N;
    uint32_t *q = d->q + e * words_of(c);
    uint16_t *scale = d->scale + e * entries, *bias = d->bias + e * c->p.shape.N;
    uint8_t *zero = d->zero + e * entries;
    int32_t *perm = d->perm + e * c->p.shape.K;
    d->expert = (uint64_t)e;
    w4a16_layer_init(l, sizeof *l);
    l->N = c->p.shape.N, l->K = c->p.shape.K, l->group_size = c->p.shape.group_size;
    for (int64_t k = 0; k < c->p.shape.K; k++)
        for (int64_t n = 0; n < c->p.shape.N; n++)
            q[k / 8 * c->p.shape.N + n] |= (uint32_t)nibble(d, (uint64_t)(n * c->p.shape.K + k))
                                           << 4 * (k % 8);
    for (int64_t i = 0; i < entries; i++) scale[i] = scale_bits(d, (uint64_t)i);
    for (int64_t i = 0; i < entries; i++) zero[i] = zero_point(d, (uint64_t)i);
    for (int64_t n = 0; n < c->p.shape.N; n++)
        bias[n] = to_16(c->p.weights.scale_type, normal(d, 8, (uint64_t)n));
    l->q = q;
    l->scale = scale;
    l->scale_type = l->bias_type = c->p.weights.scale_type;
    if (c->p.weights.zeros) l->zero = zero;
    if (c->p.epilogue.has_bias) l->bias = bias;
    if (c->p.weights.act_order) {
        shuffle(d, perm);
        l->perm = perm;
    }
}

/* Different experts for the slots of a token, as routers choose; now and then none. */
static void fill_slots(struct data *d) {
    const struct test_case *c = d->c;
    d->expert = 0;
    for (int64_t slot = 0; slot < d->slots; slot++) {
        uint64_t r = draw(d, 9, (uint64_t)(slot / c->p.mixture.top_k));
        int64_t step = 1 + (int64_t)(r >> 32) % (c->p.mixture.experts > 1 ? c->p.mixture.experts - 1 : 1);
        int64_t id = ((int64_t)(r & 0xffff) + slot % c->p.mixture.top_k * step) % c->p.mixture.experts;
        uint64_t none = draw(d, 10, (uint64_t)slot) % 32;
        d->ids[slot] = (int32_t)(none == 0 ? -1 : none == 1 ? c->p.mixture.experts : id);
        d->gates[slot] = 0.05f + (float)(draw(d, 11, (uint64_t)slot) & 0xffff) / 65536;
    }
}

void data_free(struct data *d) {
    free(d->layers), free(d->q), free(d->scale), free(d->bias), free(d->a), free(d->out), free(d->again),
        free(d->zero), free(d->perm), free(d->ids), free(d->gates), free(d->y), free(d->mass);
}

static int allocate(struct data *d) {
    const struct test_case *c = d->c;
    size_t count = d->layer_count, columns = (size_t)c->p.shape.N, entries = columns * (size_t)groups_of(c);
    d->layers = calloc(count, sizeof *d->layers);
    d->q = calloc(count * (size_t)words_of(c), 4);
    d->scale = calloc(count * entries, 2);
    d->zero = calloc(count * entries, 1);
    d->bias = calloc(count * columns, 2);
    d->perm = calloc(count * (size_t)c->p.shape.K, 4);
    d->ids = calloc((size_t)d->slots + 1, 4);
    d->gates = calloc((size_t)d->slots + 1, 4);
    d->a = calloc(d->a_elements + 1, 2);
    d->out = calloc(d->out_elements, 2);
    d->again = calloc(d->out_elements, 2);
    d->y = calloc((size_t)d->out_rows * columns + 1, sizeof(double));
    d->mass = calloc((size_t)d->out_rows * columns + 1, sizeof(double));
    return d->layers && d->q && d->scale && d->zero && d->bias && d->perm && d->ids && d->gates && d->a &&
           d->out && d->again && d->y && d->mass;
}

int data_make(struct data *d, const struct test_case *c, const w4a16_order *order, uint64_t seed) {
    *d = (struct data){.c = c,
                       .seed = seed,
                       .order = *order,
                       .layer_count = c->p.mixture.experts ? (size_t)c->p.mixture.experts : 1};
    d->slots = c->p.mixture.experts ? c->p.shape.M * c->p.mixture.top_k : c->p.shape.M;
    d->a_rows = c->p.epilogue.combine ? d->slots : c->p.shape.M;
    d->out_rows = c->p.epilogue.combine ? c->p.shape.M : d->slots;
    d->a_elements = (size_t)(d->a_rows * c->p.shape.lda);
    d->out_elements = (size_t)((d->out_rows + 1) * c->p.shape.ldo); /* one row more, that nobody may touch */
    if (!allocate(d)) return 0;
    for (int64_t e = 0; e < (int64_t)d->layer_count; e++) fill_layer(d, e);
    d->expert = 0;
    if (c->p.mixture.experts) fill_slots(d);
    memset(d->a, 0xff, d->a_elements * 2); /* between rows: NaN, which must not be read as a value */
    for (int64_t m = 0; m < d->a_rows; m++)
        for (int64_t k = 0; k < c->p.shape.K; k++) d->a[m * c->p.shape.lda + k] = activation(d, m, k);
    return 1;
}

/* ---- what should come out ----------------------------------------------------------------------------- */

static int has_expert(const struct data *d, int64_t slot) {
    return d->ids[slot] >= 0 && d->ids[slot] < d->c->p.mixture.experts;
}

int data_row_is_written(const struct data *d, int64_t row) {
    return !d->c->p.mixture.experts || d->c->p.epilogue.combine || has_expert(d, row);
}

/* An expert's slots, as one dense product; their rows are added to those of the output. */
struct gathered {
    uint16_t *a;
    double *y, *mass;
};

static w4a16_status add_expert(struct data *d, int64_t e, struct gathered *g, int threads,
                               w4a16_error *error) {
    const struct test_case *c = d->c;
    int64_t count = 0;
    for (int64_t slot = 0; slot < d->slots; slot++)
        if (d->ids[slot] == e)
            memcpy(g->a + count++ * c->p.shape.K,
                   d->a + (c->p.epilogue.combine ? slot : slot / c->p.mixture.top_k) * c->p.shape.lda,
                   (size_t)c->p.shape.K * 2);
    TRY(w4a16_reference(&d->layers[e], c->p.act, count, g->a, c->p.shape.K, g->y, g->mass, threads, error));
    count = 0;
    for (int64_t slot = 0; slot < d->slots; slot++) {
        if (d->ids[slot] != e) continue;
        int64_t row = c->p.epilogue.combine ? slot / c->p.mixture.top_k : slot;
        double gate = c->p.epilogue.combine ? d->gates[slot] : 1;
        for (int64_t n = 0; n < c->p.shape.N; n++) {
            d->y[row * c->p.shape.N + n] += gate * g->y[count * c->p.shape.N + n];
            d->mass[row * c->p.shape.N + n] += fabs(gate) * g->mass[count * c->p.shape.N + n];
        }
        count++;
    }
    return W4A16_OK;
}

w4a16_status data_reference(struct data *d, int threads, w4a16_error *error) {
    const struct test_case *c = d->c;
    if (!c->p.mixture.experts)
        return w4a16_reference(d->layers, c->p.act, c->p.shape.M, d->a, c->p.shape.lda, d->y, d->mass,
                               threads, error);
    size_t rows = (size_t)d->slots + 1, columns = (size_t)c->p.shape.N;
    struct gathered g = {calloc(rows * (size_t)c->p.shape.K, 2), calloc(rows * columns, 8),
                         calloc(rows * columns, 8)};
    w4a16_status status = W4A16_OK;
    if (!g.a || !g.y || !g.mass)
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "conformance: out of memory");
    for (int64_t e = 0; e < c->p.mixture.experts && status == W4A16_OK; e++)
        status = add_expert(d, e, &g, threads, error);
    free(g.a), free(g.y), free(g.mass);
    return status;
}
