/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What strict mode makes of undefined bits, operation by operation, against the operation itself: one bit of
 * a wave is undefined, so executing it with both values tells exactly which bits of the result depend on it.
 * Operations that move bits must leave those undefined and no others; all others a whole result, by the
 * operand's lane and half. Which are which stands here a second time, and so does what becomes of SCC: it is
 * found by execution.
 */
#include "isa/generation.h"
#include "machine/program.h"
#include "observe/strict/strict.h"
#include "scalar_code.h"

enum { ROUNDS = 100 }; /* per operation */

/* ---- which operations are followed bit by bit -------------------------------------------------------- */

/* Names, or beginnings of names that end in '*'. */
static const char *const moving[] = {
    /* sums, and products whose low bits do not depend on higher ones */
    "s_add_u32", "s_add_i32", "s_addc_u32", "s_sub_u32", "s_sub_i32", "s_subb_u32", "s_addk_i32", "s_mul_i32",
    "s_mulk_i32", "v_add_nc_u32", "v_add_nc_i32", "v_sub_nc_u32", "v_sub_nc_i32", "v_subrev_nc_u32",
    "v_add_co_*", "v_sub_co_*", "v_subrev_co_*", "v_add3_u32", "v_xad_u32", "v_mul_lo_u32", "v_mul_u32_u24",
    "v_mul_i32_i24", "v_mad_u32_u24", "v_mad_i32_i24", "v_mad_u64_u32", "v_mad_i64_i32", "v_pk_add_u16",
    "v_pk_add_i16", "v_pk_sub_u16", "v_pk_sub_i16", "v_pk_mul_lo_u16",
    /* logic */
    "s_and_*", "s_or_*", "s_xor_*", "s_nand_*", "s_nor_*", "s_xnor_*", "s_not_*", "v_and_*", "v_or_*",
    "v_or3_b32", "v_xor_*", "v_xor3_b32", "v_xnor_*", "v_not_*",
    /* shifts, fields, single bits */
    "s_lsh*", "s_ashr_*", "s_bfe_*", "s_bfm_*", "s_brev_*", "s_bitset*", "s_bitcmp*", "s_bitreplicate_*",
    "s_quadmask_*", "s_wqm_*", "s_sext_*", "s_pack_*", "v_lsh*", "v_ashrrev_*", "v_add_lshl_u32", "v_pk_lsh*",
    "v_pk_ashrrev_i16", "v_bfe_*", "v_bfi_b32", "v_bfm_b32", "v_bfrev_b32", "v_align*", "v_perm_b32",
    "v_pack_b32_f16", "v_mbcnt_*", "v_cvt_u32_u16", "v_cvt_i32_i16", "v_cvt_f32_ubyte*",
    /* moves and choices */
    "s_mov_*", "s_cmov*", "s_cselect_*", "v_mov_*", "v_swap_*", "v_cndmask_*", "v_readlane_b32",
    "v_readfirstlane_b32", "v_writelane_b32", "v_permlane*", "ds_permute_b32", "ds_bpermute_b32",
    "ds_swizzle_b32"};

/* Operations that this test leaves out: what they do besides is tested elsewhere. */
static const char *const left_out[] = {
    /* registers that M0 shifts, which are not followed */
    "v_movrel*", "v_swaprel_b32", "s_movrel*",
    /* the program counter, and other state than registers */
    "s_getpc_b64", "s_setpc_b64", "s_swappc_b64", "s_call_b64", "s_subvector_loop_*", "s_getreg_b32",
    "s_setreg_*", "s_sendmsg_rtn_*", "s_version",
    /* matrices and triangles of lanes: tests/sim/test_strict.c */
    "v_wmma_*", "v_interp_*"};

static bool listed(const char *const *names, size_t count, const char *name) {
    for (size_t n = 0; n < count; n++) {
        size_t length = strlen(names[n]);
        bool prefix = names[n][length - 1] == '*';
        if (prefix ? !strncmp(names[n], name, length - 1) : !strcmp(names[n], name)) return true;
    }
    return false;
}
#define LISTED(names, name) listed(names, sizeof names / sizeof names[0], name)

