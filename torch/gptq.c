/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Operators with the names, arguments and meaning of vLLM's own RDNA3 kernels, on weights of nibbles only
 * (linear.h):
 *
 *     gptq_shuffle(q_weight, q_perm, bit)      packs q_weight [K/8, N] (or [E, K/8, N]) in place, once
 *     gptq_gemm_rdna3(a, q_weight, qzeros, scales, g_idx, use_v2_format)
 *     gptq_gemm_rdna3_wmma(...)                the same: the plan chooses the kernel by M
 *     moe_gptq_gemm_rdna3(a, c, q_weight, scales, qzeros, topk_weights, sorted_token_ids, expert_ids,
 *                         num_tokens_post_padded, top_k, block_size_m, mul_topk_weight, output_topk)
 *
 * g_idx and q_perm are orders of input features, as argsort(g_idx) gives; empty ones are none, and both
 * operators have a form without. qzeros [G, N/8] are one too low unless use_v2_format; empty: 8 everywhere.
 * N is a multiple of 8. What differs from vLLM's: K must be one of 32, results are rounded once and written,
 * not added (c may hold zeros, as vLLM fills it), and the packed words have another order.
 */
#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "nibbles.h"
#include "ops.h"
#include "run.h"

/* ---- gptq_shuffle -------------------------------------------------------------------------------------- */

/* Packs in host memory; q and to are [experts][K/8][N], order may have no elements. */
static w4a16_status pack_words(struct frame *f, const struct tensor *q, const struct tensor *order, int index,
                               int kind, const struct tensor *to) {
    w4a16_device *device;
    int64_t N = q->sizes[q->dim - 1], K = 8 * q->sizes[q->dim - 2], experts = q->dim == 3 ? q->sizes[0] : 1;
    size_t bytes = (size_t)(N * K / 2);
    int64_t wide = ROUND_UP(N, NIBBLES_STRIP) * K / 2;
    struct tensor strips;
    TRY(cache_device((w4a16_device_kind)kind, index, &device, &f->error));
    TRY(frame_empty(f, 1, &wide, torch_constants.u8, NULL, &strips));
    for (int64_t e = 0; e < experts; e++) {
        TRY(w4a16_pack_nibbles(device, (const uint32_t *)((const char *)q->data + (size_t)e * bytes),
                               order->numel ? order->data : NULL, N, K, strips.data, (size_t)wide,
                               &f->error));
        nibbles_squeeze(strips.data, N, K, (char *)to->data + (size_t)e * bytes);
    }
    return W4A16_OK;
}

static w4a16_status shuffle(struct frame *f, shim_value weight, const struct tensor *given, int64_t bit) {
    struct tensor q, packed, words, order = *given;
    TRY(frame_argument(f, weight, &q));
    FAIL_IF(bit != 4, &f->error, W4A16_INVALID_ARGUMENT, "%s: bit is %" PRId64 "; accepted is 4", f->name,
            bit);
    FAIL_IF(
        q.dtype != torch_constants.i32 || q.dim < 2 || q.dim > 3 || !q.contiguous || !q.numel, &f->error,
        W4A16_INVALID_ARGUMENT,
        "%s: q_weight is %s; accepted are [K / 8, N] of int32, contiguous, and, for experts, [E, K / 8, N]",
        f->name, TEXT_OF(&q));
    FAIL_IF(order.numel && (order.dtype != torch_constants.i32 || order.dim != 1 || !order.contiguous ||
                            q.dim != 2 || order.numel != 8 * q.sizes[0]),
            &f->error, W4A16_INVALID_ARGUMENT,
            "%s: q_perm is %s; accepted are [%" PRId64
            "] of int32 with a q_weight of 2 dimensions, and an empty tensor",
            f->name, TEXT_OF(&order), 8 * q.sizes[q.dim - 2]);
    int host = q.device_type == torch_constants.cpu;
    words = q;
    if (!host) TRY(frame_copy(f, &q, NULL, &words));
    if (order.numel && order.device_type != torch_constants.cpu) TRY(frame_copy(f, &order, NULL, &order));
    TRY(frame_empty(f, q.dim, q.sizes, q.dtype, NULL, &packed));
    TRY(pack_words(f, &words, &order, host ? 0 : q.device_index,
                   host ? (int)cache_host_kind() : W4A16_DEVICE_HIP, &packed));
    SHIM(f, aoti_torch_copy_(q.handle, packed.handle, 0));
    return W4A16_OK;
}

