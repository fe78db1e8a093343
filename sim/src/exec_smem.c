/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Scalar memory: loads of 1 to 16 dwords from one address for the whole wave, and cache control. */
#include <string.h>

#include "executors.h"
#include "scalar.h"

/* Immediate and register offset together; the hardware ignores the lowest two bits of addresses. */
static uint64_t byte_offset(const struct wave *w, const struct inst *i) {
    uint64_t offset = (uint64_t)(int64_t)i->offset;
    if (i->src[1].kind != OPND_NONE) offset += scalar_read32(w, &i->src[1]);
    return offset;
}

static void note_access(struct wave *w, uint64_t address, uint32_t bytes) {
    if (!w->observed) return;
    w->note.space = GFX11SIM_SPACE_SCALAR;
    w->note.count = 1;
    w->note.bytes = bytes;
    w->note.addresses[0][0] = address;
}

static void load(struct wave *w, const struct inst *i) {
    uint64_t address = (sgpr_read64(w, i->src[0].reg) + byte_offset(w, i)) & ~UINT64_C(3);
    uint32_t bytes = 4u * i->dst.dwords;
    const unsigned char *from = memory_at(w->group->memory, address, bytes, GFX11SIM_READ);
    if (!from) {
        wave_memory_fault(w, 0, address, bytes, "scalar load");
        return;
    }
    if (i->dst.reg != SREG_NULL) memcpy(&w->s[i->dst.reg], from, bytes);
    note_access(w, address, bytes);
}

/* Through a buffer descriptor: what is out of its range reads as zero. */
static void buffer_load(struct wave *w, const struct inst *i) {
    const uint32_t *v = &w->s[i->src[0].reg];
    uint64_t base = v[0] | (uint64_t)(v[1] & 0xffff) << 32;
    uint32_t stride = v[1] >> 16 & 0x3fff;
    uint64_t range = stride ? (uint64_t)v[2] * stride : v[2];
    uint64_t offset = byte_offset(w, i) & ~UINT64_C(3);
    uint32_t dwords[16] = {0};
    for (unsigned n = 0; n < i->dst.dwords; n++) {
        uint64_t at = offset + 4 * n;
        if (at >= range || range - at < 4) continue;
        const unsigned char *from = memory_at(w->group->memory, base + at, 4, GFX11SIM_READ);
        if (!from) {
            wave_memory_fault(w, 0, base + at, 4, "scalar load");
            return;
        }
        memcpy(&dwords[n], from, 4);
    }
    if (i->dst.reg != SREG_NULL) memcpy(&w->s[i->dst.reg], dwords, 4u * i->dst.dwords);
    note_access(w, base + offset, 4u * i->dst.dwords);
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
