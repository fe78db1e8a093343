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

gfx11sim_status memory_bind(struct memory *m, void *host, uint64_t bytes, unsigned access, const char *name,
                            uint64_t *address, gfx11sim_report *report) {
    static unsigned char nothing; /* what an empty binding without host memory points to */
    REPORT_IF(bytes > SLOT_BYTES * (SLOT_COUNT / 2), report, GFX11SIM_INVALID_ARGUMENT,
              "buffer '%s' has %" PRIu64 " bytes, at most %" PRIu64 " can be bound", name ? name : "", bytes,
              SLOT_BYTES * (SLOT_COUNT / 2));
    unsigned count = slots_for(bytes), first = find_free(m, count);
    REPORT_IF(!first, report, GFX11SIM_OUT_OF_MEMORY,
              "no simulated addresses are left for buffer '%s' (%" PRIu64 " bytes)", name ? name : "", bytes);
    struct binding b = {
        .host = host ? host : &nothing, .base = first * SLOT_BYTES, .bytes = bytes, .access = access};
    if (name)
        snprintf(b.name, sizeof b.name, "%s", name);
    else
        snprintf(b.name, sizeof b.name, "#%u", first);
    for (unsigned n = 0; n < count; n++) m->slots[first + n] = b;
    *address = b.base;
    return GFX11SIM_OK;
}

bool memory_unbind(struct memory *m, uint64_t address) {
    uint64_t slot = address >> SLOT_SHIFT;
    if (slot >= SLOT_COUNT || !m->slots[slot].host || m->slots[slot].base != address) return false;
    unsigned count = slots_for(m->slots[slot].bytes);
    free(m->slots[slot].undefined);
    for (unsigned n = 0; n < count; n++) {
        struct binding *b = &m->slots[slot + n]; /* name and extent stay, for reports of late accesses */
        b->host = b->undefined = NULL;
        b->access = 0;
    }
    return true;
}

gfx11sim_status gfx11sim_bind(gfx11sim *sim, void *host, size_t bytes, unsigned access, const char *name,
                              uint64_t *address, gfx11sim_report *report) {
    report_clear(report);
    REPORT_IF(!sim || !address, report, GFX11SIM_INVALID_ARGUMENT,
              "gfx11sim_bind: sim and address must not be null");
    REPORT_IF(!host && bytes, report, GFX11SIM_INVALID_ARGUMENT,
              "buffer '%s' has %zu bytes but no host memory", name ? name : "", bytes);
    REPORT_IF(access & ~(GFX11SIM_READ | GFX11SIM_WRITE), report, GFX11SIM_INVALID_ARGUMENT,
              "buffer '%s': access 0x%x has bits other than GFX11SIM_READ and GFX11SIM_WRITE",
              name ? name : "", access);
    pthread_mutex_lock(&sim->lock);
    gfx11sim_status status = memory_bind(&sim->memory, host, bytes, access, name, address, report);
    pthread_mutex_unlock(&sim->lock);
    return status;
}

/* Addresses of loaded code are the object's: only gfx11sim_unload releases them. */
static bool is_code(const gfx11sim *sim, uint64_t address) {
    for (const gfx11sim_object *o = sim->objects; o; o = o->next)
        if (o->address == address) return true;
    return false;
}

gfx11sim_status gfx11sim_unbind(gfx11sim *sim, uint64_t address, gfx11sim_report *report) {
    report_clear(report);
    REPORT_IF(!sim, report, GFX11SIM_INVALID_ARGUMENT, "gfx11sim_unbind: sim must not be null");
    pthread_mutex_lock(&sim->lock);
    bool done = !is_code(sim, address) && memory_unbind(&sim->memory, address);
    pthread_mutex_unlock(&sim->lock);
    REPORT_IF(!done, report, GFX11SIM_INVALID_ARGUMENT, "no buffer is bound at 0x%" PRIx64, address);
    return GFX11SIM_OK;
}

void *gfx11sim_host_pointer(const gfx11sim *sim, uint64_t address, size_t bytes) {
    return sim ? memory_at(&sim->memory, address, bytes, 0) : NULL;
}

gfx11sim_status gfx11sim_mark(gfx11sim *sim, uint64_t address, size_t bytes, int defined,
                              gfx11sim_report *report) {
    report_clear(report);
    REPORT_IF(!gfx11sim_host_pointer(sim, address, bytes), report, GFX11SIM_INVALID_ARGUMENT,
              "gfx11sim_mark: %zu bytes at 0x%" PRIx64 " are not inside one buffer", bytes, address);
    if (!(sim->checks & GFX11SIM_CHECK_UNDEFINED)) return GFX11SIM_OK;
    pthread_mutex_lock(&sim->lock);
    gfx11sim_status status = GFX11SIM_OK;
    const struct binding *b = &sim->memory.slots[address >> SLOT_SHIFT];
    unsigned char *undefined = b->undefined;
    if (!undefined && !defined) {
        undefined = calloc(1, b->bytes + 16);
        unsigned count = slots_for(b->bytes), first = (unsigned)(b->base >> SLOT_SHIFT);
        for (unsigned n = 0; n < count; n++) sim->memory.slots[first + n].undefined = undefined;
        if (!undefined)
            status = report_fail(report, GFX11SIM_OUT_OF_MEMORY,
                                 "out of memory for strict mode's records of '%s'", b->name);
    }
    if (undefined) memset(undefined + (address - b->base), defined ? 0 : 255, bytes);
    pthread_mutex_unlock(&sim->lock);
    return status;
}
