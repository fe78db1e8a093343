/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The kernel table and the embedded code objects: both made from lists, nothing is decided here. */
#include <stdio.h>
#include <string.h>

#include "plan/family.h"

const struct family *const kernel_families[] = {
#define FAMILY(name) &name##_family,
    FAMILIES(FAMILY)
#undef FAMILY
        NULL};

size_t kernel_row_count(void) {
    size_t count = 0;
    for (const struct family *const *f = kernel_families; *f; f++) count += (*f)->row_count;
    return count;
}

const struct kernel_row *kernel_row_at(size_t index) {
    const struct family *const *f = kernel_families;
    for (; index >= (*f)->row_count; f++) index -= (*f)->row_count;
    return &(*f)->rows[index];
}

const struct kernel_row *plan_helper(const char *arch, enum kernel_role role, w4a16_dtype act) {
    for (const struct family *const *f = kernel_families; *f; f++)
        for (size_t n = 0; (*f)->role == role && role != ROLE_LINEAR && n < (*f)->row_count; n++) {
            const struct kernel_row *row = &(*f)->rows[n];
            if (strcmp(row->arch, arch) == 0 && (!row->act || row->act == (int)act)) return row;
        }
    return NULL;
}

#define KERNEL_OBJECT(arch, target, family)                                                                  \
    extern const unsigned char w4a16_object_##family##_##target[], w4a16_object_##family##_##target##_end[];
#include "kernel_objects.def"
#undef KERNEL_OBJECT

static const struct {
    const char *arch, *target, *object;
    const unsigned char *begin, *end;
} embedded[] = {
#define KERNEL_OBJECT(arch, target, family)                                                                  \
    {#arch, #target, #family, w4a16_object_##family##_##target, w4a16_object_##family##_##target##_end},
#include "kernel_objects.def"
#undef KERNEL_OBJECT
};

size_t kernel_object_count(void) { return sizeof embedded / sizeof embedded[0]; }

struct kernel_object kernel_object_at(size_t index) {
    return (struct kernel_object){embedded[index].arch, embedded[index].target, embedded[index].object,
                                  embedded[index].begin,
                                  (size_t)(embedded[index].end - embedded[index].begin)};
}

void kernel_targets(char *text, size_t bytes) {
    const char *names[sizeof embedded / sizeof embedded[0]];
    size_t count = 0;
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (!count || strcmp(names[count - 1], embedded[n].target) != 0) names[count++] = embedded[n].target;
    size_t length = 0;
    for (size_t n = 0; n < count && length < bytes; n++)
        length += (size_t)snprintf(text + length, bytes - length, "%s%s",
                                   n == 0           ? ""
                                   : n + 1 == count ? " and "
                                                    : ", ",
                                   names[n]);
}

const char *kernel_arch(const char *target) {
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (strcmp(embedded[n].target, target) == 0) return embedded[n].arch;
    return NULL;
}

int kernel_object_find(const char *target, const char *object, struct kernel_object *out) {
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (strcmp(embedded[n].target, target) == 0 && strcmp(embedded[n].object, object) == 0) {
            *out = kernel_object_at(n);
            return 1;
        }
    return 0;
}
