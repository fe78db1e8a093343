/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * linear(x, packed, bias): x [..., K] times a packed layer, plus bias [N] unless that is empty, in x's type.
 *
 * On a GPU it queues kernels on the current stream, takes memory from PyTorch's allocator and waits for
 * nothing, so that it can be captured in a graph once its plan has been made by a call before. A bias in fp32
 * whose N is a multiple of 32 is read where it is; others are brought into that form in every call.
 */
#include <inttypes.h>

#include "core/error.h"
#include "ops.h"
#include "run.h"

static w4a16_status check(struct frame *f, const struct operands *o) {
    const struct tensor *x = &o->x, *packed = &o->packed, *bias = &o->bias;
    w4a16_dtype act = tensor_type(x);
    FAIL_IF((act != W4A16_F16 && act != W4A16_BF16) || x->dim < 1, &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::linear: x is %s; accepted are [..., K] of float16 or bfloat16", TEXT_OF(x));
    FAIL_IF(packed->dtype != torch_constants.u8 || packed->dim != SHAPE_DIMS || !packed->contiguous,
            &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::linear: packed is %s; accepted is what w4a16::pack gave (3 dimensions of uint8)",
            TEXT_OF(packed));
    FAIL_IF(bias->numel && (bias->dim != 1 || bias->sizes[0] != packed->sizes[0] || !tensor_type(bias)),
            &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::linear: bias is %s; accepted are [%" PRId64
            "] of float16, bfloat16 or float32, and an empty tensor",
            TEXT_OF(bias), packed->sizes[0]);
    return frame_same_device(f, (const struct named_tensor[]){{"x", x}, {"packed", packed}, {"bias", bias}},
                             3);
}

/* As the kernels read it: fp32, up to a whole strip of columns. */
static w4a16_status arrange_bias(struct frame *f, struct operands *o) {
    const struct tensor given = o->bias;
    int64_t N = o->packed.sizes[0], columns = ROUND_UP(N, BIAS_COLUMNS), stride = 1;
    if (tensor_type(&given) == W4A16_F32 && columns == N && given.contiguous) return W4A16_OK;
    shim_tensor part;
    TRY(frame_empty(f, 1, &columns, torch_constants.f32, &given, &o->bias));
    if (columns != N) SHIM(f, aoti_torch_zero_(o->bias.handle));
    SHIM(f, aoti_torch__reinterpret_tensor(o->bias.handle, 1, &N, &stride, 0, &part));
    f->owned[f->count++] = part;
    SHIM(f, aoti_torch_copy_(part, given.handle, 0));
    return W4A16_OK;
}

w4a16_status linear_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct operands o = {0};
    w4a16_status status[] = {frame_argument(f, arguments[0], &o.x),
                             frame_argument(f, arguments[1], &o.packed),
                             frame_argument(f, arguments[2], &o.bias)};
    for (int n = 0; n < 3; n++) TRY(status[n]);
    TRY(check(f, &o));
    TRY(run_arrange_x(f, &o));
    o.key.epilogue.has_bias = o.bias.numel > 0;
    if (o.key.epilogue.has_bias) TRY(arrange_bias(f, &o));
    run_set_key(&o);
    run_set_sizes(&o, o.packed.sizes);
    TRY(run_make_out(f, &o, o.packed.sizes[0]));
    TRY(run_product(f, &o));
    *result = frame_release(f, &o.out);
    return W4A16_OK;
}
