/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Scalar instructions drawn as machine code, and what their source fields mean. */
#ifndef MODEL_SCALAR_CODE_H
#define MODEL_SCALAR_CODE_H

#include "isa/generation.h"
#include "whole_wave.h"

/* Scalar operations have one encoding each. */
static const struct encoding {
    enum op op;
    enum inst_format format;
    unsigned opcode;
    bool gfx1100;
} encodings[] = {
#define SALU_FLOAT                                    FEATURE_SALU_FLOAT
#define ENC(format, opcode, name, features, optional) {OP_##name, FMT_##format, opcode, !(features)},
#include "isa/gfx11/encodings.def"
#undef ENC
#undef SALU_FLOAT
};

static inline const struct encoding *encoding_of(enum op op) {
    for (unsigned n = 0; n < sizeof encodings / sizeof *encodings; n++)
        if (encodings[n].op == op) return &encodings[n];
    fail_msg("%s has no encoding", op_info(op)->name);
    return NULL;
}

enum { FIELD_SCC = 253, FIELD_LITERAL = 255 };

static inline unsigned draw_register(unsigned dwords) {
    static const uint8_t special[] = {SREG_VCC, SREG_EXEC, SREG_NULL, SREG_M0};
    uint64_t r = draw();
    if (r % 8 == 0) return special[(r >> 8) % (dwords == 1 ? 4 : 3)];
    unsigned reg = (r >> 8) % 106;
    return dwords == 1 ? reg : reg & ~1u;
}

static inline unsigned draw_source(unsigned dwords) {
    uint64_t r = draw();
    switch (r % 8) {
    case 0: return 128 + (r >> 8) % 81;
    case 1: return r >> 8 & 1 ? 240 + (r >> 16) % 9 : FIELD_SCC;
    case 2: return FIELD_LITERAL;
    default: return draw_register(dwords);
    }
}

/* What a source field of the given type reads. */
static inline uint64_t source_value(const struct wave *w, unsigned field, unsigned type, uint32_t literal) {
    static const uint32_t floats[] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                      0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983};
    static const uint64_t doubles[] = {
        UINT64_C(0x3fe0000000000000), UINT64_C(0xbfe0000000000000), UINT64_C(0x3ff0000000000000),
        UINT64_C(0xbff0000000000000), UINT64_C(0x4000000000000000), UINT64_C(0xc000000000000000),
        UINT64_C(0x4010000000000000), UINT64_C(0xc010000000000000), UINT64_C(0x3fc45f306dc9c882)};
    bool wide = type_dwords(type) == 2;
    uint64_t value;
    if (field == SREG_NULL)
        value = 0;
    else if (field < SREG_COUNT)
        value = w->s[field] | (wide ? (uint64_t)w->s[field + 1] << 32 : 0);
    else if (field <= 192)
        value = field - 128;
    else if (field <= 208)
        value = (uint64_t)192 - field;
    else if (field == FIELD_SCC)
        value = w->scc;
    else if (field == FIELD_LITERAL)
        value = type == TYPE_I64 ? (uint64_t)(int64_t)(int32_t)literal : literal;
    else
        value = wide ? doubles[field - 240] : floats[field - 240];
    return wide ? value : (uint32_t)value;
}

/* A wave's scalar state, drawn; its vector registers stay zero. */
static inline void draw_scalar_state(struct machine *m) {
    machine_reset(m);
    for (unsigned reg = 0; reg < SREG_COUNT; reg++)
        if (reg != SREG_NULL) m->w.s[reg] = draw_bits();
    uint64_t r = draw();
    m->w.scc = r & 1;
    m->w.wave_size = r & 2 ? 64 : 32;
    if (m->w.wave_size == 32) m->w.s[SREG_EXEC + 1] = 0;
    if ((r >> 8) % 4 == 0) m->w.s[SREG_EXEC] = 0;
    if ((r >> 8) % 8 == 0) m->w.s[SREG_EXEC + 1] = 0;
    if ((r >> 16) % 4 == 0) m->w.s[SREG_VCC] = 0;
    if ((r >> 16) % 8 == 0) m->w.s[SREG_VCC + 1] = 0;
}

static inline struct inst_pair decoded(const uint32_t code[2], enum op op) {
    struct inst_pair pair;
    const char *reason;
    if (!decode(&targets[TARGET_gfx1100], code, 2, &pair, &reason))
        fail_msg("%s, %08x %08x: %s", op_info(op)->name, code[0], code[1], reason);
    assert_int_equal(pair.x.op, op);
    return pair;
}

/* As the simulator would; what the wave's program counter was and will be is the caller's. */
static inline void execute_scalar(struct machine *m, const struct inst_pair *pair) {
    struct inst_pair copy = *pair;
    executors_select(table[0], &copy);
    if (!copy.x.exec) fail_msg("%s is not modelled by the simulator", op_info(pair->x.op)->name);
    copy.x.exec(&m->w, &copy.x);
}

static inline bool same_scalar_state(const struct machine *a, const struct machine *b) {
    return !memcmp(a->w.s, b->w.s, sizeof a->w.s) && a->w.scc == b->w.scc && a->w.mode == b->w.mode &&
           a->w.pc == b->w.pc && a->w.next == b->w.next && a->w.state == b->w.state;
}

static inline void explain_scalar(const struct inst_pair *pair, const struct machine *from,
                                  const struct machine *want, const struct machine *got) {
    char text[128];
    disassemble(&gfx11, 32, &pair->x, text, sizeof text);
    print_error("%s (%08x %08x), wave%u, SCC %u, EXEC %08x %08x, M0 %08x: ", text, pair->x.words[0],
                pair->x.words[1], from->w.wave_size, from->w.scc, from->w.s[SREG_EXEC],
                from->w.s[SREG_EXEC + 1], from->w.s[SREG_M0]);
    for (unsigned reg = 0; reg < SREG_COUNT; reg++)
        if (want->w.s[reg] != got->w.s[reg])
            print_error("s[%u] %08x became %08x, not %08x; ", reg, from->w.s[reg], got->w.s[reg],
                        want->w.s[reg]);
    for (unsigned n = 0; n < 2; n++)
        if (pair->x.src[n].kind == OPND_SGPR)
            print_error("source %u %08x %08x; ", n, from->w.s[pair->x.src[n].reg],
                        from->w.s[pair->x.src[n].reg + 1]);
    print_error("SCC %u/%u, MODE %x/%x, next %u/%u, state %d/%d (got/wanted)\n", got->w.scc, want->w.scc,
                got->w.mode, want->w.mode, got->w.next, want->w.next, got->w.state, want->w.state);
}

#endif
