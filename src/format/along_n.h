/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Layers whose words hold eight neighbours in N, those of even columns first (AWQ, Quark):
 *
 *     weights I32 [K, N/8]   a word holds eight columns of q[k] in AWQ's order (include/w4a16/convert.h)
 *     zeros   I32 [G, N/8]   the same order; zeros as they are; a format may let symmetric layers do without
 *     scales  F16|BF16 [G, N]
 *     bias    F16|BF16|F32 [N]; optional
 */
#ifndef W4A16_FORMAT_ALONG_N_H
#define W4A16_FORMAT_ALONG_N_H

#include "format/parts.h"

enum { ALONG_N_WEIGHTS, ALONG_N_ZEROS, ALONG_N_SCALES, ALONG_N_BIAS, ALONG_N_PARTS };

/* format's rules are in the order of the parts. */
w4a16_status along_n_read(const struct format *format, const struct store *store,
                          const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **out,
                          w4a16_error *error);

#endif
