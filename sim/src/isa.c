/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The tables of operations, types and targets. */
#include "isa.h"

#include <string.h>

const struct type_info type_infos[TYPE_COUNT] = {
#define TYPE(name, dwords, half, form) [TYPE_##name] = {dwords, half, CONSTANT_##form},
    VALUE_TYPES(TYPE)
#undef TYPE
};

/* A row of isa/ops.def writes PLACES(TYPE) for an operand, and NONE for none; prefixes take one or the other. */
#define TYPE_V(type)      TYPE_##type
#define TYPE_S(type)      TYPE_##type
#define TYPE_C(type)      TYPE_##type
#define TYPE_A(type)      TYPE_##type
#define TYPE_K(type)      TYPE_##type
#define TYPE_R(type)      TYPE_##type
#define TYPE_L(type)      TYPE_##type
#define PLACES_OF_V(type) PLACES_V
#define PLACES_OF_S(type) PLACES_S
#define PLACES_OF_C(type) PLACES_C
#define PLACES_OF_A(type) PLACES_A
#define PLACES_OF_K(type) PLACES_K
#define PLACES_OF_R(type) PLACES_R
#define PLACES_OF_L(type) PLACES_L
#define PLACES_OF_NONE    0

/* Rows join flags by name: every name needs its prefix here. */
enum { PER_HALF = OP_PER_HALF, IDLE = OP_IDLE, ACCUMULATES = OP_ACCUMULATES, MASK_RESULT = OP_MASK_RESULT };

static const struct op_info op_infos[OP_COUNT] = {
#define OP(name, unit, fidelity, flags, dst, src0, src1, src2)                                               \
    [OP_##name] = {#name,                                                                                    \
                   GFX11SIM_UNIT_##unit,                                                                     \
                   GFX11SIM_##fidelity,                                                                      \
                   flags,                                                                                    \
                   TYPE_##dst,                                                                               \
                   {TYPE_##src0, TYPE_##src1, TYPE_##src2},                                                  \
                   PLACES_OF_##dst,                                                                          \
                   {PLACES_OF_##src0, PLACES_OF_##src1, PLACES_OF_##src2}},
#include "isa/ops.def"
#undef OP
};

const struct op_info *op_info(enum op op) { return &op_infos[op]; }
bool op_runs_per_half(unsigned op) { return op_infos[op].flags & OP_PER_HALF; }
bool op_is_idle(unsigned op) { return op_infos[op].flags & OP_IDLE; }

static const struct target targets[] = {
    {"gfx1100", TARGET_GFX1100, 0x41}, {"gfx1101", TARGET_GFX1101, 0x46}, {"gfx1102", TARGET_GFX1102, 0x47},
    {"gfx1103", TARGET_GFX1103, 0x44}, {"gfx1150", TARGET_GFX1150, 0x43}, {"gfx1151", TARGET_GFX1151, 0x4a},
    {"gfx1152", TARGET_GFX1152, 0x55}, {"gfx1153", TARGET_GFX1153, 0x58},
};
enum { TARGET_COUNT = sizeof targets / sizeof targets[0] };

const struct target *target_from_name(const char *name) {
    for (unsigned n = 0; n < TARGET_COUNT; n++)
        if (!strcmp(targets[n].name, name)) return &targets[n];
    return NULL;
}

const struct target *target_from_mach(unsigned mach) {
    for (unsigned n = 0; n < TARGET_COUNT; n++)
        if (targets[n].mach == mach) return &targets[n];
    return NULL;
}
