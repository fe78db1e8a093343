/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The GGUF container: what make_gguf.py wrote is read as the Python package gguf reads it, bit for bit; and
 * each damage to a small file is refused with its own sentence.
 */
#include <inttypes.h>

#include "bad.h"
#include "format/gguf_model.h"
#include "half.h"

/* ---- what another program wrote ------------------------------------------------------------------------ */

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes) {
    const unsigned char *p = data;
    while (bytes--) hash = (hash ^ *p++) * 0x100000001b3;
    return hash;
}

static uint64_t hash_values(const struct gguf *g, const struct gguf_tensor *t) {
    uint64_t bytes = t->end - t->begin, hash = 0xcbf29ce484222325;
    unsigned char *raw = malloc(bytes);
    float values[GGUF_BLOCK_MAX + 1], untouched;
    w4a16_error error;
    memset(&untouched, 0xff, sizeof untouched);
    assert_non_null(raw);
    assert_int_equal(gguf_read(g, t, 0, bytes, raw, &error), W4A16_OK);
    for (uint64_t at = 0; at < bytes; at += (uint64_t)t->type->bytes) {
        memset(values, 0xff, sizeof values);
        t->type->decode(raw + at, values);
        hash = hash_bytes(hash, values, (size_t)t->type->elements * sizeof *values);
        assert_memory_equal(&values[t->type->elements], &untouched, sizeof untouched);
    }
    free(raw);
    return hash;
}

static struct gguf *open_values(void) {
    struct gguf *g;
    w4a16_error error;
    if (gguf_open(GOLDEN "/gguf_values/model.gguf", &g, &error) != W4A16_OK) fail_msg("%s", error.message);
    return g;
}

static void nothing_is_opened(void **state) {
    (void)state;
    struct gguf *g = (void *)&g; /* poison */
    struct gguf_model *m = (void *)&m;
    w4a16_error error;
    assert_int_equal(gguf_open("nowhere", &g, &error), W4A16_IO);
    assert_null(g);
    assert_int_equal(gguf_model_open("nowhere", &m, &error), W4A16_IO);
    assert_null(m);
}

static void values_are_exact(void **state) {
    (void)state;
    struct gguf *g = open_values();
    FILE *expected = fopen(GOLDEN "/gguf_values/expected.txt", "r");
    char name[64];
    size_t count = 0;
    assert_non_null(expected);
    for (uint64_t hash; fscanf(expected, "%63s %" SCNx64, name, &hash) == 2; count++) {
        const struct gguf_tensor *t = gguf_at(g, count);
        assert_string_equal(t->name, name);
        assert_int_equal(t->dims, 2);
        assert_int_equal(t->shape[0], 3);
        assert_int_equal(t->shape[1], 512);
        assert_int_equal(strncmp(name, t->type->name, strlen(t->type->name)), 0);
        if (hash_values(g, t) != hash) fail_msg("%s has other values", name);
    }
    assert_int_equal(count, 9);
    assert_int_equal(count, gguf_count(g));
    fclose(expected);
    gguf_close(g);
}

static int64_t integer(const struct gguf *g, const char *key) {
    int64_t value = 0;
    w4a16_error error;
    assert_int_equal(gguf_integer(g, key, INT64_MIN, INT64_MAX, &value, &error), W4A16_OK);
    return value;
}

static double real(const struct gguf *g, const char *key) {
    double value = 0;
    w4a16_error error;
    assert_int_equal(gguf_real(g, key, &value, &error), W4A16_OK);
    return value;
}

