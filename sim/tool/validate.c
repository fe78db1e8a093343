/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * validate: recorded thread traces of cards against the timing model, instruction by instruction and wave by wave, and
 * runs of one kernel against each other: how exactly the silicon repeats itself.
 */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "replay.h"
#include "tool.h"

/* ---- scores -------------------------------------------------------------------------------------------- */

struct score {
    uint64_t gaps, exact, within1, within2;
};

enum class {
    C_VALU,
    C_DUAL,
    C_MULTI,
    C_F64,
    C_TRANS,
    C_WMMA,
    C_SALU,
    C_SMEM,
    C_VMEM,
    C_LDS,
    C_BRANCH,
    C_IMMEDIATE,
    C_SLEEP,
    C_BARRIER,
    C_END,
    CLASSES
};
static const char *const class_names[CLASSES] = {
    "VALU", "VOPD", "VALU multi", "f64",       "TRANS",   "WMMA",      "SALU",    "SMEM",
    "VMEM", "LDS",  "branch",     "immediate", "s_sleep", "s_barrier", "s_endpgm"};

static enum class class_of(const struct row *row) {
    enum { F64_HOLD = 32 };
    switch (row->kind) {
    case ROW_VALU:
        return row->wmma               ? C_WMMA
               : row->trans            ? C_TRANS
               : row->hold >= F64_HOLD ? C_F64
               : row->hold > 1         ? C_MULTI
               : row->dual             ? C_DUAL
                                       : C_VALU;
    case ROW_SALU:
    case ROW_MODE: return C_SALU;
    case ROW_SMEM: return C_SMEM;
    case ROW_VMEM: return C_VMEM;
    case ROW_LDS: return C_LDS;
    case ROW_BRANCH: return C_BRANCH;
    case ROW_SLEEP: return C_SLEEP;
    case ROW_BARRIER: return C_BARRIER;
    case ROW_END: return C_END;
    default: return C_IMMEDIATE;
    }
}

struct result {
    struct score issue[CLASSES], all, unseen, execute[CLASSES], execute_all;
    uint64_t memory, fetch;      /* gaps that were given */
    uint64_t waves;              /* with a lifetime */
    double life_sum, life_worst; /* shares */
};

static void count(struct score *s, int64_t error) {
    int64_t distance = error < 0 ? -error : error;
    s->gaps++;
    s->exact += distance == 0;
    s->within1 += distance <= 1;
    s->within2 += distance <= 2;
}

static void add_score(struct score *to, const struct score *from) {
    to->gaps += from->gaps;
    to->exact += from->exact;
    to->within1 += from->within1;
    to->within2 += from->within2;
}

/* Execute tokens of one pipe are compared with the one before of the same wave. */
enum pipe { PIPE_VALU, PIPE_SALU, PIPES };

static int pipe_of(const struct row *row) {
    return row->kind == ROW_VALU                            ? PIPE_VALU
           : row->kind == ROW_SALU || row->kind == ROW_MODE ? PIPE_SALU
                                                            : PIPES;
}

static int64_t gap_error(uint64_t before, uint64_t at, uint64_t model_before, uint64_t model_at) {
    return (int64_t)(model_at - model_before) - (int64_t)(at - before);
}

/* What is compared with the recorded times: the model's, or those of another run. */
struct times {
    const uint64_t *time, *execute;
};

static bool verbose; /* --list: every gap that is wrong */

static void list_wrong(const struct capture *c, const struct recorded_wave *wave, size_t n, int64_t error) {
    char text[200];
    uint32_t pc = c->executed[n].pc;
    snprintf(text, sizeof text, "(known by its packet only)");
    if (c->executed[n].op < c->dwords)
        rdnasim_disassemble(c->target, c->code + pc / 4, c->dwords - pc / 4, text, sizeof text);
    printf("  wave %td at %" PRIu64 ", pc 0x%" PRIx32 ": %" PRId64 " cycles too %s: %s\n", wave - c->waves,
           c->executed[n].time - wave->start, pc, error < 0 ? -error : error, error < 0 ? "early" : "late",
           text);
}

