/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* One launch from the command line: options, code object, arguments, the run. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "tool.h"

const char session_help[] =
    "  --kernel NAME        which kernel (default: the only one)\n"
    "  --grid X[,Y,Z]       work-items of the grid (default: one work-group)\n"
    "  --block X[,Y,Z]      work-items of a work-group (default 32)\n"
    "  --arg ARGUMENT       see below\n"
    "  --dynamic-lds BYTES  LDS beyond the kernel's own\n"
    "  --target GFX         what is simulated (default: the code object's)\n"
    "  --threads N          host threads (default: all)\n"
    "  --simd LEVEL         portable, avx2 or avx512 (default: the best)\n"
    "  --seed N             run work-groups and waves in a random order\n"
    "  --quota N            instructions that a wave may execute (default 134217728), or 'none'\n"
    "  --strict[=CHECKS]    stop at undefined values, missing waits, races, hazards, and barriers that\n"
    "                       not all waves reach; CHECKS: names from docs/strict.md, as all or -lds-order\n"
    "  --go-on              ... but report them all, each instruction once for a check, and end with 1\n"
    "  --approximate        matrix products in plain fp32: faster, and other last bits than the silicon\n"
    "  --print[=N]          after the run, the first N elements of each buffer (default 16)\n"
    "  --json               print JSON\n";

enum { TRACE_LIMIT = 1000000 }; /* lines; a program may run much longer */

static const char *const simd_levels[] = {"auto", "portable", "avx2", "avx512"};
const char *const port_names[RDNASIM_PORTS] = {"VALU", "TRANS", "WMMA",   "SALU",     "SMEM",
                                               "VMEM", "LDS",   "BRANCH", "IMMEDIATE"};

/* "X", "X,Y" or "X,Y,Z". */
static bool parse_numbers(const char *text, uint32_t least, uint32_t to[3]) {
    for (unsigned n = 0; n < 3; n++) {
        char *end;
        errno = 0;
        unsigned long value = strtoul(text, &end, 10);
        if (end == text || errno || value < least || value > UINT32_MAX || (*end && (*end != ',' || n == 2)))
            return false;
        to[n] = (uint32_t)value;
        if (!*end) return true;
        text = end + 1;
    }
    return false;
}

static bool parse_number(const char *text, uint64_t most, uint64_t *out) {
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 0);
    return end != text && !*end && !errno && *text != '-' && *out <= most;
}

/* "FIRST-LAST" or one instruction, in bytes from the kernel's first one, as listings show them: hexadecimal. */
static bool parse_range(const char *text, uint64_t *first, uint64_t *end) {
    char *at;
    errno = 0;
    *first = *end = strtoull(text, &at, 16);
    if (at == text || *text == '-') return false;
    if (*at == '-' && at[1] && at[1] != '-') *end = strtoull(at + 1, &at, 16);
    bool ok = !*at && !errno && *end >= *first && *end < UINT64_MAX;
    ++*end;
    return ok;
}

