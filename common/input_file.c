/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MAX (1u << 30) /* of one call: Linux takes a little less than 2^31 */

static enum input_status refuse(struct input_file *file, enum input_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum input_status refuse(struct input_file *file, enum input_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(file->why, sizeof file->why, format, arguments);
    va_end(arguments);
    return status;
}

/* Pointers are small texts that begin with the address of their specification. */
static enum input_status check_not_a_pointer(struct input_file *file) {
    static const char first_words[] = "version https://git-lfs.github.com/spec/";
    enum { LENGTH = sizeof first_words - 1, POINTER_MAX = 1024 };
    char text[LENGTH];
    if (file->bytes < LENGTH || file->bytes > POINTER_MAX) return INPUT_OK;
    enum input_status status = input_read(file, text, LENGTH, 0);
    if (status != INPUT_OK || memcmp(text, first_words, LENGTH) != 0) return status;
    return refuse(file, INPUT_UNUSABLE, "is a Git LFS pointer, not the file itself: run git lfs pull");
}

static enum input_status check(struct input_file *file, uint64_t most) {
    struct stat info;
    if (fstat(file->fd, &info) != 0) return refuse(file, INPUT_IO, "cannot open: %s", strerror(errno));
    if (!S_ISREG(info.st_mode)) return refuse(file, INPUT_UNUSABLE, "is not a regular file");
    file->bytes = (uint64_t)info.st_size;
    if (file->bytes > most)
        return refuse(file, INPUT_UNUSABLE, "has %" PRIu64 " bytes; accepted are at most %" PRIu64,
                      file->bytes, most);
    return check_not_a_pointer(file);
}

enum input_status input_open(struct input_file *file, const char *path, uint64_t most) {
    /* A FIFO must not block before it is refused. */
    *file = (struct input_file){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file->fd < 0)
        return refuse(file, errno == ENOENT ? INPUT_MISSING : INPUT_IO, "cannot open: %s", strerror(errno));
    enum input_status status = check(file, most);
    if (status != INPUT_OK) input_close(file);
    return status;
}

void input_close(struct input_file *file) {
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
}

enum input_status input_read(struct input_file *file, void *to, uint64_t bytes, uint64_t from) {
    for (unsigned char *p = to; bytes;) {
        ssize_t n = pread(file->fd, p, bytes < READ_MAX ? bytes : READ_MAX, (off_t)from);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return refuse(file, INPUT_IO, "cannot read at byte %" PRIu64 ": %s", from, strerror(errno));
        if (n == 0)
            return refuse(file, INPUT_IO,
                          "ends at byte %" PRIu64 ", %" PRIu64
                          " bytes early: it was shortened while being read",
                          from, bytes);
        p += n, from += (uint64_t)n, bytes -= (uint64_t)n;
    }
    return INPUT_OK;
}

enum input_status input_read_all(struct input_file *file, const char *path, uint64_t most,
                                 unsigned char **data) {
    *data = NULL;
    enum input_status status = input_open(file, path, most);
    if (status != INPUT_OK) return status;
    unsigned char *bytes = file->bytes < SIZE_MAX ? malloc((size_t)file->bytes + 1) : NULL;
    if (!bytes) return refuse(file, INPUT_NO_MEMORY, "out of memory for its %" PRIu64 " bytes", file->bytes);
    status = input_read(file, bytes, file->bytes, 0);
    if (status != INPUT_OK) {
        free(bytes);
        return status;
    }
    bytes[file->bytes] = 0;
    input_close(file);
    *data = bytes;
    return INPUT_OK;
}
