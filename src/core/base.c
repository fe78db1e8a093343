/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "w4a16/base.h"

const char *w4a16_version(void) { return W4A16_VERSION_STRING; }

const char *w4a16_status_name(w4a16_status status) {
    static const char *const names[] = {"ok",           "invalid argument", "bad file",
                                        "unsupported",  "no device",        "out of memory",
                                        "input/output", "device fault",     "mismatch"};
    size_t index = -(size_t)(int)status; /* of any number, which an enum may hold */
    return index < sizeof names / sizeof names[0] ? names[index] : "unknown status";
}

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {[W4A16_F16] = {"fp16", 2}, [W4A16_BF16] = {"bf16", 2}, [W4A16_F32] = {"fp32", 4}};

static int known(w4a16_dtype type) { return (int)type >= W4A16_F16 && (int)type <= W4A16_F32; }

const char *w4a16_dtype_name(w4a16_dtype type) { return known(type) ? dtypes[type].name : "unknown type"; }
size_t w4a16_dtype_size(w4a16_dtype type) { return known(type) ? dtypes[type].size : 0; }
