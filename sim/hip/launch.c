/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Kernel launches: shapes, arguments in both of their forms, and what a fault becomes. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static int log_find(void *context, const rdnasim_report *report) {
    (void)context;
    log_report(report);
    return 1;
}

hipError_t launch_now(const struct node *n) {
    if (!handle_find(HANDLE_FUNCTION, n->function))
        return hipErrorInvalidHandle; /* its module was unloaded */
    rdnasim_launch launch = n->launch;
    launch.kernarg = n->kernarg;
    launch.on_find = runtime.goes_on ? log_find : NULL;
    rdnasim_report report;
    bool fault;
    rdnasim_run(runtime.sim, n->function->kernel, &launch, NULL, &report);
    hipError_t code = error_from_report(&report, &fault);
    if (!fault) return code;
    runtime.sticky = code; /* as on a card, the launch itself is over before its kernel fails */
    return hipSuccess;
}

static bool is_hidden(const rdnasim_arg *arg) { return strncmp(arg->value_kind, "hidden_", 7) == 0; }

/* Where the arguments come from: one pointer for each, or a buffer in the layout of the metadata. */
static hipError_t arguments(const rdnasim_kernel_info *info, void **params, void **extra,
                            unsigned char *kernarg, size_t *bytes) {
    *bytes = info->explicit_bytes;
    if (params && extra) return hipErrorInvalidValue;
    if (extra) {
        if (extra[0] != HIP_LAUNCH_PARAM_BUFFER_POINTER || extra[2] != HIP_LAUNCH_PARAM_BUFFER_SIZE ||
            extra[4] != HIP_LAUNCH_PARAM_END || !extra[3])
            return hipErrorInvalidValue;
        size_t given = *(const size_t *)extra[3];
        if (given < *bytes || (*bytes && !extra[1])) return hipErrorInvalidValue;
        if (*bytes) memcpy(kernarg, extra[1], *bytes);
        return hipSuccess;
    }
    if (*bytes && !params) return hipErrorInvalidValue;
    size_t next = 0;
    for (size_t n = 0; n < info->arg_count; n++) {
        const rdnasim_arg *arg = &info->args[n];
        if (is_hidden(arg)) continue;
        if (!params[next]) return hipErrorInvalidValue;
        memcpy(kernarg + arg->offset, params[next++], arg->size);
    }
    return hipSuccess;
}

enum { GROUPS_MAX_YZ = 65535 }; /* as HIP says of RDNA3, and its newer runtimes insist */

struct shape shape_of(dim3 grid, dim3 block, size_t lds_bytes) {
    return (struct shape){
        {(uint64_t)grid.x * block.x, (uint64_t)grid.y * block.y, (uint64_t)grid.z * block.z},
        {block.x, block.y, block.z},
        lds_bytes,
        false};
}

static hipError_t check_shape(const struct shape *s, const rdnasim_kernel_info *info) {
    uint64_t block = 1;
    for (int d = 0; d < 3; d++) {
        if (!s->items[d] || !s->block[d] || s->items[d] > UINT32_MAX) return hipErrorInvalidValue;
        if (s->items[d] % s->block[d]) return hipErrorInvalidValue; /* uniform work-groups alone */
        if (s->block[d] > BLOCK_MAX) return hipErrorInvalidValue;
        if (d > 0 && s->items[d] / s->block[d] > GROUPS_MAX_YZ) return hipErrorInvalidValue;
        block *= s->block[d];
    }
    if (block > info->max_block) return hipErrorInvalidValue;
    return s->lds_bytes > LDS_MAX - info->lds_bytes ? hipErrorInvalidValue : hipSuccess;
}

/* The work-groups of a cooperative launch wait for each other, so that all must be on the card. */
static hipError_t check_cooperative(const struct function *f, const struct shape *s, uint32_t *groups) {
    uint64_t count = 1, items = 1;
    for (int d = 0; d < 3; d++) {
        count *= s->items[d] / s->block[d];
        items *= s->block[d];
    }
    uint64_t processors = runtime.card->compute_units / 2;
    if (count > processors * groups_per_processor(f, (uint32_t)items, s->lds_bytes))
        return hipErrorCooperativeLaunchTooLarge;
    if (count > 1 && runtime.strict) {
        log_sentence("a cooperative launch of %llu work-groups: strict mode runs them one after the other",
                     (unsigned long long)count);
        return hipErrorNotSupported;
    }
    *groups = (uint32_t)count;
    return hipSuccess;
}

hipError_t launch(struct function *f, const struct shape *s, hipStream_t stream, void **params,
                  void **extra) {
    struct stream *found;
    HIP_TRY(stream_find(stream, &found));
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(f->kernel);
    HIP_TRY(check_shape(s, &info));
    uint32_t resident = 0;
    if (s->cooperative) HIP_TRY(check_cooperative(f, s, &resident));
    struct node *n = calloc(1, sizeof *n + info.explicit_bytes);
    if (!n) return hipErrorOutOfMemory;
    n->kind = NODE_LAUNCH;
    n->function = f;
    rdnasim_launch_init(&n->launch, sizeof n->launch);
    for (int d = 0; d < 3; d++) {
        n->launch.grid[d] = (uint32_t)s->items[d];
        n->launch.block[d] = s->block[d];
    }
    n->launch.dynamic_lds_bytes = (uint32_t)s->lds_bytes;
    n->launch.resident = resident;
    hipError_t code = arguments(&info, params, extra, n->kernarg, &n->launch.kernarg_bytes);
    if (!code) code = submit(n, stream);
    free(n);
    return code;
}

