/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Scalar loads as the ISA guide's chapter on scalar memory defines them. */
#include "smem.h"

static const struct {
    uint16_t op;
    uint8_t dwords;
    bool buffer;
} loads[] = {
    {OP_s_load_b32, 1, false},         {OP_s_load_b64, 2, false},        {OP_s_load_b128, 4, false},
    {OP_s_load_b256, 8, false},        {OP_s_load_b512, 16, false},      {OP_s_buffer_load_b32, 1, true},
    {OP_s_buffer_load_b64, 2, true},   {OP_s_buffer_load_b128, 4, true}, {OP_s_buffer_load_b256, 8, true},
    {OP_s_buffer_load_b512, 16, true},
};
enum { LOADS = sizeof loads / sizeof *loads };

unsigned model_loaded_dwords(enum op op) {
    for (unsigned row = 0; row < LOADS; row++)
        if (loads[row].op == op) return loads[row].dwords;
    return 0;
}

static bool is_buffer(enum op op) {
    for (unsigned row = 0; row < LOADS; row++)
        if (loads[row].op == op) return loads[row].buffer;
    return false;
}

bool model_load_address(enum op op, const struct scalar_load *x, unsigned n, uint64_t *address) {
    const uint64_t dword = ~UINT64_C(3), step = 4 * (uint64_t)n;
    uint64_t offset = (uint64_t)x->offset + x->soffset;
    if (!is_buffer(op)) {
        *address = ((x->base[0] | (uint64_t)x->base[1] << 32) + offset) % (UINT64_C(1) << 48) & dword;
        *address += step;
        return true;
    }
    uint64_t base = x->base[0] | (uint64_t)(x->base[1] & 0xffff) << 32;
    uint64_t stride = x->base[1] >> 16 & 0x3fff, records = x->base[2];
    *address = (base & dword) + (offset & dword) + step;
    return offset + step < (stride ? stride : 1) * records;
}
