/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The GGUF container: header, keys, and the blocks of every tensor. Input: a GGUF file. */
#include <string.h>

#include "format/gguf.h"
#include "fuzz.h"

/* Whatever the keys are called: each is asked for as what it may be. */
static void read_keys(const struct gguf *g) {
    struct gguf_text text = {0}, *texts;
    double real = 0, *reals;
    int64_t integer = 0, *integers;
    size_t count;
    w4a16_error error;
    if (gguf_strings(g, "l", &texts, &count, &error) == W4A16_OK) {
        unsigned sum = 0;
        for (size_t i = 0; i < count; i++)
            for (size_t c = 0; c < texts[i].length; c++) sum += (unsigned char)texts[i].data[c];
        CHECK(sum != 1u << 31);
        free(texts);
    }
    if (gguf_reals(g, "r", &reals, &count, &error) == W4A16_OK) free(reals);
    if (gguf_integers(g, "r", &integers, &count, &error) == W4A16_OK) free(integers);
    gguf_real(g, "r", &real, &error);
    gguf_integer(g, "l", 0, 9, &integer, &error);
    CHECK(integer >= 0 && integer <= 9);
    gguf_string(g, "general.architecture", &text, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct gguf *g = NULL;
    int cut;
    w4a16_error error;
    w4a16_status status = gguf_parse("fuzz", data, size, size, &g, &cut, &error);
    CHECK((status == W4A16_OK) == (g != NULL));
    if (status != W4A16_OK) {
        CHECK(strncmp(error.message, "fuzz: ", 6) == 0);
        return 0;
    }
    uint64_t end = 0, sum = 0;
    for (size_t i = 0; i < gguf_count(g); i++) {
        const struct gguf_tensor *t = gguf_at(g, i);
        uint64_t elements = 1;
        for (int d = 0; d < t->dims; d++) elements *= (uint64_t)t->shape[d];
        CHECK(t->begin >= end && t->end > t->begin);
        CHECK((t->end - t->begin) * (uint64_t)t->type->elements == elements * (uint64_t)t->type->bytes);
        end = t->end;
        sum += end - t->begin;
        float values[GGUF_BLOCK_MAX];
        for (uint64_t at = 0; t->type->decode && at + (uint64_t)t->type->bytes <= size && at < 4096;
             at += (uint64_t)t->type->bytes)
            t->type->decode(data + at, values);
    }
    CHECK(sum <= size);
    read_keys(g);
    gguf_close(g);
    return 0;
}
