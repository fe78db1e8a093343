/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "rules.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *sentence;
} rules[] = {
#define RULE(name, label, sentence) {#name, sentence},
#include "rules.def"
};

static const struct figure figures[] = {
#define FIGURE(name, value, without, unit, label, source, confidence, sentence)                              \
    {#name, unit, label, source, confidence, sentence, value, without},
#include "rules.def"
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

static const size_t offsets[] = {
#define FIGURE(name, ...) offsetof(struct simd_config, name),
#include "rules.def"
};

unsigned simd_figures(void) { return FIGURES; }

const struct figure *simd_figure(unsigned index) { return &figures[index]; }

uint32_t *simd_config_figure(struct simd_config *config, unsigned index) {
    return (uint32_t *)((char *)config + offsets[index]);
}

void simd_config_init(struct simd_config *config) {
    *config = (struct simd_config){0};
    for (unsigned n = 0; n < FIGURES; n++) *simd_config_figure(config, n) = figures[n].value;
}

unsigned simd_find_figure(const char *name) {
    unsigned n = 0;
    while (n < FIGURES && strcmp(figures[n].name, name) != 0) n++;
    return n;
}

unsigned simd_rules(void) { return RULES; }

const char *simd_rule_name(unsigned rule) { return rule < RULES ? rules[rule].name : ""; }

const char *simd_rule_sentence(unsigned rule) { return rule < RULES ? rules[rule].sentence : ""; }
