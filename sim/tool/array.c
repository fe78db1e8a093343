/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Files as buffers: NumPy's .npy (versions 1.0 and 2.0, C order) and plain bytes. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "half.h"
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

/* "(2, 3)" behind 'shape' in an .npy header. False: it is none, or of other extents than there are elements. */
static bool shape_of(const char *header, size_t count, struct array *out) {
    const char *at = strstr(header, "'shape'");
    at = at ? strchr(at, '(') : NULL;
    if (!at) return false;
    size_t product = 1;
    for (at++; *at != ')';) {
        char *end;
        at += strspn(at, " ");
        if (*at < '0' || *at > '9' || out->dimensions == DIMENSIONS_MAX) return false;
        size_t extent = strtoull(at, &end, 10);
        out->extents[out->dimensions++] = extent;
        if (__builtin_mul_overflow(product, extent, &product)) return false;
        at = end + strspn(end, " ");
        if (*at == ',')
            at += 1 + strspn(at + 1, " ");
        else if (*at != ')')
            return false;
    }
    return product == count;
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
    size_t count = element ? (out->bytes - prefix - length) / element->bytes : 0;
    bool shaped = element && shape_of(header, count, out);
    bool readable = header != NULL;
    free(header);
    if (!element || !c_order || !shaped) {
        if (fits && !readable)
            fail_memory(path);
        else
            fail(EXIT_FILE,
                 "%s: not an .npy file that can be used; accepted are little-endian numbers in C order, of "
                 "at most %d "
                 "dimensions, as many as its shape says",
                 path, DIMENSIONS_MAX);
        free(out->data);
        *out = (struct array){0};
        return false;
    }
    size_t start = prefix + length;
    memmove(out->data, out->data + start, out->bytes - start);
    out->bytes -= start;
    out->element = element;
    out->count = count;
    return true;
}

bool array_write(const char *path, const struct array *array) {
    const struct element *element = array->element ? array->element : element_find("u8", 2);
    char header[384];
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (", element->npy);
    size_t plain = array->bytes; /* the one extent of bytes */
    unsigned dimensions = array->element ? array->dimensions : 1;
    for (unsigned n = 0; n < dimensions; n++)
        length += snprintf(header + length, sizeof header - (size_t)length, n ? " %zu%s" : "%zu%s",
                           array->element ? array->extents[n] : plain, n + 1 < dimensions || !n ? "," : "");
    length += snprintf(header + length, sizeof header - (size_t)length, "), }");
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

/* ---- for people -------------------------------------------------------------------------------------------- */

static uint64_t bits_at(const struct array *a, size_t bytes, size_t n) {
    uint64_t bits = 0;
    memcpy(&bits, a->data + n * bytes, bytes);
    return bits;
}

static int64_t extended(const struct element *e, uint64_t bits) {
    return (int64_t)(bits << (64 - 8 * e->bytes)) >> (64 - 8 * e->bytes);
}

/* An element as a number; integers beyond 2^53 are rounded. */
static double value_of(const struct element *e, uint64_t bits) {
    double d;
    memcpy(&d, &bits, 8);
    if (strcmp(e->name, "f16") == 0) return (double)f16_to_float((uint16_t)bits);
    if (strcmp(e->name, "bf16") == 0) return (double)bf16_to_float((uint16_t)bits);
    if (strcmp(e->name, "f32") == 0) return (double)bits_float((uint32_t)bits);
    if (strcmp(e->name, "f64") == 0) return d;
    return e->name[0] == 'i' ? (double)extended(e, bits) : (double)bits;
}

static void print_element(const struct element *e, uint64_t bits) {
    if (e->name[0] == 'i')
        printf(" %" PRId64, extended(e, bits));
    else if (e->name[0] == 'u')
        printf(" %" PRIu64, bits);
    else
        printf(" %.*g",
               e->bytes == 8       ? 17
               : e->bytes == 4     ? 9
               : e->name[0] == 'b' ? 4
                                   : 5,
               value_of(e, bits));
}

void array_print(const char *name, const struct array *array, size_t most) {
    const struct element *element = array->element ? array->element : element_find("u8", 2);
    size_t count = array->bytes / element->bytes;
    printf("%s, %zu %s:", name, count, element->name);
    for (size_t n = 0; n < count && n < most; n++) print_element(element, bits_at(array, element->bytes, n));
    puts(count > most ? " ..." : "");
}

bool array_error(const struct array *got, const struct array *expected, double *error) {
    if (!got->element || !expected->element || !got->count || got->count != expected->count) return false;
    double differences = 0, squares = 0;
    for (size_t n = 0; n < got->count; n++) {
        double wanted = value_of(expected->element, bits_at(expected, expected->element->bytes, n));
        double difference = value_of(got->element, bits_at(got, got->element->bytes, n)) - wanted;
        differences += difference * difference;
        squares += wanted * wanted;
    }
    *error = sqrt(differences / squares);
    return true;
}