static int parse(struct session *s, const char *verb, const char *summary, int argc, char **argv) {
    static const struct option rows[] = {{"kernel", 1, 0, 'k'},
                                         {"grid", 1, 0, 'g'},
                                         {"block", 1, 0, 'b'},
                                         {"arg", 1, 0, 'a'},
                                         {"target", 1, 0, 'T'},
                                         {"threads", 1, 0, 't'},
                                         {"simd", 1, 0, 'S'},
                                         {"seed", 1, 0, 's'},
                                         {"quota", 1, 0, 'q'},
                                         {"dynamic-lds", 1, 0, 'l'},
                                         {"strict", 2, 0, 'c'},
                                         {"go-on", 0, 0, 'o'},
                                         {"approximate", 0, 0, 'A'},
                                         {"trace", 2, 0, 'r'},
                                         {"trace-limit", 1, 0, 'R'},
                                         {"trace-group", 1, 0, 'G'},
                                         {"trace-wave", 1, 0, 'W'},
                                         {"trace-pc", 1, 0, 'P'},
                                         {"trace-registers", 0, 0, 'x'},
                                         {"print", 2, 0, 'd'},
                                         {"profile", 0, 0, 'p'},
                                         {"json", 0, 0, 'j'},
                                         {"help", 0, 0, 'h'},
                                         {"timing", 1, 0, 'i'},
                                         {"range", 0, 0, 'n'},
                                         {"warm", 0, 0, 'w'},
                                         {"explain", 0, 0, 'e'},
                                         {"mhz", 1, 0, 'm'},
                                         {0, 0, 0, 0}};
    uint64_t number;
    struct trace_choice *choice = &s->trace_choice;
    int row = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "", rows, &row)) != -1;) {
        bool ok = true;
        switch (c) {
        case 'k': s->kernel_name = optarg; break;
        case 'g': ok = s->has_grid = parse_numbers(optarg, 1, s->launch.grid); break;
        case 'b': ok = s->has_block = parse_numbers(optarg, 1, s->launch.block); break;
        case 'a': {
            if (s->argument_count == ARGUMENTS_MAX)
                return fail(EXIT_USAGE, "more than %d arguments", ARGUMENTS_MAX);
            int status = argument_parse(optarg, &s->arguments[s->argument_count++]);
            if (status) return status;
            break;
        }
        case 'T': s->options.target = optarg; break;
        case 't': ok = parse_number(optarg, 1024, &number), s->options.threads = (int)number; break;
        case 'S':
            for (number = 0; number < 4 && strcmp(simd_levels[number], optarg) != 0;) number++;
            ok = number < 4, s->options.simd = (rdnasim_simd)number;
            break;
        case 's': ok = parse_number(optarg, UINT64_MAX, &s->options.schedule_seed); break;
        case 'q':
            if (strcmp(optarg, "none") == 0)
                s->options.quota = RDNASIM_NO_QUOTA;
            else
                ok = parse_number(optarg, UINT64_MAX, &s->options.quota) && s->options.quota;
            break;
        case 'l':
            ok = parse_number(optarg, 65536, &number), s->launch.dynamic_lds_bytes = (uint32_t)number;
            break;
        case 'c': {
            rdnasim_report report;
            if (rdnasim_parse_checks(optarg ? optarg : "default", &s->options.checks, &report) != RDNASIM_OK)
                return fail_sim(EXIT_USAGE, "--strict", &report);
            break;
        }
        case 'o': s->go_on = true; break;
        case 'A': s->options.approximate_wmma = 1; break;
        case 'r': s->trace = optarg ? optarg : "-"; break;
        case 'R': ok = parse_number(optarg, INT64_MAX, &number), s->trace_limit = (int64_t)number; break;
        case 'G':
            memset(choice->group, 0, sizeof choice->group);
            ok = choice->one_group = parse_numbers(optarg, 0, choice->group);
            break;
        case 'W':
            ok = choice->one_wave = parse_number(optarg, 31, &number), choice->wave = (uint32_t)number;
            break;
        case 'P': ok = parse_range(optarg, &choice->first_pc, &choice->end_pc); break;
        case 'x': choice->registers = true; break;
        case 'd': ok = parse_number(optarg ? optarg : "16", SIZE_MAX, &s->printed); break;
        case 'p': s->profile = true; break;
        case 'j': s->json = true; break;
        case 'i': s->timing.card = optarg; break;
        case 'n': s->timing.range = true; break;
        case 'w': s->timing.warm = true; break;
        case 'e': s->timing.explain = true; break;
        case 'm':
            ok = parse_number(optarg, 10000, &number) && number, s->timing.shader_mhz = (uint32_t)number;
            break;
        case 'h':
            printf("Usage: rdnasim %s FILE.hsaco [options]\n\n%s\n\nOptions:\n%s\n%s", verb, summary,
                   session_help, arguments_help);
            return -1;
        default: return fail(EXIT_USAGE, "rdnasim %s --help lists the options", verb);
        }
        if (!ok)
            return fail(EXIT_USAGE, "--%s: '%s' is no value for this option; see rdnasim %s --help",
                        rows[row].name, optarg, verb);
    }
    if (s->go_on && !s->options.checks)
        return fail(EXIT_USAGE, "--go-on is about what --strict finds, which is not given");
    if (optind + 1 != argc) return fail(EXIT_USAGE, "expected one code object; see rdnasim %s --help", verb);
    s->file = argv[optind];
    return EXIT_OK;
}

static int load(struct session *s) {
    unsigned char *elf;
    size_t bytes;
    rdnasim_report report;
    if (!file_read(s->file, OBJECT_MAX, &elf, &bytes)) return EXIT_FILE;
    if (!s->options.target) s->options.target = rdnasim_elf_target(elf, bytes);
    int status = EXIT_OK;
    if (rdnasim_create(&s->options, &s->sim, &report) != RDNASIM_OK)
        status = fail_sim(EXIT_USAGE, NULL, &report);
    else if (rdnasim_load(s->sim, elf, bytes, &s->object, &report) != RDNASIM_OK)
        status = fail_sim(EXIT_FILE, s->file, &report);
    free(elf);
    return status;
}

static int choose_kernel(struct session *s) {
    size_t count = rdnasim_object_kernels(s->object);
    if (s->kernel_name)
        s->kernel = rdnasim_find_kernel(s->object, s->kernel_name);
    else if (count == 1)
        s->kernel = rdnasim_object_kernel(s->object, 0);
    if (s->kernel) {
        s->info = *rdnasim_get_kernel_info(s->kernel);
        return EXIT_OK;
    }
    if (s->kernel_name)
        return fail(EXIT_USAGE, "%s has no kernel %s; rdnasim info lists them", s->file, s->kernel_name);
    return fail(EXIT_USAGE, "%s has %zu kernels: choose one with --kernel; rdnasim info lists them", s->file,
                count);
}

