/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * cases: recorded instruction cases, small programs with the memory they leave, one JSON file per family of
 * instructions. A case's code and launch resources are written over those of a compiled kernel, so that it
 * takes the public way through the simulator: load, bind, run, read. Each runs in a process of its own: one
 * that crashes is counted and the rest go on.
 */
#include <gelf.h>
#include <getopt.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "document.h"
#include "tool.h"

enum { APPROXIMATE_ULP = 4, RSRC1_AT = 48, RSRC2_AT = 52, DESCRIPTOR_BYTES = 64, TEXT_BYTES = 1100 };
/* Of files and cases that are believed; the recorded ones have a fiftieth of it. A case is a few
 * instructions. */
enum { FILE_MAX = 16 << 20, CASES_MAX = 4096, OUT_MAX = 1 << 17, LANES_MAX = 64, QUOTA = 1 << 16 };

/* The kernels that cases are written over, embedded: wave32 and wave64. */
extern const unsigned char rdnasim_carrier_wave32[], rdnasim_carrier_wave32_end[], rdnasim_carrier_wave64[],
    rdnasim_carrier_wave64_end[];

/* Cases fail from WRONG on. */
enum verdict {
    OTHER_TARGET,
    EXACT,
    WITHIN_TOLERANCE,
    WRONG,
    REFUSED,
    CRASHED,
    UNREADABLE,
    NO_MEMORY,
    VERDICTS
};
static const char *const verdicts[] = {"of another target, refused by name",
                                       "exact",
                                       "within tolerance",
                                       "wrong",
                                       "refused",
                                       "crashed",
                                       "unreadable",
                                       "out of memory"};

struct outcome {
    enum verdict verdict;
    char text[TEXT_BYTES];
};

static struct outcome outcome(enum verdict verdict, const char *text) {
    struct outcome o = {.verdict = verdict};
    snprintf(o.text, sizeof o.text, "%s", text);
    return o;
}

/* ---- the carrier ---------------------------------------------------------------------------------- */

struct carrier {
    unsigned char *elf;
    size_t bytes, code_at, code_bytes, descriptor_at;
};

/* Where a symbol's bytes are in the file. */
static bool locate(Elf *elf, const char *name, size_t *at, size_t *bytes) {
    GElf_Shdr table, section;
    GElf_Sym symbol;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s));) {
        if (!gelf_getshdr(s, &table) || table.sh_type != SHT_SYMTAB) continue;
        Elf_Data *data = elf_getdata(s, NULL);
        for (int n = 0; data && gelf_getsym(data, n, &symbol); n++) {
            const char *found = elf_strptr(elf, table.sh_link, symbol.st_name);
            if (!found || strcmp(found, name) != 0) continue;
            if (!gelf_getshdr(elf_getscn(elf, symbol.st_shndx), &section)) return false;
            *at = symbol.st_value - section.sh_addr + section.sh_offset;
            *bytes = symbol.st_size;
            return true;
        }
    }
    return false;
}

static bool open_carrier(struct carrier *c, bool wave64) {
    const unsigned char *from = wave64 ? rdnasim_carrier_wave64 : rdnasim_carrier_wave32;
    c->bytes = (size_t)((wave64 ? rdnasim_carrier_wave64_end : rdnasim_carrier_wave32_end) - from);
    c->elf = malloc(c->bytes);
    if (!c->elf) return false;
    memcpy(c->elf, from, c->bytes);
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)c->elf, c->bytes);
    size_t descriptor_bytes;
    bool found = elf && locate(elf, "carrier", &c->code_at, &c->code_bytes) &&
                 locate(elf, "carrier.kd", &c->descriptor_at, &descriptor_bytes) &&
                 descriptor_bytes == DESCRIPTOR_BYTES;
    elf_end(elf);
    return found;
}

/* ---- a case's fields: a missing or misshapen one makes it unreadable ------------------------------ */

static bool number(const json_t *c, const char *key, uint32_t *out) {
    int64_t value = -1;
    struct doc_problem problem;
    bool ok = doc_integer(c, key, 0, UINT32_MAX, &value, &problem) && value >= 0;
    *out = (uint32_t)value;
    return ok;
}

