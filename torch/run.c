/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Finds the plan and runs it, on the tensors' own memory (cpu, hip) or on copies (sim). */
#include "run.h"

#include "core/error.h"

#define WORKSPACE_ALIGN 256

void run_set_key(struct operands *o) {
    int host = o->x.device_type == torch_constants.cpu;
    const int64_t *sizes = o->packed.sizes + (o->key.experts ? 1 : 0);
    o->key.kind = host ? (int32_t)cache_host_kind() : W4A16_DEVICE_HIP;
    o->key.index = host ? 0 : o->x.device_index;
    o->key.act = (int32_t)tensor_type(&o->x);
    for (int d = 0; d < SHAPE_DIMS; d++) o->key.sizes[d] = sizes[d];
}

static w4a16_address address(const struct tensor *t) { return (w4a16_address)(uintptr_t)t->data; }

/* The tensors' own memory: cpu and hip. */
static w4a16_status run_in_place(struct frame *f, struct operands *o, const struct plan_entry *entry) {
    w4a16_run_args args = {.struct_size = sizeof args, .weights = address(&o->packed)};
    int64_t bytes = (int64_t)w4a16_plan_workspace(entry->plan);
    if (bytes) {
        bytes += WORKSPACE_ALIGN;
        TRY(frame_empty(f, 1, &bytes, torch_constants.u8, &o->x, &o->workspace));
        args.workspace = ROUND_UP(address(&o->workspace), WORKSPACE_ALIGN);
    }
    args.a = address(&o->x);
    args.out = address(&o->out);
    if (o->key.has_bias) args.bias = address(&o->bias);
    if (o->key.experts) args.expert_ids = address(&o->ids);
    if (o->key.combine) args.gates = address(&o->gates);
    if (o->key.kind == W4A16_DEVICE_HIP)
        SHIM(f, aoti_torch_get_current_cuda_stream(o->key.index, &args.stream));
    return w4a16_run(entry->plan, &args, NULL, &f->error);
}

/* One buffer of a simulated run: what host memory is copied into it before, or out of it after. */
struct simulated {
    w4a16_address *address;
    void *host;
    size_t bytes;
    int output;
};

static w4a16_status upload(w4a16_device *device, const struct simulated *s, w4a16_error *error) {
    if (!s->bytes) return W4A16_OK;
    TRY(w4a16_buffer_alloc(device, s->bytes, s->address, error));
    return s->host && !s->output ? w4a16_copy_to_device(device, *s->address, s->host, s->bytes, error)
                                 : W4A16_OK;
}

/* The simulated card has memory of its own. */
static w4a16_status run_simulated(struct frame *f, struct operands *o, const struct plan_entry *entry) {
    w4a16_run_args args = {.struct_size = sizeof args};
    int64_t rows = o->key.combine ? o->key.M * o->key.top_k : o->key.M;
    size_t columns = (size_t)ROUND_UP(o->key.sizes[0], BIAS_COLUMNS);
    const struct simulated buffers[] = {
        {&args.weights, o->packed.data, (size_t)o->packed.numel, 0},
        {&args.a, o->x.data, 2 * (size_t)((rows - 1) * o->key.lda + o->key.K), 0},
        {&args.bias, o->bias.data, o->key.has_bias ? 4 * columns : 0, 0},
        {&args.expert_ids, o->ids.data, o->key.experts ? 4 * (size_t)o->ids.numel : 0, 0},
        {&args.gates, o->gates.data, o->key.combine ? 4 * (size_t)o->gates.numel : 0, 0},
        {&args.workspace, NULL, w4a16_plan_workspace(entry->plan), 0},
        {&args.out, o->out.data, 2 * (size_t)o->out.numel, 1}};
    enum { BUFFERS = sizeof buffers / sizeof buffers[0] };
    w4a16_status status = W4A16_OK;
    for (int n = 0; n < BUFFERS && status == W4A16_OK; n++)
        status = upload(entry->device, &buffers[n], &f->error);
    if (status == W4A16_OK) status = w4a16_run(entry->plan, &args, NULL, &f->error);
    if (status == W4A16_OK)
        status = w4a16_copy_from_device(entry->device, o->out.data, args.out, buffers[BUFFERS - 1].bytes,
                                        &f->error);
    for (int n = 0; n < BUFFERS; n++) w4a16_buffer_free(entry->device, *buffers[n].address, NULL);
    return status;
}

w4a16_status run_product(struct frame *f, struct operands *o) {
    struct plan_entry *entry;
    TRY(cache_plan(&o->key, &entry, &f->error));
    w4a16_status status = o->key.M == 0                     ? W4A16_OK
                          : o->key.kind == W4A16_DEVICE_SIM ? run_simulated(f, o, entry)
                                                            : run_in_place(f, o, entry);
    cache_give_back(entry);
    return status;
}
