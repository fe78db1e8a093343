/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Ranges of addresses, of any device's memory or the host's. */
#ifndef W4A16_CORE_RANGE_H
#define W4A16_CORE_RANGE_H

#include <stddef.h>
#include <stdint.h>

/* Whether bytes from an address on end within 64 bits. */
static inline int range_exists(uint64_t address, size_t bytes) { return bytes <= UINT64_MAX - address; }

/* Whether two ranges have a byte in common; both exist. */
static inline int ranges_overlap(uint64_t a, size_t a_bytes, uint64_t b, size_t b_bytes) {
    return a_bytes && b_bytes && a < b + b_bytes && b < a + a_bytes;
}

/* Of host memory. */
static inline int memory_overlaps(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
    return ranges_overlap((uintptr_t)a, a_bytes, (uintptr_t)b, b_bytes);
}

#endif