/* ---- instructions ------------------------------------------------------------------------------------ */

/* The encoding with the most freedom; null: none that this test writes. */
static const struct encoding *widest(enum op op) {
    static const uint8_t order[] = {FMT_VOP3, FMT_VOP3P, FMT_VOP1, FMT_VOP2, FMT_SOP1,
                                    FMT_SOP2, FMT_SOPC,  FMT_SOPK, FMT_DS};
    for (unsigned f = 0; f < sizeof order; f++)
        for (unsigned n = 0; n < sizeof encodings / sizeof *encodings; n++)
            if (encodings[n].op == op && encodings[n].format == order[f]) return &encodings[n];
    return NULL;
}

static unsigned some_sgpr(unsigned dwords) {
    return (unsigned)(draw() >> 8) % (dwords > 1 ? 40 : 80) & (dwords > 1 ? ~1u : ~0u);
}
static unsigned some_vgpr(unsigned n) { return 16 + 8 * n + (unsigned)(draw() >> 8) % 2 * 4; }

/* A VOP3 source: of those that may lie anywhere every fourth in SGPRs. */
static uint32_t some_source(const struct op_info *info, unsigned n) {
    bool vector = info->src_places[n] & PLACES_V, scalar = info->src_places[n] & PLACES_S;
    if (info->src[n] == TYPE_NONE) return 0;
    if (vector && (!scalar || draw() >> 8 & 3)) return 256 + some_vgpr(n);
    return some_sgpr(info->src[n] == TYPE_MASK ? 2 : type_dwords(info->src[n]));
}

static void draw_words(const struct encoding *e, uint32_t *w) {
    const struct op_info *info = op_info(e->op);
    uint32_t code = e->opcode, source = some_source(info, 0);
    bool to_mask = info->dst == TYPE_MASK, to_scalar = to_mask || !(info->dst_places & PLACES_V);
    uint32_t mask = 80 + 2 * (draw() >> 8 & 7); /* no source, which the upper half would find overwritten */
    uint32_t d = to_mask           ? mask
                 : to_scalar       ? some_sgpr(2)
                 : draw() >> 8 & 3 ? 8
                 : source >= 256   ? source - 256
                                   : 8;
    w[1] = draw_bits();
    switch (e->format) {
    case FMT_VOP3:
        w[0] = 0xd4000000 | code << 16 | d | (info->flags & OP_MASK_RESULT ? mask << 8 : 0);
        w[1] = source | some_source(info, 1) << 9 | some_source(info, 2) << 18;
        break;
    case FMT_VOP3P:
        w[0] = 0xcc004000 | code << 16 | d;
        w[1] = source | some_source(info, 1) << 9 | some_source(info, 2) << 18 | 3u << 27;
        break;
    case FMT_VOP1: w[0] = 0x7e000000 | d << 17 | code << 9 | source; break;
    case FMT_VOP2: w[0] = code << 25 | d << 17 | some_vgpr(1) << 9 | source; break;
    case FMT_SOP1: w[0] = 0xbe800000 | d << 16 | code << 8 | some_sgpr(2); break;
    case FMT_SOP2: w[0] = 0x80000000 | code << 23 | d << 16 | some_sgpr(2) << 8 | some_sgpr(2); break;
    case FMT_SOPC: w[0] = 0xbf000000 | code << 16 | some_sgpr(2) << 8 | some_sgpr(2); break;
    case FMT_SOPK: w[0] = 0xb0000000 | code << 23 | d << 16 | (draw_bits() & 0xffff); break;
    default: /* DS */
        w[0] = 0xd8000000 | code << 18 | (e->op == OP_ds_swizzle_b32 ? (draw_bits() & 0xffff) : 0);
        w[1] = d << 24 | (info->src[1] != TYPE_NONE ? some_vgpr(1) << 8 : 0) | some_vgpr(0);
    }
}

/* Scalar floats are executed by vector operations, which they find through the work-group. */
static struct group *group_of_executors(void) {
    static struct group group = {.wave_count = 1};
    group.executors = table[0];
    return &group;
}

