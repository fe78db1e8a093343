/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The GGUF reader: "GGUF", version, counts, keys with values, descriptions of tensors, padding, data. The
 * header's length is said nowhere, so it is parsed in memory and read in twice as large a piece where one
 * does not hold it. Source: docs/gguf.md of the ggml repository.
 */
#include "format/gguf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/input_error.h"

enum {
    MAGIC_BYTES = 4,
    FIRST_PIECE = 1 << 16, /* of the header that is tried */
    HEADER_MAX = 1 << 28,
    KEYS_MAX = 1 << 16,
    TENSORS_MAX = 1 << 20,
    NAME_MAX_BYTES = 255, /* of a tensor */
    DEFAULT_ALIGNMENT = 32,
    ALIGNMENT_MAX = 1 << 20
};
static const char magic[MAGIC_BYTES] = {'G', 'G', 'U', 'F'};

/* Types of values, by their numbers in the file. */
enum value_type { U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, LIST, U64, I64, F64, VALUE_TYPES };
static const struct {
    const char *name;
    int bytes; /* 0: strings and lists have lengths of their own */
} value_types[VALUE_TYPES] = {{"u8", 1},  {"i8", 1},  {"u16", 2},  {"i16", 2},    {"u32", 4},
                              {"i32", 4}, {"f32", 4}, {"bool", 1}, {"string", 0}, {"list", 0},
                              {"u64", 8}, {"i64", 8}, {"f64", 8}};

struct entry {
    char *key;
    enum value_type type; /* of a list: of its elements */
    int is_list;
    uint64_t count; /* of elements; 1 if it is no list */
    const unsigned char *data;
};

struct gguf {
    char *path;
    struct input_file file; /* fd is -1 without one */
    unsigned char *header;  /* what the values of the entries point into */
    uint64_t data_start;
    size_t entry_count, tensor_count;
    struct entry *entries;       /* by key */
    struct gguf_tensor *tensors; /* by begin */
};

/* ---- bytes --------------------------------------------------------------------------------------------- */

/* Where the parser is. */
struct gguf_cursor {
    const char *path;
    const unsigned char *data;
    uint64_t bytes, at;
    int cut; /* more was asked for than there is */
};

static w4a16_status take(struct gguf_cursor *c, uint64_t bytes, const unsigned char **data,
                         w4a16_error *error) {
    if (bytes > c->bytes - c->at) {
        c->cut = 1;
        return w4a16_fail(error, W4A16_BAD_FILE,
                          "%s: its header ends at byte %" PRIu64 ", where %" PRIu64
                          " more bytes are needed (truncated file)",
                          c->path, c->bytes, bytes);
    }
    *data = c->data + c->at;
    c->at += bytes;
    return W4A16_OK;
}

static uint64_t little_endian(const unsigned char *data, int bytes) {
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;) value = value << 8 | data[i];
    return value;
}

static w4a16_status take_integer(struct gguf_cursor *c, int bytes, uint64_t *value, w4a16_error *error) {
    const unsigned char *data = NULL;
    TRY(take(c, (uint64_t)bytes, &data, error));
    *value = little_endian(data, bytes);
    return W4A16_OK;
}

static w4a16_status take_text(struct gguf_cursor *c, struct gguf_text *text, w4a16_error *error) {
    uint64_t length = 0;
    const unsigned char *data = NULL;
    TRY(take_integer(c, 8, &length, error));
    TRY(take(c, length, &data, error));
    *text = (struct gguf_text){(const char *)data, (size_t)length};
    return W4A16_OK;
}

