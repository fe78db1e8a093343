/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Scalar memory: loads of 1 to 16 dwords from one address for the whole wave, and cache control. */
#include <string.h>

#include "executors.h"
#include "scalar.h"

/* The hardware ignores the lowest two bits of addresses. */
static uint64_t aligned(uint64_t address) { return address & ~UINT64_C(3); }

/* Immediate and register offset together. */
static uint64_t byte_offset(const struct wave *w, const struct inst *i) {
    uint64_t offset = (uint64_t)(int64_t)i->offset;
    if (i->src[1].kind != OPND_NONE) offset += scalar_read32(w, &i->src[1]);
    return offset;
}

static void note_access(struct wave *w, uint64_t address, uint32_t bytes) {
    if (!w->observed) return;
    w->note.space = RDNASIM_SPACE_SCALAR;
    w->note.count = w->note.pieces = 1;
    w->note.bytes = bytes;
    w->note.addresses[0][0] = address;
}

static void load(struct wave *w, const struct inst *i) {
    uint64_t address = aligned(sgpr_read64(w, i->src[0].reg) + byte_offset(w, i));
    uint32_t bytes = 4u * i->dst.dwords;
    unsigned char past_end[READ_MAX];
    const unsigned char *from = memory_at(w->group->memory, address, bytes, RDNASIM_READ);
    if (!from) from = memory_past_end(w->group->memory, address, bytes, past_end);
    if (!from) {
        wave_memory_fault(w, 0, address, bytes, "scalar load");
        return;
    }
    if (i->dst.reg != SREG_NULL) memcpy(&w->s[i->dst.reg], from, bytes);
    note_access(w, address, bytes);
}

/* Through a buffer descriptor: dwords that begin outside its range read as zero. */
static void buffer_load(struct wave *w, const struct inst *i) {
    const uint32_t *v = &w->s[i->src[0].reg];
    uint64_t base = aligned(v[0] | (uint64_t)(v[1] & 0xffff) << 32);
    uint32_t stride = v[1] >> 16 & 0x3fff;
    uint64_t range = stride ? (uint64_t)v[2] * stride : v[2];
    uint64_t offset = byte_offset(w, i), start = base + aligned(offset);
    uint32_t bytes = 4u * i->dst.dwords;
    if (i->offset < 0) {
        wave_fault(w, RDNASIM_MEMORY_FAULT, 0, start, bytes,
                   "scalar load from a buffer at offset %d; offsets of buffers are not negative", i->offset);
        return;
    }
    uint32_t dwords[16] = {0};
    for (unsigned n = 0; n < i->dst.dwords; n++) {
        if (offset + 4 * n >= range) continue;
        const unsigned char *from = memory_at(w->group->memory, start + 4 * n, 4, RDNASIM_READ);
        if (!from) {
            wave_memory_fault(w, 0, start + 4 * n, 4, "scalar load");
            return;
        }
        memcpy(&dwords[n], from, 4);
    }
    if (i->dst.reg != SREG_NULL) memcpy(&w->s[i->dst.reg], dwords, bytes);
    note_access(w, start, bytes);
}

/* Caches are not modelled functionally: memory is always coherent. */
static void invalidate(struct wave *w, const struct inst *i) {
    (void)w;
    (void)i;
}

void bind_smem(exec_fn **table) {
    static const uint16_t loads[] = {OP_s_load_b32, OP_s_load_b64, OP_s_load_b128, OP_s_load_b256,
                                     OP_s_load_b512};
    static const uint16_t buffer_loads[] = {OP_s_buffer_load_b32, OP_s_buffer_load_b64, OP_s_buffer_load_b128,
                                            OP_s_buffer_load_b256, OP_s_buffer_load_b512};
    for (unsigned n = 0; n < sizeof loads / sizeof loads[0]; n++) {
        table[loads[n]] = load;
        table[buffer_loads[n]] = buffer_load;
    }
    table[OP_s_dcache_inv] = invalidate;
    table[OP_s_gl1_inv] = invalidate;
}
