/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Structs of callers that were compiled with another version's header. Those that the caller fills begin with
 * size_t struct_size, what that header said; fields are only ever appended, and 0 in a new one means what was
 * before. So a shorter struct is an older one, and is read as if zeros followed.
 */
#ifndef STRUCT_SIZE_H
#define STRUCT_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The least size that is taken: up to the last field that a caller cannot do without. */
#define STRUCT_LEAST(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

/* Whether a caller's struct_size is one of a version that is understood. */
static inline bool struct_size_ok(size_t size, size_t least, size_t ours) {
    return size >= least && size <= ours && size % sizeof(int) == 0;
}

/* Copies a caller's struct to one of ours; false, with nothing done, if its struct_size is not understood. */
static inline bool struct_take(void *to, size_t ours, const void *from, size_t least) {
    size_t size;
    memcpy(&size, from, sizeof size);
    if (!struct_size_ok(size, least, ours)) return false;
    memset(to, 0, ours);
    memcpy(to, from, size);
    memcpy(to, &ours, sizeof ours);
    return true;
}

/* Copies a struct of ours to a caller's of `size` bytes, and no further; struct_size becomes theirs. */
static inline void struct_give(void *to, size_t size, const void *from, size_t ours) {
    if (!to || size < sizeof size) return;
    memset(to, 0, size);
    memcpy(to, from, size < ours ? size : ours);
    memcpy(to, &size, sizeof size);
}

#endif
