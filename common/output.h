/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Files that appear whole or not at all. What is written goes to a hidden name beside the file's own, is
 * synced, and takes its place by one rename; until then an older file of that name is as it was.
 *
 * Functions that can fail return 0 or -1; then step says what could not be done ("write") and code is the
 * errno. The first failure counts and the later calls do nothing, so that it is enough to look at the last
 * one. A pipe or a device is written where it is.
 */
#ifndef COMMON_OUTPUT_H
#define COMMON_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

struct output {
    char *path, *partial; /* without symbolic links; partial is null if the file is written in place */
    int fd;
    FILE *stream;
    const char *step;
    int code;
};

int output_open(struct output *output, const char *path);
int output_write(struct output *output, const void *data, size_t bytes);
/* A stream for formatted text, owned by the output; not beside output_write. Null if there is no memory. */
FILE *output_stream(struct output *output);
/* Either of them releases what output_open took; step and code stay. */
int output_commit(struct output *output);
void output_abandon(struct output *output); /* also after a failed output_open */

/*
 * A directory whose files appear together. Until then they lie in a hidden one: if path does not exist,
 * beside it, and one rename gives it its name. If path exists, in it, and they are moved one by one, so that
 * a file of rank 2 is there only beside all of rank 1 that belong to it; if a move fails all are undone.
 */
struct output_directory {
    char *path, *staging, *retired; /* retired: where old files wait for their end; null if path is new */
    int made;                       /* parents that were not there before */
    int keep;                       /* old and new files could not be separated: nothing is removed */
    const char *step;
    int code;
};

/* 2: a file that a reader begins with; 1: one that it then looks for; 0: one that is none of ours, left
 * alone. */
typedef int output_rank(const char *name);

/* Creates the parents of path, too. */
int output_directory_open(struct output_directory *directory, const char *path);
/* Where to write the file of that name, by output_open; free it. Null: no memory. */
char *output_directory_file(struct output_directory *directory, const char *name);
/* Files of rank 1 and 2 that were there before are removed. */
int output_directory_commit(struct output_directory *directory, output_rank *rank);
void output_directory_abandon(struct output_directory *directory); /* also after a failed open */

/* 1 if path is a directory that holds anything, 0 if it is empty or does not exist, -1 with errno. */
int directory_in_use(const char *path);

#endif
