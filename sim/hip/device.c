/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The devices, their properties and attributes. */
#include <stdio.h>
#include <string.h>

#include "runtime.h"

#define HIP_VERSION 70125424 /* major * 10^7 + minor * 10^5 + patch */

/* What all cards share. */
enum {
    WAVE = 32,
    REGISTERS = 65536,
    WORK_ITEMS = 2048, /* of a work-group processor, which HIP calls a multiprocessor */
    GRID_MAX = 2147483647,
    GRID_MAX_YZ = 65536,
    PITCH_MAX = 2147483647,
    WALL_CLOCK_KHZ = 100000
};

static _Thread_local unsigned current;

unsigned current_device(void) { return current < runtime.device_count ? current : 0; }
bool is_device(int device) { return device >= 0 && (unsigned)device < runtime.device_count; }

void device_uuid(unsigned card, char text[DEVICE_UUID_BYTES + 1]) {
    snprintf(text, DEVICE_UUID_BYTES + 1, "%016x", card);
}

static size_t memory_bytes(void) { return (size_t)runtime.card->memory_gib << 30; }

/* hipDeviceProp_tR0600. Textures and surfaces, which compute code objects do not use, are left zero. */
struct hip_properties {
    char name[256];
    char uuid[16], luid[8];
    unsigned luid_node_mask;
    size_t total_memory, lds_per_block;
    int registers_per_block, wave_size;
    size_t pitch;
    int threads_per_block, block[3], grid[3], clock_khz;
    size_t constant_memory;
    int major, minor;
    size_t texture_alignment, texture_pitch_alignment;
    int device_overlap, multiprocessors, exec_timeout, integrated, can_map_host, compute_mode;
    int textures[26], surfaces[14];
    size_t surface_alignment;
    int concurrent_kernels, ecc, pci_bus, pci_device, pci_domain, tcc_driver, async_engines,
        unified_addressing;
    int memory_khz, memory_bus_bits, l2_bytes, persisting_l2_bytes, threads_per_multiprocessor;
    int stream_priorities, global_l1, local_l1;
    size_t lds_per_multiprocessor;
    int registers_per_multiprocessor, managed_memory, multi_gpu_board, multi_gpu_group, host_atomics;
    int double_ratio, pageable_access, concurrent_managed, preemption, host_pointer_registered;
    int cooperative, cooperative_multi;
    size_t lds_per_block_optin;
    int pageable_host_tables, direct_managed, blocks_per_multiprocessor, access_policy_window;
    size_t reserved_lds;
    int host_register, sparse_arrays, host_register_read_only, timeline_semaphores, memory_pools, rdma;
    unsigned rdma_flush;
    int rdma_ordering;
    unsigned pool_handles;
    int deferred_mapping, ipc_events, cluster_launch, unified_functions, reserved[63], hip_reserved[32];
    char arch[256];
    size_t lds_total;
    int clock_instruction_khz;
    unsigned features;
    unsigned *hdp_memory_flush, *hdp_register_flush;
    int unmatched[4], large_bar, asic_revision;
};
_Static_assert(offsetof(struct hip_properties, arch) == 1160, "gcnArchName of HIP 6 and 7");
_Static_assert(sizeof(struct hip_properties) == 1472, "hipDeviceProp_tR0600");

