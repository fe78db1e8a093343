/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* An output's failure as an error. */
#ifndef W4A16_CORE_OUTPUT_ERROR_H
#define W4A16_CORE_OUTPUT_ERROR_H

#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "output.h"

static inline w4a16_status output_error(const char *path, const struct output *output, w4a16_error *error) {
    return w4a16_fail(error, output->code == ENOMEM ? W4A16_OUT_OF_MEMORY : W4A16_IO, "%s: cannot %s: %s",
                      path, output->step, strerror(output->code));
}

#endif
