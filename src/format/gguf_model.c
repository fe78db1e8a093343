/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/gguf_model.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/gguf_arch.h"

struct gguf_model {
    struct gguf *file;
    const struct gguf_arch *arch; /* or null */
    struct gguf_weights *weights; /* in the order of the file */
    size_t count;
};

static w4a16_status no_memory(const struct gguf_model *m, w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", gguf_path(m->file));
}

/* ---- names --------------------------------------------------------------------------------------------- */

/* Whether the first `length` bytes of a name are the pattern, in which * stands for a number; *number is
 * where that is, or null. */
static int matches(const char *pattern, const char *name, size_t length, const char **number, int *digits) {
    const char *end = name + length;
    *number = NULL;
    *digits = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '*') {
            if (name == end || *name++ != *pattern) return 0;
            continue;
        }
        *number = name;
        while (name < end && isdigit((unsigned char)*name)) name++, ++*digits;
        if (!*digits) return 0;
    }
    return name == end;
}

/* The pattern with a number for its *, and an end behind it. Null: no memory. */
static char *filled(const char *pattern, const char *number, int digits, const char *end) {
    const char *star = strchr(pattern, '*');
    char *name;
    int before = star ? (int)(star - pattern) : (int)strlen(pattern);
    return asprintf(&name, "%.*s%.*s%s%s", before, pattern, star ? digits : 0, number ? number : "",
                    star ? star + 1 : "", end) < 0
               ? NULL
               : name;
}

/* The rule for a tensor, or null; *name is what Hugging Face calls it, or its own name. */
static w4a16_status find_rule(const struct gguf_model *m, const char *own, const struct gguf_rule **rule,
                              char **name, w4a16_error *error) {
    const char *end = strrchr(own, '.'), *number;
    int digits, has_end = end && (strcmp(end, ".weight") == 0 || strcmp(end, ".bias") == 0);
    *rule = NULL;
    *name = NULL;
    for (const struct gguf_rule *r = m->arch && has_end ? m->arch->rules : NULL; r && r->own && !*rule; r++)
        if (matches(r->own, own, (size_t)(end - own), &number, &digits)) {
            *rule = r;
            *name = filled(r->theirs, number, digits, end);
        }
    if (!*rule) *name = strdup(own);
    return *name ? W4A16_OK : no_memory(m, error);
}

/* ---- what the tensors are ------------------------------------------------------------------------------ */

static w4a16_status set_values(const struct gguf_model *m, struct gguf_weights *w, w4a16_error *error) {
    const struct gguf_tensor *t = w->stored;
    int64_t elements = 1;
    int as_it_is = t->type->plain != ST_OTHER && !w->minus_one;
    w->values.dtype = as_it_is ? t->type->plain : t->type->decode ? ST_F32 : ST_OTHER;
    w->values.dtype_name = t->type->name;
    w->values.dims = t->dims;
    memcpy(w->values.shape, t->shape, sizeof t->shape);
    for (int i = 0; i < t->dims; i++) elements *= t->shape[i]; /* no overflow: checked by the container */
    uint64_t size = st_dtype_size(w->values.dtype);
    FAIL_IF(__builtin_mul_overflow((uint64_t)elements, size, &w->values.end), error, W4A16_UNSUPPORTED,
            "%s: tensor %s: its values have more than 2^64 bytes", gguf_path(m->file), t->name);
    w->rows = t->dims == 1 && !w->heads ? 1 : t->dims == 1 ? elements : elements / t->shape[t->dims - 1];
    return W4A16_OK;
}