static void score_wave(const struct capture *c, const struct recorded_wave *wave, const struct times *model,
                       const uint8_t *gaps, struct result *out) {
    size_t before = SIZE_MAX, piped[PIPES] = {SIZE_MAX, SIZE_MAX};
    for (size_t n = wave->first; n < wave->first + wave->count; n++) {
        const struct executed *e = c->executed;
        const struct row *row = &c->table->rows[e[n].op];
        if (e[n].time == NO_TIME || model->time[n] == NO_TIME) continue;
        enum class class = class_of(row);
        out->memory += gaps[n] == GAP_MEMORY;
        out->fetch += gaps[n] == GAP_FETCH;
        if (before != SIZE_MAX && gaps[n] == GAP_SCORED) {
            int64_t error = gap_error(e[before].time, e[n].time, model->time[before], model->time[n]);
            count(&out->issue[class], error);
            count(&out->all, error);
            if (verbose && error) list_wrong(c, wave, n, error);
        }
        before = n;
        int pipe = pipe_of(row);
        if (pipe == PIPES || e[n].execute == NO_TIME || model->execute[n] == NO_TIME) continue;
        if (piped[pipe] != SIZE_MAX) {
            size_t last = piped[pipe];
            int64_t error = gap_error(e[last].execute, e[n].execute, model->execute[last], model->execute[n]);
            count(&out->execute[class], error);
            count(&out->execute_all, error);
        }
        piped[pipe] = n;
    }
}

/* Releases of barriers at which waves that the trace does not have arrive, too. */
static void score_unseen(const struct capture *c, const struct recorded_wave *wave, const uint64_t *time,
                         const uint8_t *gaps, struct result *out) {
    for (size_t n = wave->first + 1; n < wave->first + wave->count; n++)
        if (gaps[n] == GAP_UNSEEN && time[n] != NO_TIME && time[n - 1] != NO_TIME)
            count(&out->unseen,
                  gap_error(c->executed[n - 1].time, c->executed[n].time, time[n - 1], time[n]));
}

static void score_life(const struct capture *c, const struct recorded_wave *wave, const uint64_t *time,
                       struct result *out) {
    size_t last = wave->first + wave->count;
    while (last > wave->first && (c->executed[last - 1].time == NO_TIME || time[last - 1] == NO_TIME)) last--;
    if (wave->jumped || last <= wave->first + 1 || time[wave->first] == NO_TIME) return;
    double recorded = (double)(c->executed[last - 1].time - c->executed[wave->first].time);
    double modelled = (double)(time[last - 1] - time[wave->first]);
    if (recorded == 0) return;
    double error = fabs(modelled - recorded) / recorded;
    out->waves++;
    out->life_sum += error;
    if (error > out->life_worst) out->life_worst = error;
}

/* The phase of the counter that s_sleep waits for: when most sleeps of the trace end. */
static uint32_t sleep_phase(const struct capture *c, unsigned edge) {
    enum { EDGES = 64 };
    unsigned ends[EDGES] = {0}, best = 0;
    if (edge > EDGES || !edge) return 0;
    for (size_t n = 0; n < c->executed_count; n++)
        if (c->table->rows[c->executed[n].op].kind == ROW_SLEEP && c->executed[n].time != NO_TIME)
            ends[c->executed[n].time % edge]++;
    for (unsigned n = 1; n < edge; n++)
        if (ends[n] > ends[best]) best = n;
    return best;
}

static bool validate(const struct capture *c, const struct simd_config *figures, struct result *out) {
    struct simd_config config = *figures;
    config.sleep_phase = sleep_phase(c, config.sleep_edge);
    struct replayed given, running;
    if (!replay(c, &config, REPLAY_GIVEN, &given)) return false;
    struct times model = {given.time, given.execute};
    for (size_t n = 0; n < c->wave_count; n++) score_wave(c, &c->waves[n], &model, given.gap, out);
    replayed_free(&given);
    if (!replay(c, &config, REPLAY_BARRIERS, &running)) return false;
    for (size_t n = 0; n < c->wave_count; n++) score_unseen(c, &c->waves[n], running.time, running.gap, out);
    replayed_free(&running);
    if (!replay(c, &config, REPLAY_FREE, &running)) return false;
    for (size_t n = 0; n < c->wave_count; n++) score_life(c, &c->waves[n], running.time, out);
    replayed_free(&running);
    return true;
}

/* ---- the silicon against itself -------------------------------------------------------------------------- */

/* What follows a kernel's end is in some captures and not in others. */
static bool same_kernel(const struct capture *a, const struct capture *b) {
    size_t dwords = a->dwords < b->dwords ? a->dwords : b->dwords;
    return !strcmp(a->target, b->target) && !strcmp(a->kernel, b->kernel) &&
           !memcmp(a->code, b->code, dwords * sizeof a->code[0]);
}

