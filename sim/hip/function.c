/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What is asked of kernels: attributes, and how many of their work-groups the card holds at once. */
#include <string.h>

#include "runtime.h"

enum { ISA_OF_TARGET = 110 }; /* what stands where CUDA has versions of PTX and of machine code */

struct function_attributes {
    int binary_version, cache_mode;
    size_t constant_bytes, scratch_bytes;
    int dynamic_lds_max, block_max, registers, carveout, ptx_version;
    size_t lds_bytes;
};
_Static_assert(sizeof(struct function_attributes) == 56, "hipFuncAttributes");

static int64_t dynamic_lds_max(const rdnasim_kernel_info *info) {
    return info->lds_bytes < LDS_MAX ? LDS_MAX - info->lds_bytes : 0;
}

static hipError_t one_attribute(int *value, int attribute, hipFunction_t handle) {
    struct function *f = handle_find(HANDLE_FUNCTION, handle);
    if (!value) return hipErrorInvalidValue;
    if (!f) return hipErrorInvalidHandle;
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(f->kernel);
    const int64_t values[] = {
        info.max_block,         /* HIP_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK */
        info.lds_bytes,         /* SHARED_SIZE_BYTES */
        0,                      /* CONST_SIZE_BYTES */
        info.scratch_bytes,     /* LOCAL_SIZE_BYTES */
        info.vgprs,             /* NUM_REGS */
        ISA_OF_TARGET,          /* PTX_VERSION */
        ISA_OF_TARGET,          /* BINARY_VERSION */
        0,                      /* CACHE_MODE_CA */
        dynamic_lds_max(&info), /* MAX_DYNAMIC_SHARED_SIZE_BYTES */
        0,                      /* PREFERRED_SHARED_MEMORY_CARVEOUT */
    };
    if (attribute < 0 || (size_t)attribute >= sizeof values / sizeof values[0]) return hipErrorInvalidValue;
    *value = (int)values[attribute];
    return hipSuccess;
}

static hipError_t all_attributes(struct function_attributes *out, const void *host) {
    struct function *f;
    if (!out) return hipErrorInvalidValue;
    HIP_TRY(registered_function(host, &f));
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(f->kernel);
    *out = (struct function_attributes){.binary_version = ISA_OF_TARGET,
                                        .scratch_bytes = info.scratch_bytes,
                                        .dynamic_lds_max = (int)dynamic_lds_max(&info),
                                        .block_max = (int)info.max_block,
                                        .registers = (int)info.vgprs,
                                        .ptx_version = ISA_OF_TARGET,
                                        .lds_bytes = info.lds_bytes};
    return hipSuccess;
}

enum { SET_DYNAMIC_LDS = 8, SET_CARVEOUT = 9 };

/* Every launch may have all of the LDS, so that there is nothing to set but values that are possible. */
static hipError_t set_attribute(const void *host, int attribute, int value) {
    struct function *f;
    HIP_TRY(registered_function(host, &f));
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(f->kernel);
    if (attribute == SET_DYNAMIC_LDS)
        return value < 0 || value > dynamic_lds_max(&info) ? hipErrorInvalidValue : hipSuccess;
    if (attribute == SET_CARVEOUT) return value < -1 || value > 100 ? hipErrorInvalidValue : hipSuccess;
    return hipErrorInvalidValue;
}

/* One size of cache and LDS: a preference among them changes nothing. */
static hipError_t set_preference(const void *host, int preference, int count) {
    struct function *f;
    HIP_TRY(registered_function(host, &f));
    return preference < 0 || preference >= count ? hipErrorInvalidValue : hipSuccess;
}

/* ---- occupancy ------------------------------------------------------------------------------------------ */

uint32_t groups_per_processor(const struct function *f, uint32_t items, size_t dynamic_lds_bytes) {
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(f->kernel);
    if (!items || items > info.max_block || dynamic_lds_bytes > LDS_MAX - info.lds_bytes) return 0;
    return rdnasim_resident_groups(runtime.target, &info, info.lds_bytes + (uint32_t)dynamic_lds_bytes,
                                   items);
}

static hipError_t active_groups(int *out, const struct function *f, int items, size_t lds_bytes) {
    if (!out || items <= 0) return hipErrorInvalidValue;
    *out = (int)groups_per_processor(f, (uint32_t)items, lds_bytes);
    return hipSuccess;
}

