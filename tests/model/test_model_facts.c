/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The columns of isa/ops.def against what the operations do, row by row. SCC, EXEC, lanes, M0 and what stays
 * of the destination are measured: an operation is executed twice from states that differ in one thing only.
 * Its bodies are what the other tests here hold against the second model. Ports, counters and latencies,
 * which nothing executed shows, are held against rules made from other facts: formats, operand types, names.
 * Undefined bits have a test of their own, test_model_strict.c; immediates, places and the remaining flags
 * are what test_decode.c decodes.
 */
#include <regex.h>

#include "machine/program.h"
#include "scalar_code.h"

enum { SCALAR_ROUNDS = 120, VECTOR_ROUNDS = 40, REG_TO = 20, REG_FROM = 30, CODE_DWORDS = 0x10000 };
static const uint64_t code_address = UINT64_C(0x1234000000);

static bool matches(const char *name, const char *pattern) {
    regex_t r;
    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = !regexec(&r, name, 0, NULL, 0);
    regfree(&r);
    return found;
}

static unsigned wrong;
static void column(enum op op, const char *name, unsigned has, unsigned is) {
    if (has == is) return;
    print_error("%s: the column %s says %u, but it is %u\n", op_info(op)->name, name, has, is);
    wrong++;
}

/* ---- scalar operations: measured ---------------------------------------------------------------------- */

/* Those that compute; the others stop the wave, talk to the host or do nothing. */
static bool is_scalar(enum op op) {
    rdnasim_port port = op_info(op)->port;
    return table[0][op] && (port == RDNASIM_PORT_SALU || port == RDNASIM_PORT_BRANCH) &&
           !matches(op_info(op)->name, "sendmsg|cdbg|trap|rfe");
}

/* What scalar floats, which run the vector ALU's bodies, ask of the machine around the wave. */
static struct group *group_of_executors(void) {
    static struct group group = {.wave_count = 1};
    group.executors = table[0];
    return &group;
}

static struct inst_pair draw_scalar(enum op op, struct machine *m) {
    const struct encoding *e = encoding_of(op);
    draw_scalar_state(m);
    m->w.wave_size = 64;
    m->w.group = group_of_executors();
    m->w.code_address = code_address;
    m->w.code_dwords = CODE_DWORDS;
    m->w.pc = CODE_DWORDS / 2;
    m->w.next = m->w.pc + 1;
    m->w.s[SREG_M0] = draw() % 4 * 2;
    if (op_info(op)->port == RDNASIM_PORT_BRANCH) {
        m->w.s[REG_FROM] = (uint32_t)code_address + 4 * (uint32_t)(draw() % CODE_DWORDS);
        m->w.s[REG_FROM + 1] = code_address >> 32;
    }
    if (draw() & 1) m->w.s[REG_FROM + 10] = m->w.s[REG_FROM]; /* equal operands */
    uint32_t code[2] = {0, draw_bits()}, k = draw() & 0x3fff;
    if (op_info(op)->immediate == IMMEDIATE_HWREG) k = 1 | 7 << 11; /* eight bits of MODE */
    switch (e->format) {
    case FMT_SOP1: code[0] = 0x17du << 23 | REG_TO << 16 | e->opcode << 8 | REG_FROM; break;
    case FMT_SOP2:
        code[0] = 2u << 30 | e->opcode << 23 | REG_TO << 16 | (REG_FROM + 10) << 8 | REG_FROM;
        break;
    case FMT_SOPC: code[0] = 0x17eu << 23 | e->opcode << 16 | (REG_FROM + 10) << 8 | REG_FROM; break;
    case FMT_SOPK: code[0] = 0xbu << 28 | e->opcode << 23 | REG_TO << 16 | k; break;
    case FMT_SOPP: code[0] = 0x17fu << 23 | e->opcode << 16 | k; break;
    default: fail_msg("%s is no scalar operation", op_info(op)->name);
    }
    struct inst_pair pair;
    const char *reason;
    if (!decode(&targets[TARGET_gfx1150], code, 2, &pair, &reason))
        fail_msg("%s: %s", op_info(op)->name, reason);
    return pair;
}

/* Whether the outcomes differ, but for SCC, EXEC and M0, which one of them began with. */
static bool scalar_differs(struct machine *a, const struct machine *b, bool but_scc) {
    for (unsigned reg = SREG_M0; reg < SREG_COUNT; reg++) a->w.s[reg] = b->w.s[reg];
    if (but_scc) a->w.scc = b->w.scc;
    return !same_scalar_state(a, b);
}

