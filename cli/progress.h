/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A bar on stderr, only if that is a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stddef.h>

struct progress {
    int on;
    int colour; /* off when NO_COLOR is set */
};

void progress_begin(struct progress *progress, int wanted);
void progress_show(const struct progress *progress, const char *what, size_t done, size_t total);
void progress_clear(const struct progress *progress); /* before anything else is printed */

#endif
