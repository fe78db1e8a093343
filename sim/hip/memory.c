/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Device and pinned memory, copies and fills. */
#include <string.h>
#include <sys/mman.h>

#include "runtime.h"

#define POISON 0xff /* of fresh memory: NaN in every float type */
#define POISON_MAX                                                                                           \
    (1u << 28) /* larger blocks stay as the host gives them, so that their pages cost nothing */
#define PAGE 4096u

static size_t card_bytes(void) { return (size_t)runtime.card->memory_gib << 30; }

/* ---- allocations -------------------------------------------------------------------------------------- */

/* Makes the block's host memory visible to kernels. */
static hipError_t bind(struct allocation *a) {
    static const char *const names[] = {"hipMalloc", "hipHostMalloc", "hipHostRegister"};
    rdnasim_report report;
    bool fault;
    rdnasim_status status = rdnasim_bind(runtime.sim, a->host, a->bytes, RDNASIM_READ | RDNASIM_WRITE,
                                         names[a->kind], &a->address, &report);
    if (status == RDNASIM_OK && a->kind == MEMORY_DEVICE) {
        status = rdnasim_mark(runtime.sim, a->address, a->bytes, 0, &report);
        if (status != RDNASIM_OK) rdnasim_unbind(runtime.sim, a->address, NULL);
    }
    return status == RDNASIM_OK ? hipSuccess : error_from_report(&report, &fault);
}