/* A text that becomes a name: a copy that ends with a NUL; what: "key". */
static w4a16_status take_name(struct gguf_cursor *c, const char *what, size_t most, char **name,
                              w4a16_error *error) {
    struct gguf_text text = {0};
    TRY(take_text(c, &text, error));
    FAIL_IF(text.length == 0 || text.length > most, error, W4A16_BAD_FILE,
            "%s: a %s has %zu bytes; accepted are 1 to %zu", c->path, what, text.length, most);
    FAIL_IF(memchr(text.data, 0, text.length), error, W4A16_BAD_FILE, "%s: a %s holds a NUL", c->path, what);
    *name = strndup(text.data, text.length);
    FAIL_IF(!*name, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", c->path);
    return W4A16_OK;
}

/* ---- the keys ------------------------------------------------------------------------------------------ */

static w4a16_status take_type(struct gguf_cursor *c, const char *key, enum value_type *type,
                              w4a16_error *error) {
    uint64_t number = 0;
    TRY(take_integer(c, 4, &number, error));
    FAIL_IF(number >= VALUE_TYPES, error, W4A16_BAD_FILE,
            "%s: key %s: type is %" PRIu64 "; accepted are 0 to %d", c->path, key, number, VALUE_TYPES - 1);
    *type = (enum value_type)number;
    return W4A16_OK;
}

static w4a16_status take_entry(struct gguf_cursor *c, struct entry *e, w4a16_error *error) {
    TRY(take_name(c, "key", UINT16_MAX, &e->key, error));
    TRY(take_type(c, e->key, &e->type, error));
    e->count = 1;
    e->is_list = e->type == LIST;
    if (e->is_list) {
        TRY(take_type(c, e->key, &e->type, error));
        TRY(take_integer(c, 8, &e->count, error));
        FAIL_IF(e->type == LIST, error, W4A16_UNSUPPORTED,
                "%s: key %s: is a list of lists; accepted are lists of numbers and texts", c->path, e->key);
    }
    e->data = c->data + c->at;
    if (e->type == STRING) {
        struct gguf_text text;
        for (uint64_t i = 0; i < e->count; i++) TRY(take_text(c, &text, error));
        return W4A16_OK;
    }
    uint64_t bytes;
    FAIL_IF(__builtin_mul_overflow(e->count, (uint64_t)value_types[e->type].bytes, &bytes), error,
            W4A16_BAD_FILE, "%s: key %s: a list of %" PRIu64 " elements is longer than any file", c->path,
            e->key, e->count);
    TRY(take(c, bytes, &e->data, error));
    for (uint64_t i = 0; e->type == BOOL && i < e->count; i++)
        FAIL_IF(e->data[i] > 1, error, W4A16_BAD_FILE, "%s: key %s: a bool is %d; accepted are 0 and 1",
                c->path, e->key, e->data[i]);
    return W4A16_OK;
}

static int compare_keys(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    return strcmp(x->key, y->key);
}

static w4a16_status take_entries(struct gguf_cursor *c, struct gguf *g, uint64_t count, w4a16_error *error) {
    g->entries = calloc((size_t)count + 1, sizeof *g->entries);
    FAIL_IF(!g->entries, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", c->path);
    while (g->entry_count < count) TRY(take_entry(c, &g->entries[g->entry_count++], error));
    qsort(g->entries, g->entry_count, sizeof *g->entries, compare_keys);
    for (size_t i = 1; i < g->entry_count; i++)
        FAIL_IF(strcmp(g->entries[i - 1].key, g->entries[i].key) == 0, error, W4A16_BAD_FILE,
                "%s: key %s: is given twice", c->path, g->entries[i].key);
    return W4A16_OK;
}

static const struct entry *find_entry(const struct gguf *g, const char *key) {
    struct entry wanted = {.key = (char *)key};
    return g->entry_count ? bsearch(&wanted, g->entries, g->entry_count, sizeof wanted, compare_keys) : NULL;
}

/* ---- the tensors --------------------------------------------------------------------------------------- */

/* Dimensions are stored fastest first. */
static w4a16_status take_shape(struct gguf_cursor *c, struct gguf_tensor *t, uint64_t *elements,
                               w4a16_error *error) {
    uint64_t dims = 0;
    TRY(take_integer(c, 4, &dims, error));
    FAIL_IF(dims < 1 || dims > GGUF_MAX_DIMS, error, W4A16_BAD_FILE,
            "%s: tensor %s: has %" PRIu64 " dimensions; accepted are 1 to %d", c->path, t->name, dims,
            GGUF_MAX_DIMS);
    t->dims = (int)dims;
    *elements = 1;
    for (int i = t->dims; i-- > 0;) {
        uint64_t size = 0;
        TRY(take_integer(c, 8, &size, error));
        FAIL_IF(size < 1 || size > INT64_MAX, error, W4A16_BAD_FILE,
                "%s: tensor %s: a dimension is %" PRIu64 "; accepted are 1 to 2^63 - 1", c->path, t->name,
                size);
        FAIL_IF(__builtin_mul_overflow(*elements, size, elements), error, W4A16_BAD_FILE,
                "%s: tensor %s: the product of its shape overflows 64 bits", c->path, t->name);
        t->shape[i] = (int64_t)size;
    }
    return W4A16_OK;
}

static w4a16_status take_tensor(struct gguf_cursor *c, struct gguf_tensor *t, uint64_t alignment,
                                w4a16_error *error) {
    uint64_t elements = 0, number = 0, bytes;
    char *name = NULL;
    TRY(take_name(c, "tensor's name", NAME_MAX_BYTES, &name, error));
    t->name = name;
    TRY(take_shape(c, t, &elements, error));
    TRY(take_integer(c, 4, &number, error));
    TRY(take_integer(c, 8, &t->begin, error));
    t->type = gguf_type_of((uint32_t)number);
    FAIL_IF(!t->type, error, W4A16_UNSUPPORTED,
            "%s: tensor %s: type has the number %" PRIu64 ", which is not known", c->path, t->name, number);
    int64_t row = t->shape[t->dims - 1];
    FAIL_IF(row % t->type->elements, error, W4A16_BAD_FILE,
            "%s: tensor %s: rows of %" PRId64 " elements; accepted for type %s are multiples of %d", c->path,
            t->name, row, t->type->name, t->type->elements);
    FAIL_IF(
        __builtin_mul_overflow(elements / (uint64_t)t->type->elements, (uint64_t)t->type->bytes, &bytes) ||
            __builtin_add_overflow(t->begin, bytes, &t->end),
        error, W4A16_BAD_FILE, "%s: tensor %s: ends beyond any file", c->path, t->name);
    FAIL_IF(t->begin % alignment, error, W4A16_BAD_FILE,
            "%s: tensor %s: data begins at %" PRIu64 "; accepted are multiples of %" PRIu64, c->path, t->name,
            t->begin, alignment);
    return W4A16_OK;
}

static int compare_begin(const void *a, const void *b) {
    const struct gguf_tensor *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static w4a16_status check_names(const struct gguf *g, w4a16_error *error) {
    const char **names = malloc((g->tensor_count + 1) * sizeof *names);
    FAIL_IF(!names, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", g->path);
    for (size_t i = 0; i < g->tensor_count; i++) names[i] = g->tensors[i].name;
    qsort(names, g->tensor_count, sizeof *names, compare_names);
    const char *twice = NULL;
    for (size_t i = 1; i < g->tensor_count && !twice; i++)
        if (strcmp(names[i - 1], names[i]) == 0) twice = names[i];
    free(names);
    FAIL_IF(twice, error, W4A16_BAD_FILE, "%s: tensor %s: is described twice", g->path, twice);
    return W4A16_OK;
}

static uint64_t round_up(uint64_t value, uint64_t alignment) {
    return value + (alignment - value % alignment) % alignment;
}

/* Neither overlap nor hole, but for what the alignment asks for. No begin or end is near 2^64: the last one
 * lies in the file. */
static w4a16_status check_tiling(const struct gguf *g, uint64_t data_bytes, uint64_t alignment,
                                 w4a16_error *error) {
    uint64_t end = 0;
    for (size_t i = 0; i < g->tensor_count; i++) {
        const struct gguf_tensor *t = &g->tensors[i];
        uint64_t expected = round_up(end, alignment);
        FAIL_IF(t->end > data_bytes, error, W4A16_BAD_FILE,
                "%s: tensor %s: ends at byte %" PRIu64 " of the data, which has %" PRIu64 " (truncated file)",
                g->path, t->name, t->end, data_bytes);
        FAIL_IF(t->begin != expected, error, W4A16_BAD_FILE,
                "%s: tensor %s: data begins at %" PRIu64 "; expected %" PRIu64
                ", where the tensor before ends (%s)",
                g->path, t->name, t->begin, expected, t->begin < expected ? "overlap" : "hole");
        end = t->end;
    }
    FAIL_IF(data_bytes > round_up(end, alignment), error, W4A16_BAD_FILE,
            "%s: the tensors need %" PRIu64 " bytes of data; found %" PRIu64
            " (bytes that belong to no tensor)",
            g->path, end, data_bytes);
    return W4A16_OK;
}

/* ---- the header ---------------------------------------------------------------------------------------- */

static w4a16_status take_counts(struct gguf_cursor *c, uint64_t *tensors, uint64_t *keys,
                                w4a16_error *error) {
    const unsigned char *start = NULL;
    uint64_t version = 0;
    TRY(take(c, MAGIC_BYTES, &start, error));
    FAIL_IF(memcmp(start, magic, MAGIC_BYTES) != 0, error, W4A16_BAD_FILE, "%s: does not begin with \"GGUF\"",
            c->path);
    TRY(take_integer(c, 4, &version, error));
    FAIL_IF(version != 2 && version != 3, error, W4A16_UNSUPPORTED,
            "%s: version is %" PRIu64 "; accepted are 2 and 3%s", c->path, version,
            version && !(version & 0xffff) ? " (the file is big-endian)" : "");
    TRY(take_integer(c, 8, tensors, error));
    TRY(take_integer(c, 8, keys, error));
    FAIL_IF(*tensors > TENSORS_MAX, error, W4A16_UNSUPPORTED,
            "%s: has %" PRIu64 " tensors; accepted are at most %d", c->path, *tensors, TENSORS_MAX);
    FAIL_IF(*keys > KEYS_MAX, error, W4A16_UNSUPPORTED, "%s: has %" PRIu64 " keys; accepted are at most %d",
            c->path, *keys, KEYS_MAX);
    return W4A16_OK;
}

static w4a16_status parse_header(struct gguf_cursor *c, struct gguf *g, uint64_t file_bytes,
                                 w4a16_error *error) {
    uint64_t tensors = 0, keys = 0;
    int64_t alignment = DEFAULT_ALIGNMENT;
    TRY(take_counts(c, &tensors, &keys, error));
    TRY(take_entries(c, g, keys, error));
    TRY(gguf_integer(g, "general.alignment", 1, ALIGNMENT_MAX, &alignment, error));
    FAIL_IF(alignment & (alignment - 1), error, W4A16_BAD_FILE,
            "%s: general.alignment is %" PRId64 "; accepted are powers of two", c->path, alignment);
    g->tensors = calloc((size_t)tensors + 1, sizeof *g->tensors);
    FAIL_IF(!g->tensors, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", c->path);
    while (g->tensor_count < tensors)
        TRY(take_tensor(c, &g->tensors[g->tensor_count++], (uint64_t)alignment, error));
    TRY(check_names(g, error));
    g->data_start = round_up(c->at, (uint64_t)alignment);
    if (g->data_start > file_bytes) g->data_start = file_bytes; /* no tensor, and no padding either */
    qsort(g->tensors, g->tensor_count, sizeof *g->tensors, compare_begin);
    return check_tiling(g, file_bytes - g->data_start, (uint64_t)alignment, error);
}

w4a16_status gguf_parse(const char *label, const unsigned char *data, uint64_t bytes, uint64_t file_bytes,
                        struct gguf **out, int *cut, w4a16_error *error) {
    *out = NULL;
    *cut = 0;
    struct gguf *g = calloc(1, sizeof *g);
    FAIL_IF(!g, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    g->file.fd = -1;
    g->path = strdup(label);
    g->header = malloc((size_t)bytes + 1);
    w4a16_status status =
        g->path && g->header ? W4A16_OK : w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    if (status == W4A16_OK) {
        memcpy(g->header, data, (size_t)bytes);
        struct gguf_cursor c = {.path = label, .data = g->header, .bytes = bytes};
        status = parse_header(&c, g, file_bytes, error);
        *cut = status != W4A16_OK && c.cut && bytes < file_bytes;
    }
    if (status != W4A16_OK)
        gguf_close(g);
    else
        *out = g;
    return status;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static w4a16_status open_header(struct input_file *file, const char *path, struct gguf **out,
                                w4a16_error *error) {
    uint64_t piece = FIRST_PIECE;
    for (;;) {
        uint64_t bytes = piece < file->bytes ? piece : file->bytes;
        int cut = 0;
        unsigned char *data = malloc((size_t)bytes + 1);
        FAIL_IF(!data, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
        w4a16_status status = w4a16_input_status(input_read(file, data, bytes, 0), path, file, error);
        if (status == W4A16_OK) status = gguf_parse(path, data, bytes, file->bytes, out, &cut, error);
        free(data);
        if (status == W4A16_OK) (*out)->file = *file;
        if (status == W4A16_OK || !cut) return status;
        FAIL_IF(piece >= HEADER_MAX, error, W4A16_UNSUPPORTED,
                "%s: its header has more than %d bytes; accepted are at most so many", path, HEADER_MAX);
        piece *= 2;
    }
}

w4a16_status gguf_open(const char *path, struct gguf **out, w4a16_error *error) {
    *out = NULL;
    struct input_file file;
    TRY(w4a16_input_status(input_open(&file, path, INT64_MAX), path, &file, error));
    w4a16_status status = open_header(&file, path, out, error);
    if (status != W4A16_OK) input_close(&file);
    return status;
}

int gguf_is(const char *path) {
    struct input_file file;
    char start[MAGIC_BYTES];
    if (input_open(&file, path, INT64_MAX) != INPUT_OK) return 0;
    int is = file.bytes >= sizeof start && input_read(&file, start, sizeof start, 0) == INPUT_OK &&
             memcmp(start, magic, sizeof start) == 0;
    input_close(&file);
    return is;
}

void gguf_close(struct gguf *g) {
    if (!g) return;
    input_close(&g->file);
    for (size_t i = 0; i < g->entry_count; i++) free(g->entries[i].key);
    for (size_t i = 0; i < g->tensor_count; i++) free((char *)g->tensors[i].name);
    free(g->entries);
    free(g->tensors);
    free(g->header);
    free(g->path);
    free(g);
}

const char *gguf_path(const struct gguf *g) { return g->path; }
size_t gguf_count(const struct gguf *g) { return g->tensor_count; }
const struct gguf_tensor *gguf_at(const struct gguf *g, size_t index) { return &g->tensors[index]; }

w4a16_status gguf_read(const struct gguf *g, const struct gguf_tensor *t, uint64_t first, uint64_t bytes,
                       void *to, w4a16_error *error) {
    FAIL_IF(g->file.fd < 0, error, W4A16_INVALID_ARGUMENT, "%s: tensor %s: only the header was given",
            g->path, t->name);
    struct input_file file = g->file; /* a copy: threads share g */
    return w4a16_input_status(input_read(&file, to, bytes, g->data_start + t->begin + first), g->path, &file,
                              error);
}

/* ---- values -------------------------------------------------------------------------------------------- */

enum kind { INTEGER, REAL, TRUTH, TEXT };
static const char *const kind_names[] = {"an integer", "a number", "a bool", "a text"};

static enum kind kind_of(enum value_type type) {
    return type == F32 || type == F64 ? REAL : type == BOOL ? TRUTH : type == STRING ? TEXT : INTEGER;
}

/* *entry is null if the key is absent. */
static w4a16_status find_value(const struct gguf *g, const char *key, enum kind kind, int is_list,
                               const struct entry **entry, w4a16_error *error) {
    const struct entry *e = find_entry(g, key);
    int right = e && e->is_list == is_list && kind_of(e->type) == kind;
    FAIL_IF(e && !right, error, W4A16_BAD_FILE, "%s: key %s: is %s%s; accepted is %s%s", g->path, key,
            e->is_list ? "a list of " : "", value_types[e->type].name, is_list ? "a list, each " : "",
            kind_names[kind]);
    *entry = e;
    return W4A16_OK;
}

/* An element that is an integer. False: it does not fit. */
static int integer_at(const struct entry *e, uint64_t index, int64_t *value) {
    int bytes = value_types[e->type].bytes;
    uint64_t raw = little_endian(e->data + index * (uint64_t)bytes, bytes);
    int is_signed = e->type == I8 || e->type == I16 || e->type == I32 || e->type == I64;
    if (is_signed)
        *value = (int64_t)(raw << (64 - 8 * bytes)) >> (64 - 8 * bytes);
    else
        *value = (int64_t)raw;
    return is_signed || raw <= INT64_MAX;
}

static double real_at(const struct entry *e, uint64_t index) {
    const unsigned char *at = e->data + index * (uint64_t)value_types[e->type].bytes;
    if (e->type == F64) {
        uint64_t bits = little_endian(at, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    uint32_t bits = (uint32_t)little_endian(at, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

int gguf_has(const struct gguf *g, const char *key) { return find_entry(g, key) != NULL; }

w4a16_status gguf_integer(const struct gguf *g, const char *key, int64_t min, int64_t max, int64_t *value,
                          w4a16_error *error) {
    const struct entry *e;
    TRY(find_value(g, key, INTEGER, 0, &e, error));
    if (!e) return W4A16_OK;
    int64_t found;
    FAIL_IF(!integer_at(e, 0, &found), error, W4A16_BAD_FILE, "%s: key %s: is 2^63 or more", g->path, key);
    FAIL_IF(found < min || found > max, error, W4A16_BAD_FILE,
            "%s: key %s: is %" PRId64 "; accepted are %" PRId64 " to %" PRId64, g->path, key, found, min,
            max);
    *value = found;
    return W4A16_OK;
}

w4a16_status gguf_real(const struct gguf *g, const char *key, double *value, w4a16_error *error) {
    const struct entry *e;
    TRY(find_value(g, key, REAL, 0, &e, error));
    if (e) *value = real_at(e, 0);
    return W4A16_OK;
}

w4a16_status gguf_bool(const struct gguf *g, const char *key, int *value, w4a16_error *error) {
    const struct entry *e;
    TRY(find_value(g, key, TRUTH, 0, &e, error));
    if (e) *value = e->data[0];
    return W4A16_OK;
}

w4a16_status gguf_string(const struct gguf *g, const char *key, struct gguf_text *value, w4a16_error *error) {
    const struct entry *e;
    TRY(find_value(g, key, TEXT, 0, &e, error));
    if (e) *value = (struct gguf_text){(const char *)e->data + 8, (size_t)little_endian(e->data, 8)};
    return W4A16_OK;
}

/* Finds a list and makes room for what its elements become. */
static w4a16_status start_list(const struct gguf *g, const char *key, enum kind kind, size_t element,
                               const struct entry **e, void *room, size_t *count, w4a16_error *error) {
    void *data = NULL;
    TRY(find_value(g, key, kind, 1, e, error));
    *count = *e ? (size_t)(*e)->count : 0;
    if (*e) {
        data = calloc(*count + 1, element);
        FAIL_IF(!data, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", g->path);
    }
    memcpy(room, &data, sizeof data);
    return W4A16_OK;
}

w4a16_status gguf_strings(const struct gguf *g, const char *key, struct gguf_text **texts, size_t *count,
                          w4a16_error *error) {
    const struct entry *e;
    TRY(start_list(g, key, TEXT, sizeof **texts, &e, texts, count, error));
    const unsigned char *at = e ? e->data : NULL;
    for (size_t i = 0; i < *count; i++) {
        (*texts)[i] = (struct gguf_text){(const char *)at + 8, (size_t)little_endian(at, 8)};
        at += 8 + (*texts)[i].length;
    }
    return W4A16_OK;
}

w4a16_status gguf_reals(const struct gguf *g, const char *key, double **reals, size_t *count,
                        w4a16_error *error) {
    const struct entry *e;
    TRY(start_list(g, key, REAL, sizeof **reals, &e, reals, count, error));
    for (size_t i = 0; i < *count; i++) (*reals)[i] = real_at(e, i);
    return W4A16_OK;
}

w4a16_status gguf_integers(const struct gguf *g, const char *key, int64_t **integers, size_t *count,
                           w4a16_error *error) {
    const struct entry *e;
    TRY(start_list(g, key, INTEGER, sizeof **integers, &e, integers, count, error));
    for (size_t i = 0; i < *count; i++)
        if (!integer_at(e, i, &(*integers)[i])) {
            free(*integers);
            *integers = NULL;
            return w4a16_fail(error, W4A16_BAD_FILE, "%s: key %s: element %zu is 2^63 or more", g->path, key,
                              i);
        }
    return W4A16_OK;
}