/* Hexadecimal digits to bytes. */
static bool unhex(const char *text, unsigned char *to, size_t most, size_t *count) {
    size_t digits = text ? strlen(text) : 1;
    if (digits % 2 || digits / 2 > most) return false;
    for (size_t n = 0; n < digits / 2; n++) {
        char pair[3] = {text[2 * n], text[2 * n + 1], 0}, *end;
        to[n] = (unsigned char)strtoul(pair, &end, 16);
        if (*end) return false;
    }
    *count = digits / 2;
    return true;
}

static uint32_t get32(const unsigned char *p) {
    uint32_t value;
    memcpy(&value, p, 4);
    return value;
}
static void put32(unsigned char *p, uint32_t value) { memcpy(p, &value, 4); }

struct fields {
    uint32_t wave, lanes, rsrc2, lds_bytes, scratch_bytes, out_bytes, ulp;
    const char *target, *kind;
};

static bool read_fields(const json_t *c, struct fields *f) {
    f->target = json_string_value(json_object_get(c, "target"));
    f->kind = json_string_value(json_object_get(c, "kind"));
    return f->target && f->kind && number(c, "wave", &f->wave) && (f->wave == 32 || f->wave == 64) &&
           number(c, "n_lanes", &f->lanes) && f->lanes <= LANES_MAX && number(c, "rsrc2", &f->rsrc2) &&
           number(c, "lds_bytes", &f->lds_bytes) && number(c, "scratch_per_lane", &f->scratch_bytes) &&
           number(c, "out_bytes", &f->out_bytes) && f->out_bytes <= OUT_MAX && number(c, "ulp", &f->ulp);
}

/* Writes the case's program and launch state over the carrier's. */
static bool fill_carrier(struct carrier *c, const json_t *recorded, const struct fields *f) {
    enum { FLOAT_MODE = 0xff << 12, F16_F64_DENORMALS = 3 << 18, DX10_CLAMP = 1 << 21, IEEE = 1 << 23 };
    enum { VGPR_GRANULES = 63, PRIVATE_SEGMENT = 1 };
    unsigned char *code = c->elf + c->code_at, *descriptor = c->elf + c->descriptor_at;
    size_t length;
    memset(code, 0, c->code_bytes);
    if (!unhex(json_string_value(json_object_get(recorded, "code")), code, c->code_bytes, &length))
        return false;
    uint32_t rsrc1 = get32(descriptor + RSRC1_AT) & ~(uint32_t)(FLOAT_MODE | VGPR_GRANULES);
    rsrc1 |= F16_F64_DENORMALS | DX10_CLAMP | IEEE | (f->wave == 32 ? 256 / 8 - 1 : 256 / 4 - 1);
    put32(descriptor + RSRC1_AT, rsrc1);
    put32(descriptor + RSRC2_AT, f->rsrc2 | PRIVATE_SEGMENT);
    return get32(descriptor) == f->lds_bytes && get32(descriptor + 4) >= f->scratch_bytes;
}

/* ---- the verdict ---------------------------------------------------------------------------------- */

/* What a case says of a word of its output. */
struct word {
    uint32_t expected;
    bool asserted, is_volatile;
};

/* The word at an offset; null for one outside the output or between words. */
static struct word *word_at(struct word *words, const struct fields *f, uint64_t offset) {
    return offset % 4 || offset / 4 >= f->out_bytes / 4 ? NULL : &words[offset / 4];
}

static bool read_words(const json_t *recorded, const struct fields *f, struct word *words) {
    size_t n, length;
    json_t *value;
    struct word *word;
    unsigned char bytes[4];
    json_array_foreach(json_object_get(recorded, "asserted"), n, value) {
        if ((word = word_at(words, f, (uint64_t)json_integer_value(value)))) word->asserted = true;
    }
    json_array_foreach(json_object_get(recorded, "volatile"), n, value) {
        if ((word = word_at(words, f, (uint64_t)json_integer_value(value)))) word->is_volatile = true;
    }
    const char *key;
    json_object_foreach(json_object_get(recorded, "expect_nonzero"), key, value) {
        if (!unhex(json_string_value(value), bytes, sizeof bytes, &length) || length != 4) return false;
        if ((word = word_at(words, f, strtoull(key, NULL, 10)))) word->expected = get32(bytes);
    }
    return true;
}

