/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/gguf_arch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "document.h"

/* ---- the tensors --------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct gguf_rule llama_rules[] = {
    {"token_embd",         "model.embed_tokens",                      ROWS_KEPT, 0},
    {"output_norm",        "model.norm",                              ROWS_KEPT, 0},
    {"output",             "lm_head",                                 ROWS_KEPT, 0},
    {"blk.*.attn_norm",    "model.layers.*.input_layernorm",          ROWS_KEPT, 0},
    {"blk.*.attn_q",       "model.layers.*.self_attn.q_proj",         ROWS_OF_Q, 0},
    {"blk.*.attn_k",       "model.layers.*.self_attn.k_proj",         ROWS_OF_K, 0},
    {"blk.*.attn_v",       "model.layers.*.self_attn.v_proj",         ROWS_KEPT, 0},
    {"blk.*.attn_output",  "model.layers.*.self_attn.o_proj",         ROWS_KEPT, 0},
    {"blk.*.ffn_norm",     "model.layers.*.post_attention_layernorm", ROWS_KEPT, 0},
    {"blk.*.ffn_gate",     "model.layers.*.mlp.gate_proj",            ROWS_KEPT, 0},
    {"blk.*.ffn_up",       "model.layers.*.mlp.up_proj",              ROWS_KEPT, 0},
    {"blk.*.ffn_down",     "model.layers.*.mlp.down_proj",            ROWS_KEPT, 0},
    {0},
};

static const struct gguf_rule gemma3_rules[] = {
    {"token_embd",                "model.embed_tokens",                        ROWS_KEPT, 0},
    {"output_norm",               "model.norm",                                ROWS_KEPT, 1},
    {"output",                    "lm_head",                                   ROWS_KEPT, 0},
    {"blk.*.attn_norm",           "model.layers.*.input_layernorm",            ROWS_KEPT, 1},
    {"blk.*.attn_q",              "model.layers.*.self_attn.q_proj",           ROWS_KEPT, 0},
    {"blk.*.attn_k",              "model.layers.*.self_attn.k_proj",           ROWS_KEPT, 0},
    {"blk.*.attn_v",              "model.layers.*.self_attn.v_proj",           ROWS_KEPT, 0},
    {"blk.*.attn_output",         "model.layers.*.self_attn.o_proj",           ROWS_KEPT, 0},
    {"blk.*.attn_q_norm",         "model.layers.*.self_attn.q_norm",           ROWS_KEPT, 1},
    {"blk.*.attn_k_norm",         "model.layers.*.self_attn.k_norm",           ROWS_KEPT, 1},
    {"blk.*.post_attention_norm", "model.layers.*.post_attention_layernorm",   ROWS_KEPT, 1},
    {"blk.*.ffn_norm",            "model.layers.*.pre_feedforward_layernorm",  ROWS_KEPT, 1},
    {"blk.*.post_ffw_norm",       "model.layers.*.post_feedforward_layernorm", ROWS_KEPT, 1},
    {"blk.*.ffn_gate",            "model.layers.*.mlp.gate_proj",              ROWS_KEPT, 0},
    {"blk.*.ffn_up",              "model.layers.*.mlp.up_proj",                ROWS_KEPT, 0},
    {"blk.*.ffn_down",            "model.layers.*.mlp.down_proj",              ROWS_KEPT, 0},
    {0},
};
/* clang-format on */

static w4a16_status complete_llama(const struct gguf *file, json_t **config, w4a16_error *error);
static w4a16_status complete_gemma3(const struct gguf *file, json_t **config, w4a16_error *error);

static const struct gguf_arch archs[] = {
    {"llama", "float16", llama_rules, complete_llama},
    {"gemma3", "bfloat16", gemma3_rules, complete_gemma3},
};
enum { ARCHS = sizeof archs / sizeof archs[0] };

const struct gguf_arch *gguf_arch_of(struct gguf_text name) {
    for (size_t i = 0; name.data && i < ARCHS; i++)
        if (strlen(archs[i].name) == name.length && memcmp(archs[i].name, name.data, name.length) == 0)
            return &archs[i];
    return NULL;
}

const char *gguf_arch_names(void) { return "llama and gemma3"; }

/* ---- their keys ---------------------------------------------------------------------------------------- */

enum { SIZE_MAX_OF_KEYS = 1 << 30 };

