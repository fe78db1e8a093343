/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * fp32/fp16/bf16 safetensors, one file or several, or the values of a GGUF file, to a GPTQ checkpoint, one
 * layer in memory at a time.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/output_error.h"
#include "document.h"
#include "format/gguf_tokenizer.h"
#include "format/model_files.h"
#include "format/quantize_layer.h"
#include "half.h"
#include "struct_size.h"

enum { QWEIGHT, QZEROS, SCALES, G_IDX, PARTS };
static const char *const part_names[PARTS] = {"qweight", "qzeros", "scales", "g_idx"};

struct quantization {
    const w4a16_quantize_options *options;
    struct store *in;
    char *config_text; /* of the model, or null */
    json_t *config;
    struct quantize_plan plan;
    struct safetensors *calibration; /* or null */
    int64_t calibrated;              /* layers of which it has had statistics */
    struct st_source *sources;
    size_t source_count;
    struct output_directory out;
    char *model; /* path of the weights */
    struct safetensors_writer *writer;
    struct pool *pool;
};

void w4a16_quantize_init(w4a16_quantize_options *options, size_t struct_size) {
    const w4a16_quantize_options ours = {.group_size = 128,
                                         .symmetric = 1,
                                         .version = 1,
                                         .scale_type = W4A16_F16,
                                         .threads = 1,
                                         .keep_usual = 1};
    struct_give(options, struct_size, &ours, sizeof ours);
}

static w4a16_status check_options(const w4a16_quantize_options *o, w4a16_error *error) {
    FAIL_IF(o->group_size != -1 && o->group_size < 1, error, W4A16_INVALID_ARGUMENT,
            "quantize: group_size is %" PRId64 "; accepted are -1 (one group) and sizes >= 1", o->group_size);
    FAIL_IF(o->version != 1 && o->version != 2, error, W4A16_INVALID_ARGUMENT,
            "quantize: version is %d; accepted are 1 and 2", o->version);
    FAIL_IF(o->scale_type != W4A16_F16 && o->scale_type != W4A16_BF16, error, W4A16_INVALID_ARGUMENT,
            "quantize: scale_type is %d; accepted are %d (fp16) and %d (bf16)", (int)o->scale_type, W4A16_F16,
            W4A16_BF16);
    for (int64_t k = 0; o->energy && k < o->energy_count; k++)
        FAIL_IF(!(o->energy[k] >= 0 && isfinite(o->energy[k])), error, W4A16_INVALID_ARGUMENT,
                "quantize: energy[%" PRId64 "] is %g; accepted are finite numbers >= 0", k, o->energy[k]);
    FAIL_IF(o->calibration && o->act_order, error, W4A16_INVALID_ARGUMENT,
            "quantize: act_order and calibration are both given; accepted is one of them");
    FAIL_IF(o->threads < 1 || o->threads > POOL_THREADS_MAX, error, W4A16_INVALID_ARGUMENT,
            "quantize: threads is %d; accepted are 1 to %d", o->threads, POOL_THREADS_MAX);
    FAIL_IF(o->ignore_count && !o->ignore, error, W4A16_INVALID_ARGUMENT, "quantize: ignore is null");
    for (size_t i = 0; i < o->ignore_count; i++)
        FAIL_IF(!o->ignore[i], error, W4A16_INVALID_ARGUMENT, "quantize: ignore[%zu] is null", i);
    return W4A16_OK;
}

static w4a16_status no_memory(w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
}

/* ---- what will be written ------------------------------------------------------------------------------ */

static enum st_dtype scale_type(const struct quantization *run) {
    return run->options->scale_type == W4A16_F16 ? ST_F16 : ST_BF16;
}

static w4a16_status add_layer(struct quantization *run, const struct planned *t, int64_t layer,
                              w4a16_error *error) {
    const int64_t shapes[PARTS][2] = {
        {t->K / 8, t->N}, {plan_groups(t), t->N / 8}, {plan_groups(t), t->N}, {t->K, 0}};
    char *name = plan_layer_name(t, layer);
    for (int p = 0; p < PARTS && name; p++) {
        char *part;
        if (asprintf(&part, "%s.%s", name, part_names[p]) < 0) {
            free(name);
            return no_memory(error);
        }
        struct st_source *s = &run->sources[run->source_count++];
        s->name = part;
        s->dtype = p == SCALES ? scale_type(run) : ST_I32;
        s->dims = p == G_IDX ? 1 : 2;
        memcpy(s->shape, shapes[p], sizeof shapes[p]);
    }
    free(name);
    return name ? W4A16_OK : no_memory(error);
}

