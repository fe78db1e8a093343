/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR  24
#define LINE 79

void progress_begin(struct progress *p, int wanted) {
    const char *terminal = getenv("TERM"), *no_color = getenv("NO_COLOR");
    p->on = wanted && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
    p->colour = !(no_color && *no_color);
}

void progress_show(const struct progress *p, const char *what, size_t done, size_t total) {
    if (!p->on) return;
    char bar[BAR + 1];
    size_t filled = total ? done * BAR / total : 0;
    memset(bar, '.', BAR);
    memset(bar, '#', filled);
    bar[BAR] = 0;
    char line[LINE + 1];
    snprintf(line, sizeof line, "%zu/%zu %s", done, total, what);
    fprintf(stderr, "\r%s[%s]%s %-*.*s", p->colour ? "\033[36m" : "", bar, p->colour ? "\033[0m" : "",
            LINE - BAR - 3, LINE - BAR - 3, line);
    fflush(stderr);
}

void progress_clear(const struct progress *p) {
    if (!p->on) return;
    fprintf(stderr, "\r%*s\r", LINE, "");
    fflush(stderr);
}
