/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Names of the rules of rules.def, and their figures, which a run may have others of. */
#ifndef TIMING_RULES_H
#define TIMING_RULES_H

#include <stdbool.h>
#include <stdint.h>

enum rule {
#define RULE(name, ...) RULE_##name,
#include "rules.def"
    RULES
};

struct simd_config {
#define FIGURE(name, ...) uint32_t name;
#include "rules.def"
    uint32_t sleep_phase; /* of the counter that s_sleep waits for: a fact of a run, not of a card */
};

struct figure {
    const char *name, *unit, *label, *source, *confidence, *sentence;
    uint32_t value, without; /* the default; what switches its rule off */
};

void simd_config_init(struct simd_config *config); /* the values of rules.def */
unsigned simd_figures(void);
const struct figure *simd_figure(unsigned index);
uint32_t *simd_config_figure(struct simd_config *config, unsigned index);
/* The figure with that name; simd_figures() if there is none. */
unsigned simd_find_figure(const char *name);

unsigned simd_rules(void);
const char *simd_rule_name(unsigned rule);     /* "valu_queue" */
const char *simd_rule_sentence(unsigned rule); /* what it means */

#endif
