/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Opening files that strangers made. Only regular files are read: a FIFO or a device could block, or never
 * end. Their size is known before anything is allocated, and Git LFS's stand-ins for files that were never
 * fetched are named.
 */
#ifndef COMMON_INPUT_FILE_H
#define COMMON_INPUT_FILE_H

#include <stddef.h>
#include <stdint.h>

enum input_status {
    INPUT_OK,
    INPUT_MISSING,  /* there is no file of that name */
    INPUT_IO,       /* the system refuses to open or to read it */
    INPUT_UNUSABLE, /* not a regular file, too large, or a Git LFS pointer */
    INPUT_NO_MEMORY
};

struct input_file {
    int fd; /* -1 unless the status is INPUT_OK */
    uint64_t bytes;
    char why[160]; /* what is wrong, to follow "PATH: "; empty if nothing is */
};

/* most: bytes that are accepted. */
enum input_status input_open(struct input_file *file, const char *path, uint64_t most);
void input_close(struct input_file *file);

/* Reads bytes [from, from + bytes) of an open file. A failure leaves it open. */
enum input_status input_read(struct input_file *file, void *to, uint64_t bytes, uint64_t from);

/*
 * Opens a file, reads it whole and closes it; file->bytes and file->why hold afterwards. *data has one more
 * byte, which is 0, is null unless the status is INPUT_OK, and is to be freed.
 */
enum input_status input_read_all(struct input_file *file, const char *path, uint64_t most,
                                 unsigned char **data);

#endif
