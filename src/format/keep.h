/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which modules a quantised model keeps in 16 bits: patterns, each a regular expression as Python has them.
 */
#ifndef W4A16_FORMAT_KEEP_H
#define W4A16_FORMAT_KEEP_H

#include "format/selector.h"

struct keep_pattern {
    struct selector selector; /* its text is the expression, as it stands in GPTQ's `dynamic` */
    const char *reason;
    int used; /* it matches a module */
};

struct keep {
    size_t count;
    struct keep_pattern *patterns; /* the caller's, then the usual ones */
    struct selector_work *work;
};

/*
 * ignore: expressions, with or without "re:" before them, matched from the beginning of a module's name on; a
 * plain name stands for all modules that end in it and what is in them. usual: also what engines expect in 16
 * bits.
 */
w4a16_status keep_create(const char *const *ignore, size_t count, int usual, struct keep *keep,
                         w4a16_error *error);
void keep_free(struct keep *keep); /* also after a failure */

/* *pattern is the first that keeps the module, or null. */
w4a16_status keep_find(struct keep *keep, const char *module, struct keep_pattern **pattern,
                       w4a16_error *error);

extern const char KEEP_REQUEST[]; /* the reason of the caller's patterns */

/*
 * An expression for a name, below any other, in which * stands for a number; end follows it as an expression:
 * KEEP_INSIDE for all that is in the module, too. Null: no memory.
 */
#define KEEP_INSIDE "(\\..*)?"
char *keep_expression(const char *name, const char *end);

#endif