static bool same_way(const struct capture *a, const struct recorded_wave *x, const struct capture *b,
                     const struct recorded_wave *y) {
    if (x->count != y->count) return false;
    for (size_t n = 0; n < x->count; n++)
        if (a->executed[x->first + n].pc != b->executed[y->first + n].pc) return false;
    return true;
}

/* How the waves of run b repeat those of a, in the order of their start. False: no memory. */
static bool repeat(const struct capture *a, const struct capture *b, const struct simd_config *config,
                   struct result *out) {
    struct replayed kinds;
    if (!replay(a, config, REPLAY_GIVEN, &kinds)) return false;
    uint64_t *time = malloc(a->executed_count * sizeof *time),
             *execute = malloc(a->executed_count * sizeof *execute);
    bool ok = time && execute;
    for (size_t n = 0; ok && n < a->executed_count; n++) time[n] = execute[n] = NO_TIME;
    struct times other = {time, execute};
    for (size_t n = 0; ok && n < a->wave_count && n < b->wave_count; n++) {
        const struct recorded_wave *x = &a->waves[n], *y = &b->waves[n];
        if (!same_way(a, x, b, y)) continue;
        for (size_t k = 0; k < x->count; k++) {
            time[x->first + k] = b->executed[y->first + k].time;
            execute[x->first + k] = b->executed[y->first + k].execute;
        }
        score_wave(a, x, &other, kinds.gap, out);
        score_unseen(a, x, time, kinds.gap, out);
        score_life(a, x, time, out);
    }
    free(time);
    free(execute);
    replayed_free(&kinds);
    return ok;
}

/* ---- printing ------------------------------------------------------------------------------------------ */

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_score(const char *name, const struct score *issue, const struct score *execute) {
    if (!issue->gaps && (!execute || !execute->gaps)) return;
    printf("  %-16s %7" PRIu64 " %6.1f %6.1f %6.1f", name, issue->gaps, percent(issue->exact, issue->gaps),
           percent(issue->within1, issue->gaps), percent(issue->within2, issue->gaps));
    if (execute && execute->gaps)
        printf(" %9" PRIu64 " %6.1f %6.1f", execute->gaps, percent(execute->exact, execute->gaps),
               percent(execute->within1, execute->gaps));
    putchar('\n');
}

static void print_result(const struct result *r) {
    printf("  %-16s %7s %6s %6s %6s %9s %6s %6s\n", "class", "gaps", "exact", "+-1", "+-2", "exec gaps",
           "exact", "+-1");
    for (unsigned n = 0; n < CLASSES; n++) print_score(class_names[n], &r->issue[n], &r->execute[n]);
    print_score("all", &r->all, &r->execute_all);
    print_score("unseen barriers", &r->unseen, NULL);
    printf("  given by the trace: %" PRIu64 " answers of memory, %" PRIu64 " misses of instruction fetch\n",
           r->memory, r->fetch);
    if (r->waves)
        printf("  lifetimes of %" PRIu64 " waves: mean error %.3f %%, worst %.3f %%\n", r->waves,
               100 * r->life_sum / (double)r->waves, 100 * r->life_worst);
}

static json_t *score_json(const struct score *s) {
    return doc_pack("{s:I,s:I,s:I,s:I}", "gaps", (json_int_t)s->gaps, "exact", (json_int_t)s->exact,
                    "within_1", (json_int_t)s->within1, "within_2", (json_int_t)s->within2);
}

static json_t *classes_json(const struct score *scores) {
    json_t *out = json_object();
    for (unsigned n = 0; n < CLASSES; n++)
        if (scores[n].gaps) doc_set(&out, class_names[n], score_json(&scores[n]));
    return out;
}

static json_t *result_json(const struct result *r) {
    json_t *out =
        doc_pack("{s:I,s:I,s:I,s:f,s:f}", "memory_given", (json_int_t)r->memory, "fetch_given",
                 (json_int_t)r->fetch, "lifetimes", (json_int_t)r->waves, "lifetime_error_mean",
                 r->waves ? r->life_sum / (double)r->waves : 0.0, "lifetime_error_worst", r->life_worst);
    doc_set(&out, "issue", score_json(&r->all));
    doc_set(&out, "issue_classes", classes_json(r->issue));
    doc_set(&out, "unseen_barriers", score_json(&r->unseen));
    doc_set(&out, "execute", score_json(&r->execute_all));
    doc_set(&out, "execute_classes", classes_json(r->execute));
    return out;
}