static bool draw_legal(const struct encoding *e, struct inst_pair *pair) {
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        uint32_t w[2];
        const char *reason;
        draw_words(e, w);
        if (!decode(e->gfx1100 ? &targets[TARGET_gfx1100] : &targets[TARGET_gfx1150], w, 2, pair, &reason))
            continue;
        executors_select(table[0], pair);
        return pair->x.op == e->op && pair->x.exec;
    }
    return false;
}

/* ---- a wave and what is undefined of it ---------------------------------------------------------------- */

struct bits { /* one bit for every bit of the machine's registers */
    uint32_t v[2 * VGPRS][LANES], s[SREG_COUNT];
    bool scc;
};

static void difference(const struct machine *a, const struct machine *b, struct bits *d) {
    for (unsigned r = 0; r < 2 * VGPRS; r++)
        for (unsigned l = 0; l < LANES; l++) d->v[r][l] = a->v[r][l] ^ b->v[r][l];
    for (unsigned r = 0; r < SREG_COUNT; r++) d->s[r] = a->w.s[r] ^ b->w.s[r];
    d->scc = a->w.scc != b->w.scc;
}

/* Where the undefined bit is: in a source, in what the destination held before, or SCC. */
struct place {
    const struct operand *operand; /* null: SCC */
    unsigned dword, half, lane, bit;
};

static bool draw_place(const struct machine *m, const struct inst *i, struct place *p) {
    uint64_t r = draw();
    bool scalar_unit = op_info(i->op)->port == RDNASIM_PORT_SALU;
    *p =
        (struct place){.half = m->w.wave_size == 64 && r >> 8 & 1, .lane = r >> 16 & 31, .bit = r >> 24 & 31};
    if (scalar_unit && r % 8 == 0) return true;
    bool before = r % 8 == 1 || !i->src_count; /* what the destination held */
    p->operand = before ? i->dst.kind == OPND_NONE ? &i->sdst : &i->dst : &i->src[(r >> 32) % i->src_count];
    if (p->operand->kind != OPND_VGPR && !s_count(p->operand)) return false;
    if (p->operand->kind == OPND_SGPR && p->operand->reg == SREG_EXEC) return false; /* runs end before */
    p->dword = (unsigned)(r >> 40) % p->operand->dwords;
    if (p->operand->type == TYPE_MASK) p->dword = p->half;
    return true;
}

static void flip(struct machine *m, const struct place *p) {
    if (!p->operand)
        m->w.scc ^= 1;
    else if (p->operand->kind == OPND_VGPR)
        m->v[p->half * VGPRS + p->operand->reg + p->dword][p->lane] ^= 1u << p->bit;
    else
        m->w.s[p->operand->reg + p->dword] ^= 1u << p->bit;
}

/* As strict mode's hook does it: once for each half of a wave64, unless all lanes meet. */
static void propagate(struct machine *m, const struct inst *i, const struct place *p, struct bits *after) {
    static struct strict strict;
    static struct shadow shadow;
    static u32v v[2 * VGPRS];
    static uint8_t v_state[2 * VGPRS];
    static uint32_t v_origin[2 * VGPRS];
    static rdnasim sim = {.target = &targets[TARGET_gfx1100]};
    static const rdnasim_launch launch;
    strict = (struct strict){.checks = RDNASIM_CHECK_ALL, .sim = &sim, .launch = &launch};
    memset(&shadow, 0, sizeof shadow);
    memset(v, 0, sizeof v);
    memset(v_state, 0, sizeof v_state);
    shadow.strict = &strict, shadow.v = v, shadow.v_state = v_state, shadow.v_origin = v_origin;
    m->w.shadow = &shadow;
    m->w.v = m->v;
    if (!p->operand)
        shadow.scc = true;
    else if (p->operand->kind == OPND_SGPR)
        s_define(&m->w, p->operand->reg + p->dword, 1u << p->bit);
    else {
        m->w.half = p->half;
        ((uint32_t *)&v_undefined(&m->w)[p->operand->reg + p->dword])[p->lane] = 1u << p->bit;
        v_settle(&m->w, p->operand->reg + p->dword);
        m->w.half = 0;
    }
    static struct machine before;
    before = *m;
    strict_propagate(&m->w, i);
    if (m->w.wave_size == 64 && op_runs_per_half(i->op)) {
        m->w.half = 1;
        m->w.v += VGPRS;
        strict_propagate(&m->w, i);
    }
    assert_true(same_registers(m, &before)); /* it changes nothing itself */
    memcpy(after->v, v, sizeof v);
    memcpy(after->s, shadow.s, sizeof after->s);
    after->scc = shadow.scc;
    for (unsigned r = 0; r < 2 * VGPRS; r++) {
        bool any = false;
        for (unsigned l = 0; l < LANES; l++) any |= after->v[r][l] != 0;
        assert_int_equal(v_state[r], any ? REG_UNDEFINED : 0);
    }
}

