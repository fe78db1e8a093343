/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the AMDGPU metadata note (msgpack) of a code object says about its kernels. */
#ifndef GFX11SIM_METADATA_H
#define GFX11SIM_METADATA_H

#include "gfx11sim.h"

struct kernel_metadata {
    gfx11sim_kernel_info info; /* all but code_bytes */
    const char *symbol;        /* of the kernel descriptor: "NAME.kd" */
};

enum { METADATA_NAME_MAX = 16384 }; /* bytes of a kernel's name and of its descriptor's */

struct metadata {
    size_t kernel_count;
    struct kernel_metadata *kernels;
    const struct kernel_metadata **by_name; /* the same, for the search */
};

/* Reads the note's description. Every string and array belongs to *out. */
gfx11sim_status metadata_read(const void *note, size_t bytes, struct metadata **out, gfx11sim_report *report);
const struct kernel_metadata *metadata_find(const struct metadata *metadata, const char *name); /* or null */
void metadata_free(struct metadata *metadata); /* null is accepted */

#endif
