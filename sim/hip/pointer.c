/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What is asked of pointers: whose memory they point to, and where that begins and ends. */
#include <string.h>

#include "runtime.h"

enum { TYPE_UNREGISTERED = 0, TYPE_HOST = 1, TYPE_DEVICE = 2, TYPE_MANAGED = 3 };

struct pointer_attributes {
    int type, device;
    void *device_pointer, *host_pointer;
    int managed;
    unsigned flags;
};
_Static_assert(sizeof(struct pointer_attributes) == 32, "hipPointerAttribute_t");

static int type_of(const struct allocation *a) {
    return a->kind == MEMORY_DEVICE ? TYPE_DEVICE : a->kind == MEMORY_MANAGED ? TYPE_MANAGED : TYPE_HOST;
}

static hipError_t all(struct pointer_attributes *out, const void *pointer) {
    uint64_t offset;
    if (!out || !pointer) return hipErrorInvalidValue;
    const struct allocation *a = allocation_at(pointer, &offset);
    *out =
        (struct pointer_attributes){.type = TYPE_UNREGISTERED, .device = -2}; /* as HIP says of such memory */
    if (!a) return hipSuccess;
    *out = (struct pointer_attributes){.type = type_of(a),
                                       .device = (int)a->device,
                                       .device_pointer = (void *)(uintptr_t)(a->address + offset),
                                       .managed = a->kind == MEMORY_MANAGED,
                                       .flags = a->flags};
    if (a->kind != MEMORY_DEVICE) out->host_pointer = (char *)a->host + offset;
    return hipSuccess;
}

enum {
    ATTRIBUTE_MEMORY_TYPE = 2,
    ATTRIBUTE_DEVICE_POINTER,
    ATTRIBUTE_HOST_POINTER,
    ATTRIBUTE_BUFFER_ID = 7,
    ATTRIBUTE_IS_MANAGED,
    ATTRIBUTE_DEVICE_ORDINAL,
    ATTRIBUTE_RANGE_START = 11,
    ATTRIBUTE_RANGE_SIZE,
    ATTRIBUTE_MAPPED
};

static hipError_t one(void *data, int attribute, const void *pointer) {
    uint64_t offset;
    if (!data || !pointer) return hipErrorInvalidValue;
    const struct allocation *a = allocation_at(pointer, &offset);
    if (!a) return hipErrorInvalidValue;
    bool host = a->kind != MEMORY_DEVICE;
    const uint64_t start = a->address;
    switch (attribute) {
    case ATTRIBUTE_MEMORY_TYPE: *(int *)data = type_of(a); break;
    case ATTRIBUTE_DEVICE_POINTER: *(uint64_t *)data = start + offset; break;
    case ATTRIBUTE_HOST_POINTER:
        if (!host) return hipErrorInvalidValue;
        *(void **)data = (char *)a->host + offset;
        break;
    case ATTRIBUTE_BUFFER_ID: *(unsigned *)data = (unsigned)(start / RDNASIM_ADDRESS_STEP); break;
    case ATTRIBUTE_IS_MANAGED: *(bool *)data = a->kind == MEMORY_MANAGED; break;
    case ATTRIBUTE_DEVICE_ORDINAL: *(int *)data = (int)a->device; break;
    case ATTRIBUTE_RANGE_START: *(uint64_t *)data = start; break;
    case ATTRIBUTE_RANGE_SIZE: *(size_t *)data = a->bytes; break;
    case ATTRIBUTE_MAPPED: *(bool *)data = true; break;
    default:
        log_sentence("hipPointerGetAttribute: attribute %d is not known here", attribute);
        return hipErrorNotSupported;
    }
    return hipSuccess;
}

static hipError_t several(unsigned count, const int *attributes, void **data, const void *pointer) {
    if (!count || !attributes || !data) return hipErrorInvalidValue;
    for (unsigned n = 0; n < count; n++) HIP_TRY(one(data[n], attributes[n], pointer));
    return hipSuccess;
}

static hipError_t extent(void **base, size_t *bytes, const void *pointer) {
    uint64_t offset;
    const struct allocation *a = allocation_at(pointer, &offset);
    if (!a) return hipErrorNotFound;
    if (base) *base = (void *)(uintptr_t)a->address;
    if (bytes) *bytes = a->bytes;
    return hipSuccess;
}

static hipError_t host_flags(unsigned *flags, const void *host) {
    uint64_t offset;
    const struct allocation *a = allocation_at(host, &offset);
    if (!flags || !a || (a->kind != MEMORY_PINNED && a->kind != MEMORY_REGISTERED))
        return hipErrorInvalidValue;
    *flags = a->flags;
    return hipSuccess;
}

hipError_t hipPointerGetAttributes(void *attributes, const void *pointer) {
    CALL(CALL_QUEUE, all(attributes, pointer));
}
hipError_t hipPointerGetAttribute(void *data, int attribute, void *pointer) {
    CALL(CALL_QUEUE, one(data, attribute, pointer));
}
hipError_t hipDrvPointerGetAttributes(unsigned count, int *attributes, void **data, void *pointer) {
    CALL(CALL_QUEUE, several(count, attributes, data, pointer));
}
hipError_t hipMemGetAddressRange(void **base, size_t *bytes, void *pointer) {
    CALL(CALL_QUEUE, extent(base, bytes, pointer));
}
hipError_t hipMemPtrGetInfo(void *pointer, size_t *bytes) {
    CALL(CALL_QUEUE, bytes ? extent(NULL, bytes, pointer) : hipErrorInvalidValue);
}
hipError_t hipHostGetFlags(unsigned *flags, void *host) { CALL(CALL_QUEUE, host_flags(flags, host)); }
