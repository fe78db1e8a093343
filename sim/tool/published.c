/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* time: kernels of case files on modelled cards, beside the times that were published of them. docs/timing.md has the format. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "modelled.h"
#include "text.h"
#include "tool.h"

enum { FILE_MOST = 16 << 20, CASES_MOST = 4096, TEXT_MOST = 4096, WORDS_MOST = 2 * ARGUMENTS_MAX + 20 };

/* The command line of `run` that a case stands for. */
struct words {
    char *word[WORDS_MOST + 1];
    int count;
    bool failed; /* out of memory */
};

static void add(struct words *w, const char *first, const char *second, const char *third) {
    size_t bytes = strlen(first) + strlen(second) + strlen(third) + 1;
    char *word = malloc(bytes);
    if (word) snprintf(word, bytes, "%s%s%s", first, second, third);
    w->failed |= !word;
    if (word) w->word[w->count++] = word;
}

/* A path that is relative to the folder. */
static void add_path(struct words *w, const char *first, const char *folder, const char *path) {
    add(w, first, path[0] == '/' ? "" : folder, path);
}

static void add_option(struct words *w, const char *option, const char *text) {
    add(w, "", "", option);
    add(w, "", "", text);
}

static void free_words(struct words *w) {
    for (int n = 0; n < w->count; n++) free(w->word[n]);
}

struct run { /* of the verb, over all its files */
    bool json, range;
    const char *threads, *objects; /* objects: their folder, or null: that of the case file */
    json_t *rows;
    double *ratios;
    size_t ratio_count;
};

/* ---- a case ---------------------------------------------------------------------------------------------- */

struct fields {
    const char *name, *card, *object, *kernel;
    json_t *grid, *block, *arguments, *in_l2, *published;
    const char *expected;        /* the file of the right result, or null */
    int64_t dynamic_lds, result; /* result: the argument that it is of */
    int warm;
};

/* {"argument": 4, "file": "right.npy"}, if it is there. */
static bool read_expected(const json_t *one, struct fields *f, struct doc_problem *problem) {
    json_t *expected = NULL;
    if (!doc_field(one, "expected", DOC_OBJECT, &expected, problem)) return false;
    if (!expected) return true;
    if (!doc_integer(expected, "argument", 1, ARGUMENTS_MAX, &f->result, problem) ||
        !doc_text(expected, "file", &f->expected, problem))
        return false;
    if (f->expected && f->result >= 1 && (size_t)f->result <= json_array_size(f->arguments)) return true;
    snprintf(problem->text, sizeof problem->text,
             "expected has not both an argument, counted from 1, and the file of its right contents");
    return false;
}

static bool read_fields(const json_t *one, struct fields *f, struct doc_problem *problem) {
    *f = (struct fields){.name = "(no name)"};
    if (!doc_is(one, DOC_OBJECT, "a case", problem) || !doc_text(one, "name", &f->name, problem) ||
        !doc_text(one, "card", &f->card, problem) || !doc_text(one, "object", &f->object, problem) ||
        !doc_text(one, "kernel", &f->kernel, problem) ||
        !doc_field(one, "grid", DOC_LIST, &f->grid, problem) ||
        !doc_field(one, "block", DOC_LIST, &f->block, problem) ||
        !doc_field(one, "arguments", DOC_LIST, &f->arguments, problem) ||
        !doc_field(one, "in_l2", DOC_LIST, &f->in_l2, problem) ||
        !doc_integer(one, "dynamic_lds", 0, 65536, &f->dynamic_lds, problem) ||
        !doc_bool(one, "warm", &f->warm, problem) ||
        !doc_field(one, "published_us", DOC_ANY, &f->published, problem) || !read_expected(one, f, problem))
        return false;
    const char *missing = !f->card ? "card" : !f->object ? "object" : !f->grid ? "grid" : NULL;
    if (missing)
        snprintf(problem->text, sizeof problem->text, "%s is missing", missing);
    else if (f->published && !(json_number_value(f->published) > 0))
        snprintf(problem->text, sizeof problem->text, "published_us is not a number of microseconds");
    else if (json_array_size(f->arguments) > ARGUMENTS_MAX)
        snprintf(problem->text, sizeof problem->text, "arguments has %zu entries; accepted are up to %d",
                 json_array_size(f->arguments), ARGUMENTS_MAX);
    else
        return true;
    return false;
}

