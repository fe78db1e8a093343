/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The canonical layer: the one form that every checkpoint dialect is read into and every device layout is
 * packed from.
 *
 *     y[m,n] = sum over k of a[m,k] * w[k,n]  (+ bias[n])
 *     w[k,n] = scale[g(k), n] * (q[k,n] - zero[g(k), n])
 *
 * K = input features, N = output features, G = groups = ceil(K / group_size).
 */
#ifndef W4A16_LAYER_H
#define W4A16_LAYER_H

#include "w4a16/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct w4a16_layer {
    size_t struct_size; /* sizeof(w4a16_layer); set by w4a16_layer_init */
    int64_t N, K;       /* 1..W4A16_SIZE_MAX, as padded_K is at most */
    int64_t group_size; /* 1..K (or padded_K), consecutive K (after perm) that share one scale; "one group" is
                           K */
    /*
     * [ceil(K/8)][N] words; bits 4i..4i+3 of word [r][n] are q[8r+i, n], unsigned 0..15, in the ORIGINAL
     * K order. Nibbles at k >= K are ignored.
     */
    const uint32_t *q;
    w4a16_dtype scale_type; /* F16 or BF16: as stored in the checkpoint, never converted */
    const uint16_t *scale;  /* [G][N] */
    const uint8_t *zero;    /* [G][N], each 0..16; null means the constant 8 (symmetric) */
    /*
     * Act-order. perm[p] = the original k at place p of the order in which groups are contiguous, so that
     * g(perm[p]) = p / group_size. A permutation of 0..K-1, or null for the identity.
     *
     * padded_K, where it is not 0, is how many places perm has, more than K: those that hold -1 are empty. So
     * groups may have fewer members than group_size, as they have in a part of K. Then G = ceil(padded_K /
     * group_size).
     */
    const int32_t *perm;
    int64_t padded_K;
    w4a16_dtype bias_type; /* F16, BF16 or F32; read only if bias is not null */
    const void *bias;      /* [N] or null */
} w4a16_layer;

/* All zero but struct_size, which the caller says: sizeof *layer. Null is accepted here and below: nothing is done,
 * and 0 returned. */
W4A16_API void w4a16_layer_init(w4a16_layer *layer, size_t struct_size);

/* padded_K, or K where it is 0. */
W4A16_API int64_t w4a16_layer_padded_K(const w4a16_layer *layer);

/* ceil(padded_K / group_size); 0 for sizes below 1. */
W4A16_API int64_t w4a16_layer_groups(const w4a16_layer *layer);

/*
 * The one place where a layer is checked: sizes, overflow, types, zero range, perm being a permutation,
 * finite scales. Everything after it trusts the layer. INVALID_ARGUMENT names the field, what was found and
 * what is accepted.
 */
W4A16_API w4a16_status w4a16_layer_check(const w4a16_layer *layer, w4a16_error *error);

/* Frees a layer that this library allocated (w4a16_checkpoint_read_layer). Null is accepted. */
W4A16_API void w4a16_layer_free(w4a16_layer *layer);

/*
 * Parts and joins of layers, new ones that depend on nothing: free them with w4a16_layer_free. Layers that
 * are handed in must pass w4a16_layer_check.
 *
 * Joined along N, as engines fuse q|k|v and gate|up. All must agree in K, group_size, scale_type and
 * act-order (the same permutation). Symmetric layers among asymmetric ones get zeros of 8, layers without a
 * bias get one of zeros. INVALID_ARGUMENT names the first layer that does not fit.
 */
W4A16_API w4a16_status w4a16_layer_concat(const w4a16_layer *const *layers, size_t count, w4a16_layer **out,
                                          w4a16_error *error);

/* Columns first..first + count - 1. */
W4A16_API w4a16_status w4a16_layer_part_n(const w4a16_layer *layer, int64_t first, int64_t count,
                                          w4a16_layer **out, w4a16_error *error);

/*
 * Input features first..first + count - 1 in the ORIGINAL order, as tensor parallelism deals them out; the
 * products of all parts add up to the layer's. The bias stays with the part that begins at 0. first must be a
 * multiple of 8; the part may begin and end anywhere in a group. Where it begins inside one, it gets smaller
 * groups: the largest that divide both the group and the part's place in it, so 64 for a part from 448 on of
 * groups of 128. Where those would be no multiple of 16, and with act-order, whose groups are scattered over
 * the parts, it gets groups of 32 with empty places instead.
 */
W4A16_API w4a16_status w4a16_layer_part_k(const w4a16_layer *layer, int64_t first, int64_t count,
                                          w4a16_layer **out, w4a16_error *error);