w4a16_status gptq_shuffle_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct tensor order;
    (void)result;
    w4a16_status taken = frame_argument(f, arguments[1], &order);
    if (taken == W4A16_OK) return shuffle(f, arguments[0], &order, (int64_t)arguments[2]);
    struct tensor q; /* every argument must be taken */
    frame_argument(f, arguments[0], &q);
    return taken;
}

w4a16_status gptq_shuffle_plain_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    const struct tensor none = {0};
    (void)result;
    return shuffle(f, arguments[0], &none, (int64_t)arguments[1]);
}

/* ---- what the products share --------------------------------------------------------------------------- */

static w4a16_status check_weights(struct frame *f, const struct operands *o, int lead) {
    const struct tensor *x = &o->x, *q = &o->packed, *scales = &o->scales, *zeros = &o->zeros;
    w4a16_dtype act = tensor_type(x), scale_type = tensor_type(scales);
    FAIL_IF((act != W4A16_F16 && act != W4A16_BF16) || x->dim < 1, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: a is %s; accepted are [..., K] of float16 or bfloat16", f->name, TEXT_OF(x));
    FAIL_IF(q->dtype != torch_constants.i32 || q->dim != 2 + lead || !q->contiguous, &f->error,
            W4A16_INVALID_ARGUMENT,
            "%s: q_weight is %s; accepted are %s of int32, as gptq_shuffle leaves them", f->name, TEXT_OF(q),
            lead ? "[E, K / 8, N]" : "[K / 8, N]");
    FAIL_IF(q->sizes[lead] < 1 || q->sizes[lead] > W4A16_SIZE_MAX / 8, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: q_weight has K / 8 = %" PRId64 "; accepted are 1 to %d", f->name, q->sizes[lead],
            W4A16_SIZE_MAX / 8);
    int64_t K = 8 * q->sizes[lead], N = q->sizes[lead + 1], experts = lead ? q->sizes[0] : 1;
    FAIL_IF((scale_type != W4A16_F16 && scale_type != W4A16_BF16) || scales->dim != 2 + lead ||
                !scales->contiguous || scales->sizes[lead + 1] != N || scales->sizes[lead] < 1 ||
                K % scales->sizes[lead] || (lead && scales->sizes[0] != experts),
            &f->error, W4A16_INVALID_ARGUMENT,
            "%s: scales are %s; accepted are %s[G, %" PRId64
            "] of float16 or bfloat16, contiguous, G a divisor of K = %" PRId64,
            f->name, TEXT_OF(scales), lead ? "for each expert " : "", N, K);
    FAIL_IF(zeros->numel && (zeros->dtype != torch_constants.i32 || !zeros->contiguous ||
                             zeros->dim != 2 + lead || zeros->numel != scales->numel / 8 || N % 8),
            &f->error, W4A16_INVALID_ARGUMENT,
            "%s: qzeros are %s; accepted are %s[%" PRId64 ", %" PRId64
            "] of int32, contiguous, and an empty tensor",
            f->name, TEXT_OF(zeros), lead ? "for each expert " : "", scales->sizes[lead], N / 8);
    FAIL_IF(x->sizes[x->dim - 1] != K, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: a is %s; q_weight wants rows of %" PRId64, f->name, TEXT_OF(x), K);
    const struct named_tensor all[] = {{"a", x},
                                       {"q_weight", q},
                                       {"scales", scales},
                                       {"qzeros", zeros},
                                       {"g_idx", &o->order},
                                       {"c", &o->out},
                                       {"expert_ids", &o->ids},
                                       {"topk_weights", &o->gates},
                                       {"sorted_token_ids", &o->sorted_slots},
                                       {"num_tokens_post_padded", &o->sorted_used}};
    return frame_same_device(f, all, sizeof all / sizeof all[0]);
}

/* x and the weights are checked. */
static void set_nibbles_key(struct operands *o, int lead, int use_v2_format) {
    run_set_key(o);
    o->key.shape.N = o->packed.sizes[lead + 1];
    o->key.shape.group_size = 8 * o->packed.sizes[lead] / o->scales.sizes[lead];
    o->key.weights = (w4a16_weights_kind){.scale_type = tensor_type(&o->scales),
                                          .zeros = !o->zeros.numel ? W4A16_ZEROS_NONE
                                                   : use_v2_format ? W4A16_ZEROS_STORED
                                                                   : W4A16_ZEROS_LESS_ONE,
                                          .packing = W4A16_PACKED_NIBBLES,
                                          .act_order = o->order.numel > 0};
}

/* Takes all of them, whatever happens. */
static w4a16_status take(struct frame *f, const shim_value *arguments, struct tensor *const *to, int count) {
    w4a16_status status = W4A16_OK;
    for (int n = 0; n < count; n++) {
        w4a16_status taken = frame_argument(f, arguments[n], to[n]);
        if (status == W4A16_OK) status = taken;
    }
    return status;
}

/* ---- gptq_gemm_rdna3 ----------------------------------------------------------------------------------- */

static w4a16_status gemm(struct frame *f, struct operands *o, int use_v2_format, shim_value *result) {
    const struct tensor *order = &o->order;
    TRY(check_weights(f, o, 0));
    int64_t K = 8 * o->packed.sizes[0], N = o->packed.sizes[1];
    FAIL_IF(order->numel && (order->dtype != torch_constants.i32 || order->dim != 1 || !order->contiguous ||
                             order->numel != K),
            &f->error, W4A16_INVALID_ARGUMENT,
            "%s: g_idx is %s; accepted are [%" PRId64 "] of int32, contiguous, and an empty tensor", f->name,
            TEXT_OF(order), K);
    TRY(run_arrange_x(f, o));
    set_nibbles_key(o, 0, use_v2_format);
    TRY(run_make_out(f, o, N));
    TRY(nibbles_widen(f, o, N, K));
    TRY(run_product(f, o));
    *result = frame_release(f, &o->out);
    return W4A16_OK;
}

w4a16_status gptq_gemm_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct operands o = {0};
    TRY(take(f, arguments, (struct tensor *const[]){&o.x, &o.packed, &o.zeros, &o.scales, &o.order}, 5));
    return gemm(f, &o, arguments[5] & 1, result);
}

w4a16_status gptq_gemm_plain_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct operands o = {0};
    TRY(take(f, arguments, (struct tensor *const[]){&o.x, &o.packed, &o.zeros, &o.scales}, 4));
    return gemm(f, &o, arguments[4] & 1, result);
}

