/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which line of which source file an instruction comes from: the line programs of DWARF 2 to 5 (.debug_line), as clang writes
 * them with -g. They are read once, at the time of loading, in time and memory that follow from their size; what is damaged or of
 * another kind is left out, for nothing depends on it.
 */
#ifndef RDNASIM_LINES_H
#define RDNASIM_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols.h"

struct line {         /* from this place on, up to the next one's */
    uint32_t at;      /* bytes from the first instruction of the code */
    uint32_t order;   /* in the file */
    uint32_t number;  /* 0: none is known */
    const char *file; /* its name as it is in the code object, in bytes[] */
};

struct lines {
    struct line *rows; /* by place; of several for one place the last one holds */
    size_t count;
    unsigned char *bytes; /* the sections that the names are in, and a zero behind them */
};

/* Of code_bytes bytes of code at the file's virtual address `code`. Null: no memory. Free with lines_free. */
struct lines *lines_read(Elf *elf, uint64_t code, uint64_t code_bytes, struct section_budget *budget);
const struct line *lines_find(const struct lines *lines, uint64_t at); /* null: not known */
/* The last part of the file's name, made safe to show; returns `name`, of `size` > 0 bytes. */
const char *lines_file(const struct line *line, char *name, size_t size);
void lines_free(struct lines *lines); /* null is accepted */

#endif
