/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "isa.h"

#include <string.h>

static const struct target targets[] = {
    {"gfx1100", 0x41, TARGET_GFX1100}, {"gfx1101", 0x46, TARGET_GFX1101}, {"gfx1102", 0x47, TARGET_GFX1102},
    {"gfx1103", 0x44, TARGET_GFX1103}, {"gfx1150", 0x43, TARGET_GFX1150}, {"gfx1151", 0x4a, TARGET_GFX1151},
    {"gfx1152", 0x55, TARGET_GFX1152}, {"gfx1153", 0x58, TARGET_GFX1153},
};
enum { TARGET_COUNT = sizeof targets / sizeof targets[0] };

const struct target *target_from_name(const char *name) {
    for (int n = 0; n < TARGET_COUNT; n++)
        if (strcmp(targets[n].name, name) == 0) return &targets[n];
    return NULL;
}

const struct target *target_from_mach(unsigned mach) {
    for (int n = 0; n < TARGET_COUNT; n++)
        if (targets[n].mach == mach) return &targets[n];
    return NULL;
}

unsigned type_dwords(enum value_type type) {
    static const uint8_t dwords[] = {
#define TYPE(name, dwords) dwords,
        VALUE_TYPES(TYPE)
#undef TYPE
    };
    return dwords[type];
}

bool type_is_16(enum value_type type) {
    return type == TYPE_F16 || type == TYPE_BF16 || type == TYPE_B16 || type == TYPE_I16 || type == TYPE_U16;
}

#define PER_HALF OP_PER_HALF
#define IDLE OP_IDLE
static const struct op_info infos[OP_COUNT] = {
#define OP(name, unit, flags, d, s0, s1, s2)                                                                  \
    [OP_##name] = {#name, GFX11SIM_UNIT_##unit, flags, TYPE_##d, {TYPE_##s0, TYPE_##s1, TYPE_##s2}},
#include "isa/ops.def"
#undef OP
};

const struct op_info *op_info(enum op op) { return &infos[op]; }