static void keys_are_read(void **state) {
    (void)state;
    struct gguf *g = open_values();
    w4a16_error error;
    assert_int_equal(integer(g, "key.u8"), 200);
    assert_int_equal(integer(g, "key.i8"), -5);
    assert_int_equal(integer(g, "key.u16"), 60000);
    assert_int_equal(integer(g, "key.i16"), -300);
    assert_int_equal(integer(g, "key.i64"), -(INT64_C(1) << 40));
    assert_int_equal(integer(g, "general.alignment"), 64);
    assert_true(real(g, "key.f32") == (double)0.1f && real(g, "key.f64") == 0.1);
    int truth = 0;
    assert_int_equal(gguf_bool(g, "key.bool", &truth, &error), W4A16_OK);
    assert_int_equal(truth, 1);
    struct gguf_text text = {0}, *texts;
    size_t count;
    assert_int_equal(gguf_string(g, "key.text", &text, &error), W4A16_OK);
    assert_int_equal(text.length, 4);
    assert_memory_equal(text.data, "\xc3\xa4\xc3\x9f", 4);
    assert_int_equal(gguf_strings(g, "key.texts", &texts, &count, &error), W4A16_OK);
    assert_int_equal(count, 3);
    assert_true(texts[0].length == 0 && texts[1].length == 2 && texts[2].data[0] == 'c');
    free(texts);
    double *reals;
    assert_int_equal(gguf_reals(g, "key.reals", &reals, &count, &error), W4A16_OK);
    assert_true(count == 2 && reals[0] == 0.5 && reals[1] == -1.25);
    free(reals);
    int64_t *integers, value = 7;
    assert_int_equal(gguf_integers(g, "key.integers", &integers, &count, &error), W4A16_OK);
    assert_true(count == 3 && integers[1] == -2);
    free(integers);
    assert_int_equal(gguf_integers(g, "absent", &integers, &count, &error), W4A16_OK);
    assert_true(count == 0 && !integers && !gguf_has(g, "absent"));
    assert_int_equal(gguf_integer(g, "absent", 0, 1, &value, &error), W4A16_OK);
    assert_int_equal(value, 7);
    assert_int_equal(gguf_integer(g, "key.u64", 0, INT64_MAX, &value, &error), W4A16_BAD_FILE);
    assert_non_null(strstr(error.message, "key key.u64: is 2^63 or more"));
    assert_int_equal(gguf_integer(g, "key.u8", 0, 9, &value, &error), W4A16_BAD_FILE);
    assert_non_null(strstr(error.message, "key key.u8: is 200; accepted are 0 to 9"));
    assert_int_equal(gguf_integer(g, "key.text", 0, 9, &value, &error), W4A16_BAD_FILE);
    assert_non_null(strstr(error.message, "key key.text: is string; accepted is an integer"));
    assert_int_equal(gguf_integer(g, "key.integers", 0, 9, &value, &error), W4A16_BAD_FILE);
    assert_non_null(strstr(error.message, "key key.integers: is a list of i32; accepted is an integer"));
    gguf_close(g);
}

/* ---- layers of Q4_0 ------------------------------------------------------------------------------------ */

static uint64_t hash_layer(const w4a16_layer *l) {
    uint64_t hash = 0xcbf29ce484222325;
    for (int64_t k = 0; k < l->K; k++)
        for (int64_t n = 0; n < l->N; n++) {
            int level = (int)(l->q[k / 8 * l->N + n] >> 4 * (k % 8) & 15);
            float w = f16_to_float(l->scale[k / l->group_size * l->N + n]) * (float)(level - 8) + 0.0f;
            hash = hash_bytes(hash, &w, sizeof w);
        }
    return hash;
}

static void layers_are_exact(void **state) {
    (void)state;
    w4a16_checkpoint *checkpoint;
    w4a16_error error;
    if (w4a16_checkpoint_open(GOLDEN "/gguf_llama/model.gguf", &checkpoint, &error) != W4A16_OK)
        fail_msg("%s", error.message);
    FILE *expected = fopen(GOLDEN "/gguf_llama/expected.txt", "r");
    assert_non_null(expected);
    char name[64];
    int64_t K, N, count = 0;
    for (uint64_t hash; fscanf(expected, "%63s %" SCNd64 " %" SCNd64 " %" SCNx64, name, &K, &N, &hash) == 4;
         count++) {
        int64_t index = w4a16_checkpoint_find(checkpoint, name);
        assert_true(index >= 0);
        const w4a16_layer_info *info = w4a16_checkpoint_layer(checkpoint, (size_t)index);
        assert_null(info->problem);
        assert_string_equal(info->format, "gguf");
        w4a16_layer *l;
        assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, (size_t)index, &l, &error), W4A16_OK);
        assert_int_equal(w4a16_layer_check(l, &error), W4A16_OK);
        assert_true(l->K == K && l->N == N && info->K == K && info->N == N);
        assert_true(l->group_size == 32 && !l->zero && !l->perm && l->scale_type == W4A16_F16);
        if (hash_layer(l) != hash) fail_msg("%s has other weights", name);
        w4a16_layer_free(l);
    }
    fclose(expected);
    assert_int_equal(count, 4);
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), 7); /* with three of other types */
    int64_t index = w4a16_checkpoint_find(checkpoint, "model.layers.0.self_attn.v_proj");
    assert_string_equal(w4a16_checkpoint_layer(checkpoint, (size_t)index)->problem, GOLDEN
                        "/gguf_llama/model.gguf: layers of type Q4_1: each group has a minimum of its own, "
                        "which no kernel takes; accepted is Q4_0 (w4a16 quantize makes new layers of the "
                        "values of others)");
    w4a16_checkpoint_close(checkpoint);
}

