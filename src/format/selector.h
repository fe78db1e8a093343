/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which layers a part of a configuration is for: "Linear" is all, a name is one; or a regular expression as
 * Python has them, matched from the beginning of the name on.
 *
 * Configurations come from strangers: their expressions could backtrack for ever, and many rules for many
 * layers take their product. So each match, all compiled expressions and all matches together have limits.
 */
#ifndef W4A16_FORMAT_SELECTOR_H
#define W4A16_FORMAT_SELECTOR_H

#include "w4a16/base.h"

struct selector {
    char *text;
    struct pcre2_real_code_8 *expression; /* or null */
};

/* What the selectors of a configuration may still cost; for one thread at a time. */
struct selector_work;
w4a16_status selector_work_create(const char *label, struct selector_work **out, w4a16_error *error);
void selector_work_free(struct selector_work *work);      /* null is accepted */
void selector_work_renew(struct selector_work *work);     /* as if nothing had been matched */
int selector_work_done(const struct selector_work *work); /* 1: used up; every further match fails */

/*
 * expression is where in the text one begins, or null. label names the configuration and key its part in
 * errors. Free with selector_free, also after a failure.
 */
w4a16_status selector_create(const char *label, const char *key, const char *text, const char *expression,
                             struct selector_work *work, struct selector *selector, w4a16_error *error);

/* The same, but the expression is searched in the name, as Python's re.search does. */
w4a16_status selector_create_search(const char *label, const char *key, const char *text,
                                    const char *expression, struct selector_work *work,
                                    struct selector *selector, w4a16_error *error);
void selector_free(struct selector *selector);

/* *rank: how closely it names the layer. An expression that takes too many steps is an error. */
enum { SELECTOR_NO_MATCH, SELECTOR_CLASS, SELECTOR_EXPRESSION, SELECTOR_NAME };
w4a16_status selector_match(const struct selector *selector, const char *layer, struct selector_work *work,
                            int *rank, w4a16_error *error);

#endif
