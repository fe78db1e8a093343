/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The GGUF container (version 2 and 3): keys with values of the model, and tensors. Knows nothing of what
 * they mean. The file is untrusted: once it is open every tensor is known to lie inside it, to have the size
 * that shape and type give, and to share no byte with another; every key and every text of a list is whole.
 */
#ifndef W4A16_FORMAT_GGUF_H
#define W4A16_FORMAT_GGUF_H

#include "format/gguf_types.h"
#include "w4a16/base.h"

#define GGUF_MAX_DIMS 4

struct gguf_tensor {
    const char *name;
    const struct gguf_type *type;
    int dims;
    int64_t shape[GGUF_MAX_DIMS]; /* as torch has it: the last dimension is that of a row */
    uint64_t begin, end;          /* bytes, relative to the start of the data */
};

struct gguf; /* immutable; readable from several threads */

w4a16_status gguf_open(const char *path, struct gguf **out, w4a16_error *error);
void gguf_close(struct gguf *gguf); /* null is accepted */
/* Whether a file begins as GGUF does; 0 also where it cannot be read. */
int gguf_is(const char *path);

/*
 * Checks what a file of file_bytes bytes begins with (for the opener and the fuzzer): data[0..bytes). label
 * names the file in errors. *cut tells that it failed because more of the file is needed. The result has no
 * file behind it: gguf_read fails.
 */
w4a16_status gguf_parse(const char *label, const unsigned char *data, uint64_t bytes, uint64_t file_bytes,
                        struct gguf **out, int *cut, w4a16_error *error);

const char *gguf_path(const struct gguf *gguf);
size_t gguf_count(const struct gguf *gguf);
const struct gguf_tensor *gguf_at(const struct gguf *gguf, size_t index); /* in order of begin */
/* Reads so many bytes of a tensor, from byte `first` on; the caller has checked that they are there. */
w4a16_status gguf_read(const struct gguf *gguf, const struct gguf_tensor *tensor, uint64_t first,
                       uint64_t bytes, void *to, w4a16_error *error);

/* ---- the keys --------------------------------------------------------------------------------------------
 *
 * A key that is absent leaves *value as it is; one of another type, or out of range, is BAD_FILE. Texts are
 * not ended by a NUL, may hold one and need be no UTF-8; they live as long as the gguf.
 */
struct gguf_text {
    const char *data; /* null: absent */
    size_t length;
};

int gguf_has(const struct gguf *gguf, const char *key);
w4a16_status gguf_integer(const struct gguf *gguf, const char *key, int64_t min, int64_t max, int64_t *value,
                          w4a16_error *error);
w4a16_status gguf_real(const struct gguf *gguf, const char *key, double *value, w4a16_error *error);
w4a16_status gguf_bool(const struct gguf *gguf, const char *key, int *value, w4a16_error *error);
w4a16_status gguf_string(const struct gguf *gguf, const char *key, struct gguf_text *value,
                         w4a16_error *error);

/* Lists: *texts, *reals or *integers is to be freed; null and a count of 0 if absent. */
w4a16_status gguf_strings(const struct gguf *gguf, const char *key, struct gguf_text **texts, size_t *count,
                          w4a16_error *error);
w4a16_status gguf_reals(const struct gguf *gguf, const char *key, double **reals, size_t *count,
                        w4a16_error *error);
w4a16_status gguf_integers(const struct gguf *gguf, const char *key, int64_t **integers, size_t *count,
                           w4a16_error *error);

#endif
