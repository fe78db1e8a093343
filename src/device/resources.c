/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the embedded kernels take of a card: read from the code objects by the simulator's loader. */
#include <string.h>

#include "core/error.h"
#include "device/sim_status.h"
#include "gfx11sim.h"
#include "plan/family.h"

/*
 * A SIMD's vector registers (a row for each that has fewer than 1536) and the units in which waves get them.
 */
static const char *const small_files[] = {"gfx1102", "gfx1103", "gfx1150", "gfx1152", "gfx1153"};
enum { SMALL_FILE = 1024, SMALL_UNIT = 16, LARGE_FILE = 1536, LARGE_UNIT = 24 };
/* A pair of compute units: four SIMDs of up to 16 waves, and LDS in units of 1 KB. */
enum { SIMDS = 4, WAVES_MAX = 16, LDS_BYTES = 128 * 1024, LDS_UNIT = 1024 };

static uint32_t round_up(uint32_t n, uint32_t unit) { return (n + unit - 1) / unit * unit; }

static uint32_t occupancy_of(const char *target, const w4a16_kernel_resources *r) {
    uint32_t file = LARGE_FILE, unit = LARGE_UNIT;
    for (size_t n = 0; n < sizeof small_files / sizeof small_files[0]; n++)
        if (strcmp(target, small_files[n]) == 0) file = SMALL_FILE, unit = SMALL_UNIT;
    uint32_t by_registers = file / round_up(r->vgprs ? r->vgprs : 1, unit), waves = WAVES_MAX;
    if (by_registers < waves) waves = by_registers;
    /* Work-groups come whole. */
    uint32_t groups = waves * SIMDS / r->waves;
    if (r->lds_bytes && LDS_BYTES / round_up(r->lds_bytes, LDS_UNIT) < groups)
        groups = LDS_BYTES / round_up(r->lds_bytes, LDS_UNIT);
    return groups * r->waves / SIMDS;
}

static void describe(const char *target, const struct kernel_row *row, const gfx11sim_kernel_info *info,
                     w4a16_kernel_resources *out) {
    uint32_t threads, lds;
    row->family->largest(row, &threads, &lds);
    *out = (w4a16_kernel_resources){.kernel = row->name,
                                    .vgprs = info->vgprs,
                                    .sgprs = info->sgprs,
                                    .spilled = info->sgpr_spills + info->vgpr_spills,
                                    .scratch_bytes = info->scratch_bytes,
                                    .lds_bytes = info->lds_bytes + lds,
                                    .waves = (threads + 31) / 32};
    out->occupancy = occupancy_of(target, out);
}

/* Loads an object and describes those of its kernels that fit; counts all. */
static w4a16_status read_object(gfx11sim *sim, const struct kernel_object *object,
                                w4a16_kernel_resources *rows, size_t capacity, size_t *count,
                                w4a16_error *error) {
    gfx11sim_object *loaded;
    gfx11sim_report report;
    FAIL_IF(gfx11sim_load(sim, object->bytes, object->size, &loaded, &report) != GFX11SIM_OK, error,
            sim_status(&report, W4A16_DEVICE_FAULT), "code object %s for %s: %s", object->object,
            object->target, report.text);
    for (size_t n = 0; n < kernel_row_count(); n++) {
        const struct kernel_row *row = kernel_row_at(n);
        if (strcmp(row->arch, object->arch) != 0 || strcmp(row->family->name, object->object) != 0) continue;
        const gfx11sim_kernel *kernel = gfx11sim_find_kernel(loaded, row->name);
        FAIL_IF(!kernel, error, W4A16_UNSUPPORTED, "code object %s for %s has no kernel %s", object->object,
                object->target, row->name);
        if (*count < capacity) {
            gfx11sim_kernel_info info = gfx11sim_get_kernel_info(kernel);
            describe(object->target, row, &info, &rows[*count]);
        }
        ++*count;
    }
    return W4A16_OK;
}

size_t w4a16_target_resources(const char *target, w4a16_kernel_resources *rows, size_t capacity,
                              w4a16_error *error) {
    w4a16_succeed(error);
    if (!rows && capacity) {
        w4a16_fail(error, W4A16_INVALID_ARGUMENT, "w4a16_target_resources: rows is null");
        return 0;
    }
    gfx11sim_options options;
    gfx11sim_options_init(&options);
    options.target = target;
    options.threads = 1;
    gfx11sim *sim;
    gfx11sim_report report;
    if (!target || gfx11sim_create(&options, &sim, &report) != GFX11SIM_OK) {
        if (target && report.status == GFX11SIM_OUT_OF_MEMORY) {
            w4a16_fail(error, W4A16_OUT_OF_MEMORY, "simulator: %s", report.text);
            return 0;
        }
        char names[256];
        kernel_targets(names, sizeof names);
        w4a16_fail(error, W4A16_INVALID_ARGUMENT, "there are no kernels for \"%s\"; there are for %s",
                   target ? target : "(null)", names);
        return 0;
    }
    size_t count = 0;
    w4a16_status status = W4A16_OK;
    for (size_t n = 0; n < kernel_object_count() && status == W4A16_OK; n++) {
        struct kernel_object object = kernel_object_at(n);
        if (strcmp(object.target, target) == 0)
            status = read_object(sim, &object, rows, capacity, &count, error);
    }
    gfx11sim_destroy(sim);
    return status == W4A16_OK ? count : 0;
}