/* ---- models -------------------------------------------------------------------------------------------- */

static uint64_t hash_model_values(const struct gguf_model *m, const struct gguf_weights *w) {
    w4a16_error error;
    uint64_t end = w->values.end, size = st_dtype_size(w->values.dtype), hash = 0xcbf29ce484222325;
    unsigned char *values = malloc(end);
    assert_non_null(values);
    memset(values, 0xff, end);
    /* In two pieces, cut inside a row. */
    uint64_t cut = end / size / 2 / 3 * size;
    assert_int_equal(gguf_model_read(m, w, 0, cut, values, &error), W4A16_OK);
    assert_int_equal(gguf_model_read(m, w, cut, end - cut, values + cut, &error), W4A16_OK);
    for (uint64_t i = 0; i < end / size; i++) {
        uint16_t half;
        memcpy(&half, values + size * i, 2);
        float value = f16_to_float(half);
        if (size == 4) memcpy(&value, values + 4 * i, 4);
        hash = hash_bytes(hash, &value, sizeof value);
    }
    free(values);
    return hash;
}

/* Names, order of rows and values are Hugging Face's. */
static void models_are_theirs(void **state) {
    const char *directory = *state;
    char path[512], name[128];
    struct gguf_model *m;
    w4a16_error error;
    snprintf(path, sizeof path, "%s/model.gguf", directory);
    if (gguf_model_open(path, &m, &error) != W4A16_OK) fail_msg("%s", error.message);
    snprintf(path, sizeof path, "%s/values.txt", directory);
    FILE *expected = fopen(path, "r");
    assert_non_null(expected);
    size_t count = 0;
    for (uint64_t hash; fscanf(expected, "%127s %" SCNx64, name, &hash) == 2; count++) {
        const struct gguf_weights *w = NULL;
        for (size_t i = 0; i < gguf_model_count(m); i++)
            if (strcmp(gguf_model_at(m, i)->values.name, name) == 0) w = gguf_model_at(m, i);
        if (!w) fail_msg("%s is missing", name);
        assert_true(w->known);
        if (hash_model_values(m, w) != hash) fail_msg("%s has other values", name);
    }
    fclose(expected);
    assert_int_equal(count, gguf_model_count(m));
    assert_true(count >= 11);
    gguf_model_close(m);
}

/* ---- damage -------------------------------------------------------------------------------------------- */

static unsigned char bytes[1 << 17];
static size_t length;

static void put(uint64_t value, int size) {
    for (int i = 0; i < size; i++) bytes[length++] = (unsigned char)(value >> 8 * i);
}

static void put_text(const char *text) {
    put(strlen(text), 8);
    memcpy(bytes + length, text, strlen(text));
    length += strlen(text);
}

/* A text of so many letters. */
static void put_letters(size_t count) {
    put(count, 8);
    memset(bytes + length, 'a', count);
    length += count;
}

static void put_start(uint64_t version, uint64_t tensors, uint64_t keys) {
    length = 0;
    memcpy(bytes, "GGUF", 4);
    length = 4;
    put(version, 4), put(tensors, 8), put(keys, 8);
}

/* A tensor of one row of that type. */
static void put_tensor(const char *name, uint64_t row, uint64_t type, uint64_t offset) {
    put_text(name), put(1, 4), put(row, 8), put(type, 4), put(offset, 8);
}

/* The header so far, in a file with so many bytes of data behind it. */
static w4a16_status parse(size_t data, char *message) {
    struct gguf *g;
    int cut;
    w4a16_error error;
    size_t start = (length + 31) / 32 * 32;
    /* A copy of the exact length, so that a sanitizer sees reads behind it. */
    unsigned char *copy = malloc(start + data + 1);
    memset(copy, 0, start + data + 1);
    memcpy(copy, bytes, length);
    w4a16_status status = gguf_parse("f", copy, start + data, start + data, &g, &cut, &error);
    strcpy(message, status == W4A16_OK ? "" : error.message);
    assert_int_equal(status == W4A16_OK, g != NULL);
    gguf_close(g);
    free(copy);
    return status;
}

static void check(size_t data, const char *sentence) {
    char message[sizeof(w4a16_error)];
    w4a16_status status = parse(data, message);
    if (strcmp(message, sentence) != 0) fail_msg("\"%s\", expected \"%s\"", message, sentence);
    assert_int_equal(status == W4A16_OK, !*sentence);
}