static void fill(struct hip_properties *p, unsigned device) {
    const rdnasim_target *c = runtime.card;
    char uuid[DEVICE_UUID_BYTES + 1];
    memset(p, 0, sizeof *p);
    device_uuid(runtime.devices[device].card, uuid);
    memcpy(p->uuid, uuid, sizeof p->uuid);
    p->pci_bus = (int)runtime.devices[device].card + 1;
    snprintf(p->name, sizeof p->name, "%s (simulated)", c->card);
    snprintf(p->arch, sizeof p->arch, "%s", runtime.target->name);
    p->total_memory = p->constant_memory = memory_bytes();
    if (p->constant_memory > PITCH_MAX) p->constant_memory = PITCH_MAX;
    p->lds_per_block = p->lds_per_multiprocessor = p->lds_per_block_optin = p->lds_total = c->group_lds_bytes;
    p->registers_per_block = p->registers_per_multiprocessor = REGISTERS;
    p->wave_size = WAVE;
    p->pitch = PITCH_MAX;
    p->threads_per_block = p->block[0] = p->block[1] = p->block[2] = BLOCK_MAX;
    p->grid[0] = GRID_MAX, p->grid[1] = p->grid[2] = GRID_MAX_YZ;
    p->clock_khz = (int)c->clock_mhz * 1000;
    p->memory_khz = (int)c->memory_clock_mhz * 1000;
    p->memory_bus_bits = (int)c->memory_bus_bits;
    p->l2_bytes = (int)c->l2_mib << 20;
    sscanf(runtime.target->name, "gfx%2d%1d", &p->major, &p->minor);
    p->texture_alignment = p->texture_pitch_alignment = 256;
    p->multiprocessors = (int)c->compute_units / 2;
    p->threads_per_multiprocessor = WORK_ITEMS;
    p->blocks_per_multiprocessor = 2;
    p->integrated = c->integrated;
    p->can_map_host = p->concurrent_kernels = p->unified_addressing = 1;
    p->memory_pools = p->managed_memory = p->concurrent_managed = p->host_register = 1;
    p->cooperative = !runtime.strict; /* there work-groups run one after the other */
    p->clock_instruction_khz = WALL_CLOCK_KHZ;
}

/* Attributes that are members of the properties, and those that are not. */
#define MEMBER(number, member)                                                                               \
    {number, offsetof(struct hip_properties, member), sizeof(((struct hip_properties *)0)->member)}
static const struct {
    int attribute;
    size_t offset, bytes;
} members[] = {
    MEMBER(0, ecc),
    MEMBER(2, async_engines),
    MEMBER(3, can_map_host),
    MEMBER(5, clock_khz),
    MEMBER(6, compute_mode),
    MEMBER(8, concurrent_kernels),
    MEMBER(9, concurrent_managed),
    MEMBER(10, cooperative),
    MEMBER(11, cooperative_multi),
    MEMBER(16, integrated),
    MEMBER(18, exec_timeout),
    MEMBER(19, l2_bytes),
    MEMBER(23, major),
    MEMBER(24, managed_memory),
    MEMBER(25, blocks_per_multiprocessor),
    MEMBER(26, block[0]),
    MEMBER(27, block[1]),
    MEMBER(28, block[2]),
    MEMBER(29, grid[0]),
    MEMBER(30, grid[1]),
    MEMBER(31, grid[2]),
    MEMBER(56, threads_per_block),
    MEMBER(57, threads_per_multiprocessor),
    MEMBER(58, pitch),
    MEMBER(59, memory_bus_bits),
    MEMBER(60, memory_khz),
    MEMBER(61, minor),
    MEMBER(63, multiprocessors),
    MEMBER(67, pci_bus),
    MEMBER(68, pci_device),
    MEMBER(69, pci_domain),
    MEMBER(71, registers_per_block),
    MEMBER(72, registers_per_multiprocessor),
    MEMBER(74, lds_per_block),
    MEMBER(75, lds_per_block_optin),
    MEMBER(76, lds_per_multiprocessor),
    MEMBER(78, stream_priorities),
    MEMBER(81, texture_alignment),
    MEMBER(83, constant_memory),
    MEMBER(84, total_memory),
    MEMBER(85, unified_addressing),
    MEMBER(87, wave_size),
    MEMBER(88, memory_pools),
    MEMBER(90, host_register),
    MEMBER(10000, clock_instruction_khz),
    MEMBER(10002, lds_total),
    MEMBER(10011, large_bar),
    MEMBER(10012, asic_revision),
};
enum { PHYSICAL_MULTIPROCESSORS = 10015, WALL_CLOCK_RATE = 10017 };