/* ---- what is expected ---------------------------------------------------------------------------------- */

static uint32_t half_bits(const struct operand *o) {
    return !type_is_16(o->type) ? UINT32_MAX : o->hi ? 0xffff0000u : 0xffffu;
}

/* Registers p lies in, of an operand that is read. */
static bool reads(const struct operand *o, const struct place *p) {
    unsigned reg = p->operand->reg + p->dword;
    unsigned first = o->type == TYPE_MASK ? o->reg + p->half : o->reg,
             count = o->type == TYPE_MASK ? 1 : o->dwords;
    return o->kind == p->operand->kind && reg >= first && reg < first + count;
}

/*
 * Of an operation that depends on all of its operands: what it writes is undefined where it has read the bit.
 */
static void depend_on(const struct machine *m, const struct inst *i, const struct operand *source,
                      const struct place *p, struct bits *want) {
    if (!reads(source, p)) return;
    if (op_info(i->op)->port == RDNASIM_PORT_SALU) {
        for (unsigned n = 0; n < s_count(&i->dst); n++) want->s[i->dst.reg + n] = UINT32_MAX;
        return;
    }
    bool vector = source->kind == OPND_VGPR, mask = source->type == TYPE_MASK;
    if (vector && !(half_bits(source) >> p->bit & 1)) return;
    uint32_t written = half_bits(&i->dst);
    if (i->op == OP_v_fma_mixlo_f16) written = 0xffff;
    if (i->op == OP_v_fma_mixhi_f16) written = 0xffff0000;
    bool packed = i->dst.type == TYPE_PK_F16 || i->dst.type == TYPE_PK_BF16 || i->dst.type == TYPE_PK_I16 ||
                  i->dst.type == TYPE_PK_U16;
    if (packed && i->format == FMT_VOP3P && vector) written = p->bit < 16 ? 0xffff : 0xffff0000;
    for (unsigned lane = 0; lane < m->w.wave_size; lane++) {
        unsigned half = lane / LANES, l = lane % LANES;
        bool here = vector ? half == p->half && l == p->lane : !mask || (half == p->half && l == p->bit);
        if (!here || !(m->w.s[SREG_EXEC + half] >> l & 1)) continue;
        for (unsigned n = 0; i->dst.kind == OPND_VGPR && n < i->dst.dwords; n++)
            want->v[half * VGPRS + i->dst.reg + n][l] |= written;
        if (s_count(&i->sdst)) want->s[i->sdst.reg + half] |= 1u << l;
    }
}

static bool only_in_exec(const struct bits *b) { return b->s[SREG_EXEC] || b->s[SREG_EXEC + 1]; }

/* Whether the operation ever writes SCC. */
static bool writes_scc(const struct encoding *e) {
    static struct machine before, after;
    for (unsigned round = 0; round < 200; round++) {
        struct inst_pair pair;
        if (!draw_legal(e, &pair)) return false;
        draw_scalar_state(&before);
        before.w.group = group_of_executors();
        after = before;
        pair.x.exec(&after.w, &pair.x);
        if (after.w.scc != before.w.scc) return true;
    }
    return false;
}

static bool dst_is_undefined(const struct inst *i, const struct bits *b) {
    bool any = false;
    for (unsigned n = 0; n < s_count(&i->dst); n++) any |= b->s[i->dst.reg + n] != 0;
    return any;
}

