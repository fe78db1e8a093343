/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Errors of input files as the library's own. */
#ifndef W4A16_CORE_INPUT_ERROR_H
#define W4A16_CORE_INPUT_ERROR_H

#include "input_file.h"
#include "w4a16/base.h"

/* W4A16_OK for INPUT_OK; else stores "PATH: why" with the status that stands for it. */
w4a16_status w4a16_input_status(enum input_status status, const char *path, const struct input_file *file,
                                w4a16_error *error);

#endif
