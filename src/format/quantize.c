/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * fp32/fp16/bf16 safetensors, one file or several, to a GPTQ checkpoint, one tensor in memory at a time.
 *
 * Threads work on eight columns (output features) each: that is one word of qzeros per group, so no two
 * threads write the same word.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "document.h"
#include "format/quantize_group.h"
#include "format/store.h"
#include "half.h"
#include "parallel.h"
#include "w4a16/checkpoint.h"

enum { QWEIGHT, QZEROS, SCALES, G_IDX, PARTS };

/* One tensor of the input and what becomes of it. */
struct job {
    const struct st_tensor *in;
    const struct safetensors *file; /* that has it */
    int quantized;
    int64_t N, K, group_size, groups;
    char *names[PARTS]; /* of the quantised tensors; names[0] alone for a copy */
};

struct run {
    const w4a16_quantize_options *options;
    struct store *in;
    size_t count;
    struct job *jobs;
    struct st_source *sources;
    size_t source_count;
    struct safetensors_writer *writer;
    struct pool *pool;
};

void w4a16_quantize_init(w4a16_quantize_options *options) {
    *options = (w4a16_quantize_options){.struct_size = sizeof *options,
                                        .group_size = 128,
                                        .symmetric = 1,
                                        .version = 1,
                                        .scale_type = W4A16_F16,
                                        .search = 1,
                                        .threads = 1};
}

static w4a16_status check_options(const w4a16_quantize_options *o, w4a16_error *error) {
    FAIL_IF(o->struct_size != sizeof *o, error, W4A16_INVALID_ARGUMENT,
            "quantize: struct_size is %zu; accepted is %zu, as w4a16_quantize_init sets it", o->struct_size,
            sizeof *o);
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
    FAIL_IF(o->threads < 1, error, W4A16_INVALID_ARGUMENT, "quantize: threads is %d; accepted is >= 1",
            o->threads);
    return W4A16_OK;
}

static int ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* Matrices that GPTQ checkpoints keep in 16 bits although they are stored like linear layers. */
static const char *const kept[] = {"embed_tokens.weight", "lm_head.weight", "wte.weight", "wpe.weight"};

static int is_linear(const struct st_tensor *t) {
    if (t->dims != 2 || !ends_with(t->name, ".weight")) return 0;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (ends_with(t->name, kept[i])) return 0;
    return t->dtype == ST_F32 || t->dtype == ST_F16 || t->dtype == ST_BF16;
}

static w4a16_status check_shape(const struct run *run, const struct st_tensor *t, w4a16_error *error) {
    const char *path = store_path(run->in);
    int64_t N = t->shape[0], K = t->shape[1], group_size = run->options->group_size;
    FAIL_IF(N < 1 || K < 1 || N % 8 || K % 8, error, W4A16_UNSUPPORTED,
            "%s: tensor %s: shape is [%" PRId64 ", %" PRId64 "]; GPTQ packs eight values to a word and takes "
            "multiples of 8 in both dimensions",
            path, t->name, N, K);
    FAIL_IF(group_size > 0 && K % group_size, error, W4A16_UNSUPPORTED,
            "%s: tensor %s: %" PRId64 " input features are no multiple of the group size %" PRId64
            "; accepted are its divisors and -1",
            path, t->name, K, group_size);
    return W4A16_OK;
}

static w4a16_status plan_linear(struct run *run, struct job *job, w4a16_error *error) {
    static const char *const parts[PARTS] = {"qweight", "qzeros", "scales", "g_idx"};
    const struct st_tensor *t = job->in;
    TRY(check_shape(run, t, error));
    job->quantized = 1;
    job->N = t->shape[0], job->K = t->shape[1];
    job->group_size = run->options->group_size > 0 ? run->options->group_size : job->K;
    job->groups = job->K / job->group_size;
    const int64_t shapes[PARTS][2] = {
        {job->K / 8, job->N}, {job->groups, job->N / 8}, {job->groups, job->N}, {job->K, 0}};
    int stem = (int)(strlen(t->name) - strlen("weight"));
    for (int p = 0; p < PARTS; p++) {
        if (asprintf(&job->names[p], "%.*s%s", stem, t->name, parts[p]) < 0) {
            job->names[p] = NULL;
            return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
        }
        struct st_source *s = &run->sources[run->source_count++];
        s->name = job->names[p];
        s->dtype = p != SCALES ? ST_I32 : run->options->scale_type == W4A16_F16 ? ST_F16 : ST_BF16;
        s->dims = p == G_IDX ? 1 : 2;
        memcpy(s->shape, shapes[p], sizeof shapes[p]);
    }
    return W4A16_OK;
}

