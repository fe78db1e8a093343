/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The simulator's loader of code objects: ELF, descriptors, metadata. */
#include <string.h>

#include "fuzz.h"
#include "rdnasim.h"

/* What loads can be launched, whatever its code does. */
static void launch_kernel(rdnasim *sim, const rdnasim_kernel *kernel, const rdnasim_kernel_info *info) {
    static const unsigned char kernarg[1 << 16];
    if (info->explicit_bytes > sizeof kernarg) return;
    rdnasim_launch launch;
    rdnasim_report report;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.grid[0] = 40;
    launch.block[0] = 32;
    launch.kernarg = kernarg;
    launch.kernarg_bytes = info->explicit_bytes;
    rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, &report);
    CHECK(report.status == status && (!status || report.text[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static rdnasim *sim;
    rdnasim_report report;
    if (!sim) {
        rdnasim_options options;
        rdnasim_options_init(&options, sizeof options);
        options.threads = 1;
        options.quota = 500;
        CHECK(rdnasim_create(&options, &sim, &report) == RDNASIM_OK);
    }
    rdnasim_object *object = NULL;
    rdnasim_status status = rdnasim_load(sim, data, size, &object, &report);
    CHECK((status == RDNASIM_OK) == (object != NULL));
    if (!object) {
        CHECK(report.status == status && report.text[0]);
        return 0;
    }
    CHECK(strncmp(rdnasim_object_target(object), "gfx", 3) == 0);
    for (size_t i = 0; i < rdnasim_object_kernels(object); i++) {
        const rdnasim_kernel *kernel = rdnasim_object_kernel(object, i);
        rdnasim_kernel_info info = *rdnasim_get_kernel_info(kernel);
        CHECK(rdnasim_find_kernel(object, info.name));
        CHECK(info.wave_size == 32 || info.wave_size == 64);
        CHECK(info.explicit_bytes <= info.kernarg_bytes);
        for (size_t a = 0; a < info.arg_count; a++)
            CHECK((uint64_t)info.args[a].offset + info.args[a].size <= info.kernarg_bytes);
        for (uint64_t pc = 0; pc < 4096; pc += 4) {
            char file[32];
            uint32_t line = 0;
            if (rdnasim_source_line(kernel, pc, file, sizeof file, &line))
                CHECK(line && strlen(file) < sizeof file);
        }
        launch_kernel(sim, kernel, &info);
    }
    rdnasim_unload(object);
    return 0;
}
