/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Canonical layers from what checkpoints store: convert.h. */
#include "w4a16/convert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "layer/new_layer.h"
#include "struct_size.h"

enum form { GPTQ, AWQ, CT };

/* The nibble of an AWQ word that holds each of its eight columns. */
static const int awq_nibble[8] = {0, 4, 1, 5, 2, 6, 3, 7};

/* What is being converted. */
struct work {
    const w4a16_stored *s;
    enum form form;
    int64_t groups;     /* rows of scales and zeros */
    int64_t group_size; /* the stored one, at most K */
    int64_t *members;   /* [groups]: features of each group; then where its next one goes */
    struct layer_shape shape;
};

void w4a16_stored_init(w4a16_stored *stored, size_t struct_size) {
    const w4a16_stored ours = {.version = 1};
    struct_give(stored, struct_size, &ours, sizeof ours);
}

static const char *name_of(const char *name, const char *otherwise) { return name ? name : otherwise; }

static w4a16_status check(const w4a16_stored *s, enum form form, w4a16_layer **out, w4a16_error *error) {
    static const char *const functions[] = {"w4a16_layer_from_gptq", "w4a16_layer_from_awq",
                                            "w4a16_layer_from_ct"};
    const char *function = functions[form];
    w4a16_succeed(error);
    if (out) *out = NULL;
    FAIL_IF(!s || !out, error, W4A16_INVALID_ARGUMENT,
            "%s: stored or out is null, or stored is not from w4a16_stored_init", function);
    FAIL_IF(s->N < 1 || s->N > W4A16_SIZE_MAX || s->K < 1 || s->K > W4A16_SIZE_MAX || s->group_size < 1 ||
                s->groups < 0 || s->groups > W4A16_SIZE_MAX,
            error, W4A16_INVALID_ARGUMENT,
            "%s: N = %" PRId64 ", K = %" PRId64 ", group_size = %" PRId64 ", groups = %" PRId64
            "; accepted are 1 (groups: 0) to %d",
            function, s->N, s->K, s->group_size, s->groups, W4A16_SIZE_MAX);
    FAIL_IF(form == GPTQ && s->K % 8, error, W4A16_INVALID_ARGUMENT,
            "%s: K is %" PRId64 "; accepted are multiples of 8", function, s->K);
    FAIL_IF(form == GPTQ && s->version != 1 && s->version != 2, error, W4A16_INVALID_ARGUMENT,
            "%s: version is %d; accepted are 1 and 2", function, s->version);
    FAIL_IF((unsigned)s->symmetry > W4A16_SYMMETRY_LOST, error, W4A16_INVALID_ARGUMENT,
            "%s: symmetry is %d; accepted are 0 to %d", function, (int)s->symmetry, W4A16_SYMMETRY_LOST);
    FAIL_IF(s->groups && !s->g_idx, error, W4A16_INVALID_ARGUMENT,
            "%s: groups is %" PRId64 " without g_idx; accepted is 0", function, s->groups);
    FAIL_IF(form == AWQ && s->g_idx, error, W4A16_INVALID_ARGUMENT, "%s: g_idx is given; accepted is null",
            function);
    FAIL_IF(!s->scales || (s->scale_type != W4A16_F16 && s->scale_type != W4A16_BF16), error,
            W4A16_INVALID_ARGUMENT, "%s: scales are %s; accepted are fp16 and bf16", function,
            s->scales ? w4a16_dtype_name(s->scale_type) : "null");
    FAIL_IF(s->bias && !w4a16_dtype_size(s->bias_type), error, W4A16_INVALID_ARGUMENT,
            "%s: bias_type is %d; accepted are fp16, bf16 and fp32", function, (int)s->bias_type);
    return W4A16_OK;
}

static uint16_t scale_at(const struct work *w, int64_t g, int64_t n) {
    return w->s->scales[w->form == CT ? n * w->groups + g : g * w->s->N + n];
}

