/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Text under construction, and the operands of scalar instructions that have names of their own. */
#ifndef RDNASIM_DISASM_FIELDS_H
#define RDNASIM_DISASM_FIELDS_H

#include "generation.h"

struct text {
    const struct generation *generation;
    unsigned wave_size;
    char *at;
    unsigned left; /* bytes, the terminator included; what does not fit is dropped */
};
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

void text_waitcnt(struct text *t, unsigned imm);
void text_depctr(struct text *t, unsigned imm);
void text_delay_alu(struct text *t, unsigned imm);
void text_message(struct text *t, unsigned imm);
void text_hwreg(struct text *t, unsigned imm);
void text_swizzle(struct text *t, unsigned imm);
void text_buffer_format(struct text *t, unsigned format);

#endif
