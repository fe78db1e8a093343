/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Directories whose files appear together. Into a directory that exists they move in this order, so that a
 * reader, and whoever comes after a loss of power, finds the old files, or none that it would begin with, or
 * the new ones:
 *
 *     old files of rank 2 out, old files of rank 1 out, new files of rank 1 in, new files of rank 2 in
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "output_names.h"
#include "pending.h"

static int failed(struct output_directory *d, const char *step, int code) {
    if (!d->step) d->step = step, d->code = code;
    return -1;
}

static char *join(const char *directory, const char *name) {
    char *path;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* Adds a name to a list; 0 without memory. */
struct names {
    size_t count;
    char **names;
};

static void names_free(struct names *list) {
    for (size_t i = 0; i < list->count; i++) free(list->names[i]);
    free(list->names);
    *list = (struct names){0};
}

static int names_add(struct names *list, const char *name) {
    char **names = realloc(list->names, (list->count + 1) * sizeof *names);
    if (!names) return 0;
    list->names = names;
    names[list->count] = strdup(name);
    return names[list->count++] != NULL;
}

/* All but "." and "..". 0, or -1 with errno. */
static int names_of(const char *directory, struct names *list) {
    *list = (struct names){0};
    DIR *open = opendir(directory);
    if (!open) return -1;
    int code = 0;
    for (const struct dirent *entry; !code;) {
        errno = 0;
        entry = readdir(open);
        if (!entry) {
            code = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !names_add(list, entry->d_name))
            code = ENOMEM;
    }
    closedir(open);
    if (code) names_free(list);
    errno = code;
    return code ? -1 : 0;
}

int directory_in_use(const char *path) {
    struct names list;
    if (names_of(path, &list) != 0) return errno == ENOENT ? 0 : -1;
    int used = list.count != 0;
    names_free(&list);
    return used;
}

/* Creates a directory and its parents, and counts those that were not there. */
static int make_directory(struct output_directory *d, const char *path) {
    for (int again = 0;; again++) {
        if (mkdir(path, 0777) == 0) {
            d->made++;
            pending_add(path);
            return 0;
        }
        if (errno == EEXIST) return 0;
        if (errno != ENOENT || again) return -1;
        char *parent = output_parent(path);
        int made = parent && strcmp(parent, path) != 0 ? make_directory(d, parent) : -1;
        free(parent);
        if (made != 0) return -1;
    }
}

/* path without doubled slashes and one at its end; without symbolic links if it exists. */
static char *tidy(const char *path) {
    char *real = realpath(path, NULL);
    if (real || errno != ENOENT) return real;
    char *copy = malloc(strlen(path) + 1), *to = copy;
    for (const char *from = path; copy && *from; from++)
        if (*from != '/' || from[1] != '/') *to++ = *from;
    if (to > copy + 1 && to[-1] == '/') to--;
    if (copy) *to = 0;
    return copy;
}

/* A new hidden directory in parent. */
static char *make_hidden(struct output_directory *d, const char *parent) {
    for (;;) {
        char *path = output_hidden_name(parent);
        if (!path) {
            failed(d, "create", ENOMEM);
            return NULL;
        }
        pending_add(path);
        if (mkdir(path, 0777) == 0) return path;
        int code = errno;
        pending_forget(path);
        free(path);
        if (code != EEXIST) {
            failed(d, "create", code);
            return NULL;
        }
    }
}

int output_directory_open(struct output_directory *d, const char *path) {
    *d = (struct output_directory){0};
    struct stat info;
    int exists = stat(path, &info) == 0;
    if (exists && !S_ISDIR(info.st_mode)) return failed(d, "create", ENOTDIR);
    if (!exists && (!*path || lstat(path, &info) == 0))
        return failed(d, "create", ENOENT); /* a link to nothing */
    d->path = tidy(path);
    if (!d->path) return failed(d, "create", errno);
    if (exists) {
        d->staging = make_hidden(d, d->path);
        if (d->staging) d->retired = make_hidden(d, d->path);
    } else {
        char *parent = output_parent(d->path);
        if (!parent || make_directory(d, parent) != 0)
            failed(d, "create", errno);
        else
            d->staging = make_hidden(d, parent);
        free(parent);
    }
    return d->step ? -1 : 0;
}

char *output_directory_file(struct output_directory *d, const char *name) {
    char *path = join(d->staging, name);
    if (path) pending_add(path);
    return path;
}

/* ---- moving into a directory that exists -------------------------------------------------------------- */

/* Renames that have been done, to be undone. */
struct journal {
    size_t count;
    struct move {
        char *from, *to;
    } *moves; /* room for all that will ever be */
};

static int move(struct output_directory *d, struct journal *j, const char *from, const char *to,
                const char *name) {
    struct move m = {join(from, name), join(to, name)};
    if (m.from && m.to && rename(m.from, m.to) == 0) {
        j->moves[j->count++] = m;
        return 0;
    }
    failed(d, "rename", m.from && m.to ? errno : ENOMEM);
    free(m.from);
    free(m.to);
    return -1;
}

static int has(const struct names *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0) return 1;
    return 0;
}

