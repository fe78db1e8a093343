/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/text_file.h"

#include "core/input_error.h"

w4a16_status text_file_read(const char *path, char **text, size_t *bytes, w4a16_error *error) {
    struct input_file file;
    unsigned char *data;
    enum input_status status = input_read_all(&file, path, TEXT_FILE_MAX, &data);
    *text = (char *)data;
    *bytes = (size_t)file.bytes;
    return status == INPUT_MISSING ? W4A16_OK : w4a16_input_status(status, path, &file, error);
}
