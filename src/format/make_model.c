/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Seeded decoder blocks in the shapes of real models, so that there is input without a download.
 *
 * What matters to a quantiser and to a kernel's error is imitated: weights with the tails of a t-distribution
 * with four degrees of freedom, a few input channels that are many times larger than the rest, and rows of
 * different size. Randomness is integer arithmetic; floats are only multiplied. So the bytes are the same on
 * every host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/safetensors.h"
#include "half.h"
#include "random.h"
#include "w4a16/checkpoint.h"

enum feature { NONE, HIDDEN, QUERY, KEY_VALUE, INTERMEDIATE, FEATURES };

static const struct model {
    const char *name;
    int64_t features[FEATURES];
} models[] = {
    {"qwen3-4b", {[HIDDEN] = 2560, [QUERY] = 4096, [KEY_VALUE] = 1024, [INTERMEDIATE] = 9728}},
    {"llama-3.1-8b", {[HIDDEN] = 4096, [QUERY] = 4096, [KEY_VALUE] = 1024, [INTERMEDIATE] = 14336}},
    {"tiny", {[HIDDEN] = 256, [QUERY] = 256, [KEY_VALUE] = 128, [INTERMEDIATE] = 512}},
};
#define MODEL_COUNT (sizeof models / sizeof models[0])

/* [out, in]; norms have no input and are near 1. */
static const struct tensor {
    const char *name;
    enum feature out, in;
} tensors[] = {
    {"model.layers.0.input_layernorm.weight", HIDDEN, NONE},
    {"model.layers.0.self_attn.q_proj.weight", QUERY, HIDDEN},
    {"model.layers.0.self_attn.k_proj.weight", KEY_VALUE, HIDDEN},
    {"model.layers.0.self_attn.v_proj.weight", KEY_VALUE, HIDDEN},
    {"model.layers.0.self_attn.o_proj.weight", HIDDEN, QUERY},
    {"model.layers.0.post_attention_layernorm.weight", HIDDEN, NONE},
    {"model.layers.0.mlp.gate_proj.weight", INTERMEDIATE, HIDDEN},
    {"model.layers.0.mlp.up_proj.weight", INTERMEDIATE, HIDDEN},
    {"model.layers.0.mlp.down_proj.weight", HIDDEN, INTERMEDIATE},
};
#define TENSOR_COUNT (sizeof tensors / sizeof tensors[0])

/* Quantiles (i + 1/2) / 32 of sqrt(4 / chi^2 with 4 degrees): a normal times one of these has a
 * t-distribution. */
static const float tails[32] = {0.572f, 0.644f, 0.690f, 0.728f, 0.761f, 0.791f, 0.820f, 0.848f,
                                0.876f, 0.903f, 0.930f, 0.958f, 0.986f, 1.015f, 1.045f, 1.076f,
                                1.108f, 1.142f, 1.179f, 1.217f, 1.259f, 1.305f, 1.355f, 1.412f,
                                1.475f, 1.549f, 1.638f, 1.746f, 1.887f, 2.087f, 2.416f, 3.261f};

#define TYPICAL_WEIGHT   0.02f
#define OUTLIER_CHANNELS 128 /* one in so many channels is 4 to 11 times larger */

/*
 * Multiplying by a large odd number brings all bits to the top, which then chooses independently of the sum.
 */
static float heavy_tailed(uint64_t bits) {
    return random_normal(bits) * tails[bits * 0xd1342543de82ef95u >> 59];
}

static float channel_size(uint64_t stream, int64_t k) {
    uint64_t bits = random_at(~stream, (uint64_t)k);
    if (bits % OUTLIER_CHANNELS == 0) return 4 + (float)(bits >> 61);
    return 0.75f + (float)(bits >> 40 & 0xff) * (1 / 512.0f);
}

static w4a16_status write_norm(struct safetensors_writer *writer, uint64_t stream, int64_t count,
                               w4a16_error *error) {
    uint16_t *values = malloc((size_t)count * sizeof *values);
    FAIL_IF(!values, error, W4A16_OUT_OF_MEMORY, "make-model: out of memory");
    for (int64_t i = 0; i < count; i++)
        values[i] = float_to_bf16(1 + 0.125f * random_normal(random_at(stream, (uint64_t)i)));
    w4a16_status status = safetensors_append(writer, values, (size_t)count * sizeof *values, error);
    free(values);
    return status;
}

static w4a16_status write_linear(struct safetensors_writer *writer, uint64_t stream, int64_t N, int64_t K,
                                 w4a16_error *error) {
    float *channels = malloc((size_t)K * sizeof *channels);
    uint16_t *row = malloc((size_t)K * sizeof *row);
    w4a16_status status = W4A16_OK;
    if (!channels || !row) status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "make-model: out of memory");
    for (int64_t k = 0; k < K && status == W4A16_OK; k++) channels[k] = channel_size(stream, k);
    for (int64_t n = 0; n < N && status == W4A16_OK; n++) {
        float size = TYPICAL_WEIGHT * channel_size(stream ^ 1, n);
        for (int64_t k = 0; k < K; k++) {
            float weight = heavy_tailed(random_at(stream, (uint64_t)(n * K + k)));
            row[k] = float_to_bf16(weight * channels[k] * size);
        }
        status = safetensors_append(writer, row, (size_t)K * sizeof *row, error);
    }
    free(channels);
    free(row);
    return status;
}

const char *w4a16_model_name(size_t index) { return index < MODEL_COUNT ? models[index].name : NULL; }

static const struct model *find_model(const char *name) {
    for (size_t i = 0; i < MODEL_COUNT; i++)
        if (strcmp(models[i].name, name) == 0) return &models[i];
    return NULL;
}

w4a16_status w4a16_make_model(const char *name, uint64_t seed, const char *out_file, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!name || !out_file, error, W4A16_INVALID_ARGUMENT, "make-model: model or out_file is null");
    const struct model *model = find_model(name);
    if (!model) {
        char known[256] = "";
        for (size_t i = 0; i < MODEL_COUNT; i++) {
            size_t length = strlen(known);
            snprintf(known + length, sizeof known - length, "%s%s", i ? ", " : "", models[i].name);
        }
        return w4a16_fail(error, W4A16_INVALID_ARGUMENT, "make-model: no model is called %s; known are %s",
                          name, known);
    }
    struct st_source sources[TENSOR_COUNT] = {{0}};
    for (size_t i = 0; i < TENSOR_COUNT; i++)
        sources[i] = (struct st_source){
            .name = tensors[i].name,
            .dtype = ST_BF16,
            .dims = tensors[i].in == NONE ? 1 : 2,
            .shape = {model->features[tensors[i].out], model->features[tensors[i].in]},
        };
    struct safetensors_writer *writer;
    TRY(safetensors_create(out_file, sources, TENSOR_COUNT, &writer, error));
    for (size_t i = 0; i < TENSOR_COUNT; i++) {
        uint64_t stream = random_stream(seed, tensors[i].name);
        int64_t N = sources[i].shape[0], K = sources[i].shape[1];
        w4a16_status status = tensors[i].in == NONE ? write_norm(writer, stream, N, error)
                                                    : write_linear(writer, stream, N, K, error);
        if (status != W4A16_OK) {
            safetensors_abandon(writer);
            return status;
        }
    }
    return safetensors_finish(writer, error);
}
