/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "core/input_error.h"

#include "core/error.h"

w4a16_status w4a16_input_status(enum input_status status, const char *path, const struct input_file *file,
                                w4a16_error *error) {
    static const w4a16_status statuses[] = {[INPUT_OK] = W4A16_OK,
                                            [INPUT_MISSING] = W4A16_IO,
                                            [INPUT_IO] = W4A16_IO,
                                            [INPUT_UNUSABLE] = W4A16_BAD_FILE,
                                            [INPUT_NO_MEMORY] = W4A16_OUT_OF_MEMORY};
    return status == INPUT_OK ? W4A16_OK : w4a16_fail(error, statuses[status], "%s: %s", path, file->why);
}
