/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Buffer operations without formats against their second model: linear and swizzled buffers, every way to
 * check the range, dwords of which some are outside. What they do to bytes is the model of all memory
 * operations.
 */
#include "memory.h"
#include "scalar_code.h"

#include <inttypes.h>

enum { ROUNDS = 150, BYTES = 65536, SLOT = 3, REG_BUFFER = 20, REG_SOFFSET = 30, ZERO = 128 };

static unsigned char begin[BYTES], wanted[BYTES], given[BYTES];
static struct machine start, want, got;
static struct memory *memory;
static struct group group;

static int set_up(void **state) {
    memory = calloc(1, sizeof *memory);
    if (!memory) return -1;
    memory->slots[SLOT] = (struct binding){.host = given,
                                           .base = (uint64_t)SLOT << SLOT_SHIFT,
                                           .bytes = BYTES,
                                           .access = GFX11SIM_READ | GFX11SIM_WRITE,
                                           .name = "data"};
    group = (struct group){.memory = memory};
    return bind_all_levels(state);
}
static int tear_down(void **state) {
    (void)state;
    free(memory);
    return 0;
}

/* ---- the model ----------------------------------------------------------------------------------------- */

enum check { STRUCTURED, INDEX_ONLY, NOT_EMPTY, RAW };
struct buffer {
    uint32_t base, stride, records, soffset; /* base: in the binding */
    unsigned element, index_stride;          /* element 0: linear */
    enum check check;
};

/* Whether `payload` bytes at index and offset are in the buffer, and where they are in the binding. */
static bool locate(const struct buffer *b, uint32_t index, uint64_t offset, unsigned payload, uint64_t *at) {
    bool outside = false;
    switch (b->check) {
    case STRUCTURED: outside = index >= b->records || offset + payload > b->stride; break;
    case INDEX_ONLY: outside = index >= b->records; break;
    case NOT_EMPTY: outside = b->records == 0; break;
    case RAW:
        if (b->element && b->stride)
            outside = index >= b->records || offset + payload > b->stride;
        else
            outside = b->soffset > b->records || offset + payload > b->records - b->soffset;
        break;
    }
    uint64_t place = (uint64_t)index * b->stride + offset;
    if (b->element) {
        uint64_t row = (uint64_t)(index / b->index_stride) * b->stride + offset / b->element * b->element;
        place = row * b->index_stride + index % b->index_stride * b->element + offset % b->element;
    }
    *at = b->base + b->soffset + place;
    return !outside;
}

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

/* ---- drawing ------------------------------------------------------------------------------------------- */

static struct buffer draw_buffer(unsigned bytes) {
    uint64_t r = draw();
    struct buffer b = {.base = (uint32_t)(r >> 8) % 64 * 16,
                       .stride = (uint32_t)(r >> 16) % 5 * 16,
                       .soffset = r >> 24 & 1 ? (uint32_t)(r >> 25) % 32 * 8 : 0,
                       .check = (enum check)(r >> 32 & 3),
                       .index_stride = 8u << (r >> 34 & 3)};
    if (r >> 36 & 1 && b.stride) b.element = bytes > 4 || r >> 37 & 1 ? 16 : 4;
    bool in_records = b.check == INDEX_ONLY || b.check == STRUCTURED || b.element;
    b.records = in_records ? (uint32_t)(r >> 40) % 16 : (uint32_t)(r >> 40) % 1024;
    if (b.check == NOT_EMPTY && r >> 56 & 7) b.records++;
    uint64_t address = ((uint64_t)SLOT << SLOT_SHIFT) + b.base;
    uint32_t *s = &start.w.s[REG_BUFFER], swizzle = b.element ? b.element == 16 ? 3 : 1 : 0;
    s[0] = (uint32_t)address;
    s[1] = (uint32_t)(address >> 32) | b.stride << 16 | swizzle << 30;
    s[2] = b.records;
    s[3] = 0xfac | 20u << 12 | (uint32_t)(r >> 34 & 3) << 21 | (uint32_t)b.check << 28;
    start.w.s[REG_SOFFSET] = b.soffset;
    return b;
}