static void damaged_starts(void **state) {
    (void)state;
    put_start(3, 0, 0);
    check(0, "");
    put_start(1, 0, 0);
    check(0, "f: version is 1; accepted are 2 and 3");
    put_start(0x03000000, 0, 0);
    check(0, "f: version is 50331648; accepted are 2 and 3 (the file is big-endian)");
    put_start(3, UINT64_MAX, 0);
    check(0, "f: has 18446744073709551615 tensors; accepted are at most 1048576");
    put_start(3, 0, 65537);
    check(0, "f: has 65537 keys; accepted are at most 65536");
    put_start(3, 0, 0);
    bytes[0] = 'g';
    check(0, "f: does not begin with \"GGUF\"");
    put_start(3, 0, 0);
    check(1, "f: the tensors need 0 bytes of data; found 1 (bytes that belong to no tensor)");
}

static void names_end_somewhere(void **state) {
    (void)state;
    put_start(3, 0, 1), put_letters(65535), put(0, 4), put(7, 1);
    check(0, "");
    put_start(3, 0, 1), put_letters(65536), put(0, 4), put(7, 1);
    check(0, "f: a key has 65536 bytes; accepted are 1 to 65535");
    put_start(3, 1, 0), put_letters(255), put(1, 4), put(1, 8), put(0, 4), put(0, 8);
    check(4, "");
    put_start(3, 1, 0), put_letters(256), put(1, 4), put(1, 8), put(0, 4), put(0, 8);
    check(4, "f: a tensor's name has 256 bytes; accepted are 1 to 255");
}

static void damaged_keys(void **state) {
    (void)state;
    put_start(3, 0, 1), put_text("k"), put(13, 4);
    check(0, "f: key k: type is 13; accepted are 0 to 12");
    put_start(3, 0, 1), put_text(""), put(0, 4);
    check(0, "f: a key has 0 bytes; accepted are 1 to 65535");
    put_start(3, 0, 1), put(UINT64_MAX, 8);
    check(0,
          "f: its header ends at byte 32, where 18446744073709551615 more bytes are needed (truncated file)");
    put_start(3, 0, 1), put_text("k"), put(9, 4), put(10, 4), put(UINT64_C(1) << 61, 8);
    check(0, "f: key k: a list of 2305843009213693952 elements is longer than any file");
    put_start(3, 0, 1), put_text("k"), put(9, 4), put(9, 4), put(1, 8);
    check(0, "f: key k: is a list of lists; accepted are lists of numbers and texts");
    put_start(3, 0, 1), put_text("k"), put(9, 4), put(8, 4), put(UINT64_MAX, 8);
    check(0, "f: its header ends at byte 64, where 8 more bytes are needed (truncated file)");
    put_start(3, 0, 1), put_text("k"), put(7, 4), put(2, 1);
    check(0, "f: key k: a bool is 2; accepted are 0 and 1");
    put_start(3, 0, 2), put_text("k"), put(0, 4), put(1, 1), put_text("k"), put(0, 4), put(1, 1);
    check(0, "f: key k: is given twice");
    put_start(3, 0, 1), put_text("general.alignment"), put(4, 4), put(24, 4);
    check(0, "f: general.alignment is 24; accepted are powers of two");
    put_start(3, 0, 1), put_text("general.alignment"), put(4, 4), put(0, 4);
    check(0, "f: key general.alignment: is 0; accepted are 1 to 1048576");
}