static struct outcome compare(const json_t *recorded, const struct fields *f, const struct word *words,
                              const unsigned char *out) {
    bool approximate = json_is_true(json_object_get(recorded, "approx_asserts")),
         state = strcmp(f->kind, "state") == 0;
    uint32_t ulp = approximate && f->ulp < APPROXIMATE_ULP ? APPROXIMATE_ULP : f->ulp;
    struct outcome o = outcome(EXACT, "");
    for (size_t at = 0; at + 4 <= f->out_bytes; at += 4) {
        const struct word *word = &words[at / 4];
        bool exec = state && at + 4 == f->out_bytes;
        if ((!word->asserted && (approximate || exec)) || word->is_volatile) continue;
        uint32_t found = get32(out + at), expected = word->expected;
        if (found == expected) continue;
        o.verdict = WITHIN_TOLERANCE;
        if ((found > expected ? found - expected : expected - found) <= ulp) continue;
        o.verdict = WRONG;
        snprintf(o.text, sizeof o.text, "%sword at byte %zu is 0x%08" PRIx32 ", expected 0x%08" PRIx32,
                 word->asserted ? "asserted " : "", at, found, expected);
        return o;
    }
    return o;
}

static struct outcome judge(const json_t *recorded, const struct fields *f, const unsigned char *out) {
    struct word *words = calloc(f->out_bytes / 4 + 1, sizeof *words);
    if (!words) return outcome(NO_MEMORY, "");
    struct outcome o = read_words(recorded, f, words)
                           ? compare(recorded, f, words, out)
                           : outcome(UNREADABLE, "an expected word is not 4 bytes");
    free(words);
    return o;
}

static struct outcome run_case(const json_t *recorded, struct fields f, rdnasim_simd simd) {
    struct carrier carrier;
    /* It is a part of this program: nothing else can fail. */
    if (!open_carrier(&carrier, f.wave == 64)) return outcome(NO_MEMORY, "");
    if (!fill_carrier(&carrier, recorded, &f))
        return outcome(UNREADABLE, "its code, LDS or scratch does not fit the embedded kernel");
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.simd = simd;
    options.threads = 1;
    options.quota = QUOTA;
    rdnasim *sim = NULL;
    rdnasim_object *object = NULL;
    rdnasim_report report;
    uint64_t address;
    unsigned char *out = calloc(1, f.out_bytes + 1);
    if (!out) return outcome(NO_MEMORY, "");
    rdnasim_launch launch;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.grid[0] = launch.block[0] = f.lanes;
    launch.kernarg = &address;
    launch.kernarg_bytes = sizeof address;
    rdnasim_status status = rdnasim_create(&options, &sim, &report);
    if (!status)
        status = rdnasim_bind(sim, out, f.out_bytes, RDNASIM_READ | RDNASIM_WRITE, "out", &address, &report);
    if (!status) status = rdnasim_load(sim, carrier.elf, carrier.bytes, &object, &report);
    if (!status) status = rdnasim_run(sim, rdnasim_find_kernel(object, "carrier"), &launch, NULL, &report);
    struct outcome o;
    if (object && strcmp(f.target, rdnasim_object_target(object)) != 0)
        o = status && strstr(report.text, f.target)
                ? outcome(OTHER_TARGET, "")
                : outcome(WRONG, status ? report.text : "code of another target ran");
    else
        o = status == RDNASIM_OUT_OF_MEMORY ? outcome(NO_MEMORY, "")
            : status                        ? outcome(REFUSED, report.text)
                                            : judge(recorded, &f, out);
    rdnasim_destroy(sim);
    free(carrier.elf);
    free(out);
    return o;
}

