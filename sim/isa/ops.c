/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The tables of operations and types. */
#include "ops.h"

const struct type_info type_infos[TYPE_COUNT] = {
#define TYPE(name, dwords, half, form) [TYPE_##name] = {dwords, half, CONSTANT_##form},
    VALUE_TYPES(TYPE)
#undef TYPE
};

/*
 * A row of isa/ops.def writes PLACES(TYPE) for an operand, and NONE for none; prefixes take one or the other.
 */
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

/* Rows join members of these sets by name: every name needs its prefix here. */
enum { VM = COUNTER_VM, VS = COUNTER_VS, LGKM = COUNTER_LGKM, EXP = COUNTER_EXP };
enum {
    IDLE = OP_IDLE,
    WAITS = OP_WAITS,
    ACCUMULATES = OP_ACCUMULATES,
    MASK_RESULT = OP_MASK_RESULT,
    READS_VCC = OP_READS_VCC,
    ADDS_LITERAL = OP_ADDS_LITERAL,
    SCALES_LITERAL = OP_SCALES_LITERAL,
    FILLS_HALVES = OP_FILLS_HALVES,
    F32_CONSTANTS = OP_F32_CONSTANTS,
    LOWER_HALF = OP_LOWER_HALF,
    UPPER_HALF = OP_UPPER_HALF,
    OWN_OP_SEL = OP_OWN_OP_SEL,
    GDS = OP_GDS,
    SWAPS = OP_SWAPS
};

const struct op_info op_infos[OP_COUNT] = {
#define OP(name_, port_, latency_, fidelity_, counter_, lanes_, exec_, scc_, bits_, immediate_, flags_, to,  \
           from0, from1, from2)                                                                              \
    [OP_##name_] = {.name = #name_,                                                                          \
                    .port = RDNASIM_PORT_##port_,                                                            \
                    .latency = RDNASIM_LATENCY_##latency_,                                                   \
                    .fidelity = RDNASIM_##fidelity_,                                                         \
                    .counter = counter_,                                                                     \
                    .lanes = LANES_##lanes_,                                                                 \
                    .exec = STATE_##exec_,                                                                   \
                    .scc = STATE_##scc_,                                                                     \
                    .bits = BITS_##bits_,                                                                    \
                    .immediate = IMMEDIATE_##immediate_,                                                     \
                    .flags = flags_,                                                                         \
                    .dst = TYPE_##to,                                                                        \
                    .src = {TYPE_##from0, TYPE_##from1, TYPE_##from2},                                       \
                    .dst_places = PLACES_OF_##to,                                                            \
                    .src_places = {PLACES_OF_##from0, PLACES_OF_##from1, PLACES_OF_##from2}},
#include "ops.def"
#undef OP
};