/* Moves the files of one rank, and makes that last before anything else moves. What is to be replaced counts
 * as 1. */
static int move_rank(struct output_directory *d, struct journal *j, const char *from, const char *to,
                     const struct names *list, const struct names *replaced, output_rank *rank, int wanted) {
    for (size_t i = 0; i < list->count; i++) {
        int own = rank(list->names[i]);
        if (own == 0 && has(replaced, list->names[i])) own = 1;
        if (own == wanted && move(d, j, from, to, list->names[i]) != 0) return -1;
    }
    return output_sync_directory(d->path) == 0 ? 0 : failed(d, "sync", errno);
}

/* 0 if everything is where it was. */
static int undo(const struct journal *j) {
    int lost = 0;
    for (size_t i = j->count; i-- > 0;) lost |= rename(j->moves[i].to, j->moves[i].from) != 0;
    return lost ? -1 : 0;
}

static int move_into(struct output_directory *d, output_rank *rank) {
    struct names old = {0}, new = {0};
    struct journal j = {0};
    if (names_of(d->path, &old) != 0 || names_of(d->staging, &new) != 0)
        failed(d, "list", errno);
    else if (!(j.moves = calloc(old.count + new.count + 1, sizeof *j.moves)))
        failed(d, "rename", ENOMEM);
    if (!d->step &&
        (move_rank(d, &j, d->path, d->retired, &old, &new, rank, 2) != 0 ||
         move_rank(d, &j, d->path, d->retired, &old, &new, rank, 1) != 0 ||
         move_rank(d, &j, d->staging, d->path, &new, &new, rank, 1) != 0 ||
         move_rank(d, &j, d->staging, d->path, &new, &new, rank, 2) != 0) &&
        undo(&j) != 0) {
        d->step = "move the old files back from the hidden directories in it after a failure to rename";
        d->keep = 1;
    }
    for (size_t i = 0; i < j.count; i++) {
        free(j.moves[i].from);
        free(j.moves[i].to);
    }
    free(j.moves);
    names_free(&old);
    names_free(&new);
    return d->step ? -1 : 0;
}

/* ---- the end ------------------------------------------------------------------------------------------ */

static void remove_hidden(char *directory) {
    struct names list;
    if (!directory) return;
    if (names_of(directory, &list) == 0) {
        for (size_t i = 0; i < list.count; i++) {
            char *path = join(directory, list.names[i]);
            if (path) unlink(path);
            free(path);
        }
        names_free(&list);
    }
    rmdir(directory);
    pending_forget_below(directory);
    free(directory);
}

static void forget_parents(struct output_directory *d, int remove) {
    char *parent = d->path ? output_parent(d->path) : NULL;
    for (; parent && d->made; d->made--) {
        if (remove) rmdir(parent);
        pending_forget(parent);
        char *next = output_parent(parent);
        free(parent);
        parent = next;
    }
    free(parent);
}

static void release(struct output_directory *d, int complete) {
    if (d->keep) {
        pending_forget_below(d->staging);
        pending_forget_below(d->retired);
        free(d->staging);
        free(d->retired);
    } else {
        remove_hidden(d->staging);
        remove_hidden(d->retired);
    }
    forget_parents(d, !complete);
    free(d->path);
    d->path = d->staging = d->retired = NULL;
}

void output_directory_abandon(struct output_directory *d) { release(d, 0); }

static int take_place(struct output_directory *d) {
    if (rename(d->staging, d->path) != 0) return failed(d, "rename", errno);
    pending_forget_below(d->staging);
    free(d->staging);
    d->staging = NULL;
    char *parent = output_parent(d->path);
    if (!parent || output_sync_directory(parent) != 0) failed(d, "sync", errno);
    free(parent);
    return d->step ? -1 : 0;
}

int output_directory_commit(struct output_directory *d, output_rank *rank) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* nothing may come between the moves */
    if (output_sync_directory(d->staging) != 0)
        failed(d, "sync", errno);
    else if (d->retired)
        move_into(d, rank);
    else
        take_place(d);
    release(d, !d->staging || d->retired);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return d->step ? -1 : 0;
}
