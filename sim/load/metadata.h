/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the AMDGPU metadata note (msgpack) of a code object says about its kernels. */
#ifndef RDNASIM_METADATA_H
#define RDNASIM_METADATA_H

#include "rdnasim.h"

struct kernel_metadata {
    rdnasim_kernel_info info; /* all but code_bytes */
    const char *symbol;       /* of the kernel descriptor: "NAME.kd" */
};

enum { METADATA_NAME_MAX = 16384 }; /* bytes of a kernel's name and of its descriptor's */

struct metadata {
    size_t kernel_count;
    struct kernel_metadata *kernels;
    const struct kernel_metadata **by_name; /* the same, for the search */
};

/* Reads the note's description. Every string and array belongs to *out. */
rdnasim_status metadata_read(const void *note, size_t bytes, struct metadata **out, rdnasim_report *report);
const struct kernel_metadata *metadata_find(const struct metadata *metadata, const char *name); /* or null */
void metadata_free(struct metadata *metadata); /* null is accepted */

#endif
