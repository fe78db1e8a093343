/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the tests of buffer operations share: memory, and the model of a buffer's addresses and range. */
#ifndef MODEL_BUFFER_H
#define MODEL_BUFFER_H

#include <inttypes.h>

#include "scalar_code.h"

enum { BYTES = 65536, SLOT = 3, REG_BUFFER = 20, REG_SOFFSET = 30, ZERO = 128 };

static unsigned char begin[BYTES], wanted[BYTES], given[BYTES];
static struct machine start, want, got;
static struct memory *memory;
static struct group group;

static inline int set_up(void **state) {
    memory = calloc(1, sizeof *memory);
    if (!memory) return -1;
    memory->slots[SLOT] = (struct binding){.host = given,
                                           .base = (uint64_t)SLOT << SLOT_SHIFT,
                                           .bytes = BYTES,
                                           .access = RDNASIM_READ | RDNASIM_WRITE,
                                           .name = "data"};
    group = (struct group){.memory = memory};
    return bind_all_levels(state);
}
static inline int tear_down(void **state) {
    (void)state;
    free(memory);
    return 0;
}

/* ---- the model ----------------------------------------------------------------------------------------- */

enum check { STRUCTURED, INDEX_ONLY, NOT_EMPTY, RAW };
struct buffer {
    uint32_t base, stride, records, soffset; /* base: in the binding */
    unsigned element, index_stride;          /* element 0: linear */
    bool add_tid;                            /* the lane's number to the index */
    enum check check;
};

