/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The embedded code objects, as w4a16/linear.h shows them. */
#include <string.h>

#include "core/error.h"
#include "device/device.h"
#include "text.h"

static uint64_t hash_of(const unsigned char *bytes, size_t count) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

w4a16_status w4a16_object(const char *target, size_t index, w4a16_object_info *out, w4a16_error *error) {
    static const char mark[] = "clang version";
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_object", target);
    NOT_NULL(error, "w4a16_object", out);
    size_t seen = 0;
    for (size_t n = 0; n < kernel_object_count(); n++) {
        struct kernel_object object = kernel_object_at(n);
        if (strcmp(object.target, target) != 0 || seen++ != index) continue;
        *out = (w4a16_object_info){
            .name = object.object, .bytes = object.size, .hash = hash_of(object.bytes, object.size)};
        const char *found = memmem(object.bytes, object.size, mark, sizeof mark - 1);
        if (found) {
            size_t left = object.size - (size_t)((const unsigned char *)found - object.bytes);
            text_format(out->compiler, sizeof out->compiler, "%.*s", (int)strnlen(found, left), found);
        }
        return W4A16_OK;
    }
    return w4a16_fail(error, W4A16_INVALID_ARGUMENT,
                      "w4a16_object: index is %zu; \"%s\" has %zu code objects", index, target, seen);
}
