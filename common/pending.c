/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A table without locks, for the signal handler reads it. It is large enough for a model's directory; what
 * does not fit is not removed by a signal, and nothing else depends on it.
 */
#include "pending.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PENDING_MAX = 1024 };
static _Atomic(char *) pending[PENDING_MAX];

void pending_add(const char *path) {
    char *copy = strdup(path);
    for (size_t i = 0; copy && i < PENDING_MAX; i++) {
        char *none = NULL;
        if (atomic_compare_exchange_strong(&pending[i], &none, copy)) return;
    }
    free(copy);
}

/* Those of that name, and those below it. */
static void forget(const char *path, int below) {
    size_t length = strlen(path);
    for (size_t i = 0; i < PENDING_MAX; i++) {
        char *found = atomic_load(&pending[i]);
        if (!found || strncmp(found, path, length) != 0) continue;
        if (found[length] != 0 && !(below && found[length] == '/')) continue;
        if (atomic_compare_exchange_strong(&pending[i], &found, NULL)) free(found);
    }
}

void pending_forget(const char *path) { forget(path, 0); }
void pending_forget_below(const char *directory) { forget(directory, 1); }

/* A directory can go once its files have: again until nothing more does. */
static void on_signal(int number) {
    for (int removed = 1; removed;) {
        removed = 0;
        for (size_t i = 0; i < PENDING_MAX; i++) {
            const char *path = atomic_load(&pending[i]);
            if (path && (unlink(path) == 0 || rmdir(path) == 0)) removed = 1;
        }
    }
    raise(number); /* its action is the default again */
}

void pending_remove_on_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, old;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}