static uint32_t flip_of(const struct work *w) {
    return w->form == AWQ && w->s->twos_complement ? 0x88888888 : 0;
}

/* As it is stored; signed ones plus 8. */
static unsigned zero_at(const struct work *w, int64_t g, int64_t n) {
    int64_t words = (w->s->N + 7) / 8;
    uint32_t word = w->s->zeros[w->form == CT ? n / 8 * w->groups + g : g * words + n / 8];
    int64_t nibble = w->form == AWQ ? awq_nibble[n % 8] : n % 8;
    return (word ^ flip_of(w)) >> 4 * nibble & 15;
}

static w4a16_status check_scales(const struct work *w, w4a16_error *error) {
    unsigned exponent = w->s->scale_type == W4A16_F16 ? 0x7c00 : 0x7f80;
    for (int64_t i = 0; i < w->groups * w->s->N; i++) {
        int64_t columns = w->form == CT ? w->groups : w->s->N;
        FAIL_IF((w->s->scales[i] & exponent) == exponent, error, W4A16_INVALID_ARGUMENT,
                "%s: [%" PRId64 ", %" PRId64 "] is 0x%04x (Inf or NaN); expected a finite scale",
                name_of(w->s->scales_name, "scales"), i / columns, i % columns, w->s->scales[i]);
    }
    return W4A16_OK;
}

/* ---- zeros -------------------------------------------------------------------------------------------- */

/*
 * The zeros that a symmetric layer may store: 8, or for GPTQ 8 everywhere or 7 everywhere. Writers have put
 * either of them under either version. False at the first, in *g and *n, that is none of them.
 */
static int zeros_say_symmetric(const struct work *w, int64_t *g, int64_t *n) {
    unsigned expected = w->form == GPTQ && zero_at(w, 0, 0) == 7 ? 7 : 8;
    for (*g = 0; *g < w->groups; ++*g)
        for (*n = 0; *n < w->s->N; ++*n)
            if (zero_at(w, *g, *n) != expected) return 0;
    return 1;
}

/* Sets shape.zeros: whether the layer needs zeros of its own. */
static w4a16_status find_zeros(struct work *w, w4a16_error *error) {
    const w4a16_stored *s = w->s;
    int64_t g, n;
    if (!s->zeros) return W4A16_OK;
    w->shape.zeros = 1;
    if (s->symmetry == W4A16_SYMMETRY_NO) return W4A16_OK;
    if (zeros_say_symmetric(w, &g, &n)) {
        w->shape.zeros = 0;
        return W4A16_OK;
    }
    FAIL_IF(s->symmetry == W4A16_SYMMETRY_YES, error, W4A16_INVALID_ARGUMENT,
            "%s: zero [%" PRId64 ", %" PRId64 "] is %u, but the configuration says %s",
            name_of(s->zeros_name, "zeros"), g, n, zero_at(w, g, n),
            w->form == GPTQ ? "sym: true; accepted are 8 everywhere and 7 everywhere"
                            : "that it is symmetric; accepted is 8");
    return W4A16_OK;
}

/* ---- the order of features ---------------------------------------------------------------------------- */

static w4a16_status count_members(const struct work *w, w4a16_error *error) {
    const int32_t *g_idx = w->s->g_idx;
    for (int64_t k = 0; k < w->s->K; k++) {
        FAIL_IF(g_idx[k] < 0 || g_idx[k] >= w->groups, error, W4A16_INVALID_ARGUMENT,
                "%s: group of k = %" PRId64 " is %" PRId32 "; accepted is 0..%" PRId64,
                name_of(w->s->g_idx_name, "g_idx"), k, g_idx[k], w->groups - 1);
        w->members[g_idx[k]]++;
    }
    return W4A16_OK;
}

static int64_t full_members(const struct work *w, int64_t g) {
    int64_t rest = w->s->K - g * w->group_size;
    return rest < w->group_size ? rest : w->group_size;
}

