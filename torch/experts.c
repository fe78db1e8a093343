/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * experts(x, packed, ids, gates): grouped products of a mixture, as w4a16_problem describes them. ids [M,
 * top_k] names each token's experts; slots with ids outside 0..experts-1 are left out.
 *
 *     gates empty        x [M, K] to [M * top_k, N]; rows of slots left out are not written
 *     gates [M, top_k]   x [M * top_k, K] to [M, N], weighted and added up in fp32
 */
#include <inttypes.h>

#include "core/error.h"
#include "ops.h"
#include "run.h"

enum { X, PACKED, IDS, GATES, ARGUMENTS };

static w4a16_status check(struct frame *f, const struct operands *o) {
    const struct tensor *x = &o->x, *packed = &o->packed, *ids = &o->ids, *gates = &o->gates;
    w4a16_dtype act = tensor_type(x);
    FAIL_IF((act != W4A16_F16 && act != W4A16_BF16) || x->dim != 2, &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::experts: x is %s; accepted are 2 dimensions of float16 or bfloat16", TEXT_OF(x));
    FAIL_IF(packed->dtype != torch_constants.u8 || packed->dim != SHAPE_DIMS + 1 || !packed->contiguous,
            &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::experts: packed is %s; accepted is what w4a16::pack_experts gave (4 dimensions of uint8)",
            TEXT_OF(packed));
    FAIL_IF(ids->dtype != torch_constants.i32 || ids->dim != 2 || !ids->contiguous || ids->sizes[1] < 1,
            &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::experts: ids are %s; accepted are [M, top_k] of int32, contiguous, top_k at least 1",
            TEXT_OF(ids));
    FAIL_IF(gates->numel && (tensor_type(gates) != W4A16_F32 || !gates->contiguous || gates->dim != 2 ||
                             gates->sizes[0] != ids->sizes[0] || gates->sizes[1] != ids->sizes[1]),
            &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::experts: gates are %s; accepted are ids' sizes, [%" PRId64 ", %" PRId64
            "], of float32, contiguous, and an empty tensor",
            TEXT_OF(gates), ids->sizes[0], ids->sizes[1]);
    return W4A16_OK;
}

w4a16_status experts_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct operands o = {0};
    w4a16_status status[] = {
        frame_argument(f, arguments[X], &o.x), frame_argument(f, arguments[PACKED], &o.packed),
        frame_argument(f, arguments[IDS], &o.ids), frame_argument(f, arguments[GATES], &o.gates)};
    for (int n = 0; n < ARGUMENTS; n++) TRY(status[n]);
    TRY(check(f, &o));
    TRY(frame_same_device(f,
                          (const struct named_tensor[]){
                              {"x", &o.x}, {"packed", &o.packed}, {"ids", &o.ids}, {"gates", &o.gates}},
                          4));
    o.key.shape.M = o.ids.sizes[0], o.key.mixture.top_k = o.ids.sizes[1],
    o.key.mixture.experts = o.packed.sizes[0];
    o.key.epilogue.combine = o.gates.numel > 0 ? W4A16_COMBINE_ADD : W4A16_COMBINE_NONE;
    int64_t slots = o.key.shape.M * o.key.mixture.top_k,
            rows = o.key.epilogue.combine ? slots : o.key.shape.M;
    FAIL_IF(o.x.sizes[0] != rows, &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::experts: x has %" PRId64 " rows; %s gates, these ids want %" PRId64, o.x.sizes[0],
            o.key.epilogue.combine ? "with" : "without", rows);
    if (!o.x.contiguous || (uintptr_t)o.x.data % 4) TRY(frame_copy(f, &o.x, &o.x, &o.x));
    o.key.shape.K = o.key.shape.lda = o.x.sizes[1];
    run_set_key(&o);
    run_set_sizes(&o, o.packed.sizes + 1);
    const int64_t out[] = {o.key.epilogue.combine ? o.key.shape.M : slots, o.packed.sizes[1]};
    TRY(frame_empty(f, 2, out, o.x.dtype, &o.x, &o.out));
    TRY(run_product(f, &o));
    *result = frame_release(f, &o.out);
    return W4A16_OK;
}
