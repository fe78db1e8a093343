/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Memory pools: who an allocation on a stream belongs to, and how much of it there is. Work is done when it is submitted, so
 * memory that a stream frees is free at once, and a pool holds back nothing: what is reserved is what is used.
 */
#include <string.h>

#include "runtime.h"

/* hipMemPoolAttr */
enum { REUSE_FIRST = 1, REUSE_LAST = 3, THRESHOLD, RESERVED, RESERVED_HIGH, USED, USED_HIGH };
/* hipMemLocationType, hipMemAllocationType, hipMemAccessFlags */
enum { LOCATION_DEVICE = 1, ALLOCATION_PINNED = 1, ACCESS_NONE = 0, ACCESS_READ = 1, ACCESS_BOTH = 3 };

struct pool {
    struct handle handle;
    unsigned device;
    bool is_default;
    int reuse[REUSE_LAST + 1]; /* by attribute; kept, and without effect */
    uint64_t threshold;        /* the same */
    uint64_t used, high[USED_HIGH + 1];
    unsigned char access[DEVICES_MAX]; /* the same: every device reaches all memory */
};

static struct {
    struct pool *standard, *current; /* null: not asked for yet; the standard one */
} pools[DEVICES_MAX];

static struct pool *new_pool(unsigned device) {
    struct pool *p = handle_new(HANDLE_POOL, sizeof *p);
    if (!p) return NULL;
    p->device = device;
    p->access[device] = ACCESS_BOTH;
    for (int n = REUSE_FIRST; n <= REUSE_LAST; n++) p->reuse[n] = 1;
    return p;
}

static struct pool *standard_pool(unsigned device) {
    struct pool **p = &pools[device].standard;
    if (!*p && (*p = new_pool(device))) (*p)->is_default = true;
    return *p;
}

struct pool *pool_current(unsigned device) {
    return pools[device].current ? pools[device].current : standard_pool(device);
}

void pool_takes(struct pool *p, uint64_t bytes) {
    p->used += bytes;
    if (p->used > p->high[USED_HIGH]) p->high[USED_HIGH] = p->used;
    if (p->used > p->high[RESERVED_HIGH]) p->high[RESERVED_HIGH] = p->used;
}

void pool_gives(struct pool *p, uint64_t bytes) { p->used -= bytes; }

void pools_reset(void) {
    memset(pools, 0, sizeof pools);
    for (struct handle *h; (h = handle_first(HANDLE_POOL));) handle_free(HANDLE_POOL, h);
}

/* ---- calls ------------------------------------------------------------------------------------------------ */

static hipError_t put_pool(void **out, int device, struct pool *(*which)(unsigned)) {
    if (!out) return hipErrorInvalidValue;
    if (!is_device(device)) return hipErrorInvalidDevice;
    *out = which((unsigned)device);
    return *out ? hipSuccess : hipErrorOutOfMemory;
}

static hipError_t choose(int device, void *pool) {
    struct pool *p = handle_find(HANDLE_POOL, pool);
    if (!is_device(device)) return hipErrorInvalidDevice;
    if (!p || p->device != (unsigned)device) return hipErrorInvalidValue;
    pools[device].current = p;
    return hipSuccess;
}

/* hipMemLocation, hipMemPoolProps, hipMemAccessDesc */
struct location {
    int type, id;
};
struct pool_properties {
    int allocation_type, handle_types;
    struct location location;
    void *security;
    size_t most; /* 0: as much as there is */
    unsigned char reserved[56];
};
struct access {
    struct location location;
    int flags;
};

static bool is_here(const struct location *l) { return l->type == LOCATION_DEVICE && is_device(l->id); }

static hipError_t create(void **out, const struct pool_properties *properties) {
    if (!out || !properties || properties->allocation_type != ALLOCATION_PINNED ||
        !is_here(&properties->location))
        return hipErrorInvalidValue;
    if (properties->handle_types || properties->most) {
        log_sentence(
            "hipMemPoolCreate: pools are not shared with other processes, and have no limit of their own");
        return hipErrorNotSupported;
    }
    *out = new_pool((unsigned)properties->location.id);
    return *out ? hipSuccess : hipErrorOutOfMemory;
}