static hipError_t attribute(int *value, int number, int device) {
    if (!value) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    struct hip_properties p;
    fill(&p, (unsigned)device);
    if (number == PHYSICAL_MULTIPROCESSORS || number == WALL_CLOCK_RATE) {
        *value = number == WALL_CLOCK_RATE ? WALL_CLOCK_KHZ : p.multiprocessors;
        return hipSuccess;
    }
    for (size_t n = 0; n < sizeof members / sizeof members[0]; n++) {
        if (members[n].attribute != number) continue;
        uint64_t wide = 0;
        memcpy(&wide, (const char *)&p + members[n].offset, members[n].bytes);
        *value = wide > PITCH_MAX ? PITCH_MAX : (int)wide;
        return hipSuccess;
    }
    return hipErrorInvalidValue;
}

static hipError_t put(int *to, int value) {
    if (!to) return hipErrorInvalidValue;
    *to = value;
    return hipSuccess;
}

static hipError_t put_index(int *to, int ordinal) {
    if (!to) return hipErrorInvalidValue;
    return is_device(ordinal) ? put(to, ordinal) : hipErrorInvalidDevice;
}

static hipError_t put_name(char *to, int bytes, int device) {
    if (!to || bytes <= 0) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    snprintf(to, (size_t)bytes, "%s (simulated)", runtime.card->card);
    return hipSuccess;
}

static hipError_t put_memory(size_t *to, int device) {
    if (!to) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    *to = memory_bytes();
    return hipSuccess;
}

static hipError_t put_properties(struct hip_properties *to, int device) {
    if (!to) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    fill(to, (unsigned)device);
    return hipSuccess;
}

static hipError_t set(int device) {
    if (!is_device(device)) return hipErrorInvalidDevice;
    current = (unsigned)device;
    return hipSuccess;
}

static hipError_t reset(void) {
    captures_reset();
    modules_reset();
    registered_reset();
    settings_reset();
    runtime.sticky = hipSuccess;
    return memory_reset();
}

hipError_t hipInit(unsigned flags) { CALL(CALL_QUEUE, flags ? hipErrorInvalidValue : hipSuccess); }
hipError_t hipDriverGetVersion(int *version) { CALL(CALL_HOST, put(version, HIP_VERSION)); }
hipError_t hipRuntimeGetVersion(int *version) { CALL(CALL_HOST, put(version, HIP_VERSION)); }
hipError_t hipGetDeviceCount(int *count) {
    if (count) *count = 0; /* also where there is none, which is an error */
    CALL(CALL_QUEUE, put(count, (int)runtime.device_count));
}
hipError_t hipGetDevice(int *device) { CALL(CALL_QUEUE, put(device, (int)current_device())); }
hipError_t hipSetDevice(int device) { CALL(CALL_QUEUE, set(device)); }
hipError_t hipDeviceGet(int *device, int ordinal) { CALL(CALL_QUEUE, put_index(device, ordinal)); }
hipError_t hipDeviceGetName(char *name, int bytes, int device) {
    CALL(CALL_QUEUE, put_name(name, bytes, device));
}
hipError_t hipDeviceTotalMem(size_t *bytes, int device) { CALL(CALL_QUEUE, put_memory(bytes, device)); }
hipError_t hipDeviceGetAttribute(int *value, int number, int device) {
    CALL(CALL_QUEUE, attribute(value, number, device));
}
hipError_t hipGetDevicePropertiesR0600(void *properties, int device) {
    CALL(CALL_QUEUE, put_properties(properties, device));
}
hipError_t hipDeviceSynchronize(void) { CALL(CALL_BLOCKING, hipSuccess); }
hipError_t hipDeviceReset(void) { CALL(CALL_RELEASE, reset()); }
