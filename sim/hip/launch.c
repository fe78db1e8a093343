/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Kernel launches: shapes, arguments in both of their forms, and what a fault becomes. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

hipError_t launch_now(const struct node *n) {
    if (!handle_find(HANDLE_FUNCTION, n->function))
        return hipErrorInvalidHandle; /* its module was unloaded */
    rdnasim_launch launch = n->launch;
    launch.kernarg = n->kernarg;
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

enum { BLOCK_MAX = 1024, LDS_MAX = 65536 }; /* of a work-group */
enum { GROUPS_MAX_YZ = 65535 };             /* as HIP says of RDNA3, and its newer runtimes insist */

struct shape {
    uint64_t items[3];
    uint32_t block[3];
    size_t lds_bytes;
};

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

static hipError_t launch(hipFunction_t handle, const struct shape *s, hipStream_t stream, void **params,
                         void **extra) {
    struct function *f = handle_find(HANDLE_FUNCTION, handle);
    struct stream *found;
    if (!f) return hipErrorInvalidHandle;
    HIP_TRY(stream_find(stream, &found));
    rdnasim_kernel_info info = rdnasim_get_kernel_info(f->kernel);
    HIP_TRY(check_shape(s, &info));
    struct node *n = calloc(1, sizeof *n + info.explicit_bytes);
    if (!n) return hipErrorOutOfMemory;
    n->kind = NODE_LAUNCH;
    n->function = f;
    rdnasim_launch_init(&n->launch);
    for (int d = 0; d < 3; d++) {
        n->launch.grid[d] = (uint32_t)s->items[d];
        n->launch.block[d] = s->block[d];
    }
    n->launch.dynamic_lds_bytes = (uint32_t)s->lds_bytes;
    hipError_t code = arguments(&info, params, extra, n->kernarg, &n->launch.kernarg_bytes);
    if (!code) code = submit(n, stream);
    free(n);
    return code;
}

static hipError_t launch_between(hipFunction_t function, const struct shape *s, hipStream_t stream,
                                 void **params, void **extra, hipEvent_t start, hipEvent_t stop) {
    if (start) HIP_TRY(event_record(start, stream));
    HIP_TRY(launch(function, s, stream, params, extra));
    return stop ? event_record(stop, stream) : hipSuccess;
}

hipError_t hipModuleLaunchKernel(hipFunction_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                 unsigned block_x, unsigned block_y, unsigned block_z, unsigned lds_bytes,
                                 hipStream_t stream, void **params, void **extra) {
    struct shape s = {{(uint64_t)grid_x * block_x, (uint64_t)grid_y * block_y, (uint64_t)grid_z * block_z},
                      {block_x, block_y, block_z},
                      lds_bytes};
    CALL(CALL_QUEUE, launch(function, &s, stream, params, extra));
}

hipError_t hipExtModuleLaunchKernel(hipFunction_t function, uint32_t items_x, uint32_t items_y,
                                    uint32_t items_z, uint32_t block_x, uint32_t block_y, uint32_t block_z,
                                    size_t lds_bytes, hipStream_t stream, void **params, void **extra,
                                    hipEvent_t start, hipEvent_t stop, uint32_t flags) {
    struct shape s = {{items_x, items_y, items_z}, {block_x, block_y, block_z}, lds_bytes};
    (void)flags; /* allows any order of kernels, of which submission's is one */
    CALL(CALL_QUEUE, launch_between(function, &s, stream, params, extra, start, stop));
}
