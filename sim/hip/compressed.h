/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Compressed offload bundles, as clang writes them: "CCOB", a header, a zstd frame. */
#ifndef SIM_HIP_COMPRESSED_H
#define SIM_HIP_COMPRESSED_H

#include <stdbool.h>
#include <stdint.h>

bool compressed_is(const unsigned char *bytes, uint64_t limit);

enum compressed_status { COMPRESSED_OK, COMPRESSED_DAMAGED, COMPRESSED_METHOD, COMPRESSED_NO_MEMORY };

/*
 * Unpacks the bundle that begins at bytes and ends before bytes + limit. *out is the caller's, to be freed. The bytes
 * are not trusted: what they claim is checked, and what they unpack to is at most 4 GiB and what the header says.
 */
enum compressed_status compressed_unpack(const unsigned char *bytes, uint64_t limit, unsigned char **out,
                                         uint64_t *out_bytes);

#endif