static void scalar_state_is_as_the_columns_say(void **state) {
    (void)state;
    static struct machine start, plain, other;
    unsigned operations = 0;
    wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!is_scalar(op)) continue;
        unsigned scc = 0, exec = 0;
        bool indexed = false;
        for (unsigned round = 0; round < SCALAR_ROUNDS; round++) {
            struct inst_pair pair = draw_scalar(op, &start);
            plain = start;
            execute_scalar(&plain, &pair);
            if (plain.w.scc != start.w.scc) scc |= STATE_W;
            if (memcmp(&plain.w.s[SREG_EXEC], &start.w.s[SREG_EXEC], 8)) exec |= STATE_W;

            other = start;
            other.w.scc ^= 1;
            execute_scalar(&other, &pair);
            if (scalar_differs(&other, &plain, true)) scc |= STATE_R;

            other = start;
            other.w.s[SREG_EXEC] = draw_bits(), other.w.s[SREG_EXEC + 1] = draw_bits();
            if (draw() & 1) other.w.s[SREG_EXEC] = other.w.s[SREG_EXEC + 1] = 0;
            execute_scalar(&other, &pair);
            if (scalar_differs(&other, &plain, false)) exec |= STATE_R;

            other = start;
            other.w.s[SREG_M0] ^= 2;
            execute_scalar(&other, &pair);
            indexed |= scalar_differs(&other, &plain, false);
        }
        const struct op_info *info = op_info(op);
        column(op, "SCC", info->scc, scc);
        column(op, "EXEC", info->exec, exec);
        column(op, "bits, indexed", info->bits == BITS_INDEXED, indexed);
        column(op, "lanes", info->lanes, LANES_0);
        operations++;
    }
    print_message("%u scalar operations\n", operations);
    assert_int_equal(wrong, 0);
}

/* ---- vector operations: measured ---------------------------------------------------------------------- */

static bool is_vector(enum op op) { return table[0][op] && starts_with(op_info(op)->name, "v_"); }

static struct inst vector_instruction(enum op op) {
    const struct op_info *info = op_info(op);
    struct inst i = instruction(op, format_of(op), 0);
    i.dst.type = info->dst;
    i.dst.dwords = (uint8_t)type_dwords(info->dst);
    if (info->dst_places == PLACES_R) i.dst.kind = OPND_SGPR, i.dst.reg = REG_TO;
    if (info->dst == TYPE_MASK || info->dst == TYPE_NONE) i.dst.kind = OPND_NONE;
    if (info->dst != TYPE_MASK && !(info->flags & OP_MASK_RESULT)) i.sdst.kind = OPND_NONE;
    if (starts_with(info->name, "v_cmpx")) i.sdst.reg = SREG_EXEC;
    i.sdst.dwords = 2;
    for (; i.src_count < 3 && info->src[i.src_count] != TYPE_NONE; i.src_count++) {
        struct operand *o = &i.src[i.src_count];
        o->type = info->src[i.src_count];
        o->dwords = (uint8_t)type_dwords(o->type);
        if (o->type == TYPE_MASK) o->dwords = 2;
        if (info->src_places[i.src_count] & PLACES_V) continue;
        o->kind = OPND_SGPR;
        o->reg = (uint16_t)(48 + 4 * i.src_count);
    }
    if (info->flags & OP_ACCUMULATES) i.dst.reg = i.src[i.src_count - 1].reg;
    if (starts_with(info->name, "v_div_fmas")) {
        i.src[3] = (struct operand){.kind = OPND_SGPR, .reg = SREG_VCC, .type = TYPE_MASK, .dwords = 2};
        i.src_count = 4;
    }
    return i;
}

static void draw_vector_state(enum op op, struct machine *m) {
    draw_machine(m);
    m->w.wave_size = 64;
    m->w.s[SREG_M0] = draw() % 4;
    /* numbers of moderate size, so that floats do not all overflow or vanish */
    for (unsigned reg = 0; draw() & 1 && reg < 2 * VGPRS; reg++)
        for (unsigned l = 0; l < LANES; l++) m->v[reg][l] = (m->v[reg][l] & 0x83ff83ff) | 0x3c003c00;
    if (matches(op_info(op)->name, "^v_cmp")) /* equal operands, too */
        for (unsigned reg = 0; draw() & 1 && reg < 2; reg++) {
            m->v[REG_B + reg] = m->v[REG_A + reg];
            m->v[VGPRS + REG_B + reg] = m->v[VGPRS + REG_A + reg];
        }
}

