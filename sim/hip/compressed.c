/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "compressed.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static const unsigned char magic[] = {'C', 'C', 'O', 'B'};
enum { METHOD_ZSTD = 1 };

bool compressed_is(const unsigned char *bytes, uint64_t limit) {
    return limit >= sizeof magic && !memcmp(bytes, magic, sizeof magic);
}

/* All versions: magic, version, method; then total and unpacked size, 4 bytes each in 2 and 8 in 3; a hash. */
struct header {
    uint16_t version, method;
    uint64_t header_bytes, total; /* 0: version 1 does not say */
    uint64_t unpacked;
};

static uint64_t read_le(const unsigned char *at, unsigned bytes) {
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    return value;
}

static bool read_header(const unsigned char *bytes, uint64_t limit, struct header *h) {
    if (limit < 20) return false;
    h->version = (uint16_t)read_le(bytes + 4, 2);
    h->method = (uint16_t)read_le(bytes + 6, 2);
    if (h->version < 1 || h->version > 3) return false;
    unsigned field = h->version == 3 ? 8 : 4, at = 8;
    h->header_bytes = 8 + field * (h->version == 1 ? 1u : 2u) + 8;
    if (limit < h->header_bytes) return false;
    h->total = 0;
    if (h->version > 1) {
        h->total = read_le(bytes + at, field);
        at += field;
        if (h->total < h->header_bytes || h->total > limit) return false;
    }
    h->unpacked = read_le(bytes + at, field);
    return true;
}

enum compressed_status compressed_unpack(const unsigned char *bytes, uint64_t limit, unsigned char **out,
                                         uint64_t *out_bytes) {
    struct header h;
    if (!read_header(bytes, limit, &h)) return COMPRESSED_DAMAGED;
    if (h.method != METHOD_ZSTD) return COMPRESSED_METHOD;
    const unsigned char *frame = bytes + h.header_bytes;
    uint64_t left = (h.total ? h.total : limit) - h.header_bytes;
    size_t frame_bytes = ZSTD_findFrameCompressedSize(frame, left);
    if (ZSTD_isError(frame_bytes) || h.unpacked > UINT64_C(1) << 32) return COMPRESSED_DAMAGED;
    /* Nothing is reserved for a size that the frame itself does not confirm. */
    unsigned long long stated = ZSTD_getFrameContentSize(frame, frame_bytes);
    if (stated == ZSTD_CONTENTSIZE_ERROR || (stated != ZSTD_CONTENTSIZE_UNKNOWN && stated != h.unpacked))
        return COMPRESSED_DAMAGED;
    unsigned char *unpacked = malloc(h.unpacked + 1);
    if (!unpacked) return COMPRESSED_NO_MEMORY;
    if (ZSTD_decompress(unpacked, h.unpacked, frame, frame_bytes) != h.unpacked) {
        free(unpacked);
        return COMPRESSED_DAMAGED;
    }
    *out = unpacked;
    *out_bytes = h.unpacked;
    return COMPRESSED_OK;
}
