/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a wave finds in MODE and in its scalar registers when it starts. */
#include "gfx11.h"

enum {
    PROPERTY_DISPATCH_PTR = 1 << 1,
    PROPERTY_QUEUE_PTR = 1 << 2,
    PROPERTY_KERNARG_PTR = 1 << 3,
    PROPERTY_DISPATCH_ID = 1 << 4,
    PROPERTY_PRIVATE_SIZE = 1 << 6
};

uint32_t gfx11_start_mode(const struct wave_start *start) {
    uint32_t mode = start->rsrc1 >> 12 & 0xff; /* rounding and denormals lie as in MODE */
    if (start->rsrc1 >> 21 & 1) mode |= MODE_DX10_CLAMP;
    if (start->rsrc1 >> 23 & 1) mode |= MODE_IEEE;
    if (start->rsrc1 >> 26 & 1) mode |= MODE_FP16_OVFL;
    return mode;
}

static unsigned put64(uint32_t *s, unsigned at, uint64_t value) {
    s[at] = (uint32_t)value;
    s[at + 1] = (uint32_t)(value >> 32);
    return at + 2;
}

/* User SGPRs lie without gaps from s0, system SGPRs from the stated count of user SGPRs on. */
void gfx11_start_sgprs(const struct wave_start *start, uint32_t *s) {
    unsigned n = 0;
    if (start->properties & PROPERTY_DISPATCH_PTR) n = put64(s, n, start->packet);
    if (start->properties & PROPERTY_QUEUE_PTR) n = put64(s, n, start->queue);
    if (start->properties & PROPERTY_KERNARG_PTR) n = put64(s, n, start->kernarg);
    if (start->properties & PROPERTY_DISPATCH_ID) n = put64(s, n, 0);
    if (start->properties & PROPERTY_PRIVATE_SIZE) s[n] = start->scratch_bytes;
    n = start->rsrc2 >> 1 & 31;
    for (unsigned dimension = 0; dimension < 3; dimension++)
        if (start->rsrc2 >> (7 + dimension) & 1) s[n++] = start->group[dimension];
    if (start->rsrc2 >> 10 & 1) s[n] = (start->wave == 0 ? UINT32_C(1) << 31 : 0) | start->waves;
}
