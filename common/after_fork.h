/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a forked child must put right: in it only the thread that forked lives on, so that other threads are
 * gone, and locks that they held stay locked. Whoever has threads or locks embeds one of these; its function
 * is called in every child, before fork returns there.
 */
#ifndef COMMON_AFTER_FORK_H
#define COMMON_AFTER_FORK_H

struct after_fork {
    void (*child)(
        void *owner); /* allocates nothing and takes no locks; initialises anew what others may have held */
    void *owner;
    struct after_fork *next, *previous; /* of after_fork.c */
};

/* From here on, until it is removed. */
void after_fork_add(struct after_fork *a, void (*child)(void *owner), void *owner);
/* What was never added (all zero) is accepted. */
void after_fork_remove(struct after_fork *a);

/*
 * How often this process is a forked child since the library was first used: 0 in the process that loaded it.
 */
unsigned after_fork_generation(void);

#endif
