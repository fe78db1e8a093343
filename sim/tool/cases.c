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

static bool missing(const char *key, struct doc_problem *problem) {
    snprintf(problem->text, sizeof problem->text, "%s is missing", key);
    return false;
}

static bool number(const json_t *c, const char *key, uint32_t most, uint32_t *out,
                   struct doc_problem *problem) {
    int64_t value = -1;
    if (!doc_integer(c, key, 0, most, &value, problem)) return false;
    if (value < 0) return missing(key, problem);
    *out = (uint32_t)value;
    return true;
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

enum floats { F16 = 1, BF16 = 2, F32 = 4, F64 = 8 };

struct fields {
    uint32_t wave, lanes, rsrc2, lds_bytes, scratch_bytes, out_bytes, ulp;
    const char *target, *kind, *code;
    const char *init; /* hexadecimal: what the output buffer holds at init_at before the launch; or null */
    uint32_t init_at;
    int approximate;
    unsigned floats; /* enum floats: NaNs that it may compute */
    json_t *asserted, *ignored, *expected;
};

/* A list (or null) of offsets of words in the output. */
static bool are_offsets(const json_t *list, const char *key, uint32_t out_bytes,
                        struct doc_problem *problem) {
    size_t n;
    const json_t *value;
    json_array_foreach(list, n, value) {
        json_int_t at = json_is_integer(value) ? json_integer_value(value) : -1;
        if (at >= 0 && at % 4 == 0 && at + 4 <= (json_int_t)out_bytes) continue;
        char shown[64];
        snprintf(problem->text, sizeof problem->text,
                 "%s[%zu] is %s; accepted are offsets of words within %u bytes", key, n,
                 doc_show(value, shown, sizeof shown), out_bytes);
        return false;
    }
    return true;
}

/* Which NaNs the instructions' names let expect: a set of enum floats. Without names any may come. */
static bool read_names(const json_t *names, unsigned *floats, struct doc_problem *problem) {
    static const struct {
        const char *part;
        unsigned floats;
    } types[] = {{"_f16", F16}, {"_bf16", BF16}, {"_f32", F32}, {"_f64", F64}};
    size_t n;
    const json_t *name;
    *floats = names ? 0 : F16 | BF16 | F32 | F64;
    json_array_foreach(names, n, name) {
        if (!doc_is(name, DOC_TEXT, "insts[]", problem)) return false;
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
            if (strstr(json_string_value(name), types[t].part)) *floats |= types[t].floats;
    }
    return true;
}

static bool read_fields(const json_t *c, struct fields *f, struct doc_problem *problem) {
    json_t *names = NULL;
    const char *doc = NULL, *id = NULL;
    int decodes, denormals; /* of other judges: their types are checked alone */
    *f = (struct fields){.target = "gfx1100"};
    if (!doc_is(c, DOC_OBJECT, "the case", problem) || !doc_text(c, "id", &id, problem) ||
        !doc_text(c, "doc", &doc, problem) || !doc_text(c, "target", &f->target, problem) ||
        !doc_text(c, "kind", &f->kind, problem) || !doc_text(c, "code", &f->code, problem) ||
        !doc_text(c, "init", &f->init, problem) || !doc_bool(c, "llvm_decodes", &decodes, problem) ||
        !doc_bool(c, "denorm_sensitive", &denormals, problem) ||
        !doc_bool(c, "approx_asserts", &f->approximate, problem) ||
        !doc_field(c, "asserted", DOC_LIST, &f->asserted, problem) ||
        !doc_field(c, "volatile", DOC_LIST, &f->ignored, problem) ||
        !doc_field(c, "expect_nonzero", DOC_OBJECT, &f->expected, problem) ||
        !doc_field(c, "insts", DOC_LIST, &names, problem) || !number(c, "wave", 64, &f->wave, problem) ||
        !number(c, "n_lanes", LANES_MAX, &f->lanes, problem) ||
        !number(c, "rsrc2", UINT32_MAX, &f->rsrc2, problem) ||
        !number(c, "lds_bytes", UINT32_MAX, &f->lds_bytes, problem) ||
        !number(c, "scratch_per_lane", UINT32_MAX, &f->scratch_bytes, problem) ||
        !number(c, "out_bytes", OUT_MAX, &f->out_bytes, problem) ||
        !number(c, "ulp", UINT32_MAX, &f->ulp, problem))
        return false;
    if (f->init && !number(c, "init_off", OUT_MAX, &f->init_at, problem)) return false;
    if (!f->kind || !f->code) return missing(f->kind ? "code" : "kind", problem);
    if (f->wave != 32 && f->wave != 64) {
        snprintf(problem->text, sizeof problem->text, "wave is %u; accepted are 32 and 64", f->wave);
        return false;
    }
    return are_offsets(f->asserted, "asserted", f->out_bytes, problem) &&
           are_offsets(f->ignored, "volatile", f->out_bytes, problem) &&
           read_names(names, &f->floats, problem);
}

/* Writes the case's program and launch state over the carrier's. */
static bool fill_carrier(struct carrier *c, const struct fields *f) {
    enum { FLOAT_MODE = 0xff << 12, F16_F64_DENORMALS = 3 << 18, DX10_CLAMP = 1 << 21, IEEE = 1 << 23 };
    enum { VGPR_GRANULES = 63, PRIVATE_SEGMENT = 1 };
    unsigned char *code = c->elf + c->code_at, *descriptor = c->elf + c->descriptor_at;
    size_t length;
    memset(code, 0, c->code_bytes);
    if (!unhex(f->code, code, c->code_bytes, &length)) return false;
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

static bool read_words(const struct fields *f, struct word *words) {
    size_t n, length;
    const json_t *value;
    unsigned char bytes[4];
    json_array_foreach(f->asserted, n, value) words[json_integer_value(value) / 4].asserted = true;
    json_array_foreach(f->ignored, n, value) words[json_integer_value(value) / 4].is_volatile = true;
    const char *key;
    json_t *hex;
    json_object_foreach(f->expected, key, hex) {
        char *end;
        uint64_t at = strtoull(key, &end, 10);
        if (end == key || *end || at % 4 || at + 4 > f->out_bytes) return false;
        if (!unhex(json_string_value(hex), bytes, sizeof bytes, &length) || length != 4) return false;
        words[at / 4].expected = get32(bytes);
    }
    return true;
}

static bool nan16(unsigned floats, uint32_t bits) {
    return (floats & F16 && (bits & 0x7c00) == 0x7c00 && bits & 0x3ff) ||
           (floats & BF16 && (bits & 0x7f80) == 0x7f80 && bits & 0x7f);
}
static bool nan32(unsigned floats, uint32_t bits) {
    return floats & F32 && (bits & 0x7f800000) == 0x7f800000 && bits & 0x7fffff;
}

/* Any NaN equals any NaN; also where a word is two values of 16 bits. */
static bool equal_nans(unsigned floats, uint32_t a, uint32_t b) {
    if (nan32(floats, a) && nan32(floats, b)) return true;
    for (unsigned shift = 0; shift < 32; shift += 16) {
        uint32_t x = a >> shift & 0xffff, y = b >> shift & 0xffff;
        if (x != y && !(nan16(floats, x) && nan16(floats, y))) return false;
    }
    return true;
}

/* The same of 64 bits, whose upper word is that of the next register. */
static bool nan64(uint32_t low, uint32_t high) {
    return (high & 0x7ff00000) == 0x7ff00000 && (high & 0xfffff || low);
}

static bool equal_wide_nans(const struct fields *f, const struct word *words, const unsigned char *out,
                            size_t at) {
    size_t step = 4 * (size_t)f->lanes;
    if (!(f->floats & F64)) return false;
    for (size_t low = at < step ? at : at - step; low <= at; low += step) {
        size_t high = low + step;
        if (step && high + 4 <= f->out_bytes && nan64(get32(out + low), get32(out + high)) &&
            nan64(words[low / 4].expected, words[high / 4].expected))
            return true;
        if (!step) break;
    }
    return false;
}

static struct outcome compare(const struct fields *f, const struct word *words, const unsigned char *out) {
    bool state = strcmp(f->kind, "state") == 0;
    uint32_t ulp = f->approximate && f->ulp < APPROXIMATE_ULP ? APPROXIMATE_ULP : f->ulp;
    struct outcome o = outcome(EXACT, "");
    for (size_t at = 0; at + 4 <= f->out_bytes; at += 4) {
        const struct word *word = &words[at / 4];
        bool exec = state && at + 4 == f->out_bytes;
        if ((!word->asserted && (f->approximate || exec)) || word->is_volatile) continue;
        uint32_t found = get32(out + at), expected = word->expected;
        if (found == expected) continue;
        if (equal_nans(f->floats, found, expected) || equal_wide_nans(f, words, out, at)) continue;
        o.verdict = WITHIN_TOLERANCE;
        if ((found > expected ? found - expected : expected - found) <= ulp) continue;
        o.verdict = WRONG;
        snprintf(o.text, sizeof o.text, "%sword at byte %zu is 0x%08" PRIx32 ", expected 0x%08" PRIx32,
                 word->asserted ? "asserted " : "", at, found, expected);
        return o;
    }
    return o;
}

static struct outcome judge(const struct fields *f, const unsigned char *out) {
    struct word *words = calloc(f->out_bytes / 4 + 1, sizeof *words);
    if (!words) return outcome(NO_MEMORY, "");
    struct outcome o =
        read_words(f, words)
            ? compare(f, words, out)
            : outcome(UNREADABLE, "an expected word is not 4 bytes at an offset of the output");
    free(words);
    return o;
}

static struct outcome run_case(struct fields f, rdnasim_simd simd) {
    struct carrier carrier;
    /* It is a part of this program: nothing else can fail. */
    if (!open_carrier(&carrier, f.wave == 64)) return outcome(NO_MEMORY, "");
    if (!fill_carrier(&carrier, &f))
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
    size_t init_bytes;
    if (f.init &&
        (f.init_at > f.out_bytes || !unhex(f.init, out + f.init_at, f.out_bytes - f.init_at, &init_bytes)))
        return outcome(UNREADABLE, "init is no hexadecimal text of bytes that fit at init_off");
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
                                            : judge(&f, out);
    rdnasim_destroy(sim);
    free(carrier.elf);
    free(out);
    return o;
}

static struct outcome run_apart(const json_t *recorded, rdnasim_simd simd) {
    int ends[2];
    struct fields f;
    struct doc_problem problem;
    if (!read_fields(recorded, &f, &problem)) return outcome(UNREADABLE, problem.text);
    fflush(stdout);
    if (pipe(ends) != 0) return outcome(CRASHED, "no pipe");
    pid_t child = fork();
    if (child == 0) {
        struct outcome o = run_case(f, simd);
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