/* Rows of q and k: which heads they belong to. */
static w4a16_status set_heads(const struct gguf_model *m, struct gguf_weights *w, enum gguf_rows order,
                              w4a16_error *error) {
    if (order == ROWS_KEPT) return W4A16_OK;
    const char *path = gguf_path(m->file);
    const struct gguf_tensor *t = w->stored;
    int64_t heads = 0;
    TRY(gguf_arch_heads(m->arch, m->file, order == ROWS_OF_K, &heads, error));
    FAIL_IF(t->shape[0] % (2 * heads), error, W4A16_BAD_FILE,
            "%s: tensor %s: has %" PRId64 " rows; accepted are multiples of 2 for each of %" PRId64 " heads",
            path, t->name, t->shape[0], heads);
    FAIL_IF(t->dims > 2 || (t->dims == 1 && t->type->elements != 1), error, W4A16_UNSUPPORTED,
            "%s: tensor %s: has %d dimensions and type %s; accepted are matrices, and vectors of plain types",
            path, t->name, t->dims, t->type->name);
    w->heads = heads;
    return W4A16_OK;
}

static w4a16_status look_at(const struct gguf_model *m, struct gguf_weights *w, w4a16_error *error) {
    const struct gguf_rule *rule;
    char *name;
    TRY(find_rule(m, w->stored->name, &rule, &name, error));
    w->values.name = name;
    w->known = rule != NULL;
    if (rule) {
        w->minus_one = rule->minus_one;
        TRY(set_heads(m, w, rule->rows, error));
    }
    return set_values(m, w, error);
}

static int by_name(const void *a, const void *b) {
    const struct gguf_weights *const *x = a, *const *y = b;
    return strcmp((*x)->values.name, (*y)->values.name);
}

/* The file's names differ, but one of them may be what another becomes. */
static w4a16_status check_names(const struct gguf_model *m, w4a16_error *error) {
    const struct gguf_weights **sorted = malloc((m->count + 1) * sizeof *sorted);
    if (!sorted) return no_memory(m, error);
    for (size_t i = 0; i < m->count; i++) sorted[i] = &m->weights[i];
    qsort(sorted, m->count, sizeof *sorted, by_name);
    w4a16_status status = W4A16_OK;
    for (size_t i = 1; i < m->count && status == W4A16_OK; i++)
        if (strcmp(sorted[i - 1]->values.name, sorted[i]->values.name) == 0)
            status = w4a16_fail(error, W4A16_BAD_FILE, "%s: tensors %s and %s are both %s for Hugging Face",
                                gguf_path(m->file), sorted[i - 1]->stored->name, sorted[i]->stored->name,
                                sorted[i]->values.name);
    free(sorted);
    return status;
}

static w4a16_status look_at_all(struct gguf_model *m, w4a16_error *error) {
    struct gguf_text arch = {0};
    TRY(gguf_string(m->file, "general.architecture", &arch, error));
    m->arch = gguf_arch_of(arch);
    m->weights = calloc(gguf_count(m->file) + 1, sizeof *m->weights);
    if (!m->weights) return no_memory(m, error);
    while (m->count < gguf_count(m->file)) {
        struct gguf_weights *w = &m->weights[m->count];
        w->stored = gguf_at(m->file, m->count++);
        TRY(look_at(m, w, error));
    }
    return check_names(m, error);
}

