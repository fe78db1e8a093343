/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

static w4a16_status read_all(int fd, const char *path, char **text, size_t *bytes, w4a16_error *error) {
    struct stat info;
    FAIL_IF(fstat(fd, &info) != 0, error, W4A16_IO, "%s: %s", path, strerror(errno));
    FAIL_IF(!S_ISREG(info.st_mode), error, W4A16_BAD_FILE, "%s: is no regular file", path);
    FAIL_IF(info.st_size >= TEXT_FILE_MAX, error, W4A16_BAD_FILE,
            "%s: has %lld bytes; accepted are fewer than %d", path, (long long)info.st_size, TEXT_FILE_MAX);
    char *buffer = malloc((size_t)info.st_size + 1);
    FAIL_IF(!buffer, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    *bytes = 0;
    ssize_t n;
    while (*bytes < (size_t)info.st_size &&
           ((n = read(fd, buffer + *bytes, (size_t)info.st_size - *bytes)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0) *bytes += (size_t)n;
    if (*bytes < (size_t)info.st_size) {
        free(buffer);
        return w4a16_fail(error, W4A16_IO, "%s: cannot read all of its %lld bytes", path,
                          (long long)info.st_size);
    }
    *text = buffer;
    return W4A16_OK;
}

w4a16_status text_file_read(const char *path, char **text, size_t *bytes, w4a16_error *error) {
    *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block before it is refused */
    if (fd < 0 && errno == ENOENT) return W4A16_OK;
    FAIL_IF(fd < 0, error, W4A16_IO, "%s: cannot open: %s", path, strerror(errno));
    w4a16_status status = read_all(fd, path, text, bytes, error);
    close(fd);
    return status;
}
