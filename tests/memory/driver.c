/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Runs a program's main again and again, each time with another allocation failing. Each run must end as the
 * undisturbed one did, with the same output and files; or with exit code 1, "out of memory" on stderr, and no
 * file that is not complete.
 *
 *     failing_PROGRAM [--places FILE] [--for-ever] [--threads] [--at N] VERB [arguments]
 *
 * Each run is a fork in an empty working directory. --places tries only the first call from each place (a
 * function, and what called it), and none from those that FILE has: they were tried by another verb. --at
 * fails one call alone and shows where it was made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing.h"

enum { TEXT_MAX = 1 << 20, SHOWN_MAX = 5 };

int program_main(int argc, char **argv);

struct result {
    int code; /* 128 + signal if it was killed */
    uint64_t files;
    char out[TEXT_MAX], err[TEXT_MAX];
};

struct options {
    const char *places; /* or null: every call */
    long at;
    int for_ever;
};

static char base[64];

static void die(const char *what) {
    perror(what);
    exit(2);
}

/* ---- files --------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *data, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
    return hash;
}

/* A hash of the names and contents below a directory; which is emptied. */
static uint64_t take_files(const char *path) {
    struct dirent **entries;
    uint64_t hash = 0xcbf29ce484222325u;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) die(path);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char full[1024];
        struct stat info;
        snprintf(full, sizeof full, "%s/%s", path, name);
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && lstat(full, &info) == 0) {
            hash = mix(hash, name, strlen(name) + 1);
            if (S_ISDIR(info.st_mode)) {
                uint64_t inner = take_files(full);
                hash = mix(hash, &inner, sizeof inner);
                rmdir(full);
            } else {
                static char data[65536];
                int fd = open(full, O_RDONLY);
                for (ssize_t n; fd >= 0 && (n = read(fd, data, sizeof data)) > 0;)
                    hash = mix(hash, data, (size_t)n);
                if (fd >= 0) close(fd);
                unlink(full);
            }
        }
        free(entries[i]);
    }
    free(entries);
    return hash;
}

static void read_text(const char *name, char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", base, name);
    int fd = open(path, O_RDONLY);
    ssize_t length = fd >= 0 ? read(fd, text, TEXT_MAX - 1) : 0;
    text[length > 0 ? length : 0] = 0;
    if (fd >= 0) close(fd);
}

/* ---- one run ------------------------------------------------------------------------------------------- */

static void redirect(const char *name, int to) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", base, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, to) < 0) _exit(99);
    close(fd);
}

static void run(struct failing *watched, long at, int argc, char **argv, struct result *r) {
    char work[80];
    snprintf(work, sizeof work, "%s/work", base);
    watched->count = 0;
    watched->at = at;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (chdir(work) != 0) _exit(99);
        redirect("out", STDOUT_FILENO);
        redirect("err", STDERR_FILENO);
        failing = watched;
        exit(program_main(argc, argv));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) die("fork");
    r->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    read_text("out", r->out);
    read_text("err", r->err);
    r->files = take_files(work);
}

static const char *judge(const struct result *r, const struct result *sound, uint64_t no_files) {
    if (r->code == sound->code && strcmp(r->out, sound->out) == 0 && strcmp(r->err, sound->err) == 0)
        return r->files == sound->files ? NULL : "the same output, but other files";
    if (strstr(r->err, "AddressSanitizer: CHECK failed")) return NULL; /* the sanitizer's own allocation */
    if (r->code != 1) return r->code ? "another exit code than 1" : "exit code 0, but another output";
    if (!strstr(r->err, "out of memory")) return "no \"out of memory\" on stderr";
    return r->files == no_files || r->files == sound->files ? NULL : "files are left that are not complete";
}

/* ---- places --------------------------------------------------------------------------------------------- */

static uint64_t *tried_places;
static size_t tried_count;

