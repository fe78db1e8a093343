/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Buffer operations without formats against their second model: linear and swizzled buffers, every way to
 * check the range, dwords of which some are outside. What they do to bytes is the model of all memory
 * operations.
 */
#include "buffer.h"
#include "memory.h"

enum { ROUNDS = 150 };

/* ---- the model ----------------------------------------------------------------------------------------- */

/* One lane: each dword of a load or store is in or out by itself, an atomic as a whole. */
static void model_lane(const struct access_row *row, const struct buffer *b, uint32_t index, uint64_t offset,
                       const uint32_t *data, struct denormals keep, uint32_t *result) {
    unsigned char bytes[16] = {0};
    unsigned char *const at[2] = {bytes, bytes};
    unsigned piece = row->kind == ATOMIC || row->bytes < 4 ? row->bytes : 4;
    uint64_t place[4];
    bool inside[4];
    for (unsigned n = 0; n * piece < row->bytes; n++) {
        inside[n] = locate(b, index, offset + n * piece, piece, &place[n]);
        if (inside[n]) memcpy(bytes + n * piece, wanted + place[n], piece);
    }
    model_access(row, at, data, data + (row->bytes + 3) / 4, keep, result);
    for (unsigned n = 0; n * piece < row->bytes && row->kind != LOAD; n++)
        if (inside[n]) memcpy(wanted + place[n], bytes + n * piece, piece);
}

/* ---- the test ------------------------------------------------------------------------------------------ */

static bool agrees(enum op op, const struct access_row *row) {
    draw_memory();
    draw_start();
    struct buffer b = draw_buffer(row->bytes);
    unsigned align = row->kind == ATOMIC || row->bytes < 4 ? row->bytes : 4;
    struct addresses a = draw_addresses(&b, row->bytes, align);
    bool glc = row->kind == ATOMIC && draw() & 1;
    struct denormals none = {false, false}, all = {true, true};
    struct denormals keep = row->float_atomic == model_add_f32 ? none : all;
    want = start;
    memcpy(wanted, begin, BYTES);
    for (unsigned lane = 0; lane < 64; lane++) {
        if (!(wave_exec(&start) >> lane & 1)) continue;
        uint32_t data[4], result[4];
        for (unsigned n = 0; n < 4; n++) data[n] = result[n] = get_lane(&start, REG_B + n, lane);
        model_lane(row, &b, a.index[lane], a.offset[lane], data, keep, result);
        for (unsigned n = 0; n < 4 && (row->kind == LOAD || glc); n++)
            set_lane(&want, REG_B + n, lane, result[n]);
    }
    const uint32_t code[] = {0x38u << 26 | encoding_of(op)->opcode << 18 | (uint32_t)glc << 14 | a.fixed,
                             operand_word(&b, &a)};
    return does_as_wanted(op, code, &b);
}

static void every_access_agrees(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const char *name = op_info(op)->name;
        const struct access_row *row = starts_with(name, "buffer_") ? model_access_row(name) : NULL;
        for (unsigned round = 0; row && round < ROUNDS; round++)
            if (!agrees(op, row)) {
                wrong++;
                break;
            }
    }
    assert_int_equal(wrong, 0);
}

static void every_operation_has_a_place(void **state) {
    (void)state;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const char *name = op_info(op)->name;
        if (!starts_with(name, "buffer_")) continue;
        bool known = model_access_row(name) != NULL || strstr(name, "_format_") /* test_model_formats.c */ ||
                     strstr(name, "_inv") /* of caches, which are not modelled */;
        if (!known) fail_msg("%s has no place", name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_has_a_place),
                                       cmocka_unit_test(every_access_agrees)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