/* The largest block with the most waves at once, and a grid that fills the card with it. */
static hipError_t best_block(int *grid, int *block, const struct function *f, size_t lds_bytes, int limit) {
    if (!grid || !block || limit < 0) return hipErrorInvalidValue;
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(f->kernel);
    uint32_t most = limit && (uint32_t)limit < info.max_block ? (uint32_t)limit : info.max_block;
    uint32_t best = 0, best_items = 0, best_groups = 0;
    for (uint32_t items = most / info.wave_size * info.wave_size; items; items -= info.wave_size) {
        uint32_t groups = groups_per_processor(f, items, lds_bytes);
        if (groups * items <= best) continue;
        best = groups * items;
        best_items = items;
        best_groups = groups;
    }
    if (!best) return hipErrorInvalidValue;
    *block = (int)best_items;
    *grid = (int)(best_groups * (runtime.card->compute_units / 2));
    return hipSuccess;
}

static hipError_t host_groups(int *out, const void *host, int items, size_t lds_bytes) {
    struct function *f;
    HIP_TRY(registered_function(host, &f));
    return active_groups(out, f, items, lds_bytes);
}

static hipError_t handle_groups(int *out, hipFunction_t handle, int items, size_t lds_bytes) {
    struct function *f = handle_find(HANDLE_FUNCTION, handle);
    return f ? active_groups(out, f, items, lds_bytes) : hipErrorInvalidHandle;
}

static hipError_t host_block(int *grid, int *block, const void *host, size_t lds_bytes, int limit) {
    struct function *f;
    HIP_TRY(registered_function(host, &f));
    return best_block(grid, block, f, lds_bytes, limit);
}

static hipError_t handle_block(int *grid, int *block, hipFunction_t handle, size_t lds_bytes, int limit) {
    struct function *f = handle_find(HANDLE_FUNCTION, handle);
    return f ? best_block(grid, block, f, lds_bytes, limit) : hipErrorInvalidHandle;
}

hipError_t hipFuncGetAttribute(int *value, int attribute, hipFunction_t function) {
    CALL(CALL_QUEUE, one_attribute(value, attribute, function));
}
hipError_t hipFuncGetAttributes(void *attributes, const void *host) {
    CALL(CALL_QUEUE, all_attributes(attributes, host));
}
hipError_t hipFuncSetAttribute(const void *host, int attribute, int value) {
    CALL(CALL_QUEUE, set_attribute(host, attribute, value));
}
hipError_t hipFuncSetCacheConfig(const void *host, int preference) {
    CALL(CALL_QUEUE, set_preference(host, preference, 4));
}
hipError_t hipFuncSetSharedMemConfig(const void *host, int preference) {
    CALL(CALL_QUEUE, set_preference(host, preference, 3));
}
hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessor(int *groups, const void *host, int items,
                                                        size_t lds_bytes) {
    CALL(CALL_QUEUE, host_groups(groups, host, items, lds_bytes));
}
hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *groups, const void *host, int items,
                                                                 size_t lds_bytes, unsigned flags) {
    (void)flags; /* about caches that CUDA devices have */
    CALL(CALL_QUEUE, host_groups(groups, host, items, lds_bytes));
}
hipError_t hipOccupancyMaxPotentialBlockSize(int *grid, int *block, const void *host, size_t lds_bytes,
                                             int limit) {
    CALL(CALL_QUEUE, host_block(grid, block, host, lds_bytes, limit));
}
hipError_t hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(int *groups, hipFunction_t function, int items,
                                                              size_t lds_bytes) {
    CALL(CALL_QUEUE, handle_groups(groups, function, items, lds_bytes));
}
hipError_t hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *groups, hipFunction_t function,
                                                                       int items, size_t lds_bytes,
                                                                       unsigned flags) {
    (void)flags; /* as above */
    CALL(CALL_QUEUE, handle_groups(groups, function, items, lds_bytes));
}
hipError_t hipModuleOccupancyMaxPotentialBlockSize(int *grid, int *block, hipFunction_t function,
                                                   size_t lds_bytes, int limit) {
    CALL(CALL_QUEUE, handle_block(grid, block, function, lds_bytes, limit));
}
