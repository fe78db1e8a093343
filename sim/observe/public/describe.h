/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A decoded instruction as observers see it. */
#ifndef RDNASIM_DESCRIBE_H
#define RDNASIM_DESCRIBE_H

#include "machine/program.h"

/* The same one for every call; it lives as long as the program. Null: no memory. pc: its dword in the code. */
const rdnasim_instruction *describe(struct program *program, struct decoded *d, uint32_t pc);

#endif
