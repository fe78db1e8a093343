/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What programs ask and set of devices beyond their properties: peers, PCI places, limits, preferences. */
#include <stdio.h>
#include <string.h>

#include "runtime.h"

/* ---- peers: all cards have the same addresses, and reach each other's memory ----------------------------- */

static bool peer_enabled[DEVICES_MAX][DEVICES_MAX]; /* by the program: [from][to] */
static unsigned device_flags[DEVICES_MAX];

static hipError_t can_access(int *out, int device, int peer) {
    if (!out) return hipErrorInvalidValue;
    if (!is_device(device) || !is_device(peer)) return hipErrorInvalidDevice;
    *out = device != peer;
    return hipSuccess;
}

static hipError_t enable(int peer, unsigned flags, bool on) {
    if (flags) return hipErrorInvalidValue;
    if (!is_device(peer) || (unsigned)peer == current_device()) return hipErrorInvalidDevice;
    bool *enabled = &peer_enabled[current_device()][peer];
    if (*enabled == on) return on ? hipErrorPeerAccessAlreadyEnabled : hipErrorPeerAccessNotEnabled;
    *enabled = on;
    return hipSuccess;
}

void settings_reset(void) {
    memset(peer_enabled, 0, sizeof peer_enabled);
    memset(device_flags, 0, sizeof device_flags);
}

hipError_t hipDeviceCanAccessPeer(int *can, int device, int peer) {
    CALL(CALL_QUEUE, can_access(can, device, peer));
}
hipError_t hipDeviceEnablePeerAccess(int peer, unsigned flags) {
    CALL(CALL_QUEUE, enable(peer, flags, true));
}
hipError_t hipDeviceDisablePeerAccess(int peer) { CALL(CALL_QUEUE, enable(peer, 0, false)); }

/* ---- where devices are ------------------------------------------------------------------------------------ */

enum { PCI_NAME_BYTES = 13 };

static void pci_name(char text[PCI_NAME_BYTES], unsigned device) {
    snprintf(text, PCI_NAME_BYTES, "0000:%02x:00.0", runtime.devices[device].card + 1);
}

static hipError_t put_pci(char *to, int bytes, int device) {
    char name[PCI_NAME_BYTES];
    if (!to || bytes < PCI_NAME_BYTES) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    pci_name(name, (unsigned)device);
    memcpy(to, name, sizeof name);
    return hipSuccess;
}

static hipError_t find_pci(int *device, const char *wanted) {
    char name[PCI_NAME_BYTES];
    if (!device || !wanted) return hipErrorInvalidValue;
    for (unsigned n = 0; n < runtime.device_count; n++) {
        pci_name(name, n);
        if (strcmp(name, wanted) != 0) continue;
        *device = (int)n;
        return hipSuccess;
    }
    return hipErrorInvalidValue;
}

static hipError_t put_uuid(char *to, int device) {
    char uuid[DEVICE_UUID_BYTES + 1];
    if (!to) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    device_uuid(runtime.devices[device].card, uuid);
    memcpy(to, uuid, DEVICE_UUID_BYTES);
    return hipSuccess;
}

static hipError_t capability(int *major, int *minor, int device) {
    if (!major || !minor) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    return sscanf(runtime.target->name, "gfx%2d%1d", major, minor) == 2 ? hipSuccess : hipErrorUnknown;
}

hipError_t hipDeviceGetPCIBusId(char *name, int bytes, int device) {
    CALL(CALL_QUEUE, put_pci(name, bytes, device));
}
hipError_t hipDeviceGetByPCIBusId(int *device, const char *name) { CALL(CALL_QUEUE, find_pci(device, name)); }
hipError_t hipDeviceGetUuid(void *uuid, int device) { CALL(CALL_QUEUE, put_uuid(uuid, device)); }
hipError_t hipDeviceComputeCapability(int *major, int *minor, int device) {
    CALL(CALL_QUEUE, capability(major, minor, device));
}

/* ---- limits and preferences ----------------------------------------------------------------------------- */

enum { LIMIT_STACK, LIMIT_PRINTF, LIMIT_HEAP, LIMIT_COUNT };

/* Scratch is what the kernel's metadata asks for; kernels have neither printf nor a heap here. */
static hipError_t limit(size_t *value, int which) {
    if (!value) return hipErrorInvalidValue;
    if (which < 0 || which >= LIMIT_COUNT) return hipErrorUnsupportedLimit;
    if (which != LIMIT_STACK) {
        log_sentence(
            "hipDeviceGetLimit: kernels have no printf and no malloc here, and so no limits of them");
        return hipErrorNotSupported;
    }
    *value = 1024;
    return hipSuccess;
}

/* A device has one configuration of its caches and of its LDS banks, whatever is preferred. */
static hipError_t prefer(int which, int count) {
    return which < 0 || which >= count ? hipErrorInvalidValue : hipSuccess;
}

static hipError_t put_zero(int *to) {
    if (!to) return hipErrorInvalidValue;
    *to = 0;
    return hipSuccess;
}

enum { FLAGS_KNOWN = 0x1f }; /* how to wait, whether to map pinned memory, and LDS beside local memory */

static hipError_t get_flags(unsigned *flags) {
    if (!flags) return hipErrorInvalidValue;
    *flags = device_flags[current_device()];
    return hipSuccess;
}

static hipError_t set_flags(unsigned flags) {
    if (flags & ~(unsigned)FLAGS_KNOWN) return hipErrorInvalidValue;
    device_flags[current_device()] = flags;
    return hipSuccess;
}

hipError_t hipDeviceGetLimit(size_t *value, int which) { CALL(CALL_QUEUE, limit(value, which)); }
hipError_t hipDeviceSetCacheConfig(int preference) { CALL(CALL_QUEUE, prefer(preference, 4)); }
hipError_t hipDeviceGetCacheConfig(int *preference) { CALL(CALL_QUEUE, put_zero(preference)); }
hipError_t hipDeviceSetSharedMemConfig(int preference) { CALL(CALL_QUEUE, prefer(preference, 3)); }
hipError_t hipDeviceGetSharedMemConfig(int *preference) { CALL(CALL_QUEUE, put_zero(preference)); }
hipError_t hipGetDeviceFlags(unsigned *flags) { CALL(CALL_QUEUE, get_flags(flags)); }
hipError_t hipSetDeviceFlags(unsigned flags) { CALL(CALL_QUEUE, set_flags(flags)); }
