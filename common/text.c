/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A message before it is cleaned; longer ones are cut. Cleaning never shortens, so nothing that would have
 * found room in a w4a16_error is lost. */
enum { MESSAGE_BYTES = 4096, ESCAPE_BYTES = 12 };

size_t text_character(const char *text, size_t bytes, uint32_t *code) {
    if (!bytes) return 0;
    const unsigned char *p = (const unsigned char *)text;
    size_t length = p[0] < 0x80   ? 1
                    : p[0] < 0xc2 ? 0
                    : p[0] < 0xe0 ? 2
                    : p[0] < 0xf0 ? 3
                    : p[0] < 0xf5 ? 4
                                  : 0;
    if (!length || length > bytes) return 0;
    static const unsigned char payload[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t value = p[0] & payload[length];
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff) return 0;
    if (code) *code = value;
    return length;
}

static bool acts_on_terminal(uint32_t code) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200e, 0x200f},
                  {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i].first && code <= ranges[i].last) return true;
    return false;
}

/* The next character of *from as it is to be written: piece and its length; advances *from. */
static size_t next_piece(const char **from, size_t left, enum text_use use, char *piece) {
    uint32_t code = 0;
    size_t length = text_character(*from, left, &code);
    if (length && (use == TEXT_KEPT || !acts_on_terminal(code))) {
        memcpy(piece, *from, length);
        *from += length;
        return length;
    }
    unsigned byte = (unsigned char)**from;
    *from += length ? length : 1;
    return (size_t)snprintf(piece, ESCAPE_BYTES, length > 1 ? "\\u%04x" : "\\x%02x",
                            length > 1 ? code : byte);
}

size_t text_clean(char *to, size_t size, const char *from, enum text_use use) {
    static const char more[] = "...";
    const char *end = from + strlen(from);
    size_t length = 0, room_for_more = 0; /* the longest length after which "..." still fits */
    while (from < end) {
        char piece[ESCAPE_BYTES];
        size_t bytes = next_piece(&from, (size_t)(end - from), use, piece);
        if (length + bytes >= size) {
            if (size >= sizeof more) length = room_for_more;
            size_t dots = size > length ? size - 1 - length : 0;
            if (dots > sizeof more - 1) dots = sizeof more - 1;
            memcpy(to + length, more, dots);
            length += dots;
            break;
        }
        memcpy(to + length, piece, bytes);
        length += bytes;
        if (length + sizeof more <= size) room_for_more = length;
    }
    to[length] = 0;
    return length;
}

void text_vformat(char *to, size_t size, const char *format, va_list arguments) {
    char text[MESSAGE_BYTES];
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text_clean(to, size, format, TEXT_SHOWN); /* no memory for a wide field */
    else
        text_clean(to, size, text, TEXT_SHOWN);
}

void text_format(char *to, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_vformat(to, size, format, arguments);
    va_end(arguments);
}
