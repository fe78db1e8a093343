/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Files as buffers: NumPy's .npy (versions 1.0 and 2.0, C order) and plain bytes. */
#include <stdlib.h>
#include <string.h>

#include "input_file.h"
#include "output.h"
#include "tool.h"

static const struct element elements[] = {{"f16", "<f2", 2}, {"f32", "<f4", 4}, {"f64", "<f8", 8},
                                          {"i8", "|i1", 1},  {"i16", "<i2", 2}, {"i32", "<i4", 4},
                                          {"i64", "<i8", 8}, {"u8", "|u1", 1},  {"u16", "<u2", 2},
                                          {"u32", "<u4", 4}, {"u64", "<u8", 8}, {"bf16", "<u2", 2}};
enum { ELEMENTS = sizeof elements / sizeof elements[0], MAGIC = 6, PREFIX = 10, ALIGN = 64 };
static const char magic[] = "\x93NUMPY";

const struct element *element_find(const char *name, size_t length) {
    for (size_t n = 0; n < ELEMENTS; n++)
        if (strlen(elements[n].name) == length && strncmp(elements[n].name, name, length) == 0)
            return &elements[n];
    return NULL;
}

bool file_read(const char *path, uint64_t most, unsigned char **data, size_t *bytes) {
    struct input_file file;
    enum input_status status = input_read_all(&file, path, most, data);
    *bytes = (size_t)file.bytes;
    if (status == INPUT_NO_MEMORY)
        fail_memory(path);
    else if (status != INPUT_OK)
        fail(EXIT_FILE, "%s: %s", path, file.why);
    return status == INPUT_OK;
}

/* The type named in an .npy header, or null. */
static const struct element *type_of(const char *header) {
    const char *descr = strstr(header, "'descr'");
    const char *quote = descr ? strchr(descr + 7, '\'') : NULL, *end = quote ? strchr(quote + 1, '\'') : NULL;
    for (size_t n = 0; end && n < ELEMENTS; n++)
        if (strlen(elements[n].npy) == (size_t)(end - quote - 1) &&
            strncmp(elements[n].npy, quote + 1, (size_t)(end - quote - 1)) == 0)
            return &elements[n];
    return NULL;
}

bool array_read(const char *path, struct array *out) {
    *out = (struct array){0};
    if (!file_read(path, INT64_MAX, &out->data, &out->bytes)) return false;
    if (out->bytes < PREFIX || memcmp(out->data, magic, MAGIC) != 0) {
        out->count = out->bytes;
        return true;
    }
    size_t prefix = out->data[MAGIC] == 1 ? PREFIX : PREFIX + 2,
           length = out->data[8] | (size_t)out->data[9] << 8;
    if (prefix > PREFIX && out->bytes >= prefix)
        length |= (size_t)out->data[10] << 16 | (size_t)out->data[11] << 24;
    bool fits = out->bytes >= prefix && length <= out->bytes - prefix && length < 65536;
    char *header = fits ? strndup((const char *)out->data + prefix, length) : NULL;
    const struct element *element = header ? type_of(header) : NULL;
    bool c_order = header && strstr(header, "'fortran_order': False");
    bool readable = header != NULL;
    free(header);
    if (!element || !c_order) {
        if (fits && !readable)
            fail_memory(path);
        else
            fail(EXIT_FILE,
                 "%s: not an .npy file that can be used; accepted are little-endian numbers in C order",
                 path);
        free(out->data);
        *out = (struct array){0};
        return false;
    }
    size_t start = prefix + length;
    memmove(out->data, out->data + start, out->bytes - start);
    out->bytes -= start;
    out->element = element;
    out->count = out->bytes / element->bytes;
    return true;
}

bool array_write(const char *path, const struct array *array) {
    const struct element *element = array->element ? array->element : element_find("u8", 2);
    char header[256];
    int length = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }",
                          element->npy, array->bytes / element->bytes);
    size_t total = ((size_t)PREFIX + (size_t)length + 1 + ALIGN - 1) / ALIGN * ALIGN, padded = total - PREFIX;
    const unsigned char rest[] = {1, 0, (unsigned char)padded, (unsigned char)(padded >> 8)};
    struct output output;
    output_open(&output, path);
    output_write(&output, magic, MAGIC);
    output_write(&output, rest, sizeof rest);
    memset(header + length, ' ', padded - (size_t)length);
    header[padded - 1] = '\n';
    output_write(&output, header, padded);
    output_write(&output, array->data, array->bytes);
    return output_commit(&output) == 0 || fail_output(path, &output) == EXIT_OK;
}