/* An offset that is aligned, and in a swizzled buffer does not leave its element. */
static uint32_t draw_offset(const struct access_row *row, const struct buffer *b, uint32_t r) {
    unsigned align = row->kind == ATOMIC || row->bytes < 4 ? row->bytes : 4;
    if (!b->element) return r % 1024 / align * align;
    unsigned within = b->element - row->bytes;
    return r % (b->stride + 16) / b->element * b->element + r % (within + 1) / align * align;
}

static bool agrees(enum op op, const struct access_row *row) {
    for (unsigned n = 0; n < BYTES; n += 4) memcpy(begin + n, &(uint32_t){(uint32_t)draw()}, 4);
    draw_machine(&start);
    if (start.w.wave_size == 32) start.w.s[SREG_EXEC + 1] = 0;
    start.w.group = &group;
    struct buffer b = draw_buffer(row->bytes);
    uint64_t r = draw();
    bool idxen = r & 1, offen = r & 2, glc = row->kind == ATOMIC && r & 4;
    if (b.check == RAW && !b.element && b.stride) idxen = false; /* what counts then is not documented */
    uint32_t whole = b.element ? b.element : 8;
    uint32_t fixed =
        offen ? (uint32_t)(r >> 8) % 64 / whole * whole : draw_offset(row, &b, (uint32_t)(r >> 8));
    struct denormals none = {false, false}, all = {true, true};
    struct denormals keep = row->float_atomic == model_add_f32 ? none : all;
    want = start;
    memcpy(wanted, begin, BYTES);
    for (unsigned lane = 0; lane < 64; lane++) {
        bool active = wave_exec(&start) >> lane & 1;
        uint32_t index = (uint32_t)draw() % 20, voffset = draw_offset(row, &b, (uint32_t)draw());
        bool by_index = b.check == INDEX_ONLY || b.check == STRUCTURED || (b.check == RAW && b.element);
        if (by_index && draw() % 16 == 0) index = 0x7fffffff;
        if (active && idxen) set_lane(&start, REG_A, lane, index);
        if (active && offen) set_lane(&start, REG_A + idxen, lane, voffset);
        if (!active) continue;
        uint32_t data[4], result[4];
        for (unsigned n = 0; n < 4; n++) data[n] = result[n] = get_lane(&start, REG_B + n, lane);
        model_lane(row, &b, idxen ? index : 0, (uint64_t)(offen ? voffset : 0) + fixed, data, keep, result);
        for (unsigned n = 0; n < 4 && (row->kind == LOAD || glc); n++)
            set_lane(&want, REG_B + n, lane, result[n]);
    }
    for (unsigned lane = 0; lane < 64; lane++)
        for (unsigned n = 0; n < 2; n++) set_lane(&want, REG_A + n, lane, get_lane(&start, REG_A + n, lane));
    uint32_t code[] = {0x38u << 26 | encoding_of(op)->opcode << 18 | (uint32_t)glc << 14 | fixed,
                       (idxen || offen ? REG_A : 0) | REG_B << 8 | REG_BUFFER / 4 << 16 |
                           (uint32_t)offen << 22 | (uint32_t)idxen << 23 |
                           (b.soffset ? (uint32_t)REG_SOFFSET : ZERO) << 24};
    struct inst_pair pair = decoded(code, op);
    got = start;
    got.w.fault = &got.report;
    memcpy(given, begin, BYTES);
    for (unsigned half = 0; half < got.w.wave_size / LANES; half++) {
        got.w.half = half;
        got.w.v = got.v + (size_t)half * VGPRS;
        execute(table[0], &got, &pair.x);
    }
    bool same = same_registers(&want, &got) && !memcmp(wanted, given, BYTES) && got.w.state == WAVE_RUNNING;
    if (same) return true;
    char text[128];
    disassemble(&pair.x, text, sizeof text);
    print_error("%s, wave%u, EXEC %016" PRIx64 ", base %u, stride %u, records %u, soffset %u, element %u, "
                "index stride %u, check %d; %s\n",
                text, start.w.wave_size, wave_exec(&start), b.base, b.stride, b.records, b.soffset, b.element,
                b.index_stride, b.check, got.report.text);
    return false;
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