static bool vector_differs(const struct machine *a, const struct machine *b) {
    return memcmp(a->v, b->v, sizeof a->v) || memcmp(a->w.s, b->w.s, SREG_M0 * sizeof a->w.s[0]);
}

/* Whether one lane's results differ; a scalar result belongs to every lane. */
static bool lane_differs(const struct inst *i, const struct machine *a, const struct machine *b,
                         unsigned lane) {
    for (unsigned reg = 0; reg < VGPRS; reg++)
        if (get_lane(a, reg, lane) != get_lane(b, reg, lane)) return true;
    unsigned word = lane / LANES, bit = lane % LANES;
    if (i->sdst.kind == OPND_SGPR && (a->w.s[i->sdst.reg + word] ^ b->w.s[i->sdst.reg + word]) >> bit & 1)
        return true;
    return i->dst.kind == OPND_SGPR && a->w.s[i->dst.reg] != b->w.s[i->dst.reg];
}

static void redraw_lanes(struct machine *m, unsigned from, unsigned to, unsigned but) {
    for (unsigned reg = 0; reg < VGPRS; reg++)
        for (unsigned lane = from; lane < to; lane++)
            if (lane != but) set_lane(m, reg, lane, draw_bits());
}

struct seen {
    unsigned exec;
    bool nothing, crosses, whole, stays, indexed, others;
    uint32_t written;
};

/* Whether a register changed that the instruction does not name as a result of this wave. */
static bool others_change(const struct inst *i, const struct machine *start, const struct machine *after) {
    if (i->op == OP_v_swap_b16 || i->op == OP_v_swap_b32 || i->op == OP_v_swaprel_b32 ||
        i->op == OP_v_movreld_b32 || i->op == OP_v_movrelsd_b32 || i->op == OP_v_movrelsd_2_b32)
        return false; /* their second operand is a result too, or M0 says which is */
    unsigned dwords = i->dst.dwords;
    if (op_info(i->op)->port == RDNASIM_PORT_WMMA)
        dwords = gfx11.matrix_registers(start->w.wave_size, dwords);
    for (unsigned reg = 0; reg < 2 * VGPRS; reg++) {
        unsigned n = reg % VGPRS;
        bool own = i->dst.kind == OPND_VGPR && n >= i->dst.reg && n < i->dst.reg + dwords &&
                   (reg < VGPRS || start->w.wave_size == 64);
        if (!own && memcmp(&start->v[reg], &after->v[reg], sizeof start->v[reg])) return true;
    }
    for (unsigned reg = 0; reg < SREG_COUNT; reg++) {
        unsigned masks = start->w.wave_size / LANES;
        bool own = (i->dst.kind == OPND_SGPR && reg == i->dst.reg) ||
                   (i->sdst.kind == OPND_SGPR && reg >= i->sdst.reg && reg < i->sdst.reg + masks);
        if (!own && start->w.s[reg] != after->w.s[reg]) return true;
    }
    return false;
}

/* The bits of an active lane's destination, or of another register, that the old ones have a part in. */
static bool old_bits_stay(const struct inst *i, const struct machine *start, const struct machine *after,
                          uint32_t written, exec_fn *const *level) {
    static struct machine other;
    if (i->dst.kind != OPND_VGPR || op_info(i->op)->flags & OP_ACCUMULATES) return false;
    for (unsigned reg = 0; reg < 2 * VGPRS; reg++) {
        unsigned n = reg % VGPRS;
        bool own = n >= i->dst.reg && n < (unsigned)i->dst.reg + i->dst.dwords;
        if (!own && memcmp(&start->v[reg], &after->v[reg], sizeof start->v[reg])) return true;
    }
    other = *start;
    for (unsigned lane = 0; lane < 64; lane++)
        for (unsigned n = 0; n < i->dst.dwords; n++) set_lane(&other, i->dst.reg + n, lane, draw_bits());
    execute_wave(level, &other, i);
    for (unsigned lane = 0; lane < 64; lane++)
        for (unsigned n = 0; n < i->dst.dwords; n++)
            if (wave_exec(start) >> lane & 1 &&
                (get_lane(&other, i->dst.reg + n, lane) ^ get_lane(after, i->dst.reg + n, lane)) & written)
                return true;
    return false;
}

