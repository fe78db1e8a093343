/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The hip device: the embedded code objects on an AMD GPU.
 *
 * Modules are loaded and functions looked up when a plan is made, so that a launch is one call of the
 * runtime: no lock, no allocation, no synchronisation, and therefore safe while a graph is captured. Making a
 * plan, like every allocation, is refused by the runtime during a capture; the error says so.
 */
#include "device/hip_api.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "after_fork.h"
#include "core/error.h"
#include "device/device.h"
#include "plan/family.h"

#define FAMILIES_MAX 16

/* The few codes that mean more than "failed". */
enum { HIP_OUT_OF_MEMORY = 2, HIP_NO_DEVICE = 100, HIP_STREAM_CAPTURE_UNSUPPORTED = 900 };

struct hip_state {
    struct hip_api api;
    int device;
    unsigned generation; /* of the process that opened it: after_fork.h */
    char target[16];
    pthread_mutex_t lock; /* of the list of loaded modules */
    struct {
        const char *name;
        hip_module module;
    } families[FAMILIES_MAX];
    int family_count;
};

static w4a16_status failed(const struct hip_state *s, const char *call, hip_error code, w4a16_error *error) {
    w4a16_status status = code == HIP_OUT_OF_MEMORY ? W4A16_OUT_OF_MEMORY
                          : code == HIP_NO_DEVICE   ? W4A16_NO_DEVICE
                                                    : W4A16_DEVICE_FAULT;
    return w4a16_fail(error, status, "hip: %s failed with %s (%d)%s", call, s->api.hipGetErrorName(code),
                      code,
                      code == HIP_STREAM_CAPTURE_UNSUPPORTED
                          ? ": a stream is being captured; allocate, pack and plan before the capture begins"
                          : "");
}

