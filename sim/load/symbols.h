/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The symbols that a code object's kernels name, found in one pass over its symbol tables. */
#ifndef RDNASIM_SYMBOLS_H
#define RDNASIM_SYMBOLS_H

#include <libelf.h>
#include <stdbool.h>

#include "metadata.h"

struct symbol {
    const char *name; /* the metadata's */
    bool found;       /* in the file; value and size are its */
    uint64_t value, size;
};

struct symbols {
    struct symbol *rows; /* by name */
    size_t count;
};

/*
 * Bytes of a file's sections that may still be looked at. Honest sections share none, so that a small
 * multiple of the file's size is enough; tables that all cover the same bytes would take for ever.
 */
struct section_budget {
    uint64_t left;
};

/* The section's contents; null if it has none, they are damaged, or the budget is used up. */
Elf_Data *section_data(struct section_budget *budget, Elf_Scn *section);

/* Looks up name and descriptor of every kernel. Free with symbols_free, also after a failure. */
rdnasim_status symbols_read(struct symbols *symbols, Elf *elf, const struct metadata *metadata,
                            struct section_budget *budget, rdnasim_report *report);
const struct symbol *symbols_find(const struct symbols *symbols,
                                  const char *name); /* null: not in the file */
void symbols_free(struct symbols *symbols);

/*
 * The variables of the object, with addresses as in the file: named global objects of the dynamic symbol table but the
 * kernels' descriptors. The names are copies. Free with variables_free, also after a failure.
 */
struct variables {
    struct symbol *rows; /* by name; all found */
    size_t count;
};
rdnasim_status variables_read(struct variables *variables, Elf *elf, struct section_budget *budget,
                              rdnasim_report *report);
const struct symbol *variables_find(const struct variables *variables, const char *name);
void variables_free(struct variables *variables);

#endif