static void observe(enum op op, const struct inst *i, struct seen *seen) {
    static struct machine start, plain, other;
    draw_vector_state(op, &start);
    bool all = draw() & 1;
    if (all) start.w.s[SREG_EXEC] = start.w.s[SREG_EXEC + 1] = UINT32_MAX;
    plain = start;
    execute_wave(table[0], &plain, i);
    seen->nothing &= same_registers(&plain, &start);
    seen->others |= others_change(i, &start, &plain);
    if (memcmp(&plain.w.s[SREG_EXEC], &start.w.s[SREG_EXEC], 8)) seen->exec |= STATE_W;
    assert_int_equal(plain.w.scc, start.w.scc);
    for (unsigned lane = 0; i->dst.kind == OPND_VGPR && lane < 64; lane++)
        seen->written |= get_lane(&plain, i->dst.reg, lane) ^ get_lane(&start, i->dst.reg, lane);

    other = start;
    other.w.s[SREG_EXEC] = draw_bits(), other.w.s[SREG_EXEC + 1] = draw_bits();
    uint64_t before = wave_exec(&start), now = wave_exec(&other);
    execute_wave(table[0], &other, i);
    if (vector_differs(&other, &plain)) seen->exec |= STATE_R;
    /* where EXEC takes the result, the lanes that were not active have none */
    if (i->sdst.kind == OPND_SGPR && i->sdst.reg == SREG_EXEC &&
        ((wave_exec(&other) ^ wave_exec(&plain)) & (before ^ now)))
        seen->exec |= STATE_R;

    other = start;
    other.w.s[SREG_M0] ^= 2;
    execute_wave(table[0], &other, i);
    seen->indexed |= vector_differs(&other, &plain);

    unsigned lane = draw() % 64;
    other = start;
    redraw_lanes(&other, 0, 64, lane);
    execute_wave(table[0], &other, i);
    seen->crosses |= lane_differs(i, &other, &plain, lane);

    static struct machine once; /* the lower half only, if there are two */
    once = start;
    once.w.v = once.v;
    execute(table[0], &once, i);
    seen->whole |= memcmp(once.v + VGPRS, start.v + VGPRS, sizeof start.v / 2) != 0;
    other = start;
    other.w.v = other.v;
    redraw_lanes(&other, 32, 64, 64);
    execute(table[0], &other, i);
    seen->whole |=
        memcmp(once.v, other.v, sizeof start.v / 2) || memcmp(once.w.s, other.w.s, sizeof once.w.s);

    uint32_t bits = op_info(op)->flags & OP_LOWER_HALF || type_is_16(i->dst.type) ? 0xffff
                    : op_info(op)->flags & OP_UPPER_HALF                          ? 0xffff0000
                                                                                  : UINT32_MAX;
    seen->stays |= old_bits_stay(i, &start, &plain, bits, table[0]);
    start.w.wave_size = 32;
    plain = start;
    execute_wave(table[0], &plain, i);
    seen->others |= others_change(i, &start, &plain);
    seen->stays |= old_bits_stay(i, &start, &plain, bits, table[0]);
}

static void vector_state_is_as_the_columns_say(void **state) {
    (void)state;
    unsigned operations = 0;
    wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!is_vector(op)) continue;
        const struct op_info *info = op_info(op);
        struct inst i = vector_instruction(op);
        struct seen seen = {.nothing = true};
        for (unsigned round = 0; round < VECTOR_ROUNDS; round++) observe(op, &i, &seen);
        if (seen.others) {
            print_error("%s: changes a register that it does not name\n", info->name);
            wrong++;
        }
        if (matches(info->name, "^v_cmpx?_[ft]_")) /* results that depend on nothing show less */
            seen = (struct seen){.exec = starts_with(info->name, "v_cmpx") ? STATE_RW : STATE_R};
        column(op, "EXEC", info->exec, seen.exec);
        column(op, "SCC", info->scc, STATE_0);
        column(op, "lanes", info->lanes,
               seen.nothing   ? LANES_0
               : seen.whole   ? LANES_WAVE
               : seen.crosses ? LANES_CROSS
                              : LANES_HALF);
        column(op, "bits, indexed", info->bits == BITS_INDEXED, seen.indexed);
        if (info->bits != BITS_INDEXED && info->bits != BITS_MATRIX)
            column(op, "bits, merges", info->bits == BITS_MERGES, seen.stays);
        if (info->port != RDNASIM_PORT_WMMA && i.dst.kind == OPND_VGPR && !type_is_16(info->dst) &&
            info->bits != BITS_INDEXED) {
            column(op, "flags, lower half", (info->flags & OP_LOWER_HALF) != 0, !(seen.written >> 16));
            column(op, "flags, upper half", (info->flags & OP_UPPER_HALF) != 0, !(seen.written & 0xffff));
        }
        operations++;
    }
    print_message("%u vector operations\n", operations);
    assert_int_equal(wrong, 0);
}

