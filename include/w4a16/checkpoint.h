/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Quantised checkpoints on disk: safetensors plus a JSON configuration.
 *
 * A checkpoint is a directory with its configuration and one .safetensors file, or several that
 * model.safetensors.index.json names; or the path of such a file itself, its directory then holding the
 * configuration; or the path of a GGUF file, whose matrices of type Q4_0 are layers. Files are untrusted: every offset, size, shape and name is checked before use, and an
 * error names file, tensor, what was found and what is accepted. Sources of the format rules: the safetensors
 * README, the GPTQ packers and ggml; docs/formats.md has the table.
 */
#ifndef W4A16_CHECKPOINT_H
#define W4A16_CHECKPOINT_H

#include "w4a16/base.h"
#include "w4a16/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct w4a16_checkpoint w4a16_checkpoint; /* immutable once open: readable from several threads */

typedef struct w4a16_layer_info {
    const char *name;   /* "model.layers.0.self_attn.q_proj"; owned by the checkpoint */
    const char *format; /* "gptq", "gptq_v2", "awq", "compressed-tensors", "gguf" */
    int64_t N, K, group_size;
    w4a16_dtype scale_type;
    int symmetric, act_order, has_bias; /* symmetric: every zero is 8 */
    int64_t wrapped_zeros; /* GPTQ v1 zeros stored as 15, which read as 16 here and as 0 in some readers */
    const char *problem;   /* null if readable, else the sentence that reading it would give */
} w4a16_layer_info;

/*
 * Opens and validates headers and configuration. BAD_FILE, UNSUPPORTED, IO or OUT_OF_MEMORY. A layer with a
 * problem does not fail the opening; it is listed with that problem. So is, as a layer, a tensor that looks
 * packed but is part of none. A stack of experts is listed as a layer per expert, as "mlp.experts.3.up_proj".
 */
W4A16_API w4a16_status w4a16_checkpoint_open(const char *path, w4a16_checkpoint **out, w4a16_error *error);
W4A16_API void w4a16_checkpoint_close(w4a16_checkpoint *checkpoint); /* null is accepted */

/* The layers of a checkpoint; null from the last on. A null checkpoint has none. */
W4A16_API size_t w4a16_checkpoint_layers(const w4a16_checkpoint *checkpoint);
W4A16_API const w4a16_layer_info *w4a16_checkpoint_layer(const w4a16_checkpoint *checkpoint, size_t index);
/* Index of the layer of that name, or -1. */
W4A16_API int64_t w4a16_checkpoint_find(const w4a16_checkpoint *checkpoint, const char *name);

/*
 * What is no layer of 4 bits and no problem either, in sentences: layers of other widths, which are left to
 * other engines, and tensors that an index leaves out. Owned by the checkpoint; null from the last on.
 */
W4A16_API size_t w4a16_checkpoint_notes(const w4a16_checkpoint *checkpoint);
W4A16_API const char *w4a16_checkpoint_note(const w4a16_checkpoint *checkpoint, size_t index);

/* Reads one layer; free it with w4a16_layer_free. It does not depend on the checkpoint afterwards. */
W4A16_API w4a16_status w4a16_checkpoint_read_layer(const w4a16_checkpoint *checkpoint, size_t index,
                                                   w4a16_layer **out, w4a16_error *error);