/* Of blocks that hold less than 16 bits the values are kept in the scales' type; all else in its own. */
static enum st_dtype kept_type(const struct quantization *run, const struct stored *in) {
    int blocks = in->gguf && in->gguf->stored->type->plain == ST_OTHER;
    return blocks ? scale_type(run) : in->tensor->dtype;
}

static w4a16_status add_copy(struct quantization *run, const struct stored *in, w4a16_error *error) {
    const struct st_tensor *t = in->tensor;
    struct st_source *s = &run->sources[run->source_count++];
    s->name = strdup(t->name);
    s->dtype = kept_type(run, in);
    s->dims = t->dims;
    memcpy(s->shape, t->shape, sizeof s->shape);
    s->other_name = t->dtype_name;
    s->other_bytes = t->end - t->begin;
    return s->name ? W4A16_OK : no_memory(error);
}

static w4a16_status add_sources(struct quantization *run, w4a16_error *error) {
    const struct quantize_plan *plan = &run->plan;
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++)
        count += plan->tensors[i].group_size ? PARTS * (size_t)plan_layers(&plan->tensors[i]) : 1;
    run->sources = calloc(count + 1, sizeof *run->sources);
    if (!run->sources) return no_memory(error);
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *t = &plan->tensors[i];
        if (!t->group_size) TRY(add_copy(run, &t->in, error));
        for (int64_t layer = 0; layer < plan_layers(t); layer++) TRY(add_layer(run, t, layer, error));
    }
    return W4A16_OK;
}

/* ---- one tensor ---------------------------------------------------------------------------------------- */

static w4a16_status write_layer(struct quantization *run, const struct planned *t,
                                const struct quantized_layer *layer, w4a16_error *error) {
    size_t N = (size_t)t->N, K = (size_t)t->K, groups = (size_t)plan_groups(t);
    TRY(safetensors_append(run->writer, layer->qweight, K / 8 * N * 4, error));
    TRY(safetensors_append(run->writer, layer->qzeros, groups * (N / 8) * 4, error));
    TRY(safetensors_append(run->writer, layer->scales, groups * N * 2, error));
    return safetensors_append(run->writer, layer->g_idx, K * sizeof *layer->g_idx, error);
}

/* Those that the calibration has of a layer's inputs, or nulls. */
static w4a16_status read_statistics(struct quantization *run, const struct planned *t, int64_t layer,
                                    struct input_statistics *out, w4a16_error *error) {
    *out = (struct input_statistics){0};
    if (!run->calibration) return W4A16_OK;
    char *name = plan_layer_name(t, layer);
    if (!name) return no_memory(error);
    w4a16_status status = statistics_read(run->calibration, name, t->K, out, error);
    run->calibrated += out->feedback != NULL;
    free(name);
    return status;
}

/* layer: which of those that the tensor becomes; weights: those of all its halves. */
static w4a16_status convert_layer(struct quantization *run, const struct planned *t, int64_t layer,
                                  const char *weights, w4a16_error *error) {
    const struct quantizer q = {run->options, store_path(run->in), run->pool};
    struct input_statistics statistics;
    struct quantized_layer quantized;
    TRY(read_statistics(run, t, layer, &statistics, error));
    w4a16_status status = quantize_layer(&q, t, layer % t->halves, weights, &statistics, &quantized, error);
    statistics_free(&statistics);
    if (status != W4A16_OK) return status;
    status = write_layer(run, t, &quantized, error);
    quantized_layer_free(&quantized);
    return status;
}

/* Rounds floats to halves in place. */
static w4a16_status narrow(const struct quantization *run, const struct stored *in, void *piece, size_t count,
                           w4a16_error *error) {
    enum st_dtype type = kept_type(run, in);
    unsigned char *bytes = piece;
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, bytes + 4 * i, 4);
        uint16_t half = type == ST_F16 ? float_to_f16(value) : float_to_bf16(value);
        float back = type == ST_F16 ? f16_to_float(half) : bf16_to_float(half);
        FAIL_IF(isfinite(value) && !isfinite(back), error, W4A16_UNSUPPORTED,
                "%s: tensor %s: a value is %g, too large for %s; bf16 scales reach further",
                store_path(run->in), in->tensor->name, (double)value, st_dtype_name(type));
        memcpy(bytes + 2 * i, &half, 2);
    }
    return W4A16_OK;
}

