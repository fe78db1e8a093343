/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The simulator's executors: any instructions on any registers. The first byte chooses the wave size, strict
 * mode and a target; the rest takes the place of a compiled kernel's code. Whatever it does, it ends in a
 * verdict.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "gfx11sim.h"

enum { QUOTA = 300, S_NOP = 0xbf800000, S_ENDPGM = 0xbfb00000, CODE_DWORDS = 256 };

struct carrier {
    unsigned char *elf;
    size_t bytes, code_at;
};

/* The kernel is a row of s_nop: there is no other in the file. */
static struct carrier open_carrier(const char *path) {
    struct carrier c = {0};
    FILE *f = fopen(path, "rb");
    CHECK(f);
    c.elf = malloc(1 << 20);
    CHECK(c.elf);
    c.bytes = fread(c.elf, 1, 1 << 20, f);
    fclose(f);
    unsigned row = 0;
    for (size_t at = 0; at + 4 <= c.bytes && row < CODE_DWORDS; at += 4) {
        uint32_t word;
        memcpy(&word, c.elf + at, 4);
        row = word == S_NOP ? row + 1 : 0;
        c.code_at = at + 4 - 4 * row;
    }
    CHECK(row == CODE_DWORDS);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct carrier carriers[2];
    static gfx11sim *machines[2];
    static unsigned char memory[2][4096];
    static uint64_t addresses[2];
    gfx11sim_report report;
    if (!size) return 0;
    unsigned wave64 = data[0] & 1, strict = data[0] >> 1 & 1;
    if (!carriers[0].elf) {
        carriers[0] = open_carrier(CARRIER_WAVE32);
        carriers[1] = open_carrier(CARRIER_WAVE64);
        for (unsigned n = 0; n < 2; n++) {
            gfx11sim_options options;
            gfx11sim_options_init(&options);
            options.threads = 1;
            options.quota = QUOTA;
            options.checks = n ? GFX11SIM_CHECK_ALL : 0;
            CHECK(gfx11sim_create(&options, &machines[n], &report) == GFX11SIM_OK);
            CHECK(gfx11sim_bind(machines[n], memory[n], sizeof memory[n], GFX11SIM_READ | GFX11SIM_WRITE,
                                "memory", &addresses[n], &report) == GFX11SIM_OK);
        }
    }
    struct carrier *c = &carriers[wave64];
    for (unsigned n = 0; n < CODE_DWORDS; n++) {
        uint32_t word = S_ENDPGM;
        if (4 * n + 5 <= size) memcpy(&word, data + 1 + 4 * n, 4);
        memcpy(c->elf + c->code_at + 4 * n, &word, 4);
    }
    gfx11sim_object *object;
    CHECK(gfx11sim_load(machines[strict], c->elf, c->bytes, &object, &report) == GFX11SIM_OK);
    gfx11sim_launch launch;
    gfx11sim_launch_init(&launch);
    launch.grid[0] = launch.block[0] = 40;
    launch.kernarg = &addresses[strict];
    launch.kernarg_bytes = sizeof addresses[strict];
    gfx11sim_status status =
        gfx11sim_run(machines[strict], gfx11sim_find_kernel(object, "carrier"), &launch, NULL, &report);
    CHECK(report.status == status);
    CHECK(!status || (report.text[0] && memchr(report.text, 0, sizeof report.text)));
    gfx11sim_unload(object);
    return 0;
}
