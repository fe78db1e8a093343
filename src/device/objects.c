/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "device/objects.h"

#include <string.h>

#include "plan/plan.h"
#include "text.h"

static uint64_t hash_of(const unsigned char *bytes, size_t count) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

int device_object(const char *target, size_t index, struct device_object *out) {
    static const char mark[] = "clang version";
    for (size_t n = 0; n < kernel_object_count(); n++) {
        struct kernel_object object = kernel_object_at(n);
        if (strcmp(object.target, target) != 0 || index-- > 0) continue;
        *out = (struct device_object){object.object, object.size, hash_of(object.bytes, object.size), ""};
        const char *found = memmem(object.bytes, object.size, mark, sizeof mark - 1);
        if (found) {
            size_t left = object.size - (size_t)((const unsigned char *)found - object.bytes);
            text_format(out->compiler, sizeof out->compiler, "%.*s", (int)strnlen(found, left), found);
        }
        return 1;
    }
    return 0;
}
