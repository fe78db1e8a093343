/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The table of targets, and what follows from a target's facts. */
#include "target.h"

#include <stdio.h>
#include <string.h>

#include "generation.h"

enum { SALU_FLOAT = FEATURE_SALU_FLOAT };

/* What all targets share. */
enum {
    SIMD_WAVES = 16,
    PROCESSOR_SIMDS = 4,
    PROCESSOR_LDS = 128 << 10,
    LDS_GRANULE = 1 << 10,
    GROUP_LDS = 64 << 10
};

const struct target targets[TARGET_COUNT] = {
#define TARGET(name_, generation_, family_, mach_, features_, vgprs_, granule_, card_, units_, clock_,       \
               memory_clock_, bus_, l2_, memory_, main_)                                                     \
    [TARGET_##name_] = {.facts = {.name = #name_,                                                            \
                                  .generation = #generation_,                                                \
                                  .family = #family_,                                                        \
                                  .mach = mach_,                                                             \
                                  .simd_vgprs = vgprs_,                                                      \
                                  .vgpr_granule = granule_,                                                  \
                                  .simd_waves = SIMD_WAVES,                                                  \
                                  .processor_simds = PROCESSOR_SIMDS,                                        \
                                  .processor_lds_bytes = PROCESSOR_LDS,                                      \
                                  .group_lds_bytes = GROUP_LDS,                                              \
                                  .lds_granule = LDS_GRANULE,                                                \
                                  .card = card_,                                                             \
                                  .compute_units = units_,                                                   \
                                  .clock_mhz = clock_,                                                       \
                                  .memory_clock_mhz = memory_clock_,                                         \
                                  .memory_bus_bits = bus_,                                                   \
                                  .l2_mib = l2_,                                                             \
                                  .memory_gib = memory_,                                                     \
                                  .integrated = main_},                                                      \
                        .generation = &generation_,                                                          \
                        .features = features_},
#include "targets.def"
#undef TARGET
};

const struct target *target_from_name(const char *name) {
    if (!name) return &targets[0];
    for (unsigned n = 0; n < TARGET_COUNT; n++)
        if (strcmp(targets[n].facts.name, name) == 0) return &targets[n];
    return NULL;
}

const struct target *target_from_mach(unsigned mach) {
    for (unsigned n = 0; n < TARGET_COUNT; n++)
        if (targets[n].facts.mach == mach) return &targets[n];
    return NULL;
}

const char *target_names(char *text, size_t bytes) {
    size_t length = 0;
    for (unsigned n = 0; n < TARGET_COUNT && length < bytes; n++)
        length += (size_t)snprintf(text + length, bytes - length, "%s%s",
                                   n == 0                  ? ""
                                   : n + 1 == TARGET_COUNT ? " and "
                                                           : ", ",
                                   targets[n].facts.name);
    return text;
}

/* ---- public calls ------------------------------------------------------------------------------------- */

const rdnasim_target *rdnasim_target_at(size_t index) {
    return index < TARGET_COUNT ? &targets[index].facts : NULL;
}

const rdnasim_target *rdnasim_find_target(const char *name) {
    const struct target *target = target_from_name(name);
    return target ? &target->facts : NULL;
}

static uint32_t round_up(uint32_t n, uint32_t granule) { return (n + granule - 1) / granule * granule; }

static uint32_t waves_of(const rdnasim_kernel_info *kernel, uint32_t items) {
    return (items + kernel->wave_size - 1) / kernel->wave_size;
}

uint32_t rdnasim_resident_groups(const rdnasim_target *target, const rdnasim_kernel_info *kernel,
                                 uint32_t lds_bytes, uint32_t items) {
    uint32_t halves = kernel->wave_size / 32; /* a wave64 takes two registers for one */
    uint32_t vgprs = round_up((kernel->vgprs ? kernel->vgprs : 1) * halves, target->vgpr_granule);
    uint32_t waves =
        target->simd_vgprs / vgprs < target->simd_waves ? target->simd_vgprs / vgprs : target->simd_waves;
    /* Work-groups come whole. */
    uint32_t group_waves = waves_of(kernel, items);
    if (!group_waves) return 0;
    uint32_t groups = waves * target->processor_simds / group_waves;
    uint32_t by_lds =
        lds_bytes ? target->processor_lds_bytes / round_up(lds_bytes, target->lds_granule) : groups;
    return by_lds < groups ? by_lds : groups;
}

uint32_t rdnasim_occupancy(const rdnasim_target *target, const rdnasim_kernel_info *kernel,
                           uint32_t lds_bytes, uint32_t items) {
    return rdnasim_resident_groups(target, kernel, lds_bytes, items) * waves_of(kernel, items) /
           target->processor_simds;
}
