/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/along_n.h"

#include <inttypes.h>

#include "core/error.h"

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

static const struct part_roles roles = {.weights = ALONG_N_WEIGHTS,
                                        .zeros = ALONG_N_ZEROS,
                                        .scales = ALONG_N_SCALES,
                                        .g_idx = -1,
                                        .bias = ALONG_N_BIAS};

w4a16_status along_n_read(const struct format *format, const struct store *store,
                          const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **out,
                          w4a16_error *error) {
    struct source s = {.store = store, .place = place};
    TRY(source_find(&s, format, error));
    TRY(check_shapes(&s, format->rules[ALONG_N_WEIGHTS].name, error));
    w4a16_stored stored;
    w4a16_stored_init(&stored, sizeof stored);
    stored.twos_complement = place->scheme->twos_complement;
    return source_layer(&s, &roles, w4a16_layer_from_awq, &stored, info, out, error);
}