/* A list of work-items as the option wants them: "4096,1,1"; what is wrong with it, the option says. */
static void add_extent(struct words *w, const char *option, const json_t *list) {
    char text[128] = "";
    size_t used = 0;
    for (size_t n = 0; n < json_array_size(list) && n < 4; n++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%" PRId64, n ? "," : "",
                                 (int64_t)json_integer_value(json_array_get(list, n)));
    if (list) add_option(w, option, text);
}

/* Which arguments are named in a list of numbers, counted from 1. */
static bool read_places(const json_t *list, size_t arguments, uint64_t *bits, struct doc_problem *problem) {

    for (size_t n = 0; n < json_array_size(list); n++) {
        json_int_t place = json_integer_value(json_array_get(list, n));
        if (place < 1 || (uint64_t)place > arguments) {
            snprintf(problem->text, sizeof problem->text, "in_l2[%zu] is no argument: accepted are 1 to %zu",
                     n, arguments);
            return false;
        }
        *bits |= UINT64_C(1) << (place - 1);
    }
    return true;
}

static bool make_words(struct words *w, const struct run *run, const struct fields *f, const char *folder,
                       struct doc_problem *problem) {
    add(w, "", "", "time");
    add_option(w, "--timing", f->card);
    if (f->kernel) add_option(w, "--kernel", f->kernel);
    add_extent(w, "--grid", f->grid);
    add_extent(w, "--block", f->block);
    char lds[24];
    snprintf(lds, sizeof lds, "%" PRId64, f->dynamic_lds);
    add_option(w, "--dynamic-lds", lds);
    if (run->threads) add_option(w, "--threads", run->threads);
    if (run->range) add(w, "", "", "--range");
    if (f->warm) add(w, "", "", "--warm");
    for (size_t n = 0; n < json_array_size(f->arguments); n++) {
        const char *text = json_string_value(json_array_get(f->arguments, n));
        if (!text) {
            snprintf(problem->text, sizeof problem->text, "arguments[%zu] is not a text", n);
            return false;
        }
        add(w, "", "", "--arg");
        if (strncmp(text, "file:", 5) == 0)
            add_path(w, "file:", folder, text + 5);
        else
            add(w, "", "", text);
    }
    add(w, "", "", "--");
    if (run->objects && f->object[0] != '/')
        add(w, run->objects, "/", f->object);
    else
        add_path(w, "", folder, f->object);
    return true;
}

/* How far the result is from the expected one. */
static int judge(const struct fields *f, const char *folder, const struct session *s, struct timed *t) {
    struct words path = {0};
    struct array expected;
    add_path(&path, "", folder, f->expected);
    int code = path.failed ? fail_memory(f->expected) : EXIT_OK;
    if (!code && !array_read(path.word[0], &expected)) code = EXIT_FILE;
    if (!code) {
        if (!array_error(&s->arguments[f->result - 1].array, &expected, &t->error))
            code = fail(EXIT_FILE,
                        "%s: has %zu elements; accepted are as many numbers as argument %" PRId64 " has",
                        path.word[0], expected.count, f->result);
        free(expected.data);
    }
    free_words(&path);
    return code;
}