static w4a16_status check_members(const struct work *w, w4a16_error *error) {
    for (int64_t g = 0; g < w->groups; g++) {
        int64_t last = w->s->K;
        if (w->members[g] == full_members(w, g)) continue;
        while (last-- > 0 && w->s->g_idx[last] != g) {
        }
        return w4a16_fail(error, W4A16_INVALID_ARGUMENT,
                          "%s: group %" PRId64 " has %" PRId64 " members (the last is k = %" PRId64
                          "); expected %" PRId64,
                          name_of(w->s->g_idx_name, "g_idx"), g, w->members[g], last, full_members(w, g));
    }
    return W4A16_OK;
}

static int64_t places_of(int64_t members, int64_t group_size) {
    return (members + group_size - 1) / group_size * group_size;
}

/* The groups of a part along K: as they are where each is whole or absent, else blocks of PLACES_GROUP with
 * empty places. */
static void shape_part(struct work *w) {
    int64_t uneven = 0, places = 0;
    for (int64_t g = 0; g < w->groups; g++) {
        uneven |= w->members[g] && w->members[g] != w->group_size;
        places += places_of(w->members[g], PLACES_GROUP);
    }
    if (uneven) w->shape.group_size = PLACES_GROUP, w->shape.padded_K = places;
}

/* Counts members; sets what of the shape depends on the order. */
static w4a16_status find_order(struct work *w, w4a16_error *error) {
    const w4a16_stored *s = w->s;
    if (!s->g_idx) {
        for (int64_t g = 0; g < w->groups; g++) w->members[g] = full_members(w, g);
        return W4A16_OK;
    }
    TRY(count_members(w, error));
    if (s->groups)
        shape_part(w);
    else
        TRY(check_members(w, error));
    w->shape.perm = w->shape.padded_K > s->K;
    for (int64_t k = 1; k < s->K; k++) w->shape.perm |= s->g_idx[k] < s->g_idx[k - 1];
    return W4A16_OK;
}

/* ---- the layer's arrays ------------------------------------------------------------------------------- */

/* Scales and zeros of the group at places from `first` on. */
static void fill_group(const struct work *w, const struct new_layer *m, int64_t g, int64_t first) {
    const w4a16_stored *s = w->s;
    int64_t to = first / w->shape.group_size * s->N;
    int offset = w->form == GPTQ && s->version == 1;
    for (int64_t n = 0; n < s->N; n++) m->scale[to + n] = scale_at(w, g, n);
    for (int64_t n = 0; n < s->N && w->shape.zeros; n++)
        m->zero[to + n] = (uint8_t)(zero_at(w, g, n) + (unsigned)offset);
}

static void fill_groups(const struct work *w, const struct new_layer *m) {
    int64_t place = 0, group_size = w->shape.group_size;
    for (int64_t g = 0; g < w->groups; g++) {
        int64_t first = place, members = w->members[g];
        for (int64_t p = 0; p < members; p += group_size) fill_group(w, m, g, first + p);
        place += places_of(members, group_size);
        w->members[g] = first;
    }
    if (!w->shape.perm) return;
    for (int64_t p = 0; p < w->shape.padded_K; p++) m->perm[p] = -1;
    for (int64_t k = 0; k < w->s->K; k++) m->perm[w->members[w->s->g_idx[k]]++] = (int32_t)k;
}

/* Zeros of 8 everywhere say nothing. */
static void drop_zeros(w4a16_layer *l) {
    int64_t count = w4a16_layer_groups(l) * l->N, n = 0;
    while (l->zero && n < count && l->zero[n] == 8) n++;
    if (n == count) l->zero = NULL;
}

/* Nibbles along N become nibbles along K. */
static inline void add_awq_word(uint32_t word, int64_t k, uint32_t *q, int columns) {
    for (int n = 0; n < columns; n++) q[n] |= (word >> 4 * awq_nibble[n] & 15) << 4 * (k % 8);
}