w4a16_status gguf_model_open(const char *path, struct gguf_model **out, w4a16_error *error) {
    *out = NULL;
    struct gguf_model *m = calloc(1, sizeof *m);
    FAIL_IF(!m, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    w4a16_status status = gguf_open(path, &m->file, error);
    if (status == W4A16_OK) status = look_at_all(m, error);
    if (status != W4A16_OK)
        gguf_model_close(m);
    else
        *out = m;
    return status;
}

void gguf_model_close(struct gguf_model *m) {
    if (!m) return;
    for (size_t i = 0; i < m->count; i++) free((char *)m->weights[i].values.name);
    free(m->weights);
    gguf_close(m->file);
    free(m);
}

const struct gguf *gguf_model_file(const struct gguf_model *m) { return m->file; }
size_t gguf_model_count(const struct gguf_model *m) { return m->count; }
const struct gguf_weights *gguf_model_at(const struct gguf_model *m, size_t index) {
    return &m->weights[index];
}

/* ---- reading ------------------------------------------------------------------------------------------- */

uint64_t gguf_model_row_bytes(const struct gguf_weights *w) {
    return (w->stored->end - w->stored->begin) / (uint64_t)w->rows;
}

/*
 * A head's rows are pairs that are rotated together: Hugging Face has all first halves of the pairs before
 * all second ones, the file each pair side by side.
 */
static int64_t stored_row(const struct gguf_weights *w, int64_t row) {
    if (!w->heads) return row;
    int64_t size = w->rows / w->heads, head = row / size, at = row % size, half = size / 2;
    return head * size + at % half * 2 + at / half;
}

w4a16_status gguf_model_read_row(const struct gguf_model *m, const struct gguf_weights *w, int64_t row,
                                 void *to, w4a16_error *error) {
    uint64_t bytes = gguf_model_row_bytes(w);
    return gguf_read(m->file, w->stored, (uint64_t)stored_row(w, row) * bytes, bytes, to, error);
}

/* The values of a row from its blocks. */
static void decode_row(const struct gguf_weights *w, const unsigned char *blocks, float *values) {
    const struct gguf_type *type = w->stored->type;
    for (uint64_t at = 0; at < gguf_model_row_bytes(w); at += (uint64_t)type->bytes) {
        type->decode(blocks + at, values);
        for (int i = 0; w->minus_one && i < type->elements; i++) values[i] -= 1;
        values += type->elements;
    }
}

w4a16_status gguf_model_read(const struct gguf_model *m, const struct gguf_weights *w, uint64_t first,
                             uint64_t bytes, void *to, w4a16_error *error) {
    int plain = w->values.dtype == w->stored->type->plain && !w->minus_one;
    if (plain && !w->heads) return gguf_read(m->file, w->stored, first, bytes, to, error);
    FAIL_IF(w->values.dtype == ST_OTHER, error, W4A16_UNSUPPORTED,
            "%s: tensor %s: values of type %s are not read", gguf_path(m->file), w->stored->name,
            w->stored->type->name);
    uint64_t row_bytes = w->values.end / (uint64_t)w->rows;
    unsigned char *blocks = malloc((size_t)gguf_model_row_bytes(w)), *row = malloc((size_t)row_bytes);
    w4a16_status status = blocks && row ? W4A16_OK : no_memory(m, error);
    for (unsigned char *at = to; bytes && status == W4A16_OK;) {
        uint64_t skip = first % row_bytes, part = row_bytes - skip < bytes ? row_bytes - skip : bytes;
        status = gguf_model_read_row(m, w, (int64_t)(first / row_bytes), plain ? row : blocks, error);
        if (status != W4A16_OK) break;
        if (!plain) decode_row(w, blocks, (float *)row);
        memcpy(at, row + skip, (size_t)part);
        at += part, first += part, bytes -= part;
    }
    free(blocks);
    free(row);
    return status;
}

w4a16_status gguf_model_config(const struct gguf_model *m, json_t **config, w4a16_error *error) {
    *config = NULL;
    struct gguf_text arch = {"missing", strlen("missing")};
    TRY(gguf_string(m->file, "general.architecture", &arch, error));
    FAIL_IF(
        !m->arch, error, W4A16_UNSUPPORTED,
        "%s: general.architecture is %.*s: neither config.json nor Hugging Face's names of its tensors are "
        "known; accepted are %s",
        gguf_path(m->file), (int)(arch.length < 64 ? arch.length : 64), arch.data, gguf_arch_names());
    for (size_t i = 0; i < m->count; i++) {
        const struct gguf_weights *w = &m->weights[i];
        FAIL_IF(!w->known, error, W4A16_UNSUPPORTED, "%s: tensor %s: is none of a %s model's",
                gguf_path(m->file), w->stored->name, m->arch->name);
        FAIL_IF(
            w->values.dtype == ST_OTHER, error, W4A16_UNSUPPORTED,
            "%s: tensor %s: values of type %s are not read; accepted are F32, F16, BF16, Q8_0, Q4_0, Q4_1, "
            "Q5_0, Q4_K and Q6_K",
            gguf_path(m->file), w->stored->name, w->stored->type->name);
    }
    return gguf_arch_config(m->arch, m->file, config, error);
}
