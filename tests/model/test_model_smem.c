/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Scalar loads against their second model, drawn as machine code: every form of offset, buffers that end
 * before the offset, inside the loaded dwords or after them, destinations that hold the address.
 */
#include "scalar_code.h"
#include "smem.h"

enum { ROUNDS = 4000, DATA_DWORDS = 16384, SLOT = 3 };

static uint32_t data[DATA_DWORDS];
static const uint64_t data_address = (uint64_t)SLOT << SLOT_SHIFT;

static bool is_buffer(enum op op) { return starts_with(op_info(op)->name, "s_buffer"); }
static bool changes_nothing(enum op op) {
    return op == OP_s_gl1_inv || op == OP_s_dcache_inv || op == OP_s_atc_probe || op == OP_s_atc_probe_buffer;
}

/* A register at which `dwords` may begin: up to s105, pairs even, more in fours. */
static unsigned draw_aligned(unsigned dwords) {
    unsigned align = dwords > 4 ? 4 : dwords;
    if (dwords <= 2 && draw() % 8 == 0) return SREG_VCC;
    return draw() % ((106 - dwords) / align + 1) * align;
}

struct drawn {
    uint32_t code[2];
    unsigned d;
    struct scalar_load load;
};

/* Draws the instruction and puts its address, offset and buffer constant into the wave's registers. */
static struct drawn draw_load(enum op op, struct machine *m) {
    bool buffer = is_buffer(op);
    uint64_t r = draw();
    unsigned base = draw_aligned(buffer ? 4 : 2), soffset = SREG_NULL;
    struct drawn x = {.d = draw_aligned(model_loaded_dwords(op))};
    if (r & 3) {
        soffset = r & 1 ? SREG_M0 : draw_aligned(1);
        if (soffset - base < 4) soffset = SREG_NULL;
    }
    uint32_t start = 16384 + (uint32_t)(r >> 8) % 8192 * 4, offset = (uint32_t)(r >> 24) % 1024 * 4;
    /*
     * of S_LOAD's summands at most one is not a multiple of 4: how the others would round is not documented
     */
    unsigned odd = (r >> 36) % 4, low = (r >> 38) & 3;
    x.load.offset = (int32_t)offset + (buffer || odd == 0 ? (int32_t)(r >> 40 & 3) : 0);
    x.load.soffset = soffset == SREG_NULL ? 0
                                          : (uint32_t)(r >> 42) % 1024 * 4 +
                                                (buffer || odd == 1 ? (uint32_t)(r >> 52 & 3) : 0);
    if (!buffer && (uint32_t)x.load.offset <= x.load.soffset && r >> 54 & 1) x.load.offset = -x.load.offset;
    uint64_t address = data_address + start + (buffer || odd == 2 ? low : 0);
    x.load.base[0] = (uint32_t)address;
    x.load.base[1] = (uint32_t)(address >> 32);
    if (buffer) {
        uint32_t reach = (uint32_t)x.load.offset + x.load.soffset;
        uint32_t stride = draw() & 1 ? 0 : (uint32_t)draw() % 40;
        x.load.base[1] |= stride << 16;
        x.load.base[2] = (reach + (uint32_t)draw() % 96) / (stride ? stride : 1);
        x.load.base[3] = draw_bits();
    }
    memcpy(&m->w.s[base], x.load.base, buffer ? 16 : 8);
    if (soffset != SREG_NULL) m->w.s[soffset] = x.load.soffset;
    x.code[0] =
        0x3du << 26 | encoding_of(op)->opcode << 18 | (uint32_t)(r >> 56 & 3) << 13 | x.d << 6 | base / 2;
    x.code[1] = soffset << 25 | ((uint32_t)x.load.offset & 0x1fffff);
    return x;
}

static void model(enum op op, const struct drawn *x, struct machine *to) {
    for (unsigned n = 0; n < model_loaded_dwords(op); n++) {
        uint64_t address;
        bool inside = model_load_address(op, &x->load, n, &address);
        to->w.s[x->d + n] = inside ? data[(address - data_address) / 4] : 0;
    }
}

static void every_load_agrees(void **state) {
    (void)state;
    static struct machine start, want, got;
    struct memory *memory = calloc(1, sizeof *memory);
    assert_non_null(memory);
    memory->slots[SLOT] = (struct binding){.host = (unsigned char *)data,
                                           .base = data_address,
                                           .bytes = sizeof data,
                                           .access = RDNASIM_READ,
                                           .name = "data"};
    struct group group = {.memory = memory};
    for (unsigned n = 0; n < DATA_DWORDS; n++) data[n] = draw_bits() + n;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!model_loaded_dwords(op)) continue;
        bool right = true;
        for (unsigned round = 0; round < ROUNDS && right; round++) {
            draw_scalar_state(&start);
            start.w.group = &group;
            struct drawn x = draw_load(op, &start);
            struct inst_pair pair = decoded(x.code, op);
            got = want = start;
            model(op, &x, &want);
            execute_scalar(&got, &pair);
            right = same_scalar_state(&want, &got);
            if (!right) {
                explain_scalar(&pair, &start, &want, &got);
                print_error("base %08x %08x, records %u, offset %d, soffset %u; %s\n", x.load.base[0],
                            x.load.base[1], x.load.base[2], x.load.offset, x.load.soffset, got.report.text);
            }
        }
        wrong += !right;
    }
    free(memory);
    assert_int_equal(wrong, 0);
}

static void buffers_take_no_negative_offset(void **state) {
    (void)state;
    static struct machine m;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!is_buffer(op)) continue;
        draw_scalar_state(&m);
        struct drawn x = draw_load(op, &m);
        x.code[1] |= 0x1ffffc;
        struct inst_pair pair = decoded(x.code, op);
        execute_scalar(&m, &pair);
        assert_int_equal(m.w.state, WAVE_FAULTED);
        assert_int_equal(m.report.status, RDNASIM_MEMORY_FAULT);
    }
}

static void every_operation_has_a_place(void **state) {
    (void)state;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (op_info(op)->port != RDNASIM_PORT_SMEM) continue;
        if (!model_loaded_dwords(op) == !changes_nothing(op)) fail_msg("%s has no place", op_info(op)->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_has_a_place),
                                       cmocka_unit_test(every_load_agrees),
                                       cmocka_unit_test(buffers_take_no_negative_offset)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
