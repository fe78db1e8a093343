/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Takes the place of the C library's functions in this program and in all shared libraries that it uses:
 * strdup, asprintf, fopen and opendir come here too. A clock that stands still makes output comparable.
 */
#include "failing.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if SANITIZED /* the program; not this file, which the sanitizer's start calls */
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

#define EXPORTED __attribute__((visibility("default")))

void *REAL(malloc)(size_t);
void *REAL(calloc)(size_t, size_t);
void *REAL(realloc)(void *, size_t);
void *REAL(memalign)(size_t, size_t);

#if SANITIZED
int __interceptor_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
#endif

struct failing *failing;
enum failing_kind failing_kind;

/* The innermost functions that are being called, each as its distance from its file's first byte. */
static uint64_t where(void) {
    enum { SKIPPED = 3, FRAMES = SKIPPED + 5 }; /* backtrace's caller, fails, malloc */
    static __thread int busy;                   /* looking for them may allocate */
    if (busy) return 0;
    busy = 1;
    void *frames[FRAMES];
    uint64_t hash = 0xcbf29ce484222325u;
    int count = backtrace(frames, FRAMES);
    for (int n = SKIPPED; n < count; n++) {
        Dl_info info;
        uint64_t at = (uintptr_t)frames[n];
        if (dladdr(frames[n], &info)) at -= (uintptr_t)info.dli_fbase;
        hash = (hash ^ at) * 0x100000001b3u;
    }
    busy = 0;
    return hash;
}

static int fails(enum failing_kind kind) {
    if (!failing || kind != failing_kind) return 0;
    long n = __atomic_add_fetch(&failing->count, 1, __ATOMIC_RELAXED);
    if (!failing->at && n < PLACES_MAX) failing->places[n] = where();
    if (!failing->at || n < failing->at || (n > failing->at && !failing->for_ever)) return 0;
    if (failing->show && n == failing->at) {
        struct failing *watched = failing;
        failing = NULL;
        void *frames[32];
        backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
        failing = watched;
    }
    errno = ENOMEM;
    return 1;
}

EXPORTED void *malloc(size_t bytes) { return fails(FAILING_MEMORY) ? NULL : REAL(malloc)(bytes); }
EXPORTED void *calloc(size_t count, size_t bytes) {
    return fails(FAILING_MEMORY) ? NULL : REAL(calloc)(count, bytes);
}
EXPORTED void *realloc(void *old, size_t bytes) {
    return fails(FAILING_MEMORY) ? NULL : REAL(realloc)(old, bytes);
}
EXPORTED void *aligned_alloc(size_t alignment, size_t bytes) {
    return fails(FAILING_MEMORY) ? NULL : REAL(memalign)(alignment, bytes);
}
EXPORTED int posix_memalign(void **out, size_t alignment, size_t bytes) {
    void *made = fails(FAILING_MEMORY) ? NULL : REAL(memalign)(alignment, bytes);
    if (!made) return ENOMEM;
    *out = made;
    return 0;
}

EXPORTED void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
    if (fails(FAILING_MEMORY)) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}

EXPORTED int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *),
                            void *argument) {
    if (fails(FAILING_THREADS)) return EAGAIN;
#if SANITIZED
    return __interceptor_pthread_create(thread, attributes, body, argument);
#else
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, body, argument);
#endif
}

EXPORTED int clock_gettime(clockid_t clock, struct timespec *out) {
    (void)clock;
    *out = (struct timespec){1700000000, 0};
    return 0;
}
EXPORTED time_t time(time_t *out) {
    if (out) *out = 1700000000;
    return 1700000000;
}
