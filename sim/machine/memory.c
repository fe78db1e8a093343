/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Simulated memory: host buffers at addresses that say which buffer they belong to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulator.h"

#define SLOT_BYTES  (UINT64_C(1) << SLOT_SHIFT)
/*
 * Unused addresses behind every binding, so that a stray offset of up to 32 bits cannot reach the next one.
 */
#define GUARD_BYTES (UINT64_C(4) << 30)
/* Slot 0 stays free: null and small numbers are no addresses. */
#define FIRST_SLOT  1

static unsigned slots_for(uint64_t bytes) { return (unsigned)((bytes + GUARD_BYTES) >> SLOT_SHIFT) + 1; }

/*
 * The first of `count` consecutive free slots, or 0. The search goes on where the last one ended, so that
 * addresses of freed buffers stay unused for long and a late access through them is found.
 */
static unsigned find_free(struct memory *m, unsigned count) {
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        unsigned run = 0;
        for (unsigned slot = attempt || !m->next_slot ? FIRST_SLOT : m->next_slot; slot < SLOT_COUNT;
             slot++) {
            run = m->slots[slot].host ? 0 : run + 1;
            if (run < count) continue;
            m->next_slot = slot + 1;
            return slot + 1 - count;
        }
    }
    return 0;
}

unsigned char *memory_past_end(const struct memory *m, uint64_t address, uint32_t bytes,
                               unsigned char *into) {
    static const uint32_t poison[READ_MAX / 4] = {[0 ... READ_MAX / 4 - 1] = POISON};
    if (bytes > READ_MAX || !memory_begins(m, address, bytes, RDNASIM_READ)) return NULL;
    const struct binding *b = &m->slots[address >> SLOT_SHIFT];
    uint64_t offset = address - b->base, left = b->bytes - offset;
    memcpy(into, poison, bytes);
    memcpy(into, b->host + offset, left);
    if (b->tail && bytes > left) {
        uint32_t rest = 4 - b->bytes % 4;
        pthread_mutex_lock(&b->tail->lock);
        memcpy(into + left, b->tail->bytes, rest < bytes - left ? rest : bytes - left);
        pthread_mutex_unlock(&b->tail->lock);
    }
    return into;
}

bool memory_is_last(const struct memory *m, uint64_t address) {
    if (!memory_begins(m, address, 4, RDNASIM_READ | RDNASIM_WRITE)) return false;
    const struct binding *b = &m->slots[address >> SLOT_SHIFT];
    return b->tail && b->bytes - (address - b->base) < 4;
}

uint32_t memory_take_last(const struct memory *m, uint64_t address) {
    const struct binding *b = &m->slots[address >> SLOT_SHIFT];
    uint32_t inside = b->bytes % 4, dword;
    pthread_mutex_lock(&b->tail->lock);
    memcpy(&dword, b->host + b->bytes - inside, inside);
    memcpy((unsigned char *)&dword + inside, b->tail->bytes, 4 - inside);
    return dword;
}

void memory_put_last(const struct memory *m, uint64_t address, uint32_t dword) {
    const struct binding *b = &m->slots[address >> SLOT_SHIFT];
    uint32_t inside = b->bytes % 4;
    memcpy(b->host + b->bytes - inside, &dword, inside);
    memcpy(b->tail->bytes, (unsigned char *)&dword + inside, 4 - inside);
    pthread_mutex_unlock(&b->tail->lock);
}

static struct tail *make_tail(void) {
    struct tail *tail = malloc(sizeof *tail);
    if (!tail) return NULL;
    uint32_t poison = POISON;
    memcpy(tail->bytes, &poison, 4);
    pthread_mutex_init(&tail->lock, NULL);
    return tail;
}

/* The slot where `count` free ones begin at the host's own address, or 0. */
static unsigned same_slot(const struct memory *m, const void *host, unsigned count) {
    uint64_t address = (uint64_t)(uintptr_t)host, slot = address >> SLOT_SHIFT;
    if (address % SLOT_BYTES || slot < FIRST_SLOT || slot + count > SLOT_COUNT) return 0;
    for (unsigned n = 0; n < count; n++)
        if (m->slots[slot + n].host) return 0;
    return (unsigned)slot;
}

rdnasim_status memory_bind(struct memory *m, void *host, uint64_t bytes, unsigned access, const char *name,
                           uint64_t *address, rdnasim_report *report) {
    static unsigned char nothing; /* what an empty binding without host memory points to */
    REPORT_IF(bytes > SLOT_BYTES * (SLOT_COUNT / 2), report, RDNASIM_INVALID_ARGUMENT,
              "buffer '%s' has %" PRIu64 " bytes, at most %" PRIu64 " can be bound", name ? name : "", bytes,
              SLOT_BYTES * (SLOT_COUNT / 2));
    bool same = access & RDNASIM_SAME_ADDRESS;
    unsigned count = slots_for(bytes), first = same ? same_slot(m, host, count) : find_free(m, count);
    REPORT_IF(
        !first && same, report, RDNASIM_INVALID_ARGUMENT,
        "buffer '%s' cannot have its host address %p: it must be a multiple of 2^%d below 2^47 with no other "
        "binding near",
        name ? name : "", host, SLOT_SHIFT);
    REPORT_IF(!first, report, RDNASIM_OUT_OF_MEMORY,
              "no simulated addresses are left for buffer '%s' (%" PRIu64 " bytes)", name ? name : "", bytes);
    struct binding b = {.host = host ? host : &nothing,
                        .base = first * SLOT_BYTES,
                        .bytes = bytes,
                        .access = access & (RDNASIM_READ | RDNASIM_WRITE)};
    if (bytes % 4) {
        b.tail = make_tail();
        REPORT_IF(!b.tail, report, RDNASIM_OUT_OF_MEMORY, "out of memory for buffer '%s'", name ? name : "");
    }
    if (name)
        snprintf(b.name, sizeof b.name, "%s", name);
    else
        snprintf(b.name, sizeof b.name, "#%u", first);
    for (unsigned n = 0; n < count; n++) m->slots[first + n] = b;
    *address = b.base;
    return RDNASIM_OK;
}

