/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Q4_0 is 32 inputs of one output to a block: an fp16 scale, and nibbles that mean scale * (nibble - 8). That
 * is a canonical layer with groups of 32 and a zero of 8, but for the order of the nibbles.
 */
#include "format/gguf_layers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/parts.h"

enum { GROUP = 32, WORDS = GROUP / 8, BLOCK_BYTES = 2 + GROUP / 2 };

#define WEIGHT ".weight"

/* ---- one layer ----------------------------------------------------------------------------------------- */

/* The words of a block as compressed-tensors has them: nibble i of word r is input 8r + i. */
static void unpack_block(const unsigned char *levels, uint32_t words[WORDS]) {
    for (int k = 0; k < GROUP; k++) {
        int byte = k % (GROUP / 2), level = k < GROUP / 2 ? levels[byte] & 15 : levels[byte] >> 4;
        words[k / 8] |= (uint32_t)level << 4 * (k % 8);
    }
}

/* Reads the rows into scales [N][K / 32] and, if it is not null, weights [N][K / 8], which are 0. */
static w4a16_status read_rows(const struct store *store, const struct gguf_weights *w, uint16_t *scales,
                              uint32_t *weights, unsigned char *row, w4a16_error *error) {
    int64_t groups = w->values.shape[1] / GROUP;
    for (int64_t n = 0; n < w->values.shape[0]; n++) {
        TRY(gguf_model_read_row(store_gguf(store), w, n, row, error));
        for (int64_t g = 0; g < groups; g++) {
            const unsigned char *block = row + g * BLOCK_BYTES;
            scales[n * groups + g] = (uint16_t)(block[0] | block[1] << 8);
            if (weights) unpack_block(block + 2, weights + (n * groups + g) * WORDS);
        }
    }
    return W4A16_OK;
}

static w4a16_status read_layer(const struct store *store, const struct quant_config *config,
                               const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **out,
                               w4a16_error *error) {
    (void)config;
    char name[512];
    snprintf(name, sizeof name, "%s: tensor %s", store_path(store), place->stem);
    const struct gguf_weights *w = store_find(store, place->stem).gguf;
    int64_t N = w->values.shape[0], K = w->values.shape[1];
    FAIL_IF(N > FORMAT_DIM_MAX || K > FORMAT_DIM_MAX, error, W4A16_UNSUPPORTED,
            "%s: shape is [%" PRId64 ", %" PRId64 "]; accepted are sizes up to %" PRId64, name, N, K,
            FORMAT_DIM_MAX);
    size_t groups = (size_t)N * (size_t)(K / GROUP);
    unsigned char *row = malloc((size_t)gguf_model_row_bytes(w));
    uint16_t *scales = malloc(groups * sizeof *scales);
    uint32_t *weights = out ? calloc(groups, WORDS * sizeof *weights) : NULL;
    w4a16_stored stored;
    w4a16_stored_init(&stored, sizeof stored);
    stored.N = N, stored.K = K, stored.group_size = GROUP;
    stored.weights = weights, stored.scales = scales, stored.scale_type = W4A16_F16;
    stored.scales_name = name;
    w4a16_status status = row && scales && (weights || !out) ? W4A16_OK : layer_list_no_memory(store, error);
    if (status == W4A16_OK) status = read_rows(store, w, scales, weights, row, error);
    if (status == W4A16_OK) status = source_convert_layer(w4a16_layer_from_ct, &stored, info, out, error);
    free(row);
    free(scales);
    free(weights);
    return status;
}

static const struct format gguf_format = {.methods = {"gguf"}, .read = read_layer};

void gguf_layers_configure(struct quant_config *config) {
    *config = (struct quant_config){.format = &gguf_format,
                                    .rest = {.bits = 4, .group_size = GROUP, .symmetric = SYMMETRY_YES}};
}

/* ---- all of them --------------------------------------------------------------------------------------- */

/* A place for the tensor: a layer, or why it is none, in a sentence that all of its type share. */
static w4a16_status add_place(const struct store *store, const struct quant_config *config,
                              struct layer_list *list, const struct gguf_weights *w, w4a16_error *error) {
    const char *name = w->values.name, *why = w->stored->type->why_no_layer;
    size_t length = strlen(name) - strlen(WEIGHT);
    struct layer_place *place = layer_list_add(list, name, length);
    if (!place || !(place->stem = strdup(name))) return layer_list_no_memory(store, error);
    if (w->values.dims != 2) why = "a stack of experts is not read";
    if (!why) {
        place->scheme = &config->rest;
        return W4A16_OK;
    }
    place->status = W4A16_UNSUPPORTED;
    if (asprintf(
            &place->problem,
            "%s: layers of type %s: %s; accepted is Q4_0 (w4a16 quantize makes new layers of the values of "
            "others)",
            store_path(store), w->stored->type->name, why) >= 0)
        return W4A16_OK;
    place->problem = NULL;
    return layer_list_no_memory(store, error);
}

static int ends_in_weight(const char *name) {
    size_t length = strlen(name), end = strlen(WEIGHT);
    return length > end && strcmp(name + length - end, WEIGHT) == 0;
}

w4a16_status gguf_layers_list(const struct store *store, const struct quant_config *config,
                              struct layer_list *list, w4a16_error *error) {
    *list = (struct layer_list){0};
    const struct gguf_model *model = store_gguf(store);
    for (size_t i = 0; i < gguf_model_count(model); i++) {
        const struct gguf_weights *w = gguf_model_at(model, i);
        int embedding = strcmp(w->stored->name, "token_embd.weight") == 0;
        if (w->stored->type->plain != ST_OTHER || w->values.dims < 2 || embedding ||
            !ends_in_weight(w->values.name))
            continue;
        TRY(add_place(store, config, list, w, error));
    }
    FAIL_IF(!list->count, error, W4A16_UNSUPPORTED,
            "%s: none of its %zu tensors is a layer; expected are matrices of type Q4_0", store_path(store),
            store_count(store));
    return W4A16_OK;
}