static hipError_t launch_handle(hipFunction_t handle, const struct shape *s, hipStream_t stream,
                                void **params, void **extra) {
    struct function *f = handle_find(HANDLE_FUNCTION, handle);
    return f ? launch(f, s, stream, params, extra) : hipErrorInvalidHandle;
}

static hipError_t launch_host(const void *host, const struct shape *s, hipStream_t stream, void **params) {
    struct function *f;
    HIP_TRY(registered_function(host, &f));
    return launch(f, s, stream, params, NULL);
}

/* With events before and after it. Exactly one of handle and host is not null. */
static hipError_t launch_between(hipFunction_t handle, const void *host, const struct shape *s,
                                 hipStream_t stream, void **params, void **extra, hipEvent_t start,
                                 hipEvent_t stop) {
    if (start) HIP_TRY(event_record(start, stream));
    HIP_TRY(handle ? launch_handle(handle, s, stream, params, extra) : launch_host(host, s, stream, params));
    return stop ? event_record(stop, stream) : hipSuccess;
}

/* Attributes that change what a launch does; the others are advice. */
static hipError_t read_attributes(const struct launch_attribute *attributes, unsigned count,
                                  struct shape *s) {
    if (count && !attributes) return hipErrorInvalidValue;
    for (unsigned n = 0; n < count; n++) {
        int value;
        memcpy(&value, attributes[n].value, sizeof value);
        if (attributes[n].id == hipLaunchAttributeCooperative) s->cooperative = value != 0;
    }
    return hipSuccess;
}

static hipError_t launch_driver(const struct driver_launch *c, hipFunction_t function, void **params,
                                void **extra) {
    if (!c) return hipErrorInvalidValue;
    struct shape s = shape_of(c->grid, c->block, c->lds_bytes);
    HIP_TRY(read_attributes(c->attributes, c->attribute_count, &s));
    return launch_handle(function, &s, c->stream, params, extra);
}

static hipError_t launch_config(const struct launch_config *c, const void *host, void **params) {
    if (!c) return hipErrorInvalidValue;
    struct shape s = shape_of(c->grid, c->block, c->lds_bytes);
    HIP_TRY(read_attributes(c->attributes, c->attribute_count, &s));
    return launch_host(host, &s, c->stream, params);
}

hipError_t hipModuleLaunchKernel(hipFunction_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                 unsigned block_x, unsigned block_y, unsigned block_z, unsigned lds_bytes,
                                 hipStream_t stream, void **params, void **extra) {
    struct shape s = shape_of((dim3){grid_x, grid_y, grid_z}, (dim3){block_x, block_y, block_z}, lds_bytes);
    CALL(CALL_QUEUE, launch_handle(function, &s, stream, params, extra));
}

hipError_t hipModuleLaunchCooperativeKernel(hipFunction_t function, unsigned grid_x, unsigned grid_y,
                                            unsigned grid_z, unsigned block_x, unsigned block_y,
                                            unsigned block_z, unsigned lds_bytes, hipStream_t stream,
                                            void **params) {
    struct shape s = shape_of((dim3){grid_x, grid_y, grid_z}, (dim3){block_x, block_y, block_z}, lds_bytes);
    s.cooperative = true;
    CALL(CALL_QUEUE, launch_handle(function, &s, stream, params, NULL));
}

hipError_t hipDrvLaunchKernelEx(const struct driver_launch *config, hipFunction_t function, void **params,
                                void **extra) {
    CALL(CALL_QUEUE, launch_driver(config, function, params, extra));
}

hipError_t hipLaunchKernelExC(const struct launch_config *config, const void *host, void **params) {
    CALL(CALL_QUEUE, launch_config(config, host, params));
}

hipError_t hipLaunchKernel(const void *host, dim3 grid, dim3 block, void **params, size_t lds_bytes,
                           hipStream_t stream) {
    struct shape s = shape_of(grid, block, lds_bytes);
    CALL(CALL_QUEUE, launch_host(host, &s, stream, params));
}

hipError_t hipLaunchCooperativeKernel(const void *host, dim3 grid, dim3 block, void **params,
                                      unsigned lds_bytes, hipStream_t stream) {
    struct shape s = shape_of(grid, block, lds_bytes);
    s.cooperative = true;
    CALL(CALL_QUEUE, launch_host(host, &s, stream, params));
}

hipError_t hipExtLaunchKernel(const void *host, dim3 grid, dim3 block, void **params, size_t lds_bytes,
                              hipStream_t stream, hipEvent_t start, hipEvent_t stop, int flags) {
    struct shape s = shape_of(grid, block, lds_bytes);
    (void)flags; /* allows any order of kernels, of which submission's is one */
    CALL(CALL_QUEUE, launch_between(NULL, host, &s, stream, params, NULL, start, stop));
}

hipError_t hipExtModuleLaunchKernel(hipFunction_t function, uint32_t items_x, uint32_t items_y,
                                    uint32_t items_z, uint32_t block_x, uint32_t block_y, uint32_t block_z,
                                    size_t lds_bytes, hipStream_t stream, void **params, void **extra,
                                    hipEvent_t start, hipEvent_t stop, uint32_t flags) {
    struct shape s = {{items_x, items_y, items_z}, {block_x, block_y, block_z}, lds_bytes, false};
    (void)flags; /* as above */
    if (!function) CALL(CALL_QUEUE, hipErrorInvalidHandle);
    CALL(CALL_QUEUE, launch_between(function, NULL, &s, stream, params, extra, start, stop));
}