/* ---- moe_gptq_gemm_rdna3 ------------------------------------------------------------------------------- */

enum { TOP_K = 9, BLOCK_SIZE_M, MUL_TOPK_WEIGHT, OUTPUT_TOPK };

/* The list of sorted slots; how many of its places have a block. */
static w4a16_status check_lists(struct frame *f, const struct operands *o, int64_t block, int64_t *places) {
    const struct tensor *sorted = &o->sorted_slots, *ids = &o->ids, *used = &o->sorted_used;
    const struct named_tensor all[] = {
        {"sorted_token_ids", sorted}, {"expert_ids", ids}, {"num_tokens_post_padded", used}};
    for (int n = 0; n < 3; n++)
        FAIL_IF(
            all[n].tensor->dtype != torch_constants.i32 || !all[n].tensor->contiguous ||
                !all[n].tensor->numel,
            &f->error, W4A16_INVALID_ARGUMENT,
            "%s: %s is %s; accepted are int32, contiguous and not empty, as moe_align_block_size gives them",
            f->name, all[n].name, TEXT_OF(all[n].tensor));
    FAIL_IF(block < 1, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: block_size_m is %" PRId64 "; accepted are 1 and more", f->name, block);
    *places = ids->numel > sorted->numel / block ? sorted->numel : ids->numel * block;
    return W4A16_OK;
}

/* What the product does with slots: M, top_k and combine of the key. c has a row for each slot, or for
 * output_topk of them. */
static w4a16_status set_slots(struct frame *f, struct operands *o, int64_t top_k, int weighted,
                              int64_t output_topk) {
    int64_t added = output_topk > 1 ? output_topk : 1, rows = o->x.numel / o->key.shape.K;
    FAIL_IF(top_k < 1 || top_k > o->key.mixture.experts || (added > 1 && top_k > 1), &f->error,
            W4A16_INVALID_ARGUMENT,
            "%s: top_k is %" PRId64 " and output_topk %" PRId64 "; accepted are 1 to %" PRId64
            " experts, and a top_k of 1 where slots are added",
            f->name, top_k, output_topk, o->key.mixture.experts);
    int64_t slots = rows * top_k;
    FAIL_IF(slots % added || o->out.dim != 2 || o->out.sizes[0] != slots / added ||
                o->out.sizes[1] != o->packed.sizes[2] || o->out.dtype != o->x.dtype || !o->out.contiguous,
            &f->error, W4A16_INVALID_ARGUMENT,
            "%s: c is %s; accepted are [%" PRId64 ", %" PRId64 "] of a's type, contiguous", f->name,
            TEXT_OF(&o->out), slots / added, o->packed.sizes[2]);
    FAIL_IF(weighted &&
                (tensor_type(&o->gates) != W4A16_F32 || o->gates.numel != slots || !o->gates.contiguous),
            &f->error, W4A16_INVALID_ARGUMENT,
            "%s: topk_weights are %s; accepted are %" PRId64 " of float32, contiguous", f->name,
            TEXT_OF(&o->gates), slots);
    o->key.shape.M = added > 1 ? slots / added : rows;
    o->key.mixture.top_k = added > 1 ? added : top_k;
    o->key.epilogue.combine = added > 1  ? W4A16_COMBINE_ADD
                              : weighted ? W4A16_COMBINE_WEIGH
                                         : W4A16_COMBINE_NONE;
    return W4A16_OK;
}

w4a16_status moe_gptq_gemm_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct operands o = {0};
    struct tensor *const tensors[] = {&o.x,     &o.out,          &o.packed, &o.scales,     &o.zeros,
                                      &o.gates, &o.sorted_slots, &o.ids,    &o.sorted_used};
    (void)result;
    TRY(take(f, arguments, tensors, TOP_K));
    int weighted = arguments[MUL_TOPK_WEIGHT] & 1;
    if (!weighted) o.gates = (struct tensor){0};
    TRY(check_weights(f, &o, 1));
    TRY(check_lists(f, &o, (int64_t)arguments[BLOCK_SIZE_M], &o.key.mixture.sorted_count));
    if (!o.x.contiguous || (uintptr_t)o.x.data % 4) TRY(frame_copy(f, &o.x, &o.x, &o.x));
    o.key.shape.K = o.key.shape.lda = 8 * o.packed.sizes[1];
    o.key.mixture.experts = o.packed.sizes[0];
    o.key.mixture.sorted_block = (int64_t)arguments[BLOCK_SIZE_M];
    TRY(set_slots(f, &o, (int64_t)arguments[TOP_K], weighted, (int64_t)arguments[OUTPUT_TOPK]));
    set_nibbles_key(&o, 1, 0);
    TRY(nibbles_widen(f, &o, o.key.shape.N, o.key.shape.K));
    return run_product(f, &o);
}
