/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/along_n.h"

#include <inttypes.h>

#include "core/error.h"

static const int column_of[8] = {0, 2, 4, 6, 1, 3, 5, 7};

static w4a16_status check_shapes(struct source *s, const char *weights, w4a16_error *error) {
    const int64_t *shape = source_shape(s, ALONG_N_WEIGHTS);
    const struct st_tensor *t = s->parts[ALONG_N_WEIGHTS].tensor;
    FAIL_IF(shape[0] < 1 || shape[0] > FORMAT_DIM_MAX || shape[1] < 1 || shape[1] > FORMAT_DIM_MAX / 8, error,
            W4A16_BAD_FILE,
            "%s: tensor %s: shape is [%" PRId64 ", %" PRId64
            "]; expected [K, N/8] with K and N up to %" PRId64,
            safetensors_path(s->parts[ALONG_N_WEIGHTS].file), t->name, shape[0], shape[1], FORMAT_DIM_MAX);
    s->K = shape[0];
    s->N = 8 * shape[1];
    source_set_groups(s, s->place->scheme->group_size);
    const int64_t shapes[ALONG_N_PARTS][2] = {[ALONG_N_WEIGHTS] = {s->K, s->N / 8},
                                              [ALONG_N_ZEROS] = {s->groups, s->N / 8},
                                              [ALONG_N_SCALES] = {s->groups, s->N},
                                              [ALONG_N_BIAS] = {s->N}};
    FAIL_IF(!s->parts[ALONG_N_ZEROS].tensor && s->place->scheme->symmetric != SYMMETRY_YES, error,
            W4A16_BAD_FILE, "%s: tensor %s: its scheme is asymmetric; its zeros are missing",
            safetensors_path(s->parts[ALONG_N_WEIGHTS].file), t->name);
    for (int p = 0; p < ALONG_N_PARTS; p++) TRY(source_check_shape(s, p, shapes[p], weights, error));
    return W4A16_OK;
}

static w4a16_status unpack_zeros(const struct source *s, const uint32_t *words, uint8_t *zero,
                                 w4a16_layer_info *info, w4a16_error *error) {
    for (int64_t w = 0; w < s->groups * s->N / 8; w++)
        for (int i = 0; i < 8; i++) {
            int64_t at = 8 * w + column_of[i];
            zero[at] = (uint8_t)((words[w] ^ s->place->scheme->flip) >> 4 * i & 15);
            info->symmetric &= zero[at] == 8;
            FAIL_IF(s->place->scheme->symmetric == SYMMETRY_YES && zero[at] != 8, error, W4A16_BAD_FILE,
                    "%s: tensor %s: zero [%" PRId64 ", %" PRId64
                    "] is %d, but the configuration says that it is symmetric; accepted is 8",
                    safetensors_path(s->parts[ALONG_N_ZEROS].file), s->parts[ALONG_N_ZEROS].tensor->name,
                    at / s->N, at % s->N, zero[at]);
        }
    return W4A16_OK;
}

/* One row of K: nibbles along N become nibbles along K. q is zero at first. */
static void unpack_row(const struct source *s, const uint32_t *words, int64_t k, uint32_t *q) {
    uint32_t *row = q + k / 8 * s->N;
    int to = (int)(4 * (k % 8));
    for (int64_t c = 0; c < s->N / 8; c++)
        for (int i = 0; i < 8; i++)
            row[8 * c + column_of[i]] |= ((words[c] ^ s->place->scheme->flip) >> 4 * i & 15) << to;
}

static w4a16_status fill(const struct source *s, const struct quant_config *config, w4a16_layer_info *info,
                         const struct building *b, uint32_t *words, w4a16_error *error) {
    (void)config;
    TRY(source_read(s, ALONG_N_SCALES, b->scale, error));
    TRY(source_check_scales(s, ALONG_N_SCALES, b->scale, s->N, error));
    info->symmetric = 1;
    if (s->parts[ALONG_N_ZEROS].tensor) {
        TRY(source_read(s, ALONG_N_ZEROS, words, error));
        TRY(unpack_zeros(s, words, b->zero, info, error));
    }
    if (!b->q) return W4A16_OK;
    TRY(source_read(s, ALONG_N_WEIGHTS, words, error));
    for (int64_t k = 0; k < s->K; k++) unpack_row(s, words + k * (s->N / 8), k, b->q);
    return W4A16_OK;
}

w4a16_status along_n_read(const struct format *format, const struct store *store,
                          const struct quant_config *config, const struct layer_place *place,
                          w4a16_layer_info *info, w4a16_layer **out, w4a16_error *error) {
    struct source s = {.store = store, .place = place};
    info->format = format->methods[0];
    TRY(source_find(&s, format, error));
    TRY(check_shapes(&s, format->rules[ALONG_N_WEIGHTS].name, error));
    /* There are at least as many words of weights as of zeros. */
    int64_t words = (out ? s.K : s.groups) * (s.N / 8);
    return building_read(&s, config, ALONG_N_SCALES, ALONG_N_BIAS, words, fill, info, out, error);
}