/* How to quantise. Fill with w4a16_quantize_init first, which is told its size. */
typedef struct w4a16_quantize_options {
    size_t struct_size;
    int64_t group_size;     /* default 128; -1 = one group over K; must divide K otherwise */
    int symmetric;          /* default 1: zero = 8 */
    int version;            /* 1 or 2: GPTQ zero convention; default 1 */
    w4a16_dtype scale_type; /* F16 (default) or BF16 */
    int search;             /* default 0: plain rounding; 1: the scale that minimises squared error */
    int threads;            /* 1 (default) to 1024 */
    /*
     * Act-order (default 0): groups are made of input features of like weight, so that one scale fits them
     * all. Features are sorted, largest first, by `energy` (sum of squares of each feature's activations,
     * [energy_count]) in layers of that many input features, and by the norm of their weights in others.
     */
    int act_order;
    const double *energy; /* or null */
    int64_t energy_count;
    /*
     * What stays in 16 bits: modules that match one of the regular expressions (as Python's re.match, "re:"
     * before them or not); a plain name stands for all modules that end in it and what they hold. With
     * keep_usual (default 1) also what engines expect so: embeddings, output heads, routers, shared experts'
     * gates, towers for images and sound, heads for further tokens.
     */
    const char *const *ignore;
    size_t ignore_count;
    int keep_usual;
    int replace; /* default 0: out_dir must be new or empty; 1: a model in it is replaced, other files stay */
    /*
     * A safetensors file with statistics of layers' inputs, which `python -m w4a16 calibrate` writes, or null (default).
     * Layers that it has are quantised input by input, those of larger energy first, and what rounding misses is made up
     * for by the weights behind (GPTQ), with searched scales; others as without. UNSUPPORTED if it has none of the
     * layers; not together with act_order.
     */
    const char *calibration;
} w4a16_quantize_options;

W4A16_API void w4a16_quantize_init(w4a16_quantize_options *options, size_t struct_size);

/* What became of a tensor of the input. */
typedef struct w4a16_quantize_step {
    const char *tensor, *kind; /* its name, and the same with numbers as * */
    const char *reason;        /* why it is kept in its type, or has smaller groups than asked for; or null */
    const char *type;          /* in the input: "BF16", in GGUF "Q4_1" */
    int quantized_before;      /* its type has less than 16 bits: what became of it is made of its values */
    uint64_t bytes;            /* in the input */
    int64_t layers;            /* that it was quantised to; 0: copied */
    int64_t group_size;
    size_t done, total; /* tensors */
    int64_t calibrated; /* of the layers, by statistics of their inputs */
} w4a16_quantize_step;

/* Told after each tensor; the step holds for the call. May be null. Never called from two threads at once. */
typedef void w4a16_quantize_progress(void *context, const w4a16_quantize_step *step);

/*
 * Quantises the linear layers of a model: matrices called "*.weight" ([N, K], as torch stores them; [K, N] in
 * GPT-2) and experts stacked in three dimensions ("...experts.gate_up_proj"; each becomes layers of its own),
 * fp32, fp16 or bf16, of a safetensors file, of a directory with one or with an index, or of a GGUF file of an
 * architecture that is known (llama, gemma3), whose quantised types are taken as their values. out_dir becomes a
 * GPTQ model: model.safetensors, config.json with quantization_config in it, quantize_config.json, and, of a
 * directory with config.json, its tokenizer, settings, code and licences; of a GGUF file config.json and
 * tokenizer are made. Other tensors are copied, GGUF's quantised ones in the scales' type. A layer
 * whose K the group size does not divide gets groups of 64 or 32, or is kept; layers that engines load as one
 * share that.
 *
 * out_dir appears complete or, after an error, is as it was.
 */
W4A16_API w4a16_status w4a16_quantize_file(const char *in, const char *out_dir,
                                           const w4a16_quantize_options *options,
                                           w4a16_quantize_progress *progress, void *context,
                                           w4a16_error *error);

/*
 * Writes one decoder block of seeded, LLM-like weights (bf16, heavy-tailed columns) in the shapes of a named
 * model, as model.layers.0.self_attn.q_proj.weight and so on. w4a16_model_name lists the names, null after
 * the last. Same seed, same bytes.
 */
W4A16_API const char *w4a16_model_name(size_t index);
W4A16_API w4a16_status w4a16_make_model(const char *model, uint64_t seed, const char *out_file,
                                        w4a16_error *error);

#ifdef __cplusplus
}
#endif
#endif