/* Its memory stays until it is freed, and counts for nobody. */
static hipError_t destroy(void *pool) {
    struct pool *p = handle_find(HANDLE_POOL, pool);
    if (!p || p->is_default) return hipErrorInvalidValue;
    memory_forget_pool(p);
    if (pools[p->device].current == p) pools[p->device].current = NULL;
    handle_free(HANDLE_POOL, p);
    return hipSuccess;
}

static hipError_t get(void *pool, int which, void *value) {
    const struct pool *p = handle_find(HANDLE_POOL, pool);
    if (!p || !value || which < REUSE_FIRST || which > USED_HIGH) return hipErrorInvalidValue;
    if (which <= REUSE_LAST) {
        memcpy(value, &p->reuse[which], sizeof p->reuse[which]);
        return hipSuccess;
    }
    uint64_t wide = which == THRESHOLD                   ? p->threshold
                    : which == USED || which == RESERVED ? p->used
                                                         : p->high[which];
    memcpy(value, &wide, sizeof wide);
    return hipSuccess;
}

static hipError_t set(void *pool, int which, const void *value) {
    struct pool *p = handle_find(HANDLE_POOL, pool);
    if (!p || !value || which < REUSE_FIRST || which > USED_HIGH) return hipErrorInvalidValue;
    uint64_t wide;
    if (which <= REUSE_LAST) {
        memcpy(&p->reuse[which], value, sizeof p->reuse[which]);
        return hipSuccess;
    }
    memcpy(&wide, value, sizeof wide);
    if (which == THRESHOLD) {
        p->threshold = wide;
        return hipSuccess;
    }
    if (wide || (which != RESERVED_HIGH && which != USED_HIGH)) return hipErrorInvalidValue;
    p->high[which] = p->used; /* the highest from now on */
    return hipSuccess;
}

static hipError_t set_access(void *pool, const struct access *list, size_t count) {
    struct pool *p = handle_find(HANDLE_POOL, pool);
    if (!p || !list || !count) return hipErrorInvalidValue;
    for (size_t n = 0; n < count; n++) {
        const struct access *a = &list[n];
        bool known = a->flags == ACCESS_NONE || a->flags == ACCESS_READ || a->flags == ACCESS_BOTH;
        if (!is_here(&a->location) || !known) return hipErrorInvalidValue;
        if ((unsigned)a->location.id == p->device && a->flags == ACCESS_NONE) return hipErrorInvalidDevice;
    }
    for (size_t n = 0; n < count; n++) p->access[list[n].location.id] = (unsigned char)list[n].flags;
    return hipSuccess;
}

static hipError_t get_access(int *flags, void *pool, const struct location *location) {
    const struct pool *p = handle_find(HANDLE_POOL, pool);
    if (!flags || !p || !location || !is_here(location)) return hipErrorInvalidValue;
    *flags = p->access[location->id];
    return hipSuccess;
}

static hipError_t trim(void *pool) {
    return handle_find(HANDLE_POOL, pool) ? hipSuccess : hipErrorInvalidValue;
}

hipError_t hipDeviceGetDefaultMemPool(void **pool, int device) {
    CALL(CALL_QUEUE, put_pool(pool, device, standard_pool));
}
hipError_t hipDeviceGetMemPool(void **pool, int device) {
    CALL(CALL_QUEUE, put_pool(pool, device, pool_current));
}
hipError_t hipDeviceSetMemPool(int device, void *pool) { CALL(CALL_QUEUE, choose(device, pool)); }
hipError_t hipMemPoolCreate(void **pool, const void *properties) {
    CALL(CALL_QUEUE, create(pool, properties));
}
hipError_t hipMemPoolDestroy(void *pool) { CALL(CALL_RELEASE, destroy(pool)); }
hipError_t hipMemPoolGetAttribute(void *pool, int attribute, void *value) {
    CALL(CALL_QUEUE, get(pool, attribute, value));
}
hipError_t hipMemPoolSetAttribute(void *pool, int attribute, void *value) {
    CALL(CALL_QUEUE, set(pool, attribute, value));
}
hipError_t hipMemPoolSetAccess(void *pool, const void *list, size_t count) {
    CALL(CALL_QUEUE, set_access(pool, list, count));
}
hipError_t hipMemPoolGetAccess(int *flags, void *pool, const void *location) {
    CALL(CALL_QUEUE, get_access(flags, pool, location));
}
hipError_t hipMemPoolTrimTo(void *pool, size_t least) {
    (void)least; /* nothing is held back */
    CALL(CALL_QUEUE, trim(pool));
}