/* A size, of which most architectures have the same: "llama.block_count". 0 if it is absent. */
static w4a16_status size_of(const char *arch, const struct gguf *file, const char *what, int64_t *size,
                            w4a16_error *error) {
    char key[128];
    snprintf(key, sizeof key, "%s.%s", arch, what);
    *size = 0;
    return gguf_integer(file, key, 1, SIZE_MAX_OF_KEYS, size, error);
}

static w4a16_status needed_size(const char *arch, const struct gguf *file, const char *what, int64_t *size,
                                w4a16_error *error) {
    TRY(size_of(arch, file, what, size, error));
    FAIL_IF(!*size, error, W4A16_BAD_FILE, "%s: key %s.%s is missing", gguf_path(file), arch, what);
    return W4A16_OK;
}

static w4a16_status real_of(const char *arch, const struct gguf *file, const char *what, double *value,
                            w4a16_error *error) {
    char key[128];
    snprintf(key, sizeof key, "%s.%s", arch, what);
    return gguf_real(file, key, value, error);
}

w4a16_status gguf_arch_heads(const struct gguf_arch *arch, const struct gguf *file, int of_keys,
                             int64_t *heads, w4a16_error *error) {
    int64_t of_queries = 0;
    TRY(needed_size(arch->name, file, "attention.head_count", &of_queries, error));
    TRY(size_of(arch->name, file, "attention.head_count_kv", heads, error));
    if (!of_keys || !*heads) *heads = of_queries;
    return W4A16_OK;
}

/* The shape of a tensor; null if there is none of that name. */
static const int64_t *shape_of(const struct gguf *file, const char *name) {
    for (size_t i = 0; i < gguf_count(file); i++)
        if (strcmp(gguf_at(file, i)->name, name) == 0) return gguf_at(file, i)->shape;
    return NULL;
}

/* The shortest decimal that is the same in fp32, which is what the file has: 1e-05, not 9.99999974e-06. */
static double shortest(double value) {
    char text[40];
    for (int digits = 6; digits <= 9; digits++) {
        double shown;
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (sscanf(text, "%lf", &shown) == 1 && (float)shown == (float)value) return shown;
    }
    return value;
}

/* Linear scaling of positions becomes rope_scaling; other kinds are refused. */
static w4a16_status set_rope_scaling(const char *arch, const struct gguf *file, json_t **config,
                                     w4a16_error *error) {
    char key[128];
    struct gguf_text kind = {0};
    double factor = 0;
    snprintf(key, sizeof key, "%s.rope.scaling.type", arch);
    TRY(gguf_string(file, key, &kind, error));
    TRY(real_of(arch, file, "rope.scaling.factor", &factor, error));
    int none = !kind.data || (kind.length == 4 && memcmp(kind.data, "none", 4) == 0);
    int linear = kind.length == 6 && memcmp(kind.data, "linear", 6) == 0;
    FAIL_IF(!none && !linear, error, W4A16_UNSUPPORTED, "%s: key %s: is %.*s; accepted are none and linear",
            gguf_path(file), key, (int)kind.length, kind.data);
    if (linear && factor > 0)
        doc_set(config, "rope_scaling",
                doc_pack("{s:s, s:f}", "rope_type", "linear", "factor", shortest(factor)));
    return W4A16_OK;
}

static w4a16_status set_token(const struct gguf *file, const char *key, const char *name, json_t **config,
                              w4a16_error *error) {
    int64_t token = -1;
    TRY(gguf_integer(file, key, 0, SIZE_MAX_OF_KEYS, &token, error));
    if (token >= 0) doc_set(config, name, doc_pack("I", (json_int_t)token));
    return W4A16_OK;
}