/*
 * The fp64 reference, computed from the canonical layer (never from packed data).
 *
 *   a       [M][lda] elements of type act (F16 or BF16), lda >= K; bf16 subnormals count as zero, as they do
 *           in the matrix and dot units of RDNA3
 *   y       [M][N] receives the exact-to-fp64 sums, bias included
 *   mass    [M][N] or null; receives sum over k of |a[m,k]| * |w[k,n]|, + |bias[n]|, + 2^-122, by which
 *           rounding errors are measured; an a that is not 0 counts as at least 2^-14 (fp16) or 2^-102
 *           (bf16). At least 2^127 where 16 times the sum over k of |a[m,k]| is as much
 *   threads number of host threads, 1 to 1024
 *
 * The layer must pass w4a16_layer_check. INVALID_ARGUMENT for M beyond W4A16_SIZE_MAX and lda beyond
 * W4A16_STRIDE_MAX too. With M = 0 there is nothing to do, and a and y may be null.
 */
W4A16_API w4a16_status w4a16_reference(const w4a16_layer *layer, w4a16_dtype act, int64_t M, const void *a,
                                       int64_t lda, double *y, double *mass, int threads, w4a16_error *error);

/* What adds the products of a chunk: a row of the table in docs/numerics.md. */
typedef enum w4a16_adder {
    W4A16_ADDER_DOT2, /* RDNA3's dot units */
    W4A16_ADDER_WMMA, /* its matrix units */
    W4A16_ADDER_FP32, /* one chain of IEEE additions */
    W4A16_ADDERS
} w4a16_adder;

/*
 * The order of additions behind an output. Products are added in chunks; a chunk's sum is scaled and added to
 * an fp32 sum by a fused multiply-add; such sums of several waves are added, then the bias.
 */
typedef struct w4a16_order {
    w4a16_adder adder;
    int64_t chunk; /* K whose products are added before the scale is applied, at most 128 */
    int64_t folds; /* chunks of a wave */
    int64_t waves; /* that share K, at most 16 */
    int64_t slots; /* experts that are added with their gates; 0: dense */
} w4a16_order;

/*
 * The c of the numerics contract: no output is further off than 1 ulp + c * mass. docs/numerics.md proves it.
 */
/* 0 for a null order or an unknown adder. */
W4A16_API double w4a16_order_error(const w4a16_order *order);
W4A16_API const char *w4a16_adder_name(w4a16_adder adder); /* "dot2", "WMMA", "fp32"; never null */

/* How far outputs are from the reference, in the terms of the numerics contract (docs/numerics.md). */
typedef struct w4a16_accuracy {
    int64_t outputs;     /* compared elements */
    int64_t within_1ulp; /* at most 1 ulp of the output type from the correctly rounded reference */
    int64_t non_finite;  /* elements whose reference is Inf or NaN; they must agree in kind and sign */
    int64_t overflows;   /* elements that are Inf or NaN though their reference is finite */
    int64_t violations;  /* elements beyond 1 ulp + c * mass, or disagreeing non-finite ones */
    double worst_ulp;    /* largest distance from the correctly rounded reference, in ulp */
    double worst_excess; /* largest |y - reference| / (1 ulp + c * mass); above 1 is a violation */
    uint64_t reserved[4];
} w4a16_accuracy;

/*
 * Compares `out` ([M][ldo] elements of type out_type), computed in the given order (w4a16_plan_order), with
 * the reference and ADDS to *accuracy (zero it first), so that several runs make one figure.
 *
 * An overflow is no violation where correct rounding gives Inf: a reference of 65520 or more is none that
 * fp16 can hold. Nor is it where the mass is 2^127 or more: there fp32 sums may leave their range, and the
 * contract promises no number.
 *
 * INVALID_ARGUMENT, with *accuracy as it was, for null pointers, an unknown type or adder, M or N of less than
 * 0 or more than W4A16_SIZE_MAX, ldo of less than N or more than W4A16_STRIDE_MAX.
 */
W4A16_API w4a16_status w4a16_compare(w4a16_dtype out_type, int64_t M, int64_t N, const void *out, int64_t ldo,
                                     const double *y, const double *mass, const w4a16_order *order,
                                     w4a16_accuracy *accuracy, w4a16_error *error);

/* Adds one comparison's figures to another's; nothing where either is null. */
W4A16_API void w4a16_accuracy_add(w4a16_accuracy *to, const w4a16_accuracy *accuracy);

/* True if >= 99.9 % of the outputs are within 1 ulp (asked of random fills only) and none violates; false for
 * null. */
W4A16_API int w4a16_accuracy_ok(const w4a16_accuracy *accuracy, int random_fill);

#ifdef __cplusplus
}
#endif
#endif
