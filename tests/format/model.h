/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Checkpoints of a few small tensors, made one by one. */
#ifndef TESTS_FORMAT_MODEL_H
#define TESTS_FORMAT_MODEL_H

#include "bad.h"
#include "random.h"

struct model {
    char header[8192];
    unsigned char data[1 << 16];
    size_t length, bytes;
};

/* A tensor of so many bytes of data. */
static inline void model_add(struct model *m, const char *name, const char *dtype, const char *shape,
                             const void *data, size_t bytes) {
    m->length += (size_t)snprintf(m->header + m->length, sizeof m->header - m->length,
                                  "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                                  m->length ? "," : "{", name, dtype, shape, m->bytes, m->bytes + bytes);
    assert_true(m->length < sizeof m->header && m->bytes + bytes <= sizeof m->data);
    memcpy(m->data + m->bytes, data, bytes);
    m->bytes += bytes;
}

/* The same, each byte of it the given one. */
static inline void model_fill(struct model *m, const char *name, const char *dtype, const char *shape,
                              int byte, size_t bytes) {
    unsigned char data[4096];
    assert_true(bytes <= sizeof data);
    memset(data, byte, bytes);
    model_add(m, name, dtype, shape, data, bytes);
}

/* Writes it to m/NAME and empties it. */
static inline void model_write(struct model *m, const char *name) {
    char path[64];
    m->header[m->length++] = '}';
    write_model(m->length, m->header, m->length, m->data, m->bytes);
    snprintf(path, sizeof path, "m/%s", name);
    assert_int_equal(rename("m/model.safetensors", path), 0);
    m->length = m->bytes = 0;
}

static inline w4a16_checkpoint *must_open(void) {
    w4a16_checkpoint *checkpoint;
    w4a16_error error;
    if (w4a16_checkpoint_open("m", &checkpoint, &error) != W4A16_OK) fail_msg("%s", error.message);
    return checkpoint;
}

/*
 * The layer of that name has a problem with these words, or none if they are null; reading it says the same.
 */
static inline void check_problem(const w4a16_checkpoint *checkpoint, const char *layer, const char *words) {
    int64_t index = w4a16_checkpoint_find(checkpoint, layer);
    if (index < 0) fail_msg("no layer %s", layer);
    const char *problem = w4a16_checkpoint_layer(checkpoint, (size_t)index)->problem;
    w4a16_layer *read = NULL;
    w4a16_error error;
    w4a16_status status = w4a16_checkpoint_read_layer(checkpoint, (size_t)index, &read, &error);
    if (!words) {
        if (problem) fail_msg("%s", problem);
        assert_int_equal(status, W4A16_OK);
        assert_int_equal(w4a16_layer_check(read, &error), W4A16_OK);
    } else {
        if (!problem || !strstr(problem, words))
            fail_msg("%s: \"%s\" does not say \"%s\"", layer, problem ? problem : "no problem", words);
        assert_int_not_equal(status, W4A16_OK);
        assert_string_equal(error.message, problem);
    }
    w4a16_layer_free(read);
}

/* There is one note, and it has these words; or, if they are null, none. */
static inline void check_note(const w4a16_checkpoint *checkpoint, const char *words) {
    assert_int_equal(w4a16_checkpoint_notes(checkpoint), words ? 1 : 0);
    if (words && !strstr(w4a16_checkpoint_note(checkpoint, 0), words))
        fail_msg("\"%s\" does not say \"%s\"", w4a16_checkpoint_note(checkpoint, 0), words);
    assert_null(w4a16_checkpoint_note(checkpoint, w4a16_checkpoint_notes(checkpoint)));
}

#endif