static void add_result(struct result *to, const struct result *from) {
    for (unsigned n = 0; n < CLASSES; n++) {
        add_score(&to->issue[n], &from->issue[n]);
        add_score(&to->execute[n], &from->execute[n]);
    }
    add_score(&to->all, &from->all);
    add_score(&to->unseen, &from->unseen);
    add_score(&to->execute_all, &from->execute_all);
    to->memory += from->memory;
    to->fetch += from->fetch;
    to->waves += from->waves;
    to->life_sum += from->life_sum;
    if (from->life_worst > to->life_worst) to->life_worst = from->life_worst;
}

/* ---- the verb ------------------------------------------------------------------------------------------ */

static const char help[] = "Usage: rdnasim validate [options] TRACE.json...\n"
                           "\n"
                           "Compares the timing model of a SIMD with thread traces that were recorded on "
                           "cards: for each trace, how many gaps\n"
                           "between the issues (and executions) of a wave's instructions the model has "
                           "exactly, within 1 and within 2 cycles,\n"
                           "by class of the instruction that ends the gap; and lifetimes of waves, running "
                           "freely. Answers of memory and misses\n"
                           "of instruction fetch are given by the trace, and the gaps that end with them are "
                           "not scored; releases of barriers\n"
                           "at which waves of other SIMDs meet are scored apart. Traces of one kernel are "
                           "also compared with each other.\n"
                           "\n"
                           "  --set NAME=VALUE   another figure of a rule; --set NAME=off switches it off\n"
                           "  --figures          list the figures and end\n"
                           "  --list             print each wrong gap, too\n"
                           "  --json             one document\n";

static void print_figures(void) {
    for (unsigned n = 0; n < simd_figures(); n++) {
        const struct figure *f = simd_figure(n);
        printf("%-18s %4" PRIu32 " %-9s off %-2" PRIu32 " %-9s %-7s %s  %s\n", f->name, f->value, f->unit,
               f->without, f->label, f->source, f->confidence, f->sentence);
    }
}