/* What every decoder has. */
static w4a16_status set_sizes(const char *arch, const struct gguf *file, json_t **config,
                              w4a16_error *error) {
    static const struct {
        const char *own, *theirs;
    } sizes[] = {{"embedding_length", "hidden_size"},
                 {"feed_forward_length", "intermediate_size"},
                 {"block_count", "num_hidden_layers"},
                 {"attention.head_count", "num_attention_heads"},
                 {"context_length", "max_position_embeddings"}};
    int64_t size, heads, width;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        TRY(needed_size(arch, file, sizes[i].own, &size, error));
        doc_set(config, sizes[i].theirs, doc_pack("I", (json_int_t)size));
    }
    TRY(needed_size(arch, file, "attention.head_count", &heads, error));
    TRY(needed_size(arch, file, "embedding_length", &width, error));
    TRY(size_of(arch, file, "attention.head_count_kv", &size, error));
    doc_set(config, "num_key_value_heads", doc_pack("I", (json_int_t)(size ? size : heads)));
    TRY(size_of(arch, file, "attention.key_length", &size, error));
    doc_set(config, "head_dim", doc_pack("I", (json_int_t)(size ? size : width / heads)));
    double epsilon = 1e-6, theta = 10000;
    TRY(real_of(arch, file, "attention.layer_norm_rms_epsilon", &epsilon, error));
    TRY(real_of(arch, file, "rope.freq_base", &theta, error));
    doc_set(config, "rms_norm_eps", doc_pack("f", shortest(epsilon)));
    doc_set(config, "rope_theta", doc_pack("f", shortest(theta)));
    TRY(set_rope_scaling(arch, file, config, error));
    TRY(set_token(file, "tokenizer.ggml.bos_token_id", "bos_token_id", config, error));
    TRY(set_token(file, "tokenizer.ggml.eos_token_id", "eos_token_id", config, error));
    return set_token(file, "tokenizer.ggml.padding_token_id", "pad_token_id", config, error);
}

static w4a16_status complete_llama(const struct gguf *file, json_t **config, w4a16_error *error) {
    int64_t experts = 0;
    TRY(size_of("llama", file, "expert_count", &experts, error));
    FAIL_IF(experts, error, W4A16_UNSUPPORTED, "%s: has %" PRId64 " experts; accepted are llamas without",
            gguf_path(file), experts);
    int biases = shape_of(file, "blk.0.attn_q.bias") != NULL;
    doc_update(config, doc_pack("{s:[s], s:s, s:s, s:b, s:b}", "architectures", "LlamaForCausalLM",
                                "model_type", "llama", "hidden_act", "silu", "attention_bias", biases,
                                "mlp_bias", shape_of(file, "blk.0.ffn_up.bias") != NULL));
    return W4A16_OK;
}

/* Every sixth block sees all of the text, the others a window; the largest model scales its queries by the
 * width of a head's share, not of a head. */
static w4a16_status complete_gemma3(const struct gguf *file, json_t **config, w4a16_error *error) {
    enum { PERIOD = 6, LARGEST = 62 };
    int64_t blocks, heads, width, window = 0;
    TRY(needed_size("gemma3", file, "block_count", &blocks, error));
    TRY(needed_size("gemma3", file, "attention.head_count", &heads, error));
    TRY(needed_size("gemma3", file, "embedding_length", &width, error));
    TRY(needed_size("gemma3", file, "attention.sliding_window", &window, error));
    FAIL_IF(blocks > 1024, error, W4A16_UNSUPPORTED, "%s: has %" PRId64 " blocks; accepted are at most 1024",
            gguf_path(file), blocks);
    json_t *types = doc_pack("[]");
    for (int64_t i = 0; i < blocks; i++)
        doc_append(&types, doc_string((i + 1) % PERIOD ? "sliding_attention" : "full_attention"));
    json_int_t scalar = json_integer_value(json_object_get(*config, "head_dim"));
    doc_update(config, doc_pack("{s:[s], s:s, s:s, s:I, s:I, s:o, s:f, s:b, s:n, s:n}", "architectures",
                                "Gemma3ForCausalLM", "model_type", "gemma3_text", "hidden_activation",
                                "gelu_pytorch_tanh", "query_pre_attn_scalar",
                                blocks == LARGEST ? (json_int_t)(width / heads) : scalar, "sliding_window",
                                (json_int_t)window, "layer_types", types, "rope_local_base_freq", 10000.0,
                                "attention_bias", 0, "attn_logit_softcapping", "final_logit_softcapping"));
    return W4A16_OK;
}

w4a16_status gguf_arch_config(const struct gguf_arch *arch, const struct gguf *file, json_t **config,
                              w4a16_error *error) {
    const int64_t *embedding = shape_of(file, "token_embd.weight");
    FAIL_IF(!embedding, error, W4A16_BAD_FILE, "%s: tensor token_embd.weight is missing", gguf_path(file));
    json_t *made = doc_pack("{s:I, s:b, s:s}", "vocab_size", (json_int_t)embedding[0], "tie_word_embeddings",
                            !shape_of(file, "output.weight"), "dtype", arch->dtype);
    w4a16_status status = set_sizes(arch->name, file, &made, error);
    if (status == W4A16_OK) status = arch->complete(file, &made, error);
    if (status == W4A16_OK && !made)
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", gguf_path(file));
    if (status != W4A16_OK)
        json_decref(made);
    else
        *config = made;
    return status;
}