/* False if the place was tried before; from now on it was. */
static int is_new(uint64_t place) {
    for (size_t n = 0; n < tried_count; n++)
        if (tried_places[n] == place) return 0;
    uint64_t *more = realloc(tried_places, (tried_count + 1) * sizeof *more);
    if (!more) die("realloc");
    tried_places = more;
    tried_places[tried_count++] = place;
    return 1;
}

static void read_places(const char *path) {
    FILE *file = fopen(path, "rb");
    uint64_t place;
    while (file && fread(&place, sizeof place, 1, file) == 1) is_new(place);
    if (file) fclose(file);
}

static void write_places(const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(tried_places, sizeof *tried_places, tried_count, file) != tried_count) die(path);
    fclose(file);
}

/* ---- all runs ------------------------------------------------------------------------------------------ */

static int sweep(struct failing *watched, const struct options *o, int argc, char **argv) {
    static struct result sound, r;
    char work[80];
    snprintf(work, sizeof work, "%s/work", base);
    uint64_t no_files = take_files(work);
    run(watched, 0, argc, argv, &sound);
    long calls = watched->count, tried = 0, same = 0, bad = 0;
    if (sound.code > 1) {
        printf("the undisturbed run ends with %d: %s%s", sound.code, sound.out, sound.err);
        return 1;
    }
    if (o->places) read_places(o->places);
    for (long n = 1; n <= calls; n++) {
        if (o->places && n < PLACES_MAX && !is_new(watched->places[n] + (uint64_t)o->for_ever)) continue;
        tried++;
        run(watched, n, argc, argv, &r);
        const char *wrong = judge(&r, &sound, no_files);
        same += !wrong && r.code == sound.code && strcmp(r.out, sound.out) == 0;
        if (wrong && bad++ < SHOWN_MAX)
            printf("  call %ld of %ld: %s (exit code %d): %.300s%.300s\n", n, calls, wrong, r.code,
                   r.code ? "" : r.out, r.err);
    }
    for (int i = 1; i < argc; i++) printf("%s ", strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i]);
    printf("%s: %ld of %ld calls failed: %ld with the same output, %ld out of memory, %ld wrong\n",
           o->for_ever ? "(for ever)" : "", tried, calls, same, tried - same - bad, bad);
    if (o->places) write_places(o->places);
    return bad || !calls;
}

int main(int argc, char **argv) {
    struct options o = {0};
    int first = 1;
    for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
        if (strcmp(argv[first], "--for-ever") == 0)
            o.for_ever = 1;
        else if (strcmp(argv[first], "--threads") == 0)
            failing_kind = FAILING_THREADS;
        else if (strcmp(argv[first], "--places") == 0 && first + 1 < argc)
            o.places = argv[++first];
        else if (strcmp(argv[first], "--at") == 0 && first + 1 < argc)
            o.at = atol(argv[++first]);
        else
            return fprintf(stderr, "%s: not understood\n", argv[first]), 2;
    }
    if (first == argc) return fprintf(stderr, "usage: [--places FILE] [--for-ever] VERB ...\n"), 2;
    struct failing *watched =
        mmap(NULL, sizeof *watched, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (watched == MAP_FAILED) die("mmap");
    watched->for_ever = o.for_ever;
    argv[first - 1] = argv[0];
    if (o.at) {
        watched->at = o.at;
        watched->show = 1;
        failing = watched;
        exit(program_main(argc - first + 1, argv + first - 1));
    }
    const char *temporary = getenv("TMPDIR");
    snprintf(base, sizeof base, "%.30s/w4a16-memory-XXXXXX", temporary ? temporary : "/tmp");
    if (!mkdtemp(base)) die(base);
    char path[80];
    snprintf(path, sizeof path, "%s/work", base);
    if (mkdir(path, 0700) != 0) die(path);
    int status = sweep(watched, &o, argc - first + 1, argv + first - 1);
    take_files(base);
    rmdir(base);
    return status;
}
