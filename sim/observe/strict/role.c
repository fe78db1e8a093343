/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What machine code says of an access. An atomic load or store of LDS is a plain instruction, and so is the load that a
 * compare-and-swap loop begins with; what follows in the code tells them from others:
 *
 *     ROLE_SWAP  a load that a compare-and-swap of LDS, or of other memory, follows within 256 instructions
 *     ROLE_SYNC  an access to LDS with what compilers make of `acquire` behind it, and whose value is compared: a flag, or a lock.
 *                The former is buffer_gl0_inv without a barrier or another access in between, in the access itself or in a fence
 *                that follows its loop.
 *
 * Both look straight ahead, along what runs if no conditional branch is taken, and are found out once for each instruction.
 */
#include "strict.h"

enum { FAR = 256 }; /* instructions; clang's code at -O0 has 130 between a load and its compare-and-swap */

static const struct inst *at(struct program *program, uint32_t pc) { return &program_at(program, pc)->inst; }

/* The instruction behind it, or where it jumps ahead to. */
static uint32_t ahead(const struct inst *i, uint32_t pc) {
    pc += i->dwords ? i->dwords : 1;
    return i->op == OP_s_branch && i->offset > 0 ? pc + (uint32_t)i->offset : pc;
}

static bool ends(const struct inst *i) {
    return i->op == OP_s_endpgm || i->op == OP_s_barrier || i->op == OP_s_setpc_b64 ||
           i->op == OP_s_swappc_b64 || i->op == OP_s_call_b64;
}

/* Whether a kernel ends here: another one, or padding, follows. */
static bool kernel_ends(struct program *program, uint32_t pc) {
    const struct inst *next = at(program, pc + 1);
    return at(program, pc)->op == OP_s_endpgm &&
           (next->op == OP_s_nop || next->op == OP_s_code_end || next->refused || (pc + 1) % 64 == 0);
}

/* Whether a compare-and-swap of the same memory follows the access in the kernel. */
static bool swap_follows(struct program *program, uint32_t pc, unsigned within) {
    bool lds = at(program, pc)->format == FMT_DS;
    for (unsigned n = 0; n < within && pc < program->object->code_dwords; n++) {
        const struct inst *i = at(program, pc);
        bool same = i->format == FMT_FLAT || lds == (i->format == FMT_DS);
        if (same && op_info(i->op)->flags & OP_SWAPS) return true;
        if (kernel_ends(program, pc)) return false;
        pc += i->dwords ? i->dwords : 1;
    }
    return false;
}

/* Of the same place: in a copy of a loop's body, or the atomic after a look. */
static bool same_place(const struct inst *a, const struct inst *b) {
    return a->format == b->format && a->src[0].reg == b->src[0].reg && a->offset == b->offset;
}

/* Of what a work-item has for itself; at -O0 it is reached by FLAT instructions, too. */
static bool may_be_private(const struct inst *i) {
    return i->format == FMT_SCRATCH || (i->format == FMT_FLAT && !op_is_atomic(op_info(i->op)));
}

static bool acquires(struct program *program, uint32_t pc) {
    const struct inst *access = at(program, pc);
    pc = ahead(access, pc);
    for (unsigned n = 0; n < FAR; n++) {
        const struct inst *i = at(program, pc);
        if (i->op == OP_buffer_gl0_inv) return true;
        bool memory =
            op_info(i->op)->bits == BITS_MEMORY && i->format != FMT_SMEM && i->op != OP_buffer_gl1_inv;
        if (ends(i) || (memory && !may_be_private(i) && !same_place(i, access))) return false;
        pc = ahead(i, pc);
    }
    return false;
}

/* ---- whether a value is compared ------------------------------------------------------------------------ */

/* Registers and private places that have something of the value. */
struct trail {
    bool v[256], s[SREG_COUNT];
    uint16_t copied[256]; /* of a VGPR: 1 + the SGPR that it is a copy of */
    uint32_t places[16];
    unsigned place_count;
};

static bool on_trail(const struct trail *t, const struct operand *o) {
    bool found = false;
    for (unsigned n = 0; o->kind == OPND_VGPR && n < o->dwords; n++) found |= t->v[(o->reg + n) % 256];
    for (unsigned n = 0; n < s_count(o); n++) found |= t->s[(o->reg + n) % SREG_COUNT];
    return found;
}

