/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Targets whose kernels are the same machine code, so that a test need not run both in full. */
#ifndef SAME_CODE_H
#define SAME_CODE_H

/* The first target of the library whose kernels have target's instructions and descriptors; often itself. */
const char *first_with_the_code_of(const char *target);

#endif