static void explain(const struct inst *i, const struct machine *m, const struct place *p,
                    const struct bits *want, const struct bits *got) {
    char text[128];
    disassemble(&gfx11, 32, i, text, sizeof text);
    print_error("%s, wave%u, exec %08x %08x, undefined is ", text, m->w.wave_size, m->w.s[SREG_EXEC],
                m->w.s[SREG_EXEC + 1]);
    if (p->operand)
        print_error("bit %u of %c%u in lane %u: ", p->bit, p->operand->kind == OPND_VGPR ? 'v' : 's',
                    p->operand->reg + p->dword, 32 * p->half + p->lane);
    else
        print_error("SCC: ");
    for (unsigned r = 0; r < 2 * VGPRS; r++)
        for (unsigned l = 0; l < LANES; l++)
            if (want->v[r][l] != got->v[r][l])
                print_error("v%u lane %u %08x, not %08x; ", r % VGPRS, r / VGPRS * 32 + l, got->v[r][l],
                            want->v[r][l]);
    for (unsigned r = 0; r < SREG_COUNT; r++)
        if (want->s[r] != got->s[r]) print_error("s%u %08x, not %08x; ", r, got->s[r], want->s[r]);
    print_error("SCC %d, not %d\n", got->scc, want->scc);
}

/* What loading a kernel does for its wave size. */
static void widen_masks(struct inst *i) {
    struct operand *operands[] = {&i->sdst, &i->src[0], &i->src[1], &i->src[2], &i->src[3]};
    for (unsigned n = 0; n < sizeof operands / sizeof *operands; n++)
        if (operands[n]->type == TYPE_MASK) operands[n]->dwords = 2;
}

static bool follows(const struct encoding *e, bool moves, bool has_scc) {
    static struct machine start, one, other;
    struct inst_pair pair;
    struct place p;
    if (!draw_legal(e, &pair)) fail_msg("%s cannot be written", op_info(e->op)->name);
    const struct inst *i = &pair.x;
    draw_machine(&start);
    if (start.w.wave_size == 64) widen_masks(&pair.x);
    start.w.group = group_of_executors();
    start.w.scc = draw() >> 8 & 1;
    if (!start.w.s[SREG_EXEC]) start.w.s[SREG_EXEC] = 0xf0f;
    if (!draw_place(&start, i, &p)) return true;
    static struct bits want, got;
    one = other = start;
    flip(&other, &p);
    execute_wave(table[0], &one, i);
    execute_wave(table[0], &other, i);
    difference(&one, &other, &want);
    for (unsigned n = 0; !moves && p.operand && n < i->src_count; n++)
        depend_on(&start, i, &i->src[n], &p, &want);
    /* SCC follows the result; where there is none, what it is itself. */
    if (has_scc && i->dst.kind != OPND_NONE) want.scc = dst_is_undefined(i, &want);
    if (has_scc && i->dst.kind == OPND_NONE && !moves) want.scc = p.operand != NULL;
    one = start;
    propagate(&one, i, &p, &got);
    if (only_in_exec(&want)) got.scc = want.scc; /* the run ends there */
    if (!memcmp(want.v, got.v, sizeof want.v) && !memcmp(want.s, got.s, sizeof want.s) && want.scc == got.scc)
        return true;
    explain(i, &start, &p, &want, &got);
    return false;
}

static void every_operation_is_followed(void **state) {
    (void)state;
    unsigned wrong = 0, rows = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info(op);
        const struct encoding *e = widest(op);
        bool moves = LISTED(moving, info->name);
        if (!e || !table[0][op] || (e->format == FMT_DS && !moves) || LISTED(left_out, info->name)) continue;
        if (info->dst == TYPE_NONE && info->src[0] == TYPE_NONE) continue;
        bool right = true, has_scc = info->port == RDNASIM_PORT_SALU && writes_scc(e);
        for (unsigned round = 0; round < ROUNDS && right; round++) right = follows(e, moves, has_scc);
        wrong += !right, rows++;
    }
    assert_true(rows > 600);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_is_followed)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