static void mark(struct trail *t, const struct operand *o, bool value) {
    for (unsigned n = 0; o->kind == OPND_VGPR && n < o->dwords; n++) t->v[(o->reg + n) % 256] = value;
    for (unsigned n = 0; n < s_count(o); n++) t->s[(o->reg + n) % SREG_COUNT] = value;
}

/* A private place, by the registers that its address comes from. */
static uint32_t place_of(const struct trail *t, const struct inst *i) {
    uint32_t from = i->format == FMT_SCRATCH         ? i->src[2].reg
                    : t->copied[i->src[0].reg % 256] ? 256u + t->copied[i->src[0].reg % 256]
                                                     : 512u + i->src[0].reg;
    return from << 16 | (uint16_t)i->offset;
}

static void follow_private(struct trail *t, const struct inst *i) {
    uint32_t place = place_of(t, i);
    unsigned n = 0;
    while (n < t->place_count && t->places[n] != place) n++;
    if (i->dst.kind == OPND_VGPR) {
        mark(t, &i->dst, n < t->place_count);
    } else if (on_trail(t, &i->src[1])) {
        if (n == t->place_count && n < sizeof t->places / sizeof t->places[0])
            t->places[t->place_count++] = place;
    } else if (n < t->place_count) {
        t->places[n] = t->places[--t->place_count];
    }
}

static bool compared(struct program *program, uint32_t pc) {
    struct trail t = {0};
    mark(&t, &at(program, pc)->dst, true);
    pc = ahead(at(program, pc), pc);
    for (unsigned n = 0; n < FAR; n++) {
        const struct inst *i = at(program, pc);
        const struct op_info *info = op_info(i->op);
        if (i->op == OP_s_endpgm || i->op == OP_s_barrier) return false;
        bool reads = false;
        for (unsigned k = 0; k < i->src_count; k++) reads |= on_trail(&t, &i->src[k]);
        bool vector = info->dst == TYPE_MASK && info->port == RDNASIM_PORT_VALU;
        if (reads && (vector || i->format == FMT_SOPC)) return true;
        if (may_be_private(i)) {
            follow_private(&t, i);
        } else {
            if (info->bits == BITS_MERGES) reads |= on_trail(&t, &i->dst);
            mark(&t, &i->dst, reads);
            mark(&t, &i->sdst, reads);
        }
        if (i->dst.kind == OPND_VGPR) {
            bool copy = i->op == OP_v_mov_b32 && s_count(&i->src[0]);
            t.copied[i->dst.reg % 256] = copy ? i->src[0].reg + 1 : 0;
        }
        pc = ahead(i, pc);
    }
    return false;
}

/* ---- roles ----------------------------------------------------------------------------------------------- */

static enum role find_role(struct program *program, uint32_t pc) {
    const struct inst *i = at(program, pc);
    bool lds = i->format == FMT_DS || i->format == FMT_FLAT;
    if (lds && i->dst.kind == OPND_VGPR && acquires(program, pc) && compared(program, pc)) return ROLE_SYNC;
    return swap_follows(program, pc, FAR) ? ROLE_SWAP : ROLE_PLAIN;
}

enum role strict_role(const struct wave *w) {
    struct program *program = w->shadow->strict->kernel->program;
    struct decoded *d = program_at(program, w->pc);
    enum role role = (enum role)atomic_load_explicit(&d->role, memory_order_relaxed);
    if (role) return role;
    role = find_role(program, w->pc);
    atomic_store_explicit(&d->role, (uint8_t)role, memory_order_relaxed);
    return role;
}

/* Functions may lie anywhere in the code. */
static bool has_swaps(struct program *program) {
    for (uint32_t pc = 0; pc < program->object->code_dwords;) {
        const struct inst *i = at(program, pc);
        if (op_info(i->op)->flags & OP_SWAPS) return true;
        pc += i->dwords ? i->dwords : 1;
    }
    return false;
}

bool strict_swaps_exist(const struct wave *w) {
    struct strict *st = w->shadow->strict;
    if (st->swaps == SWAPS_UNKNOWN) st->swaps = has_swaps(st->kernel->program) ? SWAPS_SOME : SWAPS_NONE;
    return st->swaps == SWAPS_SOME;
}
