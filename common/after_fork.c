/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "after_fork.h"

#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list; held across a fork */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct after_fork *first;
static unsigned generation; /* changes only where there is one thread */

static void prepare(void) { pthread_mutex_lock(&lock); }
static void parent(void) { pthread_mutex_unlock(&lock); }
static void child(void) {
    generation++;
    for (struct after_fork *a = first; a; a = a->next) a->child(a->owner);
    pthread_mutex_init(&lock, NULL);
}
static void watch(void) { pthread_atfork(prepare, parent, child); }

void after_fork_add(struct after_fork *a, void (*function)(void *owner), void *owner) {
    pthread_once(&once, watch);
    pthread_mutex_lock(&lock);
    *a = (struct after_fork){.child = function, .owner = owner, .next = first};
    if (first) first->previous = a;
    first = a;
    pthread_mutex_unlock(&lock);
}

void after_fork_remove(struct after_fork *a) {
    if (!a->child) return;
    pthread_mutex_lock(&lock);
    if (a->next) a->next->previous = a->previous;
    *(a->previous ? &a->previous->next : &first) = a->next;
    a->child = NULL;
    pthread_mutex_unlock(&lock);
}

unsigned after_fork_generation(void) { return generation; }
