/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Device, pinned and managed memory. */
#include <string.h>
#include <sys/mman.h>

#include "runtime.h"

#define POISON 0xff /* of fresh memory: NaN in every float type */
#define POISON_MAX                                                                                           \
    (1u << 28) /* larger blocks stay as the host gives them, so that their pages cost nothing */
#define PAGE 4096u

static size_t card_bytes(void) { return (size_t)runtime.card->memory_gib << 30; }

/* ---- allocations -------------------------------------------------------------------------------------- */

/* Whether program and kernels know it by the same address. */
static bool is_shared(enum allocation_kind kind) { return kind == MEMORY_PINNED || kind == MEMORY_MANAGED; }

/* Makes the block's host memory visible to kernels. */
static hipError_t bind(struct allocation *a) {
    static const char *const names[] = {"hipMalloc", "hipHostMalloc", "hipHostRegister", "hipMallocManaged"};
    rdnasim_report report;
    bool fault;
    rdnasim_status status =
        rdnasim_bind(runtime.sim, a->host, a->bytes,
                     RDNASIM_READ | RDNASIM_WRITE | (is_shared(a->kind) ? RDNASIM_SAME_ADDRESS : 0),
                     names[a->kind], &a->address, &report);
    if (status == RDNASIM_OK && a->kind == MEMORY_DEVICE) {
        status = rdnasim_mark(runtime.sim, a->address, a->bytes, 0, &report);
        if (status != RDNASIM_OK) rdnasim_unbind(runtime.sim, a->address, NULL);
    }
    return status == RDNASIM_OK ? hipSuccess : error_from_report(&report, &fault);
}

