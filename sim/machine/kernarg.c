/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a runtime writes for a kernel before a launch: hidden arguments and the dispatch packet. */
#include <string.h>

#include "simulator.h"

enum hidden_value {
    BLOCK_COUNT,  /* full work-groups in a dimension */
    GROUP_SIZE,   /* work-items of a full work-group */
    REMAINDER,    /* work-items of the partial work-group at the end, 0 if there is none */
    GRID_DIMS,    /* dimensions in use */
    DYNAMIC_LDS,  /* bytes */
    PRIVATE_BASE, /* high halves of the flat apertures */
    SHARED_BASE,
    QUEUE_ADDRESS,
    SERVICE /* an address at which nothing is, and of which a fault says what the kernel wanted there */
};

/* What kernels ask of a host that answers while they run, or of a heap. A kernel that has the argument, but does not come to use it, runs. */
static const char *const services[] = {"hostcall, by which a kernel's printf and assert reach the host",
                                       "the buffer of a kernel's printf", "the heap of a kernel's malloc",
                                       "the queue of kernels that launch kernels"};
#define SERVICES (UINT64_C(3) << 48) /* each has 4 GiB of addresses there */

/* Hidden arguments that are not listed (global offsets, ...) stay zero. */
static const struct {
    const char *kind;
    enum hidden_value value;
    unsigned dimension;
} hidden_arguments[] = {
    {"hidden_block_count_x", BLOCK_COUNT, 0},
    {"hidden_block_count_y", BLOCK_COUNT, 1},
    {"hidden_block_count_z", BLOCK_COUNT, 2},
    {"hidden_group_size_x", GROUP_SIZE, 0},
    {"hidden_group_size_y", GROUP_SIZE, 1},
    {"hidden_group_size_z", GROUP_SIZE, 2},
    {"hidden_remainder_x", REMAINDER, 0},
    {"hidden_remainder_y", REMAINDER, 1},
    {"hidden_remainder_z", REMAINDER, 2},
    {"hidden_grid_dims", GRID_DIMS, 0},
    {"hidden_dynamic_lds_size", DYNAMIC_LDS, 0},
    {"hidden_private_base", PRIVATE_BASE, 0},
    {"hidden_shared_base", SHARED_BASE, 0},
    {"hidden_queue_ptr", QUEUE_ADDRESS, 0},
    {"hidden_hostcall_buffer", SERVICE, 0},
    {"hidden_printf_buffer", SERVICE, 1},
    {"hidden_heap_v1", SERVICE, 2},
    {"hidden_default_queue", SERVICE, 3},
    {"hidden_completion_action", SERVICE, 3},
};

static unsigned grid_dimensions(const rdnasim_launch *launch) {
    return launch->grid[2] > 1 ? 3 : launch->grid[1] > 1 ? 2 : 1;
}

static uint64_t hidden_value(enum hidden_value value, unsigned d, const rdnasim_launch *launch,
                             uint64_t queue_address) {
    switch (value) {
    case BLOCK_COUNT: return launch->grid[d] / launch->block[d];
    case GROUP_SIZE: return launch->block[d];
    case REMAINDER: return launch->grid[d] % launch->block[d];
    case GRID_DIMS: return grid_dimensions(launch);
    case DYNAMIC_LDS: return launch->dynamic_lds_bytes;
    case PRIVATE_BASE: return APERTURE_PRIVATE >> 32;
    case SHARED_BASE: return APERTURE_SHARED >> 32;
    case QUEUE_ADDRESS: return queue_address;
    case SERVICE: return SERVICES + ((uint64_t)d << 32);
    }
    return 0;
}

const char *kernarg_service(uint64_t address) {
    uint64_t n = (address - SERVICES) >> 32;
    return address >= SERVICES && n < sizeof services / sizeof services[0] ? services[n] : NULL;
}

void kernarg_fill(unsigned char *segment, const rdnasim_kernel *kernel, const rdnasim_launch *launch,
                  uint64_t queue_address) {
    const rdnasim_kernel_info *info = &kernel->info;
    if (info->explicit_bytes) memcpy(segment, launch->kernarg, info->explicit_bytes);
    for (size_t a = 0; a < info->arg_count; a++) {
        const rdnasim_arg *arg = &info->args[a];
        for (size_t n = 0; n < sizeof hidden_arguments / sizeof hidden_arguments[0]; n++) {
            if (strcmp(arg->value_kind, hidden_arguments[n].kind) != 0) continue;
            uint64_t value =
                hidden_value(hidden_arguments[n].value, hidden_arguments[n].dimension, launch, queue_address);
            memcpy(segment + arg->offset, &value, arg->size < sizeof value ? arg->size : sizeof value);
        }
    }
}

void dispatch_packet_fill(unsigned char packet[DISPATCH_PACKET_BYTES], const rdnasim_kernel *kernel,
                          const rdnasim_launch *launch, uint64_t kernarg_address) {
    struct {
        uint16_t header, setup, workgroup_size[3], reserved;
        uint32_t grid_size[3], private_bytes, group_bytes;
        uint64_t kernel_object, kernarg_address, reserved2, completion_signal;
    } p = {.header = 2 /* kernel dispatch */,
           .setup = (uint16_t)grid_dimensions(launch),
           .private_bytes = kernel->info.scratch_bytes,
           .group_bytes = kernel->info.lds_bytes + launch->dynamic_lds_bytes,
           .kernarg_address = kernarg_address};
    for (unsigned d = 0; d < 3; d++) {
        p.workgroup_size[d] = (uint16_t)launch->block[d];
        p.grid_size[d] = launch->grid[d];
    }
    _Static_assert(sizeof p == DISPATCH_PACKET_BYTES, "an AQL packet has 64 bytes");
    memcpy(packet, &p, sizeof p);
}
