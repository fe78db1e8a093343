/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Finds the plan and runs it, on the tensors' own memory (cpu, hip) or on copies (sim). */
#include "run.h"

#include <string.h>

#include "core/error.h"

#define WORKSPACE_ALIGN 256
#define WEIGHTS_ALIGN   16

w4a16_status run_arrange_x(struct frame *f, struct operands *o) {
    struct tensor *x = &o->x;
    int64_t K = x->sizes[x->dim - 1];
    int rows = x->dim == 2 && x->strides[1] == 1 && x->strides[0] >= K;
    if ((!x->contiguous && !rows) || (uintptr_t)x->data % 4) TRY(frame_copy(f, x, x, x));
    o->key.shape.K = K;
    o->key.shape.lda = x->contiguous ? K : x->strides[0];
    o->key.shape.M = 1;
    for (int64_t d = 0; d + 1 < x->dim; d++) o->key.shape.M *= x->sizes[d];
    return W4A16_OK;
}

w4a16_status run_make_out(struct frame *f, struct operands *o, int64_t N) {
    int64_t sizes[TENSOR_DIMS];
    for (int64_t d = 0; d < o->x.dim; d++) sizes[d] = o->x.sizes[d];
    sizes[o->x.dim - 1] = N;
    return frame_empty(f, o->x.dim, sizes, o->x.dtype, &o->x, &o->out);
}

void run_set_key(struct operands *o) {
    int host = o->x.device_type == torch_constants.cpu;
    o->key.kind = host ? cache_host_kind() : W4A16_DEVICE_HIP;
    o->key.index = host ? 0 : o->x.device_index;
    o->key.act = tensor_type(&o->x);
}

void run_set_sizes(struct operands *o, const int64_t sizes[SHAPE_DIMS]) {
    for (int d = 0; d < SHAPE_DIMS; d++) o->key.sizes[d] = sizes[d];
}

/* Every tensor that a run may be given, where it is there. */
struct given {
    w4a16_address *address;
    const struct tensor *tensor;
};
enum { GIVEN = 11 };
static void list_given(struct operands *o, w4a16_run_args *args, struct given list[GIVEN]) {
    const struct given all[GIVEN] = {{&args->weights, &o->packed},
                                     {&args->a, &o->x},
                                     {&args->out, &o->out},
                                     {&args->bias, &o->bias},
                                     {&args->expert_ids, &o->ids},
                                     {&args->gates, &o->gates},
                                     {&args->scales, &o->scales},
                                     {&args->zeros, &o->zeros},
                                     {&args->order, &o->order},
                                     {&args->sorted_slots, &o->sorted_slots},
                                     {&args->sorted_used, &o->sorted_used}};
    memcpy(list, all, sizeof all);
}

static w4a16_address address(const struct tensor *t) { return (w4a16_address)(uintptr_t)t->data; }

/* Kernels read weights 16 bytes at a time. A view into another tensor, as loaders make them, may begin
 * anywhere. */
static w4a16_status align_weights(struct frame *f, struct operands *o) {
    if (address(&o->packed) % WEIGHTS_ALIGN == 0) return W4A16_OK;
    FAIL_IF(
        o->key.kind == W4A16_DEVICE_HIP, &f->error, W4A16_INVALID_ARGUMENT,
        "%s: the packed weights begin at no multiple of %d bytes, so they are a view into another tensor; "
        "accepted is a tensor of its own, as .clone() makes it",
        f->name, WEIGHTS_ALIGN);
    return frame_copy(f, &o->packed, &o->packed, &o->packed);
}

/* The tensors' own memory: cpu and hip. */
static w4a16_status run_in_place(struct frame *f, struct operands *o, const struct plan_entry *entry) {
    w4a16_run_args args = {.struct_size = sizeof args};
    struct given given[GIVEN];
    TRY(align_weights(f, o));
    int64_t bytes = (int64_t)w4a16_plan_workspace(entry->plan);
    if (bytes) {
        bytes += WORKSPACE_ALIGN;
        TRY(frame_empty(f, 1, &bytes, torch_constants.u8, &o->x, &o->workspace));
        args.workspace = ROUND_UP(address(&o->workspace), WORKSPACE_ALIGN);
    }
    list_given(o, &args, given);
    for (int n = 0; n < GIVEN; n++)
        if (given[n].tensor->numel) *given[n].address = address(given[n].tensor);
    if (o->key.kind == W4A16_DEVICE_HIP)
        SHIM(f, aoti_torch_get_current_cuda_stream(o->key.index, &args.stream));
    return w4a16_run(entry->plan, &args, NULL, &f->error);
}

static size_t element_size(const struct tensor *t) {
    w4a16_dtype type = tensor_type(t);
    return type ? w4a16_dtype_size(type) : t->dtype == torch_constants.u8 ? 1 : 4;
}

/* From the first element to the last; x may have gaps between its rows. */
static size_t bytes_of(const struct operands *o, const struct tensor *t) {
    if (t == &o->x && t->numel)
        return 2 * (size_t)((t->numel / o->key.shape.K - 1) * o->key.shape.lda + o->key.shape.K);
    return (size_t)t->numel * element_size(t);
}

/* The simulated card has memory of its own. What a run leaves as it is in out comes back as it was. */
static w4a16_status run_simulated(struct frame *f, struct operands *o, const struct plan_entry *entry) {
    w4a16_run_args args = {.struct_size = sizeof args};
    struct given given[GIVEN];
    list_given(o, &args, given);
    w4a16_status status = W4A16_OK;
    for (int n = 0; n < GIVEN && status == W4A16_OK; n++) {
        size_t bytes = bytes_of(o, given[n].tensor);
        if (!bytes) continue;
        status = w4a16_buffer_alloc(entry->device, bytes, given[n].address, &f->error);
        if (status == W4A16_OK)
            status = w4a16_copy_to_device(entry->device, *given[n].address, given[n].tensor->data, bytes,
                                          &f->error);
    }
    size_t workspace = w4a16_plan_workspace(entry->plan);
    if (status == W4A16_OK && workspace)
        status = w4a16_buffer_alloc(entry->device, workspace, &args.workspace, &f->error);
    if (status == W4A16_OK) status = w4a16_run(entry->plan, &args, NULL, &f->error);
    if (status == W4A16_OK)
        status =
            w4a16_copy_from_device(entry->device, o->out.data, args.out, bytes_of(o, &o->out), &f->error);
    for (int n = 0; n < GIVEN; n++) w4a16_buffer_free(entry->device, *given[n].address, NULL);
    w4a16_buffer_free(entry->device, args.workspace, NULL);
    return status;
}

w4a16_status run_product(struct frame *f, struct operands *o) {
    struct plan_entry *entry;
    TRY(cache_plan(&o->key, &entry, &f->error));
    w4a16_status status = o->key.shape.M == 0               ? W4A16_OK
                          : o->key.kind == W4A16_DEVICE_SIM ? run_simulated(f, o, entry)
                                                            : run_in_place(f, o, entry);
    cache_give_back(entry);
    return status;
}