bool memory_unbind(struct memory *m, uint64_t address) {
    uint64_t slot = address >> SLOT_SHIFT;
    if (slot >= SLOT_COUNT || !m->slots[slot].host || m->slots[slot].base != address) return false;
    unsigned count = slots_for(m->slots[slot].bytes);
    free(m->slots[slot].undefined);
    if (m->slots[slot].tail) pthread_mutex_destroy(&m->slots[slot].tail->lock);
    free(m->slots[slot].tail);
    for (unsigned n = 0; n < count; n++) {
        struct binding *b = &m->slots[slot + n]; /* name and extent stay, for reports of late accesses */
        b->host = b->undefined = NULL;
        b->tail = NULL;
        b->access = 0;
    }
    return true;
}

rdnasim_status rdnasim_bind(rdnasim *sim, void *host, size_t bytes, unsigned access, const char *name,
                            uint64_t *address, rdnasim_report *report) {
    report_clear(report);
    REPORT_IF(!sim || !address, report, RDNASIM_INVALID_ARGUMENT,
              "rdnasim_bind: sim and address must not be null");
    REPORT_IF(!host && bytes, report, RDNASIM_INVALID_ARGUMENT,
              "buffer '%s' has %zu bytes but no host memory", name ? name : "", bytes);
    REPORT_IF(
        access & ~(RDNASIM_READ | RDNASIM_WRITE | RDNASIM_SAME_ADDRESS), report, RDNASIM_INVALID_ARGUMENT,
        "buffer '%s': access 0x%x has bits other than RDNASIM_READ, RDNASIM_WRITE and RDNASIM_SAME_ADDRESS",
        name ? name : "", access);
    pthread_mutex_lock(&sim->lock);
    rdnasim_status status = memory_bind(&sim->memory, host, bytes, access, name, address, report);
    pthread_mutex_unlock(&sim->lock);
    return status;
}

/* Addresses of loaded code are the object's: only rdnasim_unload releases them. */
static bool is_code(const rdnasim *sim, uint64_t address) {
    for (const rdnasim_object *o = sim->objects; o; o = o->next)
        if (o->address == address) return true;
    return false;
}

rdnasim_status rdnasim_unbind(rdnasim *sim, uint64_t address, rdnasim_report *report) {
    report_clear(report);
    REPORT_IF(!sim, report, RDNASIM_INVALID_ARGUMENT, "rdnasim_unbind: sim must not be null");
    pthread_mutex_lock(&sim->lock);
    bool done = !is_code(sim, address) && memory_unbind(&sim->memory, address);
    pthread_mutex_unlock(&sim->lock);
    REPORT_IF(!done, report, RDNASIM_INVALID_ARGUMENT, "no buffer is bound at 0x%" PRIx64, address);
    return RDNASIM_OK;
}

void *rdnasim_host_pointer(const rdnasim *sim, uint64_t address, size_t bytes) {
    return sim ? memory_at(&sim->memory, address, bytes, 0) : NULL;
}

/* The rest of the last dword counts as defined, for atomics on less than a dword read and compare it. */
unsigned char *memory_track(struct memory *m, const struct binding *b) {
    if (b->undefined) return b->undefined;
    unsigned char *undefined = calloc(1, b->bytes + READ_MAX);
    unsigned count = slots_for(b->bytes), first = (unsigned)(b->base >> SLOT_SHIFT);
    for (unsigned n = 0; n < count; n++) m->slots[first + n].undefined = undefined;
    uint64_t dwords = (b->bytes + 3) / 4 * 4;
    if (undefined) memset(undefined + dwords, 255, b->bytes + READ_MAX - dwords);
    return undefined;
}

rdnasim_status rdnasim_mark(rdnasim *sim, uint64_t address, size_t bytes, int defined,
                            rdnasim_report *report) {
    report_clear(report);
    REPORT_IF(!rdnasim_host_pointer(sim, address, bytes), report, RDNASIM_INVALID_ARGUMENT,
              "rdnasim_mark: %zu bytes at 0x%" PRIx64 " are not inside one buffer", bytes, address);
    if (!(sim->checks & RDNASIM_CHECK_UNDEFINED)) return RDNASIM_OK;
    pthread_mutex_lock(&sim->lock);
    rdnasim_status status = RDNASIM_OK;
    const struct binding *b = &sim->memory.slots[address >> SLOT_SHIFT];
    unsigned char *undefined = b->undefined;
    if (!undefined && !defined) {
        undefined = memory_track(&sim->memory, b);
        if (!undefined)
            status = report_fail(report, RDNASIM_OUT_OF_MEMORY,
                                 "out of memory for strict mode's records of '%s'", b->name);
    }
    if (undefined) memset(undefined + (address - b->base), defined ? 0 : 255, bytes);
    pthread_mutex_unlock(&sim->lock);
    return status;
}