static void tell(struct run *run, const struct fields *f, const struct timed *t) {
    const rdnasim_time_result *r = &t->central;
    double published = f->published ? json_number_value(f->published) : 0;
    double ratio = published > 0 ? r->microseconds / published : 0;
    char name[64], range[48] = "", error[24] = "", beside[48] = "";
    if (published > 0) run->ratios[run->ratio_count++] = ratio;
    if (run->json) {
        doc_append(&run->rows,
                   doc_pack("{s:s, s:s, s:b, s:f, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:b, s:o}", "case",
                            f->name, "card", f->card, "warm", f->warm, "modelled_us", r->microseconds,
                            "cycles", (json_int_t)r->cycles, "least_us",
                            run->range ? json_real(t->least) : json_null(), "most_us",
                            run->range ? json_real(t->most) : json_null(), "published_us",
                            published > 0 ? json_real(published) : json_null(), "ratio",
                            published > 0 ? json_real(ratio) : json_null(), "instructions",
                            (json_int_t)r->instructions, "idle_instructions",
                            (json_int_t)t->counts.idle_instructions, "memory_bytes",
                            (json_int_t)r->levels[RDNASIM_LEVEL_DRAM].bytes, "sampled",
                            r->modelled_workgroups < r->workgroups, "relative_error",
                            f->expected && isfinite(t->error) ? json_real(t->error) : json_null()));
        return;
    }
    text_format(name, sizeof name, "%.40s", f->name);
    if (run->range) snprintf(range, sizeof range, "%.2f-%.2f", t->least, t->most);
    if (f->expected) snprintf(error, sizeof error, "%.2e", t->error);
    if (published > 0) snprintf(beside, sizeof beside, "%12.2f %6.2f", published, ratio);
    printf("%-40s %-8.8s %-4s %11.2f %19s %9s %s\n", name, f->card, f->warm ? "warm" : "cold",
           r->microseconds, range, error, beside);
}

static int run_case(struct run *run, const char *path, const char *folder, size_t number, const json_t *one) {
    struct doc_problem problem = {0};
    struct fields f;
    struct words w = {0};
    struct timed timed = {0};
    int code = EXIT_OK;
    uint64_t in_l2 = 0;
    bool ready = read_fields(one, &f, &problem) &&
                 read_places(f.in_l2, json_array_size(f.arguments), &in_l2, &problem) &&
                 make_words(&w, run, &f, folder, &problem);
    if (!ready)
        code = problem.out_of_memory ? fail_memory(path)
                                     : fail(EXIT_FILE, "%s: case %zu: %s", path, number + 1, problem.text);
    else if (w.failed)
        code = fail_memory(path);
    struct session *s = code ? NULL : calloc(1, sizeof *s);
    if (!code && !s) code = fail_memory(path);
    if (!code) {
        code = session_open(s, "time", "", w.count, w.word);
        for (size_t n = 0; !code && n < s->argument_count; n++)
            if (s->arguments[n].dump)
                code = fail(EXIT_FILE, "argument %zu names a file to write: cases write none", n + 1);
        s->timing.in_l2 = in_l2;
        if (!code) code = time_case(s, &timed);
        if (!code && f.expected) code = judge(&f, folder, s, &timed);
        session_close(s);
        if (code) fprintf(stderr, "rdnasim: that was case %zu of %s\n", number + 1, path);
    }
    if (!code) tell(run, &f, &timed);
    free(s);
    free_words(&w);
    return code;
}

/* ---- files ------------------------------------------------------------------------------------------------ */

static int run_list(struct run *run, const char *path, const json_t *cases) {
    size_t count = json_array_size(cases), n;
    if (count > CASES_MOST)
        return fail(EXIT_FILE, "%s: has %zu cases; accepted are at most %d", path, count, CASES_MOST);
    double *ratios = realloc(run->ratios, (run->ratio_count + count + 1) * sizeof *ratios);
    char *folder = strdup(path);
    if (ratios) run->ratios = ratios;
    int worst = ratios && folder ? EXIT_OK : fail_memory(path);
    if (!worst) {
        char *slash = strrchr(folder, '/');
        slash ? (slash[1] = 0) : (folder[0] = 0);
        json_t *one;
        json_array_foreach(cases, n, one) {
            int code = run_case(run, path, folder, n, one);
            if (code > worst) worst = code;
        }
    }
    free(folder);
    return worst;
}

