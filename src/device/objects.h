/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The embedded code objects of a target, for reports that must tell which machine code ran. */
#ifndef W4A16_DEVICE_OBJECTS_H
#define W4A16_DEVICE_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

struct device_object {
    const char *name; /* "decode" */
    size_t bytes;
    uint64_t hash;     /* FNV-1a, 64 bits */
    char compiler[96]; /* as the object names it; empty if it does not */
};

/* The index-th object of the target; 0 if there are not so many. */
int device_object(const char *target, size_t index, struct device_object *out);

#endif
