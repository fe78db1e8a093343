/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Canonical layers (layer.h) from the arrays that checkpoints and engines hold. What GPTQ's zeros mean, in
 * which order AWQ's words hold columns and which order of features g_idx asks for is known here and nowhere
 * else.
 *
 *     G = ceil(K / group_size) rows of scales and zeros, or `groups`; N8 = ceil(N / 8), K8 = ceil(K / 8)
 *
 *              weights   zeros     scales   nibble i of a word is, lowest first
 *     GPTQ     [K8][N]   [G][N8]   [G][N]   k = 8r + i of weights, column 8c + i of zeros
 *     AWQ      [K][N8]   [G][N8]   [G][N]   column 8c + (0 2 4 6 1 3 5 7)[i] of both
 *     CT       [N][K8]   [N8][G]   [N][G]   k = 8r + i of weights, column 8c + i of zeros
 *
 * CT is compressed-tensors' pack-quantized. Nibbles behind N and K are ignored.
 */
#ifndef W4A16_CONVERT_H
#define W4A16_CONVERT_H

#include "w4a16/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a configuration says that a layer is symmetric. */
typedef enum w4a16_symmetry {
    W4A16_SYMMETRY_NO,  /* it says no, or nothing: zeros mean what their format says */
    W4A16_SYMMETRY_YES, /* GPTQ: zeros of 8 everywhere or of 7 everywhere mean 8, whatever the version; AWQ and
                           CT: they are 8; others are refused */
    W4A16_SYMMETRY_LOST /* what it said was not kept: as YES where zeros are so, else as NO */
} w4a16_symmetry;

typedef struct w4a16_stored {
    size_t struct_size;       /* sizeof(w4a16_stored); set by w4a16_stored_init */
    int64_t N, K, group_size; /* 1..W4A16_SIZE_MAX; GPTQ: K a multiple of 8; group_size beyond K: one group */
    const uint32_t *weights;  /* null: the layer's q is null too, for a look at the rest */
    const uint32_t *zeros;    /* null: 8 everywhere */
    const uint16_t *scales;   /* not null; finite */
    w4a16_dtype scale_type;   /* F16 or BF16 */
    w4a16_dtype bias_type;    /* F16, BF16 or F32; read only if bias is not null */
    const void *bias;         /* [N] or null */
    /* [K], the group of each input feature, or null: groups follow each other. Not AWQ. */
    const int32_t *g_idx;
    /*
     * 0: G as above, and every group of g_idx has group_size members (the last the rest of K). More: a part
     * along K of an act-ordered layer, with that many rows of scales and zeros; groups may then have any
     * number of members, and the layer gets empty places where kernels need them.
     */
    int64_t groups;
    int version;         /* GPTQ: 1 stores zeros minus one (15 is 16), 2 as they are */
    int twos_complement; /* AWQ's order with signed values (Quark's int4) */
    w4a16_symmetry symmetry;
    const char *scales_name, *zeros_name, *g_idx_name; /* for messages; null: "scales", "zeros", "g_idx" */
} w4a16_stored;

/* All zero but struct_size, which the caller says: sizeof *stored, and version 1. Null is accepted. */
W4A16_API void w4a16_stored_init(w4a16_stored *stored, size_t struct_size);

/*
 * A new layer that depends on none of the arrays: free it with w4a16_layer_free. zero and perm are null where
 * they say nothing. INVALID_ARGUMENT names the array, the element, what was found and what is accepted.
 * Arrays of other sizes than above cannot be noticed. Any thread may call.
 */
W4A16_API w4a16_status w4a16_layer_from_gptq(const w4a16_stored *stored, w4a16_layer **out,
                                             w4a16_error *error);
W4A16_API w4a16_status w4a16_layer_from_awq(const w4a16_stored *stored, w4a16_layer **out,
                                            w4a16_error *error);
W4A16_API w4a16_status w4a16_layer_from_ct(const w4a16_stored *stored, w4a16_layer **out, w4a16_error *error);

#ifdef __cplusplus
}
#endif
#endif