static int run_file(struct run *run, const char *path) {
    unsigned char *text;
    size_t bytes;
    if (!file_read(path, FILE_MOST, &text, &bytes)) return EXIT_FILE;
    struct doc_problem problem;
    const char *source = NULL;
    json_t *file = doc_read((char *)text, bytes, DOC_STRICT, NULL, &problem), *cases = NULL;
    free(text);
    int code = EXIT_OK;
    if (!file || !doc_is(file, DOC_OBJECT, "it", &problem) || !doc_text(file, "source", &source, &problem) ||
        !doc_field(file, "cases", DOC_LIST, &cases, &problem))
        code = problem.out_of_memory ? fail_memory(path) : fail(EXIT_FILE, "%s: %s", path, problem.text);
    else if (!cases)
        code = fail(EXIT_FILE, "%s: has no list of cases", path);
    if (!code && source && !run->json) {
        char clean[400];
        text_format(clean, sizeof clean, "%.200s", source);
        printf("\n%s\n", clean);
    }
    if (!code) code = run_list(run, path, cases);
    json_decref(file);
    return code;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The middle one, or the mean of the two in the middle. */
static double median(const double *sorted, size_t count) {
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

static int summarise(struct run *run) {
    size_t count = run->ratio_count;
    if (count) qsort(run->ratios, count, sizeof *run->ratios, by_size);
    if (run->json) {
        json_t *ratios =
            count ? doc_pack("{s:I, s:f, s:f, s:f}", "count", (json_int_t)count, "least", run->ratios[0],
                             "median", median(run->ratios, count), "most", run->ratios[count - 1])
                  : json_null();
        return print_document(doc_pack("{s:i, s:s, s:b, s:o, s:o}", "schema_version", SCHEMA_VERSION, "verb",
                                       "time", "modelled", 1, "rows", run->rows, "ratios", ratios));
    }
    if (count)
        printf("\nmodelled / published, of %zu: median %.2f, least %.2f, most %.2f\n", count,
               median(run->ratios, count), run->ratios[0], run->ratios[count - 1]);
    puts("modelled, not measured: " A_REAL_CARD);
    return EXIT_OK;
}

int cmd_time(int argc, char **argv) {
    static const struct option rows[] = {{"range", 0, 0, 'n'},   {"threads", 1, 0, 't'}, {"json", 0, 0, 'j'},
                                         {"objects", 1, 0, 'o'}, {"help", 0, 0, 'h'},    {0, 0, 0, 0}};
    struct run run = {0};
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "", rows, NULL)) != -1;) switch (c) {
        case 'n': run.range = true; break;
        case 't': run.threads = optarg; break;
        case 'o': run.objects = optarg; break;
        case 'j': run.json = true; break;
        case 'h':
            puts(
                "Usage: rdnasim time [--range] [--objects DIR] [--threads N] [--json] FILE.json...\n\n"
                "Times the kernels of case files on modelled cards and prints what was published of them "
                "beside.\n"
                "--range also models them with figures that are not known well at their other end; --objects "
                "says\nwhere the code objects lie, if not beside the file.\n"
                "docs/timing.md has the format.");
            return EXIT_OK;
        default: return fail(EXIT_USAGE, "rdnasim time --help lists the options");
        }
    if (optind == argc) return fail(EXIT_USAGE, "expected files of cases; see rdnasim time --help");
    int first = optind, worst = EXIT_OK;
    if (run.json)
        run.rows = json_array();
    else
        printf("%-40s %-8s %-4s %11s %19s %9s %12s %6s\n", "case", "card", "", "modelled us",
               run.range ? "range" : "", "error", "published us", "ratio");
    for (int n = first; n < argc; n++) {
        int code = run_file(&run, argv[n]);
        if (code > worst) worst = code;
    }
    if (worst == EXIT_OK || !run.json)
        summarise(&run);
    else
        json_decref(run.rows);
    free(run.ratios);
    return worst;
}