static hipError_t map(struct allocation *a) {
    a->mapped = (a->bytes + PAGE - 1) / PAGE * PAGE;
    a->host =
        mmap(NULL, a->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (a->host == MAP_FAILED) return hipErrorOutOfMemory;
    if (a->bytes <= POISON_MAX) memset(a->host, POISON, a->bytes);
    hipError_t code = bind(a);
    if (code) munmap(a->host, a->mapped);
    return code;
}

static hipError_t allocate(void **pointer, size_t bytes, enum allocation_kind kind) {
    if (!pointer) return hipErrorInvalidValue;
    *pointer = NULL;
    if (!bytes) return hipSuccess;
    if (bytes > card_bytes() - (kind == MEMORY_DEVICE ? runtime.used : 0)) return hipErrorOutOfMemory;
    struct allocation *a = handle_new(HANDLE_ALLOCATION, sizeof *a);
    if (!a) return hipErrorOutOfMemory;
    a->kind = kind;
    a->bytes = bytes;
    hipError_t code = map(a);
    if (code) {
        handle_free(HANDLE_ALLOCATION, a);
        return code;
    }
    if (kind == MEMORY_DEVICE) runtime.used += a->mapped;
    *pointer = kind == MEMORY_DEVICE ? (void *)(uintptr_t)a->address : a->host;
    return hipSuccess;
}

static void release(struct allocation *a) {
    if (a->kind == MEMORY_DEVICE) runtime.used -= a->mapped;
    rdnasim_unbind(runtime.sim, a->address, NULL);
    if (a->mapped) munmap(a->host, a->mapped);
    handle_free(HANDLE_ALLOCATION, a);
}

static uint64_t program_address(const struct allocation *a) {
    return a->kind == MEMORY_DEVICE ? a->address : (uint64_t)(uintptr_t)a->host;
}

static hipError_t release_at(const void *pointer, enum allocation_kind kind) {
    if (!pointer) return runtime.sticky;
    for (struct handle *h = handle_first(HANDLE_ALLOCATION); h; h = h->next) {
        struct allocation *a = (struct allocation *)h;
        if (a->kind != kind || program_address(a) != (uint64_t)(uintptr_t)pointer) continue;
        release(a);
        return runtime.sticky;
    }
    return kind == MEMORY_REGISTERED ? hipErrorHostMemoryNotRegistered : hipErrorInvalidValue;
}

static hipError_t free_unsafe(const void *pointer, enum allocation_kind kind) {
    if (!runtime.sticky) HIP_TRY(capture_check_unsafe());
    return release_at(pointer, kind);
}

hipError_t memory_reset(void) {
    for (struct handle *h; (h = handle_first(HANDLE_ALLOCATION));) release((struct allocation *)h);
    return hipSuccess;
}

/* The allocation that holds the first of the bytes, by its simulated or its pinned address, or null. */
static struct allocation *holder(const void *pointer, uint64_t *offset) {
    for (struct handle *h = handle_first(HANDLE_ALLOCATION); h; h = h->next) {
        struct allocation *a = (struct allocation *)h;
        uint64_t at = (uint64_t)(uintptr_t)pointer;
        *offset = at - a->address;
        if (*offset < a->bytes) return a;
        *offset = at - program_address(a);
        if (*offset < a->bytes) return a;
    }
    return NULL;
}

static hipError_t register_host(void *host, size_t bytes) {
    if (!host || !bytes || (uintptr_t)host + bytes < (uintptr_t)host) return hipErrorInvalidValue;
    for (struct handle *h = handle_first(HANDLE_ALLOCATION); h; h = h->next) {
        const struct allocation *a = (struct allocation *)h;
        uint64_t from = program_address(a), at = (uint64_t)(uintptr_t)host;
        if (at < from + a->bytes && from < at + bytes) return hipErrorHostMemoryAlreadyRegistered;
    }
    struct allocation *a = handle_new(HANDLE_ALLOCATION, sizeof *a);
    if (!a) return hipErrorOutOfMemory;
    a->kind = MEMORY_REGISTERED;
    a->host = host;
    a->bytes = bytes;
    hipError_t code = bind(a);
    if (code) handle_free(HANDLE_ALLOCATION, a);
    return code;
}

static hipError_t device_pointer(void **device, const void *host, unsigned flags) {
    uint64_t offset;
    if (!device || flags) return hipErrorInvalidValue;
    struct allocation *a = holder(host, &offset);
    if (!a || a->kind == MEMORY_DEVICE) return hipErrorInvalidValue;
    *device = (void *)(uintptr_t)(a->address + offset);
    return hipSuccess;
}

static hipError_t memory_info(size_t *free_bytes, size_t *total) {
    if (!free_bytes || !total) return hipErrorInvalidValue;
    *total = card_bytes();
    *free_bytes = card_bytes() - runtime.used;
    return hipSuccess;
}

static hipError_t allocate_queued(void **pointer, size_t bytes, hipStream_t handle) {
    struct stream *stream;
    HIP_TRY(stream_find(handle, &stream));
    if (stream && stream->capture) return capture_check_stream(stream);
    return allocate(pointer, bytes, MEMORY_DEVICE);
}
static hipError_t free_queued(void *pointer, hipStream_t handle) {
    struct stream *stream;
    HIP_TRY(stream_find(handle, &stream));
    if (stream && stream->capture) return capture_check_stream(stream);
    return release_at(pointer, MEMORY_DEVICE);
}

hipError_t hipMalloc(void **pointer, size_t bytes) {
    CALL(CALL_UNSAFE, allocate(pointer, bytes, MEMORY_DEVICE));
}
hipError_t hipFree(void *pointer) { CALL(CALL_RELEASE, free_unsafe(pointer, MEMORY_DEVICE)); }
hipError_t hipMallocAsync(void **pointer, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, allocate_queued(pointer, bytes, stream));
}
hipError_t hipFreeAsync(void *pointer, hipStream_t stream) {
    CALL(CALL_RELEASE, free_queued(pointer, stream));
}
hipError_t hipHostMalloc(void **pointer, size_t bytes, unsigned flags) {
    (void)flags; /* kinds of mapping and caching, which have no meaning here */
    CALL(CALL_UNSAFE, allocate(pointer, bytes, MEMORY_PINNED));
}
hipError_t hipHostFree(void *pointer) { CALL(CALL_RELEASE, free_unsafe(pointer, MEMORY_PINNED)); }
hipError_t hipHostRegister(void *host, size_t bytes, unsigned flags) {
    (void)flags; /* as in hipHostMalloc */
    CALL(CALL_UNSAFE, register_host(host, bytes));
}
hipError_t hipHostUnregister(void *host) { CALL(CALL_RELEASE, free_unsafe(host, MEMORY_REGISTERED)); }
hipError_t hipHostGetDevicePointer(void **device, void *host, unsigned flags) {
    CALL(CALL_QUEUE, device_pointer(device, host, flags));
}
hipError_t hipMemGetInfo(size_t *free_bytes, size_t *total) {
    CALL(CALL_QUEUE, memory_info(free_bytes, total));
}

/* ---- copies and fills --------------------------------------------------------------------------------- */

struct range {
    unsigned char *host;
    uint64_t address; /* 0 outside the device's memory */
};

/* Memory that is not the device's is the program's own, and taken as it is given. */
static hipError_t range(const void *pointer, size_t bytes, bool device, struct range *out) {
    uint64_t offset;
    if (!pointer) return hipErrorInvalidValue;
    struct allocation *a = holder(pointer, &offset);
    if (!a && device) return hipErrorInvalidValue;
    if (a && bytes > a->bytes - offset) return hipErrorInvalidValue;
    *out = (struct range){a ? (unsigned char *)a->host + offset : (unsigned char *)(uintptr_t)pointer,
                          a ? a->address + offset : 0};
    return hipSuccess;
}