static bool set_figure(struct simd_config *config, const char *text) {
    char name[64];
    const char *equals = strchr(text, '=');
    if (!equals || (size_t)(equals - text) >= sizeof name) return false;
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = 0;
    unsigned index = simd_find_figure(name);
    if (index == simd_figures()) return false;
    enum { MOST = 64 };
    char *end;
    unsigned long value = strtoul(equals + 1, &end, 10);
    if (strcmp(equals + 1, "off") == 0)
        value = simd_figure(index)->without;
    else if (equals[1] < '0' || equals[1] > '9' || *end || value > MOST)
        return false;
    *simd_config_figure(config, index) = (uint32_t)value;
    return true;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct run {
    struct simd_config config;
    bool json;
    json_t *traces, *refused, *repeats;
    struct result total;
    unsigned read;
};

/* Reads a trace. False: reported, and *code is the exit code. */
static bool read_trace(struct run *run, const char *path, struct capture *out, int *code) {
    enum { FILE_MAX = 64 << 20 }; /* recorded ones have a hundredth of it */
    unsigned char *text;
    size_t bytes;
    struct doc_problem problem;
    *out = (struct capture){0};
    *code = EXIT_FILE;
    bool found = file_read(path, FILE_MAX, &text, &bytes);
    bool ok = found && capture_parse((char *)text, bytes, out, &problem);
    if (found) free(text);
    if (found && !ok)
        *code = problem.out_of_memory ? fail_memory(path) : fail(EXIT_FILE, "%s: %s", path, problem.text);
    if (!ok && *code == EXIT_FILE && run->json)
        doc_append(&run->refused, doc_pack("{s:s,s:o}", "file", base_name(path), "problem",
                                           doc_string(found ? problem.text : "cannot be read")));
    return ok;
}

static int one_trace(struct run *run, const char *path, const struct capture *c) {
    struct result result = {0};
    if (!validate(c, &run->config, &result)) return fail_memory(path);
    add_result(&run->total, &result);
    run->read++;
    if (run->json) {
        json_t *one = doc_pack("{s:s,s:s,s:s,s:I,s:I,s:f}", "file", base_name(path), "kernel", c->kernel,
                               "target", c->target, "waves", (json_int_t)c->wave_count, "instructions",
                               (json_int_t)c->executed_count, "clock_mhz", c->clock_hz / 1e6);
        doc_set(&one, "stand_ins", doc_pack("I", (json_int_t)c->stand_ins));
        doc_set(&one, "left_out", doc_pack("I", (json_int_t)c->left_out));
        doc_update(&one, result_json(&result));
        doc_append(&run->traces, one);
        return EXIT_OK;
    }
    printf(
        "%s\n  %s on %s, %zu waves, %zu instructions, %.0f MHz; percent of gaps, modelled against recorded\n",
        base_name(path), c->kernel, c->target, c->wave_count, c->executed_count, c->clock_hz / 1e6);
    if (c->stand_ins) printf("  modelled by their packets only: %" PRIu64 " instructions\n", c->stand_ins);
    if (c->left_out) printf("  left out, for they run back: %" PRIu64 " times\n", c->left_out);
    print_result(&result);
    return EXIT_OK;
}

static int one_repeat(struct run *run, const char *a_path, const struct capture *a, const char *b_path,
                      const struct capture *b) {
    struct result result = {0};
    bool list = verbose;
    verbose = false;
    bool ok = repeat(a, b, &run->config, &result);
    verbose = list;
    if (!ok) return fail_memory(b_path);
    if (!result.all.gaps) return EXIT_OK;
    if (run->json) {
        json_t *one = doc_pack("{s:s,s:s}", "file", base_name(a_path), "other", base_name(b_path));
        doc_update(&one, result_json(&result));
        doc_append(&run->repeats, one);
        return EXIT_OK;
    }
    printf("%s\n  and %s: the silicon against itself\n", base_name(a_path), base_name(b_path));
    print_result(&result);
    return EXIT_OK;
}

static int finish(struct run *run) {
    if (run->json) {
        json_t *document =
            doc_pack("{s:i,s:s,s:o,s:o,s:o}", "schema_version", SCHEMA_VERSION, "verb", "validate", "traces",
                     run->traces, "refused", run->refused, "repeats", run->repeats);
        doc_set(&document, "total", result_json(&run->total));
        return print_document(document);
    }
    if (run->read > 1) {
        printf("all %u traces\n", run->read);
        print_result(&run->total);
    }
    return EXIT_OK;
}

static int compare_all(struct run *run, char **paths, size_t count) {
    struct capture *captures = calloc(count, sizeof *captures);
    if (!captures) return fail_memory("traces");
    int worst = EXIT_OK;
    for (size_t n = 0; n < count; n++) {
        int code = EXIT_OK;
        if (read_trace(run, paths[n], &captures[n], &code)) code = one_trace(run, paths[n], &captures[n]);
        if (code > worst) worst = code;
    }
    for (size_t n = 0; n < count && worst != EXIT_FAULT; n++)
        for (size_t m = n + 1; m < count; m++) {
            if (!captures[n].table || !captures[m].table || !same_kernel(&captures[n], &captures[m]))
                continue;
            int code = one_repeat(run, paths[n], &captures[n], paths[m], &captures[m]);
            if (code > worst) worst = code;
            break; /* each with the next one of its kernel */
        }
    for (size_t n = 0; n < count; n++) capture_free(&captures[n]);
    free(captures);
    return worst;
}

int cmd_validate(int argc, char **argv) {
    static const struct option rows[] = {{"set", 1, 0, 's'},  {"figures", 0, 0, 'f'}, {"list", 0, 0, 'l'},
                                         {"json", 0, 0, 'j'}, {"help", 0, 0, 'h'},    {0, 0, 0, 0}};
    struct run run = {0};
    simd_config_init(&run.config);
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "", rows, NULL)) != -1;) switch (c) {
        case 'h': fputs(help, stdout); return EXIT_OK;
        case 'f': print_figures(); return EXIT_OK;
        case 'l': verbose = true; break;
        case 'j': run.json = true; break;
        case 's':
            if (!set_figure(&run.config, optarg))
                return fail(EXIT_USAGE,
                            "--set %s: expected a name of --figures, = and a number up to 64 or off", optarg);
            break;
        default: return fail(EXIT_USAGE, "rdnasim validate --help lists the options");
        }
    if (optind == argc) return fail(EXIT_USAGE, "expected traces; see rdnasim validate --help");
    if (run.json) {
        verbose = false;
        run.traces = json_array();
        run.refused = json_array();
        run.repeats = json_array();
    }
    int code = compare_all(&run, argv + optind, (size_t)(argc - optind));
    if (run.json && (code == EXIT_FAULT || !run.read)) {
        json_decref(run.traces);
        json_decref(run.refused);
        json_decref(run.repeats);
        return code;
    }
    int printed = finish(&run);
    return code ? code : printed;
}