static void damaged_tensors(void **state) {
    (void)state;
    put_start(3, 1, 0), put_tensor("t", 8, 0, 0);
    check(32, "");
    check(31, "f: tensor t: ends at byte 32 of the data, which has 31 (truncated file)");
    check(64, "f: the tensors need 32 bytes of data; found 64 (bytes that belong to no tensor)");
    put_start(3, 1, 0), put_tensor("t", 8, 0, 32);
    check(64, "f: tensor t: data begins at 32; expected 0, where the tensor before ends (hole)");
    put_start(3, 1, 0), put_tensor("t", 8, 0, 16);
    check(64, "f: tensor t: data begins at 16; accepted are multiples of 32");
    put_start(3, 1, 0), put_tensor("t", 8, 0, UINT64_MAX - 31);
    check(64, "f: tensor t: ends beyond any file");
    put_start(3, 1, 0), put_tensor("t", 8, 4, 0);
    check(64, "f: tensor t: type has the number 4, which is not known");
    put_start(3, 1, 0), put_tensor("t", 8, UINT32_MAX, 0);
    check(64, "f: tensor t: type has the number 4294967295, which is not known");
    put_start(3, 1, 0), put_tensor("t", 48, 2, 0);
    check(64, "f: tensor t: rows of 48 elements; accepted for type Q4_0 are multiples of 32");
    put_start(3, 1, 0), put_tensor("t", 0, 0, 0);
    check(64, "f: tensor t: a dimension is 0; accepted are 1 to 2^63 - 1");
    put_start(3, 1, 0), put_tensor("t", INT64_MAX, 0, 0);
    check(64, "f: tensor t: ends beyond any file");
    put_start(3, 1, 0), put_text("t"), put(5, 4);
    check(64, "f: tensor t: has 5 dimensions; accepted are 1 to 4");
    put_start(3, 1, 0), put_text("t"), put(2, 4), put(INT64_MAX, 8), put(4, 8), put(0, 4), put(0, 8);
    check(0, "f: tensor t: the product of its shape overflows 64 bits");
    put_start(3, 2, 0), put_tensor("t", 8, 0, 0), put_tensor("t", 8, 0, 32);
    check(64, "f: tensor t: is described twice");
    put_start(3, 2, 0), put_tensor("t", 16, 0, 0), put_tensor("u", 8, 0, 32);
    check(64, "f: tensor u: data begins at 32; expected 64, where the tensor before ends (overlap)");
    put_start(3, 2, 0), put_tensor("u", 8, 0, 32), put_tensor("t", 1, 0, 0);
    check(64, "");
}

/* Two tensors must not become one name, nor heads cut a row's pair. */
static void damaged_models(void **state) {
    (void)state;
    struct gguf_model *m;
    w4a16_error error;
    for (int twice = 0; twice < 2; twice++) {
        put_start(3, 1 + (uint64_t)twice, 2);
        put_text("general.architecture"), put(8, 4), put_text("llama");
        put_text("llama.attention.head_count"), put(4, 4), put(1, 4);
        put_text("blk.0.attn_q.weight"), put(2, 4), put(32, 8), put(3 - (uint64_t)twice, 8), put(2, 4),
            put(0, 8);
        if (twice) put_tensor("model.layers.0.self_attn.q_proj.weight", 8, 0, 64);
        while (length % 32) bytes[length++] = 0;
        memset(bytes + length, 0, 96);
        write_file("m/model.gguf", bytes, length + (twice ? 96 : 64));
        assert_int_equal(gguf_model_open("m/model.gguf", &m, &error), W4A16_BAD_FILE);
        assert_string_equal(
            error.message,
            twice ? "m/model.gguf: tensors blk.0.attn_q.weight and model.layers.0.self_attn.q_proj.weight "
                    "are both model.layers.0.self_attn.q_proj.weight for Hugging Face"
                  : "m/model.gguf: tensor blk.0.attn_q.weight: has 3 rows; accepted are multiples of 2 "
                    "for each of 1 heads");
    }
    unlink("m/model.gguf");
}

/* Every shorter piece of a header asks for more, and never reads behind itself. */
static void cut_anywhere(void **state) {
    (void)state;
    put_start(3, 1, 2), put_text("k"), put(9, 4), put(8, 4), put(2, 8), put_text("a"), put_text("bc");
    put_text("l"), put(12, 4), put(0, 8), put_tensor("t", 8, 0, 0);
    for (size_t mark = 0; mark <= length; mark++) {
        struct gguf *g;
        int cut;
        w4a16_error error;
        unsigned char *copy = malloc(mark + 1);
        memcpy(copy, bytes, mark);
        w4a16_status status = gguf_parse("f", copy, mark, (length + 31) / 32 * 32 + 32, &g, &cut, &error);
        assert_int_equal(status == W4A16_OK, mark == length);
        assert_int_equal(cut, mark != length);
        gguf_close(g);
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_opened),
        cmocka_unit_test(values_are_exact),
        cmocka_unit_test(keys_are_read),
        cmocka_unit_test(layers_are_exact),
        {"llama", models_are_theirs, NULL, NULL, GOLDEN "/gguf_llama"},
        {"gemma3", models_are_theirs, NULL, NULL, GOLDEN "/gguf_gemma3"},
        cmocka_unit_test(damaged_starts),
        cmocka_unit_test(names_end_somewhere),
        cmocka_unit_test(damaged_keys),
        cmocka_unit_test(damaged_tensors),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test_setup_teardown(damaged_models, empty_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
