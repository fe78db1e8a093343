/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Code whose data depend on time or place. The simulator runs one work-group after the other, and the model is told what it
 * executed: a wave that waits for another work-group, or asks for the time, would execute something else on a card.
 */
#ifndef TIMING_DEPENDS_H
#define TIMING_DEPENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rdnasim.h"

/* Why what an instruction gives depends on time or place. Null: it does not. */
const char *time_dependence(const rdnasim_instruction *instruction);

/*
 * The first loop that polls: all that its memory operations do is to look again and again at places that it does not change,
 * and what is found there decides whether it goes on. Returns why the code cannot be timed; null: there is no such loop.
 */
const char *find_polling(const char *target, const uint32_t *code, size_t dwords);

/* An atomic operation that gives back what it found, and so tells its wave which others came before. */
bool takes_ticket(const rdnasim_instruction *instruction);

/* Compare and swap: the loop around it is left at once where no other wave comes between. */
bool compares(const rdnasim_instruction *instruction);

#endif
