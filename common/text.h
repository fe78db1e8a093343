/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Text from strangers (names of files, tensors and kernels) made safe to show: the one place that knows which
 * characters may reach a terminal, and where UTF-8 may be cut.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of the character that text (of so many bytes) begins with, and its code point (code may be null);
 * 0 if it begins with none: no UTF-8, an overlong form, a surrogate, beyond U+10FFFF, or cut short.
 */
size_t text_character(const char *text, size_t bytes, uint32_t *code);

/* What becomes of a character that is valid but acts on a terminal: a control character, one that turns the
 * direction of writing, a separator of lines. Text for JSON keeps it, since JSON has an escape of its own. */
enum text_use { TEXT_SHOWN, TEXT_KEPT };

/*
 * Copies from, up to its NUL, to to, which has size > 0 bytes. Bytes that are no UTF-8 become \xff,
 * characters that must not be shown \x1b or \u202e. What does not fit is left out at the end of a character,
 * and "..." says so. Cleaning twice changes nothing. Returns the length. A copy has at most
 * 4 * strlen(from) bytes.
 */
size_t text_clean(char *to, size_t size, const char *from, enum text_use use);

/* As snprintf and vsnprintf, for messages: cleaned to be shown. */
void text_format(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
void text_vformat(char *to, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

#endif