static void plan_copy(struct run *run, const struct job *job) {
    const struct st_tensor *t = job->in;
    struct st_source *s = &run->sources[run->source_count++];
    s->name = t->name;
    s->dtype = t->dtype;
    s->dims = t->dims;
    memcpy(s->shape, t->shape, sizeof s->shape);
    s->other_name = t->dtype_name;
    s->other_bytes = t->end - t->begin;
}

static w4a16_status plan(struct run *run, w4a16_error *error) {
    run->count = store_count(run->in);
    run->jobs = calloc(run->count + 1, sizeof *run->jobs);
    run->sources = calloc(run->count + 1, PARTS * sizeof *run->sources);
    FAIL_IF(!run->jobs || !run->sources, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    size_t linears = 0;
    for (size_t i = 0; i < run->count; i++) {
        struct job *job = &run->jobs[i];
        struct stored stored = store_at(run->in, i);
        job->in = stored.tensor;
        job->file = stored.file;
        if (is_linear(job->in)) {
            linears++;
            TRY(plan_linear(run, job, error));
        } else
            plan_copy(run, job);
    }
    FAIL_IF(!linears, error, W4A16_UNSUPPORTED,
            "%s: none of %zu tensors can be quantised; accepted are 2-D tensors called *.weight of type F32, "
            "F16 or "
            "BF16, embeddings and lm_head excepted",
            store_path(run->in), run->count);
    return W4A16_OK;
}

/* An input feature, and what it is sorted by. */
struct place {
    int64_t k;
    double key;
};

/* One linear layer while it is being quantised. */
struct work {
    const struct job *job;
    struct group_rules rules;
    const unsigned char *weights; /* [N][K] as in the file */
    uint32_t *qweight, *qzeros;
    uint16_t *scales;
    int32_t *g_idx;      /* [K] */
    struct place *order; /* [K]: which feature is at a place; groups are runs of places */
    float *scratch;      /* one padded group per thread */
    int64_t padded;
    int zero_bias;       /* what version 1 subtracts from zeros before it stores them */
    _Atomic int64_t bad; /* the first weight that cannot be quantised, or INT64_MAX */
};

static float load_weight(const struct work *w, int64_t index) {
    if (w->job->in->dtype == ST_F32) {
        float f;
        memcpy(&f, w->weights + 4 * index, 4);
        return f;
    }
    uint16_t half;
    memcpy(&half, w->weights + 2 * index, 2);
    return w->job->in->dtype == ST_F16 ? f16_to_float(half) : bf16_to_float(half);
}

static void report_bad(struct work *w, int64_t index) {
    int64_t seen = atomic_load(&w->bad);
    while (index < seen && !atomic_compare_exchange_weak(&w->bad, &seen, index)) {
    }
}

static void quantize_group(struct work *w, int64_t n, int64_t g, float *x) {
    const struct job *job = w->job;
    const struct place *members = w->order + g * job->group_size;
    for (int64_t i = 0; i < job->group_size; i++) {
        int64_t index = n * job->K + members[i].k;
        x[i] = load_weight(w, index);
        if (!isfinite(x[i])) {
            report_bad(w, index);
            return;
        }
    }
    struct group_grid grid;
    if (!group_choose(x, w->padded, &w->rules, &grid)) {
        report_bad(w, n * job->K + members[0].k);
        return;
    }
    for (int64_t i = 0; i < job->group_size; i++) {
        int64_t k = members[i].k;
        w->qweight[k / 8 * job->N + n] |= (uint32_t)group_level(x[i], &grid) << 4 * (k % 8);
    }
    w->scales[g * job->N + n] =
        w->rules.scale_type == W4A16_F16 ? float_to_f16(grid.scale) : float_to_bf16(grid.scale);
    w->qzeros[g * (job->N / 8) + n / 8] |= (uint32_t)(grid.zero - w->zero_bias) << 4 * (n % 8);
}

static void quantize_columns(void *context, int64_t index, int thread) {
    struct work *w = context;
    float *x = w->scratch + thread * w->padded;
    for (int64_t n = 8 * index; n < 8 * index + 8; n++)
        for (int64_t g = 0; g < w->job->groups; g++) quantize_group(w, n, g, x);
}

static w4a16_status check_work(const struct run *run, const struct work *w, w4a16_error *error) {
    int64_t index = w->bad;
    if (index == INT64_MAX) return W4A16_OK;
    const char *path = store_path(run->in), *name = w->job->in->name;
    int64_t n = index / w->job->K, k = index % w->job->K;
    FAIL_IF(!isfinite(load_weight(w, index)), error, W4A16_BAD_FILE,
            "%s: tensor %s: element [%" PRId64 ", %" PRId64 "] is %f; accepted are finite weights", path,
            name, n, k, (double)load_weight(w, index));
    return w4a16_fail(error, W4A16_UNSUPPORTED,
                      "%s: tensor %s: the group from element [%" PRId64 ", %" PRId64
                      "] on needs a scale too large for %s; bf16 scales reach further",
                      path, name, n, k, w4a16_dtype_name(w->rules.scale_type));
}

static w4a16_status write_parts(struct run *run, const struct work *w, w4a16_error *error) {
    const struct job *job = w->job;
    size_t N = (size_t)job->N, K = (size_t)job->K, groups = (size_t)job->groups;
    TRY(safetensors_append(run->writer, w->qweight, K / 8 * N * 4, error));
    TRY(safetensors_append(run->writer, w->qzeros, groups * (N / 8) * 4, error));
    TRY(safetensors_append(run->writer, w->scales, groups * N * 2, error));
    return safetensors_append(run->writer, w->g_idx, K * sizeof *w->g_idx, error);
}

static int larger_first(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? 1 : -1;
    return (x->k > y->k) - (x->k < y->k);
}

/* Fills order and g_idx. Weights that are no numbers are left out of the keys: they are reported later. */
static void order_features(const w4a16_quantize_options *o, struct work *w) {
    const struct job *job = w->job;
    for (int64_t k = 0; k < job->K; k++) w->order[k] = (struct place){.k = k};
    if (o->act_order) {
        int given = o->energy && o->energy_count == job->K;
        for (int64_t n = 0; n < (given ? 1 : job->N); n++)
            for (int64_t k = 0; k < job->K; k++) {
                double weight = given ? 0 : load_weight(w, n * job->K + k);
                w->order[k].key += given ? o->energy[k] : isfinite(weight) ? weight * weight : 0;
            }
        qsort(w->order, (size_t)job->K, sizeof *w->order, larger_first);
    }
    for (int64_t p = 0; p < job->K; p++) w->g_idx[w->order[p].k] = (int32_t)(p / job->group_size);
}

static w4a16_status quantize_linear(struct run *run, const struct job *job, const void *weights,
                                    w4a16_error *error) {
    const w4a16_quantize_options *o = run->options;
    size_t N = (size_t)job->N, K = (size_t)job->K, groups = (size_t)job->groups;
    struct work w = {.job = job,
                     .rules = {o->symmetric, o->version == 1, o->scale_type, o->search},
                     .weights = weights,
                     .qweight = calloc(K / 8 * N, 4),
                     .qzeros = calloc(groups * (N / 8), 4),
                     .scales = calloc(groups * N, 2),
                     .g_idx = calloc(K, sizeof *w.g_idx),
                     .order = calloc(K, sizeof *w.order),
                     .padded = (job->group_size + GROUP_LANES - 1) / GROUP_LANES * GROUP_LANES,
                     .zero_bias = o->version == 1,
                     .bad = INT64_MAX};
    w.scratch = calloc((size_t)pool_threads(run->pool) * (size_t)w.padded, sizeof *w.scratch);
    w4a16_status status;
    if (!w.qweight || !w.qzeros || !w.scales || !w.g_idx || !w.order || !w.scratch)
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    else {
        order_features(o, &w);
        pool_run(run->pool, job->N / 8, quantize_columns, &w);
        status = check_work(run, &w, error);
    }
    if (status == W4A16_OK) status = write_parts(run, &w, error);
    free(w.qweight);
    free(w.qzeros);
    free(w.scales);
    free(w.g_idx);
    free(w.order);
    free(w.scratch);
    return status;
}

static w4a16_status convert(struct run *run, const struct job *job, w4a16_error *error) {
    size_t bytes = (size_t)(job->in->end - job->in->begin);
    void *data = malloc(bytes + 1);
    FAIL_IF(!data, error, W4A16_OUT_OF_MEMORY, "%s: tensor %s: out of memory for its %zu bytes",
            store_path(run->in), job->in->name, bytes);
    w4a16_status status = safetensors_read(job->file, job->in, data, error);
    if (status == W4A16_OK)
        status = job->quantized ? quantize_linear(run, job, data, error)
                                : safetensors_append(run->writer, data, bytes, error);
    free(data);
    return status;
}

static char *join(const char *a, const char *b) {
    char *joined;
    return asprintf(&joined, "%s%s", a, b) < 0 ? NULL : joined;
}

/* Creates a directory and its parents. */
static w4a16_status make_directory(const char *path, w4a16_error *error) {
    char *copy = strdup(path);
    FAIL_IF(!copy, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    int failure = 0;
    for (char *slash = copy; slash && !failure;) {
        slash = strchr(slash + 1, '/');
        if (slash) *slash = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST) failure = errno;
        if (slash) *slash = '/';
    }
    free(copy);
    FAIL_IF(failure, error, W4A16_IO, "%s: cannot create this directory: %s", path, strerror(failure));
    return W4A16_OK;
}

static w4a16_status write_config(const w4a16_quantize_options *o, const char *path, w4a16_error *error) {
    json_t *config =
        doc_pack("{s:i, s:I, s:b, s:b, s:b, s:s, s:s, s:s, s:{s:[s]}}", "bits", 4, "group_size",
                 (json_int_t)o->group_size, "desc_act", o->act_order != 0, "sym", o->symmetric, "lm_head", 0,
                 "quant_method", "gptq", "checkpoint_format", o->version == 1 ? "gptq" : "gptq_v2",
                 "pack_dtype", "int32", "meta", "quantizer", "w4a16:" W4A16_VERSION);
    FAIL_IF(!config, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    char *text = doc_print(config, JSON_INDENT(2), NULL);
    json_decref(config);
    FAIL_IF(!text, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    FILE *file = fopen(path, "w");
    int ok = file && fprintf(file, "%s\n", text) > 0;
    ok = file && fclose(file) == 0 && ok;
    free(text);
    FAIL_IF(!ok, error, W4A16_IO, "%s: cannot write: %s", path, strerror(errno));
    return W4A16_OK;
}

static w4a16_status convert_all(struct run *run, const char *model, const char *config,
                                w4a16_progress *progress, void *context, w4a16_error *error) {
    TRY(plan(run, error));
    run->pool = pool_create(run->options->threads);
    FAIL_IF(!run->pool, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory or threads");
    TRY(safetensors_create(model, run->sources, run->source_count, &run->writer, error));
    for (size_t i = 0; i < run->count; i++) {
        TRY(convert(run, &run->jobs[i], error));
        if (progress) progress(context, run->jobs[i].in->name, i + 1, run->count);
    }
    struct safetensors_writer *complete = run->writer;
    run->writer = NULL;
    TRY(safetensors_finish(complete, error));
    return write_config(run->options, config, error);
}

static void release(struct run *run) {
    safetensors_abandon(run->writer);
    pool_destroy(run->pool);
    for (size_t i = 0; run->jobs && i < run->count; i++)
        for (int p = 0; p < PARTS; p++) free(run->jobs[i].names[p]);
    free(run->jobs);
    free(run->sources);
    store_close(run->in);
}

w4a16_status w4a16_quantize_file(const char *in_file, const char *out_dir,
                                 const w4a16_quantize_options *options, w4a16_progress *progress,
                                 void *context, w4a16_error *error) {
    w4a16_succeed(error);
    TRY(check_options(options, error));
    struct run run = {.options = options};
    TRY(store_open(in_file, &run.in, error));
    char *model = join(out_dir, "/model.safetensors"), *config = join(out_dir, "/quantize_config.json");
    w4a16_status status = W4A16_OK;
    if (!model || !config) status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    if (status == W4A16_OK) status = make_directory(out_dir, error);
    if (status == W4A16_OK) status = convert_all(&run, model, config, progress, context, error);
    release(&run);
    free(model);
    free(config);
    return status;
}