/* Copies a tensor piece by piece. */
static w4a16_status copy_tensor(struct quantization *run, const struct stored *in, w4a16_error *error) {
    enum { PIECE = 16 << 20 };
    uint64_t bytes = in->tensor->end - in->tensor->begin;
    int narrower = kept_type(run, in) != in->tensor->dtype;
    char *piece = malloc(bytes < PIECE ? bytes + 1 : PIECE);
    if (!piece) return no_memory(error);
    w4a16_status status = W4A16_OK;
    for (uint64_t at = 0; at < bytes && status == W4A16_OK; at += PIECE) {
        size_t n = bytes - at < PIECE ? (size_t)(bytes - at) : PIECE;
        status = store_read(run->in, in, at, n, piece, error);
        if (status == W4A16_OK && narrower) status = narrow(run, in, piece, n / 4, error);
        if (status == W4A16_OK) status = safetensors_append(run->writer, piece, narrower ? n / 2 : n, error);
    }
    free(piece);
    return status;
}

/* Quantises the layers that a tensor holds, expert by expert. */
static w4a16_status convert(struct quantization *run, const struct planned *t, w4a16_error *error) {
    if (!t->group_size) return copy_tensor(run, &t->in, error);
    size_t bytes = (size_t)(t->halves * t->N * t->K) * st_dtype_size(t->in.tensor->dtype);
    char *data = malloc(bytes);
    FAIL_IF(!data, error, W4A16_OUT_OF_MEMORY, "%s: tensor %s: out of memory for %zu bytes of it",
            store_path(run->in), t->in.tensor->name, bytes);
    w4a16_status status = W4A16_OK;
    for (int64_t layer = 0; layer < plan_layers(t) && status == W4A16_OK; layer++) {
        uint64_t at = (uint64_t)(layer / t->halves) * bytes;
        if (layer % t->halves == 0) status = store_read(run->in, &t->in, at, bytes, data, error);
        if (status == W4A16_OK) status = convert_layer(run, t, layer, data, error);
    }
    free(data);
    return status;
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static w4a16_status write_config(struct quantization *run, w4a16_error *error) {
    const w4a16_quantize_options *o = run->options;
    if (!run->plan.quantized) return model_config_copy(&run->out, run->config_text, error);
    json_t *rules;
    TRY(plan_rules(&run->plan, o->group_size, &rules, error));
    int has_rules = json_object_size(rules) != 0;
    json_t *quantization =
        doc_pack("{s:i, s:I, s:b, s:b, s:b, s:s, s:s, s:s, s:{s:[s]}}", "bits", 4, "group_size",
                 (json_int_t)o->group_size, "desc_act", o->act_order != 0, "sym", o->symmetric, "lm_head",
                 plan_has_quantized(&run->plan, "lm_head"), "quant_method", "gptq", "checkpoint_format",
                 o->version == 1 ? "gptq" : "gptq_v2", "pack_dtype", "int32", "meta", "quantizer",
                 "w4a16:" W4A16_VERSION_STRING);
    if (has_rules)
        doc_set(&quantization, "dynamic", rules);
    else
        json_decref(rules);
    w4a16_status status =
        quantization ? model_config_write(&run->out, run->config_text, run->config, quantization, error)
                     : no_memory(error);
    json_decref(quantization);
    return status;
}

static void tell(w4a16_quantize_progress *progress, void *context, const struct planned *t,
                 int64_t calibrated, size_t done, size_t total) {
    const struct st_tensor *in = t->in.tensor;
    const struct gguf_tensor *stored = t->in.gguf ? t->in.gguf->stored : NULL;
    progress(context, &(w4a16_quantize_step){
                          .tensor = in->name,
                          .kind = t->kind,
                          .reason = t->reason,
                          .type = in->dtype_name,
                          .quantized_before = stored && stored->type->plain == ST_OTHER,
                          .bytes = stored ? stored->end - stored->begin : in->end - in->begin,
                          .layers = plan_layers(t),
                          .calibrated = calibrated,
                          .group_size = t->group_size,
                          .done = done,
                          .total = total,
                      });
}

static w4a16_status write_weights(struct quantization *run, w4a16_quantize_progress *progress, void *context,
                                  w4a16_error *error) {
    const struct quantize_plan *plan = &run->plan;
    run->model = output_directory_file(&run->out, "model.safetensors");
    if (!run->model) return no_memory(error);
    TRY(safetensors_create(run->model, run->sources, run->source_count, &run->writer, error));
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *t = &plan->tensors[i];
        int64_t before = run->calibrated;
        TRY(convert(run, t, error));
        if (progress) tell(progress, context, t, run->calibrated - before, i + 1, plan->count);
    }
    FAIL_IF(run->calibration && !run->calibrated, error, W4A16_UNSUPPORTED,
            "%s: has statistics of none of the layers that are quantised; accepted is what "
            "`python -m w4a16 calibrate` writes of this model",
            run->options->calibration);
    struct safetensors_writer *complete = run->writer;
    run->writer = NULL;
    return safetensors_finish(complete, error);
}