static void *map_pages(void *at, size_t bytes) {
    void *pages = mmap(at, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static hipError_t map_anywhere(struct allocation *a) {
    a->host = map_pages(NULL, a->mapped);
    if (!a->host) return hipErrorOutOfMemory;
    hipError_t code = bind(a);
    if (code) munmap(a->host, a->mapped);
    return code;
}

/*
 * Where simulated addresses may be the host's own: between what sanitizers use and where Linux puts programs. The search
 * goes on where the last one ended, so that a freed address stays unused for long.
 */
#define SHARED_FIRST (UINT64_C(2048) * RDNASIM_ADDRESS_STEP)
#define SHARED_LAST  (UINT64_C(5120) * RDNASIM_ADDRESS_STEP)

static hipError_t map_shared(struct allocation *a) {
    static uint64_t next = SHARED_FIRST;
    uint64_t step = (a->mapped / RDNASIM_ADDRESS_STEP + 2) * RDNASIM_ADDRESS_STEP;
    for (unsigned tries = 0; tries < (SHARED_LAST - SHARED_FIRST) / RDNASIM_ADDRESS_STEP; tries++) {
        if (next + step > SHARED_LAST) next = SHARED_FIRST;
        a->host = map_pages((void *)(uintptr_t)next, a->mapped);
        next += step;
        if (!a->host) continue;
        if (!bind(a)) return hipSuccess;
        munmap(a->host, a->mapped);
    }
    return hipErrorOutOfMemory;
}

static hipError_t map(struct allocation *a) {
    a->mapped = (a->bytes + PAGE - 1) / PAGE * PAGE;
    HIP_TRY(is_shared(a->kind) ? map_shared(a) : map_anywhere(a));
    if (a->bytes <= POISON_MAX) memset(a->host, POISON, a->bytes);
    return hipSuccess;
}

hipError_t allocate(void **pointer, size_t bytes, enum allocation_kind kind, unsigned flags) {
    if (!pointer) return hipErrorInvalidValue;
    *pointer = NULL;
    if (!bytes) return hipSuccess;
    unsigned device = current_device();
    if (bytes > card_bytes() - (kind == MEMORY_DEVICE ? runtime.devices[device].used : 0))
        return hipErrorOutOfMemory;
    struct allocation *a = handle_new(HANDLE_ALLOCATION, sizeof *a);
    if (!a) return hipErrorOutOfMemory;
    a->kind = kind;
    a->bytes = bytes;
    a->flags = flags;
    a->device = device;
    hipError_t code = map(a);
    if (code) {
        handle_free(HANDLE_ALLOCATION, a);
        return code;
    }
    if (kind == MEMORY_DEVICE) runtime.devices[device].used += a->mapped;
    *pointer = kind == MEMORY_DEVICE ? (void *)(uintptr_t)a->address : a->host;
    return hipSuccess;
}

static void release(struct allocation *a) {
    if (a->kind == MEMORY_DEVICE) runtime.devices[a->device].used -= a->mapped;
    if (a->pool) pool_gives(a->pool, a->bytes);
    rdnasim_unbind(runtime.sim, a->address, NULL);
    if (a->mapped) munmap(a->host, a->mapped);
    handle_free(HANDLE_ALLOCATION, a);
}

static uint64_t program_address(const struct allocation *a) {
    return a->kind == MEMORY_DEVICE ? a->address : (uint64_t)(uintptr_t)a->host;
}

/* hipFree gives up managed memory too. */
static bool frees(enum allocation_kind call, enum allocation_kind kind) {
    return kind == call || (call == MEMORY_DEVICE && kind == MEMORY_MANAGED);
}

static hipError_t release_at(const void *pointer, enum allocation_kind kind) {
    if (!pointer) return runtime.sticky;
    for (struct handle *h = handle_first(HANDLE_ALLOCATION); h; h = h->next) {
        struct allocation *a = (struct allocation *)h;
        if (!frees(kind, a->kind) || program_address(a) != (uint64_t)(uintptr_t)pointer) continue;
        if (!a->graph_nodes)
            release(a);
        else if (a->live)
            a->live = false;
        else
            return hipErrorInvalidValue;
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
    pools_reset();
    return hipSuccess;
}

void memory_forget_pool(const struct pool *pool) {
    for (struct handle *h = handle_first(HANDLE_ALLOCATION); h; h = h->next)
        if (((struct allocation *)h)->pool == pool) ((struct allocation *)h)->pool = NULL;
}

struct allocation *allocation_at(const void *pointer, uint64_t *offset) {
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

static hipError_t register_host(void *host, size_t bytes, unsigned flags) {
    if (!host || !bytes || (uintptr_t)host + bytes < (uintptr_t)host) return hipErrorInvalidValue;
    for (struct handle *h = handle_first(HANDLE_ALLOCATION); h; h = h->next) {
        const struct allocation *a = (struct allocation *)h;
        uint64_t from = program_address(a), at = (uint64_t)(uintptr_t)host;
        if (at < from + a->bytes && from < at + bytes) return hipErrorHostMemoryAlreadyRegistered;
    }
    struct allocation *a = handle_new(HANDLE_ALLOCATION, sizeof *a);
    if (!a) return hipErrorOutOfMemory;
    a->kind = MEMORY_REGISTERED;
    a->flags = flags;
    a->device = current_device();
    a->host = host;
    a->bytes = bytes;
    hipError_t code = bind(a);
    if (code) handle_free(HANDLE_ALLOCATION, a);
    return code;
}

static hipError_t device_pointer(void **device, const void *host, unsigned flags) {
    uint64_t offset;
    if (!device || flags) return hipErrorInvalidValue;
    struct allocation *a = allocation_at(host, &offset);
    if (!a || a->kind == MEMORY_DEVICE) return hipErrorInvalidValue;
    *device = (void *)(uintptr_t)(a->address + offset);
    return hipSuccess;
}

static hipError_t memory_info(size_t *free_bytes, size_t *total) {
    if (!free_bytes || !total) return hipErrorInvalidValue;
    *total = card_bytes();
    *free_bytes = card_bytes() - runtime.devices[current_device()].used;
    return hipSuccess;
}

/* ---- memory of graphs ------------------------------------------------------------------------------------- */

/*
 * A captured allocation is made at once, so that its address is known, and belongs to the graph's nodes. It is live from
 * the node that allocates it until a node or the program frees it; what it held is lost then.
 */
static struct allocation *graph_block(const void *pointer) {
    uint64_t offset;
    struct allocation *a = allocation_at(pointer, &offset);
    return a && a->graph_nodes && !offset ? a : NULL;
}

void memory_of_graph(const void *pointer, int change) {
    uint64_t offset;
    struct allocation *a = change > 0 ? allocation_at(pointer, &offset) : graph_block(pointer);
    if (!a) return; /* the device has been reset */
    a->graph_nodes += (unsigned)change;
    if (!a->graph_nodes && !a->live) release(a);
}

bool memory_is_live(const void *pointer) {
    const struct allocation *a = graph_block(pointer);
    return a && a->live;
}

static hipError_t set_live(struct allocation *a, bool live) {
    rdnasim_report report;
    bool fault;
    a->live = live;
    if (a->bytes <= POISON_MAX) memset(a->host, POISON, a->bytes);
    rdnasim_status status = rdnasim_mark(runtime.sim, a->address, a->bytes, 0, &report);
    return status == RDNASIM_OK ? hipSuccess : error_from_report(&report, &fault);
}

hipError_t allocate_now(const struct node *n) {
    struct allocation *a = graph_block(n->to);
    return !a || (a->live && !n->again) ? hipErrorInvalidValue : set_live(a, true);
}

hipError_t free_now(const struct node *n) {
    struct allocation *a = graph_block(n->to);
    return !a || !a->live ? hipErrorInvalidValue : set_live(a, false);
}

/* ---- memory in the order of streams ----------------------------------------------------------------------- */

/* From a pool; null: from the current one of the device. */
static hipError_t allocate_queued(void **pointer, size_t bytes, void *pool, hipStream_t handle) {
    struct stream *stream;
    uint64_t offset;
    HIP_TRY(stream_find(handle, &stream));
    if (!pool && !(pool = pool_current(current_device()))) return hipErrorOutOfMemory;
    if (!handle_find(HANDLE_POOL, pool)) return hipErrorInvalidValue;
    HIP_TRY(allocate(pointer, bytes, MEMORY_DEVICE, 0));
    struct allocation *a = *pointer ? allocation_at(*pointer, &offset) : NULL;
    if (!a) return hipSuccess; /* of no bytes */
    a->pool = pool;
    pool_takes(pool, bytes);
    if (!stream || !stream->capture) return hipSuccess;
    const struct node n = {.kind = NODE_ALLOCATE, .to = *pointer};
    hipError_t code = submit(&n, handle);
    if (!code) return hipSuccess;
    release(a);
    *pointer = NULL;
    return code;
}
static hipError_t allocate_from(void **pointer, size_t bytes, void *pool, hipStream_t handle) {
    return pool ? allocate_queued(pointer, bytes, pool, handle) : hipErrorInvalidValue;
}
static hipError_t free_queued(void *pointer, hipStream_t handle) {
    struct stream *stream;
    HIP_TRY(stream_find(handle, &stream));
    if (!stream || !stream->capture) return release_at(pointer, MEMORY_DEVICE);
    if (!graph_block(pointer)) return capture_check_stream(stream);
    const struct node n = {.kind = NODE_FREE, .to = pointer};
    return submit(&n, handle);
}

hipError_t hipMalloc(void **pointer, size_t bytes) {
    CALL(CALL_UNSAFE, allocate(pointer, bytes, MEMORY_DEVICE, 0));
}
hipError_t hipFree(void *pointer) { CALL(CALL_RELEASE, free_unsafe(pointer, MEMORY_DEVICE)); }
hipError_t hipMallocAsync(void **pointer, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, allocate_queued(pointer, bytes, NULL, stream));
}
hipError_t hipMallocFromPoolAsync(void **pointer, size_t bytes, void *pool, hipStream_t stream) {
    CALL(CALL_QUEUE, allocate_from(pointer, bytes, pool, stream));
}
hipError_t hipFreeAsync(void *pointer, hipStream_t stream) {
    CALL(CALL_RELEASE, free_queued(pointer, stream));
}
hipError_t hipHostMalloc(void **pointer, size_t bytes, unsigned flags) {
    CALL(CALL_UNSAFE,
         allocate(pointer, bytes, MEMORY_PINNED, flags)); /* mapping and caching mean nothing here */
}
hipError_t hipHostAlloc(void **pointer, size_t bytes, unsigned flags) {
    CALL(CALL_UNSAFE, allocate(pointer, bytes, MEMORY_PINNED, flags));
}
hipError_t hipMallocHost(void **pointer, size_t bytes) {
    CALL(CALL_UNSAFE, allocate(pointer, bytes, MEMORY_PINNED, 0));
}
hipError_t hipFreeHost(void *pointer) { CALL(CALL_RELEASE, free_unsafe(pointer, MEMORY_PINNED)); }
hipError_t hipExtMallocWithFlags(void **pointer, size_t bytes, unsigned flags) {
    CALL(CALL_UNSAFE, allocate(pointer, bytes, MEMORY_DEVICE, flags));
}

enum { ATTACH_GLOBAL = 1, ATTACH_HOST = 2 };
hipError_t hipMallocManaged(void **pointer, size_t bytes, unsigned flags) {
    CALL(CALL_UNSAFE, flags != ATTACH_GLOBAL && flags != ATTACH_HOST
                          ? hipErrorInvalidValue
                          : allocate(pointer, bytes, MEMORY_MANAGED, flags));
}

/* Memory of the device or of the host is nowhere else than where it is: there is nothing to move. */
static hipError_t prefetch(const void *pointer, size_t bytes, int device, hipStream_t handle) {
    struct stream *stream;
    uint64_t offset;
    HIP_TRY(stream_find(handle, &stream));
    if (device != -1 && !is_device(device)) return hipErrorInvalidDevice;
    const struct allocation *a = allocation_at(pointer, &offset);
    return a && a->kind == MEMORY_MANAGED && bytes && bytes <= a->bytes - offset ? hipSuccess
                                                                                 : hipErrorInvalidValue;
}
hipError_t hipMemPrefetchAsync(const void *pointer, size_t bytes, int device, hipStream_t stream) {
    CALL(CALL_QUEUE, prefetch(pointer, bytes, device, stream));
}

static hipError_t advise(const void *pointer, size_t bytes, int advice, int device) {
    if (advice < 1 || (advice > 6 && advice != 100 && advice != 101)) return hipErrorInvalidValue;
    return prefetch(pointer, bytes, device, NULL);
}
hipError_t hipMemAdvise(const void *pointer, size_t bytes, int advice, int device) {
    CALL(CALL_QUEUE, advise(pointer, bytes, advice, device));
}

enum { PITCH_STEP = 128 };
static hipError_t allocate_rows(void **pointer, size_t *pitch, size_t width, size_t height) {
    if (!pointer || !pitch || width > SIZE_MAX - PITCH_STEP) return hipErrorInvalidValue;
    size_t bytes = (width + PITCH_STEP - 1) / PITCH_STEP * PITCH_STEP, all;
    if (__builtin_mul_overflow(bytes, height, &all)) return hipErrorOutOfMemory;
    *pitch = bytes;
    return allocate(pointer, all, MEMORY_DEVICE, 0);
}
hipError_t hipMallocPitch(void **pointer, size_t *pitch, size_t width, size_t height) {
    CALL(CALL_UNSAFE, allocate_rows(pointer, pitch, width, height));
}
hipError_t hipHostFree(void *pointer) { CALL(CALL_RELEASE, free_unsafe(pointer, MEMORY_PINNED)); }
hipError_t hipHostRegister(void *host, size_t bytes, unsigned flags) {
    CALL(CALL_UNSAFE, register_host(host, bytes, flags));
}
hipError_t hipHostUnregister(void *host) { CALL(CALL_RELEASE, free_unsafe(host, MEMORY_REGISTERED)); }
hipError_t hipHostGetDevicePointer(void **device, void *host, unsigned flags) {
    CALL(CALL_QUEUE, device_pointer(device, host, flags));
}
hipError_t hipMemGetInfo(size_t *free_bytes, size_t *total) {
    CALL(CALL_QUEUE, memory_info(free_bytes, total));
}