/* Whether `payload` bytes at index and offset are in the buffer, and where they are in the binding. */
static inline bool locate(const struct buffer *b, uint32_t index, uint64_t offset, unsigned payload,
                          uint64_t *at) {
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

/* ---- drawing ------------------------------------------------------------------------------------------- */

static inline struct buffer draw_buffer(unsigned bytes) {
    uint64_t r = draw();
    struct buffer b = {.base = (uint32_t)(r >> 8) % 64 * 16,
                       .stride = (uint32_t)(r >> 16) % 5 * 16,
                       .soffset = r >> 24 & 1 ? (uint32_t)(r >> 25) % 32 * 8 : 0,
                       .check = (enum check)(r >> 32 & 3),
                       .index_stride = 8u << (r >> 34 & 3),
                       .add_tid = (r >> 60 & 3) == 0};
    if (r >> 36 & 1 && b.stride) b.element = bytes > 4 || r >> 37 & 1 ? 16 : 4;
    bool in_records = b.check == INDEX_ONLY || b.check == STRUCTURED || b.element;
    if (b.check == RAW && !b.element && b.stride) b.add_tid = false; /* as with other indices, below */
    b.records = in_records ? (uint32_t)(r >> 40) % (b.add_tid ? 64 : 16) : (uint32_t)(r >> 40) % 1024;
    if (b.check == NOT_EMPTY && r >> 56 & 7) b.records++;
    uint64_t address = ((uint64_t)SLOT << SLOT_SHIFT) + b.base;
    uint32_t *s = &start.w.s[REG_BUFFER], swizzle = b.element ? b.element == 16 ? 3 : 1 : 0;
    s[0] = (uint32_t)address;
    s[1] = (uint32_t)(address >> 32) | b.stride << 16 | swizzle << 30;
    s[2] = b.records;
    s[3] = 0xfac | 20u << 12 | (uint32_t)(r >> 34 & 3) << 21 | (uint32_t)b.add_tid << 23 |
           (uint32_t)b.check << 28;
    start.w.s[REG_SOFFSET] = b.soffset;
    return b;
}

/* An offset that is aligned, and in a swizzled buffer does not leave its element. */
static inline uint32_t draw_offset(const struct buffer *b, unsigned bytes, unsigned align, uint32_t r) {
    if (!b->element) return r % 1024 / align * align;
    unsigned within = b->element - bytes;
    return r % (b->stride + 16) / b->element * b->element + r % (within + 1) / align * align;
}

/* What an instruction adds to a buffer's address: of each lane, the index and the whole offset. */
struct addresses {
    bool idxen, offen;
    uint32_t fixed, index[64];
    uint64_t offset[64];
};

/* ... of accesses of so many bytes. The lanes' parts are put in registers; other lanes' are anything. */
static inline struct addresses draw_addresses(const struct buffer *b, unsigned bytes, unsigned align) {
    uint64_t r = draw();
    struct addresses a = {.idxen = r & 1, .offen = r & 2};
    if (b->check == RAW && !b->element && b->stride) a.idxen = false; /* what counts then is not documented */
    uint32_t whole = b->element ? b->element : 8;
    a.fixed =
        a.offen ? (uint32_t)(r >> 8) % 64 / whole * whole : draw_offset(b, bytes, align, (uint32_t)(r >> 8));
    bool by_index = b->check == INDEX_ONLY || b->check == STRUCTURED || (b->check == RAW && b->element);
    for (unsigned lane = 0; lane < 64; lane++) {
        if (!(wave_exec(&start) >> lane & 1)) continue;
        uint32_t index = by_index && draw() % 16 == 0 ? 0x7fffffff : (uint32_t)draw() % 20;
        uint32_t offset = draw_offset(b, bytes, align, (uint32_t)draw());
        if ((b->check == STRUCTURED || b->check == RAW) && draw() % 16 == 0) offset = 0u - whole;
        if (a.idxen) set_lane(&start, REG_A, lane, index);
        if (a.offen) set_lane(&start, REG_A + a.idxen, lane, offset);
        a.index[lane] = (a.idxen ? index : 0) + (b->add_tid ? lane : 0);
        a.offset[lane] = (uint64_t)(a.offen ? offset : 0) + a.fixed;
    }
    return a;
}

/* ---- instructions -------------------------------------------------------------------------------------- */

/* The second word of buffer operations, data in REG_B. */
static inline uint32_t operand_word(const struct buffer *b, const struct addresses *a) {
    return (a->idxen || a->offen ? REG_A : 0) | REG_B << 8 | REG_BUFFER / 4 << 16 | (uint32_t)a->offen << 22 |
           (uint32_t)a->idxen << 23 | (b->soffset ? (uint32_t)REG_SOFFSET : ZERO) << 24;
}

/* Executes the instruction from `start` on. */
static inline struct inst_pair execute_access(enum op op, const uint32_t code[2]) {
    struct inst_pair pair = decoded(code, op);
    got = start;
    got.w.fault = &got.report;
    memcpy(given, begin, BYTES);
    for (unsigned half = 0; half < got.w.wave_size / LANES; half++) {
        got.w.half = half;
        got.w.v = got.v + (size_t)half * VGPRS;
        execute(table[0], &got, &pair.x);
    }
    return pair;
}

/* ... and compares registers and memory with what is wanted. */
static inline bool does_as_wanted(enum op op, const uint32_t code[2], const struct buffer *b) {
    struct inst_pair pair = execute_access(op, code);
    bool same = same_registers(&want, &got) && !memcmp(wanted, given, BYTES) && got.w.state == WAVE_RUNNING;
    if (same) return true;
    char text[128];
    disassemble(&gfx11, 32, &pair.x, text, sizeof text);
    print_error("%s, wave%u, EXEC %016" PRIx64 ", base %u, stride %u, records %u, soffset %u, element %u, "
                "index stride %u, add_tid %d, check %d; %s\n",
                text, start.w.wave_size, wave_exec(&start), b->base, b->stride, b->records, b->soffset,
                b->element, b->index_stride, b->add_tid, b->check, got.report.text);
    return false;
}

static inline void draw_memory(void) {
    for (unsigned n = 0; n < BYTES; n += 4) memcpy(begin + n, &(uint32_t){draw_bits()}, 4);
}

static inline void draw_start(void) {
    draw_machine(&start);
    if (start.w.wave_size == 32) start.w.s[SREG_EXEC + 1] = 0;
    start.w.group = &group;
}

#endif