/* ---- held against other facts -------------------------------------------------------------------------- */

static bool takes_or_gives(const struct op_info *info, unsigned type) {
    return info->dst == type || info->src[0] == type || info->src[1] == type || info->src[2] == type;
}

/* What test_model_strict.c does not tell apart: it is for MOVES, MERGES and MIXES. */
static unsigned bits_of(const struct op_info *info) {
    switch (info->port) {
    case RDNASIM_PORT_SMEM:
    case RDNASIM_PORT_VMEM: return BITS_MEMORY;
    case RDNASIM_PORT_LDS: return info->lanes == LANES_CROSS ? BITS_MOVES : BITS_MEMORY;
    case RDNASIM_PORT_WMMA: return BITS_MATRIX;
    case RDNASIM_PORT_IMMEDIATE: return BITS_0;
    default:
        if (info->dst == TYPE_NONE && info->src[0] == TYPE_NONE) return BITS_0;
        bool known = info->bits == BITS_MOVES || info->bits == BITS_MERGES || info->bits == BITS_INDEXED;
        return known ? info->bits : BITS_MIXES;
    }
}

static unsigned waited_for(const char *name) {
    static const struct {
        const char *name;
        unsigned counters;
    } rows[] = {{"s_waitcnt", COUNTER_VM | COUNTER_LGKM | COUNTER_EXP},
                {"s_wait_idle", COUNTER_VM | COUNTER_VS | COUNTER_LGKM | COUNTER_EXP},
                {"s_waitcnt_vmcnt", COUNTER_VM},
                {"s_waitcnt_vscnt", COUNTER_VS},
                {"s_waitcnt_lgkmcnt", COUNTER_LGKM},
                {"s_waitcnt_expcnt", COUNTER_EXP}};
    for (unsigned n = 0; n < sizeof rows / sizeof *rows; n++)
        if (!strcmp(rows[n].name, name)) return rows[n].counters;
    return 0;
}

/* Vector memory: what comes back is counted by vmcnt, what only goes out by vscnt. */
static unsigned counter_of(const struct encoding *e, const struct op_info *info) {
    unsigned moved = (info->dst != TYPE_NONE ? COUNTER_VM : 0) | (info->src[1] != TYPE_NONE ? COUNTER_VS : 0);
    switch (e->format) {
    case FMT_DS:
    case FMT_SMEM: return COUNTER_LGKM;
    case FMT_EXP:
    case FMT_LDSDIR: return COUNTER_EXP;
    case FMT_FLAT: return moved | COUNTER_LGKM;
    case FMT_MUBUF: return matches(info->name, "_lds_") ? COUNTER_VM : moved;
    case FMT_GLOBAL:
    case FMT_SCRATCH:
    case FMT_MTBUF: return moved;
    case FMT_MIMG: /* graphics: rows without operands */
        return matches(info->name, "atomic")  ? COUNTER_VM | COUNTER_VS
               : matches(info->name, "store") ? COUNTER_VS
                                              : COUNTER_VM;
    default: return matches(info->name, "^s_sendmsg") ? COUNTER_LGKM : waited_for(info->name);
    }
}

static unsigned port_of(const struct encoding *e, const char *name) {
    switch (e->format) {
    case FMT_SMEM: return RDNASIM_PORT_SMEM;
    case FMT_DS:
    case FMT_LDSDIR: return RDNASIM_PORT_LDS;
    case FMT_FLAT:
    case FMT_GLOBAL:
    case FMT_SCRATCH:
    case FMT_MUBUF:
    case FMT_MTBUF:
    case FMT_MIMG:
    case FMT_EXP: return RDNASIM_PORT_VMEM;
    case FMT_SOP1:
    case FMT_SOP2:
    case FMT_SOPC:
    case FMT_SOPK:
    case FMT_SOPP:
        if (matches(name, "branch|s_(setpc|swappc|call|rfe)")) return RDNASIM_PORT_BRANCH;
        return e->format == FMT_SOPP || waited_for(name) ? RDNASIM_PORT_IMMEDIATE : RDNASIM_PORT_SALU;
    default:
        return matches(name, "wmma")                                            ? RDNASIM_PORT_WMMA
               : matches(name, "^v_(exp|log|rcp|rcp_iflag|rsq|sqrt|sin|cos)_f") ? RDNASIM_PORT_TRANS
                                                                                : RDNASIM_PORT_VALU;
    }
}

