/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "same_code.h"

#include <gelf.h>
#include <string.h>

#include "plan/plan.h"

/* A section's bytes; null if the object has none of that name. */
static const Elf_Data *section(Elf *elf, const char *name) {
    size_t names;
    if (elf_getshdrstrndx(elf, &names) != 0) return NULL;
    for (Elf_Scn *s = elf_nextscn(elf, NULL); s; s = elf_nextscn(elf, s)) {
        GElf_Shdr header;
        if (!gelf_getshdr(s, &header)) return NULL;
        const char *found = elf_strptr(elf, names, header.sh_name);
        if (found && strcmp(found, name) == 0) return elf_rawdata(s, NULL);
    }
    return NULL;
}

static int same(const struct kernel_object *a, const struct kernel_object *b) {
    static const char *const sections[] = {".text", ".rodata"}; /* instructions, kernel descriptors */
    elf_version(EV_CURRENT);
    Elf *left = elf_memory((char *)(uintptr_t)a->bytes, a->size),
        *right = elf_memory((char *)(uintptr_t)b->bytes, b->size);
    int equal = left && right;
    for (size_t n = 0; equal && n < sizeof sections / sizeof sections[0]; n++) {
        const Elf_Data *x = section(left, sections[n]), *y = section(right, sections[n]);
        equal = x && y && x->d_size == y->d_size && memcmp(x->d_buf, y->d_buf, x->d_size) == 0;
    }
    elf_end(left), elf_end(right);
    return equal;
}

static int all_same(const char *target, const char *other) {
    for (size_t n = 0; n < kernel_object_count(); n++) {
        struct kernel_object mine = kernel_object_at(n), theirs;
        if (strcmp(mine.target, target) != 0) continue;
        if (!kernel_object_find(other, mine.object, &theirs) || !same(&mine, &theirs)) return 0;
    }
    return 1;
}

const char *first_with_the_code_of(const char *target) {
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (all_same(target, kernel_object_at(n).target)) return kernel_object_at(n).target;
    return target;
}
