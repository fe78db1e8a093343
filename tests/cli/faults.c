/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Linked over a program by ld's --wrap: the calls that change files are counted, and one of them goes wrong.
 *
 *     FAULT_AT=n      the nth call, from 1 on; the name of the call is written to stderr
 *     FAULT=ENOSPC    it fails so; EIO, EDQUOT; or SIGTERM, SIGINT, SIGKILL: this signal comes first, and the
 *                     call is done; or SHORT: every write takes a part only
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_open(const char *path, int flags, ...);
int __real_mkdir(const char *path, mode_t mode);
ssize_t __real_write(int fd, const void *data, size_t bytes);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_rename(const char *from, const char *to);

int __wrap_open(const char *path, int flags, ...);
int __wrap_mkdir(const char *path, mode_t mode);
ssize_t __wrap_write(int fd, const void *data, size_t bytes);
int __wrap_fsync(int fd);
int __wrap_close(int fd);
int __wrap_rename(const char *from, const char *to);

static const struct {
    const char *name;
    int signal;
} faults[] = {{"ERROR", 0}, {"SIGTERM", SIGTERM}, {"SIGINT", SIGINT}, {"SIGKILL", SIGKILL}};

static _Atomic long count;

__attribute__((destructor)) static void print_count(void) {
    const char *fault = getenv("FAULT");
    if (fault && strcmp(fault, "COUNT") == 0) fprintf(stderr, "calls: %ld\n", atomic_load(&count));
}

/* 1 if this call is to fail; errno is then set. */
static int strikes(const char *call, int code) {
    const char *at = getenv("FAULT_AT"), *fault = getenv("FAULT");
    if (!at || !fault || atomic_fetch_add(&count, 1) + 1 != atol(at)) return 0;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (strcmp(fault, faults[i].name) != 0) continue;
        fprintf(stderr, "fault: %s\n", call);
        if (faults[i].signal) raise(faults[i].signal);
        errno = code;
        return !faults[i].signal;
    }
    return 0;
}

int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return flags & O_CREAT && strikes("open", ENOSPC) ? -1 : __real_open(path, flags, mode);
}

int __wrap_mkdir(const char *path, mode_t mode) {
    return strikes("mkdir", ENOSPC) ? -1 : __real_mkdir(path, mode);
}

ssize_t __wrap_write(int fd, const void *data, size_t bytes) {
    const char *fault = getenv("FAULT");
    if (fault && strcmp(fault, "SHORT") == 0) bytes = bytes / 2 + 1 < bytes ? bytes / 2 + 1 : bytes;
    return strikes("write", ENOSPC) ? -1 : __real_write(fd, data, bytes);
}

int __wrap_fsync(int fd) { return strikes("fsync", EIO) ? -1 : __real_fsync(fd); }

int __wrap_close(int fd) {
    int struck = strikes("close", EIO), code = errno;
    int result = __real_close(fd);
    if (struck) errno = code;
    return struck ? -1 : result;
}

int __wrap_rename(const char *from, const char *to) {
    return strikes("rename", EIO) ? -1 : __real_rename(from, to);
}