static unsigned latency_of(const struct op_info *info) {
    static const uint8_t of_port[RDNASIM_PORTS] = {
        [RDNASIM_PORT_SALU] = RDNASIM_LATENCY_SALU,     [RDNASIM_PORT_SMEM] = RDNASIM_LATENCY_SMEM,
        [RDNASIM_PORT_VMEM] = RDNASIM_LATENCY_VMEM,     [RDNASIM_PORT_LDS] = RDNASIM_LATENCY_LDS,
        [RDNASIM_PORT_BRANCH] = RDNASIM_LATENCY_BRANCH, [RDNASIM_PORT_IMMEDIATE] = RDNASIM_LATENCY_IMMEDIATE};
    bool doubles = takes_or_gives(info, TYPE_F64);
    if (info->port == RDNASIM_PORT_WMMA)
        return info->src[0] == TYPE_V16_IU4 ? RDNASIM_LATENCY_WMMA16 : RDNASIM_LATENCY_WMMA32;
    if (info->port == RDNASIM_PORT_TRANS) return doubles ? RDNASIM_LATENCY_TRANS64 : RDNASIM_LATENCY_TRANS;
    if (info->port != RDNASIM_PORT_VALU) return of_port[info->port];
    if (matches(info->name, "v_dot")) return RDNASIM_LATENCY_DOT;
    if (info->dst == TYPE_MASK)
        return type_dwords(info->src[0]) == 2 ? RDNASIM_LATENCY_ALU64 : RDNASIM_LATENCY_ALU32;
    if (doubles) return RDNASIM_LATENCY_F64;
    if (type_dwords(info->dst) > 1)
        return matches(info->name, "mad|sad") ? RDNASIM_LATENCY_MUL32 : RDNASIM_LATENCY_ALU64;
    if (matches(info->name, "_mul_(lo|hi)_[iu]32$")) return RDNASIM_LATENCY_MUL32;
    return matches(info->name, "swap") ? RDNASIM_LATENCY_ALU64 : RDNASIM_LATENCY_ALU32;
}

static unsigned lanes_of_memory(const char *name) {
    return matches(name, "_inv$|ds_nop|_gws_")        ? LANES_0
           : matches(name, "append|consume|ordered")  ? LANES_WAVE
           : matches(name, "ds_(b?permute|swizzle)_") ? LANES_CROSS
                                                      : LANES_HALF;
}

static void the_rest_follows_from_formats_types_and_names(void **state) {
    (void)state;
    wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info(op);
        if (op == OP_v_dot2acc_f32_bf16) continue; /* only as half of a pair, which names no other format */
        const struct encoding *e = encoding_of(op);
        column(op, "port", info->port, port_of(e, info->name));
        column(op, "latency", info->latency, latency_of(info));
        column(op, "bits", info->bits, bits_of(info));
        column(op, "counter", info->counter, counter_of(e, info));
        column(op, "flags, waits", (info->flags & OP_WAITS) != 0, waited_for(info->name) != 0);
        column(op, "flags, idle", (info->flags & OP_IDLE) != 0,
               matches(info->name, "^s_(nop|delay_alu|clause|waitcnt)"));
        column(op, "flags, swaps", (info->flags & OP_SWAPS) != 0, matches(info->name, "_cmp(swap|store)_"));
        if (is_scalar(op) || is_vector(op)) continue; /* measured above */
        bool memory = info->port == RDNASIM_PORT_VMEM || info->port == RDNASIM_PORT_LDS;
        column(op, "lanes", info->lanes, memory ? lanes_of_memory(info->name) : LANES_0);
        column(op, "EXEC", info->exec, info->lanes ? STATE_R : STATE_0);
        column(op, "SCC", info->scc, STATE_0);
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(scalar_state_is_as_the_columns_say),
                                       cmocka_unit_test(vector_state_is_as_the_columns_say),
                                       cmocka_unit_test(the_rest_follows_from_formats_types_and_names)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