static int bind_arguments(struct session *s) {
    size_t wanted = 0;
    for (size_t n = 0; n < s->info.arg_count; n++)
        wanted += strncmp(s->info.args[n].value_kind, "hidden", 6) != 0;
    if (wanted != s->argument_count)
        return fail(EXIT_USAGE, "kernel %s takes %zu arguments, there are %zu", s->info.name, wanted,
                    s->argument_count);
    if (s->info.explicit_bytes > sizeof s->kernarg)
        return fail(EXIT_USAGE, "kernel %s: %u bytes of arguments are too many", s->info.name,
                    s->info.explicit_bytes);
    size_t at = 0;
    for (size_t n = 0; n < s->info.arg_count; n++) {
        const rdnasim_arg *slot = &s->info.args[n];
        if (strncmp(slot->value_kind, "hidden", 6) == 0) continue;
        struct argument *a = &s->arguments[at++];
        bool pointer = strcmp(slot->value_kind, "by_value") != 0;
        if (pointer != a->is_buffer || a->bytes != slot->size)
            return fail(EXIT_USAGE, "argument %zu of kernel %s is %s of %u bytes, not %s of %zu", at,
                        s->info.name, pointer ? "a buffer" : "a value", slot->size,
                        a->is_buffer ? "a buffer" : "a value", a->bytes);
        if (a->is_buffer && !a->is_null) {
            char name[32];
            rdnasim_report report;
            snprintf(name, sizeof name, "argument %zu", at);
            if (rdnasim_bind(s->sim, a->array.data, a->array.bytes, RDNASIM_READ | RDNASIM_WRITE, name,
                             &a->value, &report) != RDNASIM_OK ||
                (a->undefined && rdnasim_mark(s->sim, a->value, a->array.bytes, 0, &report) != RDNASIM_OK))
                return fail_sim(EXIT_FILE, NULL, &report);
        }
        const void *from = !a->is_buffer && a->array.data ? a->array.data : (const void *)&a->value;
        memcpy(s->kernarg + slot->offset, from, slot->size);
    }
    s->launch.kernarg = s->kernarg;
    s->launch.kernarg_bytes = s->info.explicit_bytes;
    return EXIT_OK;
}

int session_open(struct session *s, const char *verb, const char *summary, int argc, char **argv) {
    *s = (struct session){.trace_limit = TRACE_LIMIT};
    rdnasim_options_init(&s->options, sizeof s->options);
    rdnasim_launch_init(&s->launch, sizeof s->launch);
    s->launch.block[0] = 32;
    int status = parse(s, verb, summary, argc, argv);
    if (!s->has_grid) memcpy(s->launch.grid, s->launch.block, sizeof s->launch.grid);
    bool asks = s->timing.range || s->timing.warm || s->timing.explain || s->timing.shader_mhz;
    if (!status && asks && !s->timing.card)
        status = fail(EXIT_USAGE, "--range, --warm, --explain and --mhz: accepted with --timing CARD");
    if (!status && s->timing.card && s->trace)
        status = fail(EXIT_USAGE, "--timing and --trace: accepted is one of them");
    if (!status) status = load(s);
    if (!status) status = choose_kernel(s);
    if (!status) status = bind_arguments(s);
    return status;
}

static int keep_find(void *context, const rdnasim_report *report) {
    struct session *s = context;
    s->find_count++;
    if (s->json)
        doc_append(&s->finds, report_document(report));
    else
        fprintf(stderr, "rdnasim: %s\n", report->text);
    return 1;
}

int session_run(struct session *s, rdnasim_counts *counts) {
    rdnasim_report report;
    if (s->go_on) {
        s->launch.on_find = keep_find;
        s->launch.find_context = s;
        s->finds = json_array();
    }
    if (rdnasim_run(s->sim, s->kernel, &s->launch, counts, &report) != RDNASIM_OK)
        return fail_sim(EXIT_FAULT, NULL, &report);
    return session_write(s);
}

int session_end(const struct session *s, int status) {
    if (status < 0) return EXIT_OK;
    if (status || !s->find_count) return status;
    fprintf(stderr, "rdnasim: strict mode has found %u fault%s\n", s->find_count,
            s->find_count > 1 ? "s" : "");
    return EXIT_FAULT;
}

int session_write(struct session *s) {
    for (size_t n = 0; s->printed && !s->json && n < s->argument_count; n++) {
        const struct argument *a = &s->arguments[n];
        char name[32];
        snprintf(name, sizeof name, "argument %zu", n + 1);
        if (a->is_buffer && !a->is_null) array_print(name, &a->array, s->printed);
    }
    for (size_t n = 0; n < s->argument_count; n++)
        if (s->arguments[n].dump && !array_write(s->arguments[n].dump, &s->arguments[n].array))
            return EXIT_FILE;
    return EXIT_OK;
}

void session_close(struct session *s) {
    rdnasim_destroy(s->sim);
    json_decref(s->finds);
    for (size_t n = 0; n < s->argument_count; n++) free(s->arguments[n].array.data);
}
