/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The simulator's loader of code objects: ELF, descriptors, metadata. */
#include <string.h>

#include "fuzz.h"
#include "gfx11sim.h"

/* What loads can be launched, whatever its code does. */
static void launch_kernel(gfx11sim *sim, const gfx11sim_kernel *kernel, const gfx11sim_kernel_info *info) {
    static const unsigned char kernarg[1 << 16];
    if (info->explicit_bytes > sizeof kernarg) return;
    gfx11sim_launch launch;
    gfx11sim_report report;
    gfx11sim_launch_init(&launch);
    launch.grid[0] = 40;
    launch.block[0] = 32;
    launch.kernarg = kernarg;
    launch.kernarg_bytes = info->explicit_bytes;
    gfx11sim_status status = gfx11sim_run(sim, kernel, &launch, NULL, &report);
    CHECK(report.status == status && (!status || report.text[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static gfx11sim *sim;
    gfx11sim_report report;
    if (!sim) {
        gfx11sim_options options;
        gfx11sim_options_init(&options);
        options.threads = 1;
        options.quota = 500;
        CHECK(gfx11sim_create(&options, &sim, &report) == GFX11SIM_OK);
    }
    gfx11sim_object *object = NULL;
    gfx11sim_status status = gfx11sim_load(sim, data, size, &object, &report);
    CHECK((status == GFX11SIM_OK) == (object != NULL));
    if (!object) {
        CHECK(report.status == status && report.text[0]);
        return 0;
    }
    CHECK(strncmp(gfx11sim_object_target(object), "gfx", 3) == 0);
    for (size_t i = 0; i < gfx11sim_object_kernels(object); i++) {
        const gfx11sim_kernel *kernel = gfx11sim_object_kernel(object, i);
        gfx11sim_kernel_info info = gfx11sim_get_kernel_info(kernel);
        CHECK(gfx11sim_find_kernel(object, info.name));
        CHECK(info.wave_size == 32 || info.wave_size == 64);
        CHECK(info.explicit_bytes <= info.kernarg_bytes);
        for (size_t a = 0; a < info.arg_count; a++)
            CHECK((uint64_t)info.args[a].offset + info.args[a].size <= info.kernarg_bytes);
        launch_kernel(sim, kernel, &info);
    }
    gfx11sim_unload(object);
    return 0;
}
