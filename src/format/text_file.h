/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The small JSON files beside the weights, read whole. */
#ifndef W4A16_FORMAT_TEXT_FILE_H
#define W4A16_FORMAT_TEXT_FILE_H

#include "w4a16/base.h"

#define TEXT_FILE_MAX (16 << 20) /* bytes; real ones have some kilobytes, an index some megabytes */

/* *text is to be freed; null, with OK, if there is no file of that name. */
w4a16_status text_file_read(const char *path, char **text, size_t *bytes, w4a16_error *error);

#endif
