/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Squeezes and widens weights of nibbles only; nibbles.h says when. */
#include "nibbles.h"

#include <string.h>

#include "core/error.h"

enum {
    COLUMN_WORDS = 4, /* of a column in a block of 32 K */
    BLOCK_WORDS = NIBBLES_STRIP * COLUMN_WORDS,
    VIEW_DIMS = 3
};

void nibbles_squeeze(const void *packed, int64_t N, int64_t K, void *to) {
    const unsigned char *from = packed;
    unsigned char *out = to;
    size_t blocks = (size_t)(K / 32), full = (size_t)(N / NIBBLES_STRIP) * blocks * BLOCK_WORDS * 4;
    size_t kept = (size_t)(N % NIBBLES_STRIP) * COLUMN_WORDS * 4;
    memcpy(out, from, full);
    for (size_t b = 0; kept && b < blocks; b++)
        memcpy(out + full + b * kept, from + full + b * BLOCK_WORDS * 4, kept);
}

/* A part of a tensor, `first` elements from its beginning. */
struct view {
    int64_t first, sizes[VIEW_DIMS], strides[VIEW_DIMS];
};

static w4a16_status take_view(struct frame *f, const struct tensor *t, const struct view *v,
                              shim_tensor *out) {
    SHIM(f, aoti_torch__reinterpret_tensor(t->handle, VIEW_DIMS, v->sizes, v->strides, v->first, out));
    f->owned[f->count++] = *out;
    return W4A16_OK;
}

static w4a16_status zero_view(struct frame *f, const struct tensor *t, const struct view *v) {
    shim_tensor part;
    TRY(take_view(f, t, v, &part));
    SHIM(f, aoti_torch_zero_(part));
    return W4A16_OK;
}

static w4a16_status copy_view(struct frame *f, const struct tensor *to, const struct view *to_view,
                              const struct tensor *from, const struct view *from_view) {
    shim_tensor source, target;
    TRY(take_view(f, to, to_view, &target));
    TRY(take_view(f, from, from_view, &source));
    SHIM(f, aoti_torch_copy_(target, source, 0));
    return W4A16_OK;
}

static w4a16_status widen_weights(struct frame *f, struct tensor *t, int64_t N, int64_t K) {
    const struct tensor from = *t;
    int64_t experts = from.dim == 3 ? from.sizes[0] : 1, blocks = K / 32, strips = N / NIBBLES_STRIP;
    int64_t words = N * K / 8, wide = (strips + 1) * blocks * BLOCK_WORDS;
    int64_t full = strips * blocks * BLOCK_WORDS, kept = N % NIBBLES_STRIP * COLUMN_WORDS;
    const int64_t sizes[] = {experts, wide};
    TRY(frame_empty(f, 2, sizes, from.dtype, &from, t));
    TRY(copy_view(f, t, &(struct view){0, {experts, 1, full}, {wide, full, 1}}, &from,
                  &(struct view){0, {experts, 1, full}, {words, full, 1}}));
    TRY(zero_view(f, t, &(struct view){full, {experts, blocks, BLOCK_WORDS}, {wide, BLOCK_WORDS, 1}}));
    return copy_view(f, t, &(struct view){full, {experts, blocks, kept}, {wide, BLOCK_WORDS, 1}}, &from,
                     &(struct view){full, {experts, blocks, kept}, {words, kept, 1}});
}

/* Rows of `length` elements to rows of `wide`. */
static w4a16_status widen_rows(struct frame *f, struct tensor *t, int64_t length, int64_t wide) {
    if (!t->numel) return W4A16_OK;
    const struct tensor from = *t;
    int64_t rows = from.numel / length;
    const int64_t sizes[] = {rows, wide};
    TRY(frame_empty(f, 2, sizes, from.dtype, &from, t));
    SHIM(f, aoti_torch_zero_(t->handle));
    return copy_view(f, t, &(struct view){0, {1, rows, length}, {rows * wide, wide, 1}}, &from,
                     &(struct view){0, {1, rows, length}, {from.numel, length, 1}});
}

w4a16_status nibbles_widen(struct frame *f, struct operands *o, int64_t N, int64_t K) {
    if (N % NIBBLES_STRIP == 0) return W4A16_OK;
    int64_t columns = ROUND_UP(N, NIBBLES_STRIP);
    TRY(widen_weights(f, &o->packed, N, K));
    TRY(widen_rows(f, &o->scales, N, columns));
    return widen_rows(f, &o->zeros, N / 8, columns / 8);
}