static hipError_t copy_ranges(const struct node *n, struct range *to, struct range *from) {
    if (n->copy_kind < hipMemcpyHostToHost || n->copy_kind > hipMemcpyDefault)
        return hipErrorInvalidMemcpyDirection;
    bool to_device = n->copy_kind == hipMemcpyHostToDevice || n->copy_kind == hipMemcpyDeviceToDevice,
         from_device = n->copy_kind == hipMemcpyDeviceToHost || n->copy_kind == hipMemcpyDeviceToDevice;
    HIP_TRY(range(n->to, n->bytes, to_device, to));
    return range(n->from, n->bytes, from_device, from);
}

static hipError_t written(const struct range *r, size_t bytes) {
    rdnasim_report report;
    bool fault;
    if (!r->address || rdnasim_mark(runtime.sim, r->address, bytes, 1, &report) == RDNASIM_OK)
        return hipSuccess;
    return error_from_report(&report, &fault);
}

hipError_t copy_now(const struct node *n) {
    struct range to, from;
    HIP_TRY(copy_ranges(n, &to, &from));
    memmove(to.host, from.host, n->bytes);
    return written(&to, n->bytes);
}

hipError_t fill_now(const struct node *n) {
    struct range to;
    HIP_TRY(range(n->to, n->bytes, true, &to));
    if (n->value_bytes == 1)
        memset(to.host, (int)n->value, n->bytes);
    else
        for (size_t at = 0; at < n->bytes; at += n->value_bytes)
            memcpy(to.host + at, &n->value, n->value_bytes);
    return written(&to, n->bytes);
}

static hipError_t copy(void *to, const void *from, size_t bytes, int kind, hipStream_t stream) {
    if (!bytes) return hipSuccess;
    struct node n = {.kind = NODE_COPY, .to = to, .from = from, .bytes = bytes, .copy_kind = kind};
    struct range r[2];
    HIP_TRY(copy_ranges(&n, &r[0], &r[1]));
    return submit(&n, stream);
}

/* `value_bytes` low bytes of value, count times. */
static hipError_t fill(void *to, uint32_t value, uint32_t value_bytes, size_t count, hipStream_t stream) {
    if (!count) return hipSuccess;
    if (count > SIZE_MAX / value_bytes) return hipErrorInvalidValue;
    struct node n = {.kind = NODE_FILL,
                     .to = to,
                     .bytes = count * value_bytes,
                     .value = value,
                     .value_bytes = value_bytes};
    struct range r;
    HIP_TRY(range(to, n.bytes, true, &r));
    return submit(&n, stream);
}

static hipError_t copy_with(void *to, const void *from, size_t bytes, int kind, hipStream_t handle) {
    struct stream *stream;
    HIP_TRY(stream_find(handle, &stream));
    return copy(to, from, bytes, kind, handle);
}

hipError_t hipMemcpy(void *to, const void *from, size_t bytes, int kind) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, kind, NULL));
}
hipError_t hipMemcpyHtoD(void *to, const void *from, size_t bytes) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, hipMemcpyHostToDevice, NULL));
}
hipError_t hipMemcpyDtoH(void *to, const void *from, size_t bytes) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, hipMemcpyDeviceToHost, NULL));
}
hipError_t hipMemcpyDtoD(void *to, const void *from, size_t bytes) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, hipMemcpyDeviceToDevice, NULL));
}
hipError_t hipMemcpyWithStream(void *to, const void *from, size_t bytes, int kind, hipStream_t stream) {
    CALL(CALL_BLOCKING, copy_with(to, from, bytes, kind, stream));
}
hipError_t hipMemcpyAsync(void *to, const void *from, size_t bytes, int kind, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, kind, stream));
}
hipError_t hipMemcpyHtoDAsync(void *to, const void *from, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, hipMemcpyHostToDevice, stream));
}
hipError_t hipMemcpyDtoHAsync(void *to, const void *from, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, hipMemcpyDeviceToHost, stream));
}
hipError_t hipMemcpyDtoDAsync(void *to, const void *from, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, hipMemcpyDeviceToDevice, stream));
}
hipError_t hipMemset(void *to, int value, size_t bytes) {
    CALL(CALL_BLOCKING, fill(to, (unsigned char)value, 1, bytes, NULL));
}
hipError_t hipMemsetD8(void *to, unsigned char value, size_t count) {
    CALL(CALL_BLOCKING, fill(to, value, 1, count, NULL));
}
hipError_t hipMemsetD16(void *to, unsigned short value, size_t count) {
    CALL(CALL_BLOCKING, fill(to, value, 2, count, NULL));
}
hipError_t hipMemsetD32(void *to, int value, size_t count) {
    CALL(CALL_BLOCKING, fill(to, (uint32_t)value, 4, count, NULL));
}
hipError_t hipMemsetAsync(void *to, int value, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, fill(to, (unsigned char)value, 1, bytes, stream));
}
hipError_t hipMemsetD32Async(void *to, int value, size_t count, hipStream_t stream) {
    CALL(CALL_QUEUE, fill(to, (uint32_t)value, 4, count, stream));
}