/* config.json, which of a GGUF file is made. */
static w4a16_status read_config(struct quantization *run, w4a16_error *error) {
    const struct gguf_model *gguf = store_gguf(run->in);
    if (!gguf) return model_config_read(store_directory(run->in), &run->config_text, &run->config, error);
    TRY(gguf_model_config(gguf, &run->config, error));
    TRY(gguf_tokenizer_check(gguf_model_file(gguf), error));
    run->config_text = doc_print(run->config, JSON_INDENT(2), NULL);
    return run->config_text ? W4A16_OK : no_memory(error);
}

/* What belongs to a model beside weights and configuration. A safetensors file that lies among others has
 * nothing to take along. */
static w4a16_status write_companions(struct quantization *run, w4a16_error *error) {
    const struct gguf_model *gguf = store_gguf(run->in);
    if (gguf) return gguf_tokenizer_write(gguf_model_file(gguf), &run->out, error);
    return run->config ? model_files_copy(store_directory(run->in), &run->out, error) : W4A16_OK;
}

/* Everything that can be known to fail is looked at before the first byte is written. */
static w4a16_status prepare(struct quantization *run, const char *in, const char *out_dir,
                            w4a16_error *error) {
    int used = run->options->replace ? 0 : directory_in_use(out_dir);
    FAIL_IF(used < 0, error, W4A16_IO, "%s: cannot use as a directory: %s", out_dir, strerror(errno));
    FAIL_IF(used, error, W4A16_INVALID_ARGUMENT,
            "%s: holds files already; accepted is a new or an empty directory, or --force to replace the "
            "model in it",
            out_dir);
    TRY(store_open(in, &run->in, error));
    TRY(read_config(run, error));
    TRY(plan_create(run->in, run->config, run->options, &run->plan, error));
    TRY(add_sources(run, error));
    if (run->options->calibration) TRY(safetensors_open(run->options->calibration, &run->calibration, error));
    run->pool = pool_create(run->options->threads);
    FAIL_IF(!run->pool, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory or threads");
    return W4A16_OK;
}

static w4a16_status directory_error(const char *path, const struct output_directory *d, w4a16_error *error) {
    return w4a16_fail(error, d->code == ENOMEM ? W4A16_OUT_OF_MEMORY : W4A16_IO, "%s: cannot %s: %s", path,
                      d->step, strerror(d->code));
}

static w4a16_status write_all(struct quantization *run, const char *out_dir,
                              w4a16_quantize_progress *progress, void *context, w4a16_error *error) {
    w4a16_status status = W4A16_OK;
    if (output_directory_open(&run->out, out_dir) != 0) status = directory_error(out_dir, &run->out, error);
    if (status == W4A16_OK) status = write_weights(run, progress, context, error);
    if (status == W4A16_OK) status = write_config(run, error);
    if (status == W4A16_OK) status = write_companions(run, error);
    safetensors_abandon(run->writer);
    run->writer = NULL;
    if (status != W4A16_OK)
        output_directory_abandon(&run->out);
    else if (output_directory_commit(&run->out, model_file_rank) != 0)
        status = directory_error(out_dir, &run->out, error);
    return status;
}

static void release(struct quantization *run) {
    pool_destroy(run->pool);
    for (size_t i = 0; i < run->source_count; i++) free((char *)run->sources[i].name);
    free(run->sources);
    free(run->model);
    plan_free(&run->plan);
    json_decref(run->config);
    free(run->config_text);
    safetensors_close(run->calibration);
    store_close(run->in);
}

w4a16_status w4a16_quantize_file(const char *in, const char *out_dir, const w4a16_quantize_options *options,
                                 w4a16_quantize_progress *progress, void *context, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!in || !out_dir || !options, error, W4A16_INVALID_ARGUMENT,
            "quantize: in, out_dir or options is null");
    w4a16_quantize_options o;
    FAIL_IF(!struct_take(&o, sizeof o, options, STRUCT_LEAST(w4a16_quantize_options, keep_usual)), error,
            W4A16_INVALID_ARGUMENT,
            "quantize: struct_size is %zu; accepted is %zu, as w4a16_quantize_init sets it",
            options->struct_size, sizeof o);
    TRY(check_options(&o, error));
    struct quantization run = {.options = &o};
    w4a16_status status = prepare(&run, in, out_dir, error);
    if (status == W4A16_OK) status = write_all(&run, out_dir, progress, context, error);
    release(&run);
    return status;
}