static struct outcome run_apart(const json_t *recorded, rdnasim_simd simd) {
    int ends[2];
    struct fields f;
    if (!read_fields(recorded, &f)) return outcome(UNREADABLE, "a field is missing or out of range");
    fflush(stdout);
    if (pipe(ends) != 0) return outcome(CRASHED, "no pipe");
    pid_t child = fork();
    if (child == 0) {
        struct outcome o = run_case(recorded, f, simd);
        ssize_t written = write(ends[1], &o, sizeof o);
        _exit(written == sizeof o ? 0 : 1);
    }
    close(ends[1]);
    struct outcome o;
    size_t got = 0;
    for (ssize_t n; child > 0 && got < sizeof o && (n = read(ends[0], (char *)&o + got, sizeof o - got)) > 0;)
        got += (size_t)n;
    close(ends[0]);
    int status = 0;
    if (child > 0) waitpid(child, &status, 0);
    if (got == sizeof o) return o;
    char text[64];
    snprintf(text, sizeof text, WIFSIGNALED(status) ? "signal %d" : "exit code %d",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return outcome(CRASHED, text);
}

/* ---- files ---------------------------------------------------------------------------------------- */

/* Returns how many cases failed; -1: the file cannot be read. */
static int run_file(const char *path, rdnasim_simd simd) {
    unsigned char *text;
    size_t bytes;
    if (!file_read(path, FILE_MAX, &text, &bytes)) return -1;
    struct doc_problem problem;
    json_t *file = doc_read((char *)text, bytes, DOC_STRICT, NULL, &problem), *one;
    const json_t *cases = json_object_get(file, "cases");
    free(text);
    if (!file || !doc_is(cases, DOC_LIST, "cases", &problem)) {
        if (!file && problem.out_of_memory)
            fail_memory(path);
        else
            fail(EXIT_FILE, "%s: %s", path, problem.text);
        json_decref(file);
        return -1;
    }
    if (json_array_size(cases) > CASES_MAX) {
        fail(EXIT_FILE, "%s: has %zu cases; accepted are at most %d", path, json_array_size(cases),
             CASES_MAX);
        json_decref(file);
        return -1;
    }
    unsigned counts[VERDICTS] = {0};
    size_t n;
    json_array_foreach(cases, n, one) {
        struct outcome o = run_apart(one, simd);
        const char *id = json_string_value(json_object_get(one, "id"));
        if (o.verdict == NO_MEMORY) {
            fail_memory(path);
            json_decref(file);
            return -1;
        }
        counts[o.verdict]++;
        if (o.verdict >= WRONG) printf("%s: %s: %s\n", id ? id : "(no id)", verdicts[o.verdict], o.text);
    }
    const char *slash = strrchr(path, '/');
    printf("%-16s", slash ? slash + 1 : path);
    for (unsigned v = EXACT; v <= CRASHED; v++)
        printf("%s %3u %s", v == EXACT ? "" : ",", counts[v], verdicts[v]);
    if (counts[UNREADABLE]) printf(", %u %s", counts[UNREADABLE], verdicts[UNREADABLE]);
    if (counts[OTHER_TARGET]) printf("; %u %s", counts[OTHER_TARGET], verdicts[OTHER_TARGET]);
    printf("\n");
    json_decref(file);
    return (int)(counts[WRONG] + counts[REFUSED] + counts[CRASHED] + counts[UNREADABLE]);
}

int cmd_cases(int argc, char **argv) {
    static const char *const levels[] = {"auto", "portable", "avx2", "avx512"};
    static const struct option rows[] = {{"simd", 1, 0, 'S'}, {"help", 0, 0, 'h'}, {0, 0, 0, 0}};
    unsigned simd = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "", rows, NULL)) != -1;) {
        if (c == 'h') {
            puts("Usage: rdnasim cases [--simd portable|avx2|avx512] FILE.json...\n\n"
                 "Runs recorded instruction cases and prints, per file, how many are exact, within "
                 "tolerance, wrong,\n"
                 "refused, crashed; and every case that failed. Exit code 1 if any did.");
            return EXIT_OK;
        }
        if (c != 'S') return fail(EXIT_USAGE, "rdnasim cases --help lists the options");
        for (simd = 0; simd < 4 && strcmp(levels[simd], optarg) != 0;) simd++;
        if (simd == 4) return fail(EXIT_USAGE, "--simd %s: expected portable, avx2 or avx512", optarg);
    }
    if (optind == argc) return fail(EXIT_USAGE, "expected files of cases; see rdnasim cases --help");
    int failed = 0, unreadable = 0;
    for (int n = optind; n < argc; n++) {
        int result = run_file(argv[n], (rdnasim_simd)simd);
        if (result < 0)
            unreadable++;
        else
            failed += result;
    }
    return unreadable ? EXIT_FILE : failed ? EXIT_FAULT : EXIT_OK;
}
