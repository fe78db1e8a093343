/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The targets: the rows of targets.def. */
#ifndef RDNASIM_TARGET_H
#define RDNASIM_TARGET_H

#include "rdnasim.h"

enum target_feature { FEATURE_SALU_FLOAT = 1 << 0 };

enum target_number {
#define TARGET(name, ...) TARGET_##name,
#include "targets.def"
#undef TARGET
    TARGET_COUNT
};

struct generation;

struct target {
    rdnasim_target facts;
    const struct generation *generation;
    unsigned features; /* set of enum target_feature */
};

extern const struct target targets[TARGET_COUNT];
/* Null if there is none. A null name is the default's. */
const struct target *target_from_name(const char *name);
const struct target *target_from_mach(unsigned mach);
/* "gfx1100, gfx1101 and gfx1102", all of them; returns text. */
const char *target_names(char *text, size_t bytes);

#endif
