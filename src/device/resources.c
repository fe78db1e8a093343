/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the embedded kernels take of a card: read from the code objects by the simulator's loader. */
#include <string.h>

#include "core/error.h"
#include "device/sim_status.h"
#include "plan/family.h"
#include "rdnasim.h"

static void describe(const char *target, const struct kernel_row *row, const rdnasim_kernel_info *info,
                     w4a16_kernel_resources *out) {
    uint32_t threads, lds;
    row->family->largest(row, &threads, &lds);
    *out = (w4a16_kernel_resources){
        .kernel = row->name,
        .vgprs = info->vgprs,
        .sgprs = info->sgprs,
        .spilled = info->sgpr_spills + info->vgpr_spills,
        .scratch_bytes = info->scratch_bytes,
        .lds_bytes = info->lds_bytes + lds,
        .waves = (threads + 31) / 32,
        .occupancy = rdnasim_occupancy(rdnasim_find_target(target), info, info->lds_bytes + lds, threads)};
}

/* Loads an object and describes those of its kernels that fit; counts all. */
static w4a16_status read_object(rdnasim *sim, const struct kernel_object *object,
                                w4a16_kernel_resources *rows, size_t capacity, size_t *count,
                                w4a16_error *error) {
    rdnasim_object *loaded;
    rdnasim_report report;
    FAIL_IF(rdnasim_load(sim, object->bytes, object->size, &loaded, &report) != RDNASIM_OK, error,
            sim_status(&report, W4A16_DEVICE_FAULT), "code object %s for %s: %s", object->object,
            object->target, report.text);
    for (size_t n = 0; n < kernel_row_count(); n++) {
        const struct kernel_row *row = kernel_row_at(n);
        if (strcmp(row->arch, object->arch) != 0 || strcmp(row->family->name, object->object) != 0) continue;
        const rdnasim_kernel *kernel = rdnasim_find_kernel(loaded, row->name);
        FAIL_IF(!kernel, error, W4A16_UNSUPPORTED, "code object %s for %s has no kernel %s", object->object,
                object->target, row->name);
        if (*count < capacity) {
            rdnasim_kernel_info info = *rdnasim_get_kernel_info(kernel);
            describe(object->target, row, &info, &rows[*count]);
        }
        ++*count;
    }
    return W4A16_OK;
}

static void refuse_target(const char *target, const rdnasim_report *report, w4a16_error *error) {
    if (target && report->status == RDNASIM_OUT_OF_MEMORY) {
        w4a16_fail(error, W4A16_OUT_OF_MEMORY, "simulator: %s", report->text);
        return;
    }
    char names[256];
    kernel_targets(names, sizeof names);
    w4a16_fail(error, W4A16_INVALID_ARGUMENT, "there are no kernels for \"%s\"; there are for %s",
               target ? target : "(null)", names);
}

size_t w4a16_target_resources(const char *target, w4a16_kernel_resources *rows, size_t capacity,
                              w4a16_error *error) {
    w4a16_succeed(error);
    if (!rows && capacity) {
        w4a16_fail(error, W4A16_INVALID_ARGUMENT, "w4a16_target_resources: rows is null");
        return 0;
    }
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.target = target;
    options.threads = 1;
    rdnasim *sim;
    rdnasim_report report;
    if (!target || rdnasim_create(&options, &sim, &report) != RDNASIM_OK) {
        refuse_target(target, &report, error);
        return 0;
    }
    size_t count = 0;
    w4a16_status status = W4A16_OK;
    for (size_t n = 0; n < kernel_object_count() && status == W4A16_OK; n++) {
        struct kernel_object object = kernel_object_at(n);
        if (strcmp(object.target, target) == 0)
            status = read_object(sim, &object, rows, capacity, &count, error);
    }
    rdnasim_destroy(sim);
    return status == W4A16_OK ? count : 0;
}