static void fill_awq(const struct work *w, uint32_t *q) {
    const uint32_t *words = w->s->weights, flip = flip_of(w);
    int64_t N = w->s->N;
    for (int64_t k = 0; k < w->s->K; k++) {
        uint32_t *row = q + k / 8 * N;
        for (int64_t c = 0; c < N / 8; c++) add_awq_word(*words++ ^ flip, k, row + 8 * c, 8);
        if (N % 8) add_awq_word(*words++ ^ flip, k, row + N / 8 * 8, (int)(N % 8));
    }
}

/* Tiles, so that neither side of the transposition walks a column at a time. */
static void fill_ct(const struct work *w, uint32_t *q) {
    enum { TILE = 16 };
    int64_t N = w->s->N, rows = (w->s->K + 7) / 8;
    for (int64_t n0 = 0; n0 < N; n0 += TILE)
        for (int64_t r0 = 0; r0 < rows; r0 += TILE)
            for (int64_t r = r0; r < rows && r < r0 + TILE; r++)
                for (int64_t n = n0; n < N && n < n0 + TILE; n++) q[r * N + n] = w->s->weights[n * rows + r];
}

static void fill_weights(const struct work *w, uint32_t *q) {
    if (w->form == AWQ)
        fill_awq(w, q);
    else if (w->form == CT)
        fill_ct(w, q);
    else
        memcpy(q, w->s->weights, (size_t)(w->s->K / 8 * w->s->N) * sizeof *q);
}

static w4a16_status convert(struct work *w, w4a16_layer **out, w4a16_error *error) {
    const w4a16_stored *s = w->s;
    struct new_layer m;
    TRY(check_scales(w, error));
    TRY(find_zeros(w, error));
    TRY(find_order(w, error));
    TRY(new_layer_make(&w->shape, &m, error));
    fill_groups(w, &m);
    drop_zeros(m.layer);
    if (s->weights) fill_weights(w, m.q);
    if (s->bias) memcpy(m.bias, s->bias, (size_t)s->N * w4a16_dtype_size(s->bias_type));
    *out = m.layer;
    return W4A16_OK;
}

static w4a16_status layer_from(const w4a16_stored *given, enum form form, w4a16_layer **out,
                               w4a16_error *error) {
    w4a16_stored all;
    int taken = given && struct_take(&all, sizeof all, given, STRUCT_LEAST(w4a16_stored, version));
    const w4a16_stored *s = taken ? &all : NULL;
    TRY(check(s, form, out, error));
    struct work w = {.s = s, .form = form, .group_size = s->group_size < s->K ? s->group_size : s->K};
    w.groups = s->groups ? s->groups : (s->K + w.group_size - 1) / w.group_size;
    w.shape = (struct layer_shape){.N = s->N,
                                   .K = s->K,
                                   .padded_K = s->K,
                                   .group_size = w.group_size,
                                   .scale_type = s->scale_type,
                                   .bias_type = s->bias ? s->bias_type : 0,
                                   .no_weights = !s->weights};
    w.members = calloc((size_t)w.groups, sizeof *w.members);
    FAIL_IF(!w.members, error, W4A16_OUT_OF_MEMORY, "layer: out of memory for %" PRId64 " groups", w.groups);
    w4a16_status status = convert(&w, out, error);
    free(w.members);
    return status;
}

w4a16_status w4a16_layer_from_gptq(const w4a16_stored *stored, w4a16_layer **out, w4a16_error *error) {
    return layer_from(stored, GPTQ, out, error);
}

w4a16_status w4a16_layer_from_awq(const w4a16_stored *stored, w4a16_layer **out, w4a16_error *error) {
    return layer_from(stored, AWQ, out, error);
}

w4a16_status w4a16_layer_from_ct(const w4a16_stored *stored, w4a16_layer **out, w4a16_error *error) {
    return layer_from(stored, CT, out, error);
}