#define HIP(call, ...)                                                                                       \
    do {                                                                                                     \
        hip_error code_ = s->api.call(__VA_ARGS__);                                                          \
        if (code_) return failed(s, #call, code_, error);                                                    \
    } while (0)

/* The runtime's threads and its connection to the card do not live on in a forked child. */
static w4a16_status check_process(const struct hip_state *s, w4a16_error *error) {
    FAIL_IF(
        s->generation != after_fork_generation(), error, W4A16_NO_DEVICE,
        "hip: the device was opened before this process was forked, and a HIP runtime does not live on in "
        "a child: open devices after the fork, or start processes anew (spawn)");
    return W4A16_OK;
}

/*
 * Calls act on the thread's current device. The caller's own choice is put back, so that using this library
 * changes nothing for the rest of the program.
 */
static w4a16_status on_device(const struct hip_state *s, int *before, w4a16_error *error) {
    TRY(check_process(s, error));
    HIP(hipGetDevice, before);
    if (*before != s->device) HIP(hipSetDevice, s->device);
    return W4A16_OK;
}
static void back(const struct hip_state *s, int before) {
    if (before != s->device) s->api.hipSetDevice(before);
}

#define ON_DEVICE(body)                                                                                      \
    do {                                                                                                     \
        int before_;                                                                                         \
        TRY(on_device(s, &before_, error));                                                                  \
        w4a16_status result_ = body;                                                                         \
        back(s, before_);                                                                                    \
        return result_;                                                                                      \
    } while (0)

static void hip_close(void *state) {
    struct hip_state *s = state;
    int before;
    if (s->family_count && on_device(s, &before, NULL) == W4A16_OK) {
        for (int n = 0; n < s->family_count; n++) s->api.hipModuleUnload(s->families[n].module);
        back(s, before);
    }
    hip_api_close(&s->api);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static w4a16_status read_properties(struct hip_state *s, const w4a16_device_options *options,
                                    w4a16_device_info *info, w4a16_error *error) {
    _Alignas(16) char properties[HIP_PROPERTIES_BYTES] = {0};
    int count = 0, version = 0;
    HIP(hipInit, 0);
    HIP(hipGetDeviceCount, &count);
    FAIL_IF(options->index < 0 || options->index >= count, error, W4A16_NO_DEVICE,
            "hip: device %d does not exist; the runtime shows %d", options->index, count);
    s->device = options->index;
    HIP(hipGetDevicePropertiesR0600, properties, s->device);
    HIP(hipRuntimeGetVersion, &version);
    const char *arch = properties + HIP_PROPERTIES_ARCH;
    snprintf(s->target, sizeof s->target, "%.*s", (int)strcspn(arch, ":"), arch);
    snprintf(info->name, sizeof info->name, "%.*s", (int)sizeof info->name - 1,
             properties + HIP_PROPERTIES_NAME);
    snprintf(info->target, sizeof info->target, "%s", s->target);
    snprintf(info->runtime, sizeof info->runtime, "HIP %d.%d.%d (%.60s)", version / 10000000,
             version / 100000 % 100, version % 100000, s->api.path);
    FAIL_IF(options->target && strcmp(options->target, s->target) != 0, error, W4A16_NO_DEVICE,
            "hip: device %d is %s, not the %s that was asked for", s->device, s->target, options->target);
    char targets[160];
    kernel_targets(targets, sizeof targets);
    FAIL_IF(!kernel_arch(s->target), error, W4A16_UNSUPPORTED,
            "hip: device %d is %s; there are kernels for %s", s->device, s->target, targets);
    return W4A16_OK;
}

static w4a16_status hip_open(const w4a16_device_options *options, struct pool *pool, void **state,
                             w4a16_device_info *info, w4a16_error *error) {
    (void)pool;
    struct hip_state *s = calloc(1, sizeof *s);
    FAIL_IF(!s, error, W4A16_OUT_OF_MEMORY, "hip: out of memory");
    s->generation = after_fork_generation();
    pthread_mutex_init(&s->lock, NULL);
    w4a16_status status = hip_api_open(&s->api, error);
    if (status == W4A16_OK) status = read_properties(s, options, info, error);
    if (status == W4A16_OK)
        *state = s;
    else
        hip_close(s);
    return status;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void *pointer(w4a16_address address) { return (void *)(uintptr_t)address; }

static w4a16_status alloc_here(const struct hip_state *s, size_t bytes, w4a16_address *out,
                               w4a16_error *error) {
    void *memory;
    HIP(hipMalloc, &memory, bytes);
    *out = (w4a16_address)(uintptr_t)memory;
    return W4A16_OK;
}
static w4a16_status free_here(const struct hip_state *s, w4a16_address address, w4a16_error *error) {
    HIP(hipFree, pointer(address));
    return W4A16_OK;
}
static w4a16_status copy_here(const struct hip_state *s, void *to, const void *from, size_t bytes, int kind,
                              w4a16_error *error) {
    HIP(hipMemcpy, to, from, bytes, kind);
    return W4A16_OK;
}

static w4a16_status hip_alloc(void *state, size_t bytes, w4a16_address *out, w4a16_error *error) {
    const struct hip_state *s = state;
    ON_DEVICE(alloc_here(s, bytes, out, error));
}
static w4a16_status hip_free(void *state, w4a16_address address, w4a16_error *error) {
    const struct hip_state *s = state;
    ON_DEVICE(free_here(s, address, error));
}
static w4a16_status hip_copy_to(void *state, w4a16_address to, const void *from, size_t bytes,
                                w4a16_error *error) {
    const struct hip_state *s = state;
    ON_DEVICE(copy_here(s, pointer(to), from, bytes, HIP_MEMCPY_HOST_TO_DEVICE, error));
}
static w4a16_status hip_copy_from(void *state, void *to, w4a16_address from, size_t bytes,
                                  w4a16_error *error) {
    const struct hip_state *s = state;
    ON_DEVICE(copy_here(s, to, pointer(from), bytes, HIP_MEMCPY_DEVICE_TO_HOST, error));
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

/* The loaded module of a family; the lock is held and the device is current. */
static w4a16_status load_family(struct hip_state *s, const char *name, hip_module *out, w4a16_error *error) {
    for (int n = 0; n < s->family_count; n++)
        if (strcmp(s->families[n].name, name) == 0) {
            *out = s->families[n].module;
            return W4A16_OK;
        }
    struct kernel_object object;
    FAIL_IF(s->family_count == FAMILIES_MAX || !kernel_object_find(s->target, name, &object), error,
            W4A16_UNSUPPORTED, "hip: no code object %s for %s", name, s->target);
    HIP(hipModuleLoadData, out, object.bytes);
    s->families[s->family_count].name = name;
    s->families[s->family_count++].module = *out;
    return W4A16_OK;
}

static w4a16_status prepare_here(struct hip_state *s, const struct kernel_row *row, const void **handle,
                                 w4a16_error *error) {
    hip_module module;
    hip_function function;
    pthread_mutex_lock(&s->lock);
    w4a16_status status = load_family(s, row->family->name, &module, error);
    pthread_mutex_unlock(&s->lock);
    if (status != W4A16_OK) return status;
    HIP(hipModuleGetFunction, &function, module, row->name);
    *handle = function;
    return W4A16_OK;
}

static w4a16_status hip_prepare(void *state, const struct kernel_row *row, const void **handle,
                                w4a16_error *error) {
    struct hip_state *s = state;
    ON_DEVICE(prepare_here(s, row, handle, error));
}

static w4a16_status launch_here(const struct hip_state *s, const void *handle, const struct plan_step *step,
                                const unsigned char *kernarg, void *stream, w4a16_error *error) {
    size_t bytes = step->kernarg_bytes;
    void *extra[] = {HIP_LAUNCH_BUFFER_POINTER, (void *)(uintptr_t)kernarg, HIP_LAUNCH_BUFFER_SIZE, &bytes,
                     HIP_LAUNCH_END};
    HIP(hipModuleLaunchKernel, (hip_function)(uintptr_t)handle, step->grid[0], step->grid[1], step->grid[2],
        step->block[0], step->block[1], step->block[2], step->lds_bytes, stream, NULL, extra);
    return W4A16_OK;
}

/* A stream belongs to a device; the default stream means that of whichever device is current. */
static w4a16_status hip_launch(void *state, const void *handle, const struct plan_step *step,
                               const unsigned char *kernarg, void *stream, w4a16_run_stats *stats,
                               w4a16_error *error) {
    (void)stats;
    const struct hip_state *s = state;
    if (stream) {
        TRY(check_process(s, error));
        return launch_here(s, handle, step, kernarg, stream, error);
    }
    ON_DEVICE(launch_here(s, handle, step, kernarg, stream, error));
}

const struct backend hip_backend = {.api_version = BACKEND_API_VERSION,
                                    .kind = W4A16_DEVICE_HIP,
                                    .open = hip_open,
                                    .close = hip_close,
                                    .alloc = hip_alloc,
                                    .free = hip_free,
                                    .copy_to = hip_copy_to,
                                    .copy_from = hip_copy_from,
                                    .prepare = hip_prepare,
                                    .launch = hip_launch};
