/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Data that drive rounding errors to the bound of docs/numerics.md: large numbers that cancel exactly, and
 * between them small ones that are lost beside the large ones, all in the same direction.
 */
#ifndef W4A16_CHECK_ADVERSARY_H
#define W4A16_CHECK_ADVERSARY_H

#include "check/conformance_data.h"

/* Values of a case whose fill is ADVERSARIAL or a later one, for the order that its plan has. */
uint16_t adversary_activation(const struct data *d, int64_t m, int64_t k);
unsigned adversary_nibble(const struct data *d, int64_t n, int64_t k);
uint8_t adversary_zero(const struct test_case *c);
float adversary_scale(int64_t n);

#endif
