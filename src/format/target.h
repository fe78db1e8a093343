/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which layers a part of a configuration is for: "Linear" is all, a name is one; or a regular expression as
 * Python has them, matched from the beginning of the name on.
 *
 * Configurations come from strangers: their expressions could backtrack for ever, and many rules for many
 * layers take their product. So each match, all compiled expressions and all matches together have limits.
 */
#ifndef W4A16_FORMAT_TARGET_H
#define W4A16_FORMAT_TARGET_H

#include "w4a16/base.h"

struct target {
    char *text;
    struct pcre2_real_code_8 *expression; /* or null */
};

/* What the targets of a configuration may still cost; for one thread at a time. */
struct target_work;
w4a16_status target_work_create(const char *label, struct target_work **out, w4a16_error *error);
void target_work_free(struct target_work *work);      /* null is accepted */
void target_work_renew(struct target_work *work);     /* as if nothing had been matched */
int target_work_done(const struct target_work *work); /* 1: used up; every further match fails */

/*
 * expression is where in the text one begins, or null. label names the configuration and key its part in
 * errors. Free with target_free, also after a failure.
 */
w4a16_status target_create(const char *label, const char *key, const char *text, const char *expression,
                           struct target_work *work, struct target *target, w4a16_error *error);

/* The same, but the expression is searched in the name, as Python's re.search does. */
w4a16_status target_create_search(const char *label, const char *key, const char *text,
                                  const char *expression, struct target_work *work, struct target *target,
                                  w4a16_error *error);
void target_free(struct target *target);

/* *rank: how closely it names the layer. An expression that takes too many steps is an error. */
enum { TARGET_NO_MATCH, TARGET_CLASS, TARGET_EXPRESSION, TARGET_NAME };
w4a16_status target_match(const struct target *target, const char *layer, struct target_work *work, int *rank,
                          w4a16_error *error);

#endif
