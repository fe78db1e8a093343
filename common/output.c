/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_names.h"
#include "pending.h"

static int failed(struct output *o, const char *step, int code) {
    if (!o->step) o->step = step, o->code = code;
    return -1;
}

char *output_hidden_name(const char *directory) {
    static _Atomic unsigned count;
    char *name;
    if (asprintf(&name, "%s/.partial-%ld-%u", directory, (long)getpid(), atomic_fetch_add(&count, 1)) < 0)
        return NULL;
    return name;
}

char *output_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int output_sync_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    /* Some file systems cannot sync a directory and say so; their renames are as lasting as they will be. */
    int result = fsync(fd) == 0 || errno == EINVAL ? 0 : -1, code = errno;
    close(fd);
    errno = code;
    return result;
}

/* Creates the hidden file, with the permissions of the one that it will replace. */
static int create_partial(struct output *o, const struct stat *replaced) {
    char *parent = output_parent(o->path);
    for (o->fd = -1, errno = EEXIST; parent && o->fd < 0 && errno == EEXIST;) {
        free(o->partial);
        o->partial = output_hidden_name(parent);
        if (!o->partial) break;
        pending_add(o->partial);
        o->fd = open(o->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        int code = errno;
        if (o->fd < 0) pending_forget(o->partial);
        errno = code;
    }
    int code = parent && o->partial ? errno : ENOMEM;
    free(parent);
    if (o->fd >= 0 && (!replaced || fchmod(o->fd, replaced->st_mode & 0777) == 0)) return 0;
    return failed(o, "create", o->fd >= 0 ? errno : code);
}

int output_open(struct output *o, const char *path) {
    *o = (struct output){.fd = -1};
    struct stat info;
    int exists = stat(path, &info) == 0;
    o->path = exists ? realpath(path, NULL) : strdup(path);
    if (!o->path) return failed(o, "create", errno);
    if (!exists) return create_partial(o, NULL);
    if (access(path, W_OK) != 0) return failed(o, "replace", errno);
    if (S_ISREG(info.st_mode)) return create_partial(o, &info);
    o->fd = open(path, O_WRONLY | O_CLOEXEC);
    return o->fd < 0 ? failed(o, "create", errno) : 0;
}

int output_write(struct output *o, const void *data, size_t bytes) {
    const char *at = data;
    while (bytes && !o->step) {
        ssize_t n = write(o->fd, at, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed(o, "write", n < 0 ? errno : ENOSPC);
        at += n;
        bytes -= (size_t)n;
    }
    return o->step ? -1 : 0;
}

static ssize_t write_stream(void *cookie, const char *data, size_t bytes) {
    return output_write(cookie, data, bytes) == 0 ? (ssize_t)bytes : 0; /* 0 is a stream's error */
}

FILE *output_stream(struct output *o) {
    static const cookie_io_functions_t functions = {.write = write_stream};
    if (!o->stream && !o->step) {
        o->stream = fopencookie(o, "w", functions);
        if (!o->stream) failed(o, "write", errno);
    }
    return o->stream;
}

static void release(struct output *o) {
    if (o->stream) fclose(o->stream);
    if (o->fd >= 0) close(o->fd);
    if (o->partial) {
        unlink(o->partial);
        pending_forget(o->partial);
    }
    free(o->path);
    free(o->partial);
    o->stream = NULL;
    o->fd = -1;
    o->path = o->partial = NULL;
}

void output_abandon(struct output *o) {
    failed(o, "write", ECANCELED); /* what the stream still holds is not written */
    release(o);
}

/* The rename, and the directory's record of it. */
static void take_place(struct output *o) {
    char *parent = output_parent(o->path);
    if (!parent)
        failed(o, "rename", ENOMEM);
    else if (rename(o->partial, o->path) != 0)
        failed(o, "rename", errno);
    else {
        pending_forget(o->partial);
        free(o->partial);
        o->partial = NULL;
        if (output_sync_directory(parent) != 0) failed(o, "sync", errno);
    }
    free(parent);
}

int output_commit(struct output *o) {
    if (o->stream && fclose(o->stream) != 0) failed(o, "write", errno);
    o->stream = NULL;
    if (!o->step && o->partial && fsync(o->fd) != 0) failed(o, "sync", errno);
    int closed = o->fd < 0 ? 0 : close(o->fd);
    o->fd = -1;
    if (closed != 0) failed(o, "close", errno);
    if (!o->step && o->partial) take_place(o);
    release(o);
    return o->step ? -1 : 0;
}
