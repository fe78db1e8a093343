/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Recorded instruction cases, ${W4A16_REFERENCE_DATA}/isa/?.json: small programs with the memory they leave.
 * A case's code and launch resources are written over those of a compiled kernel, so that it takes the public
 * way through the simulator: load, bind, run, read.
 */
#include "support.h"

#include <dirent.h>
#include <gelf.h>
#include <inttypes.h>
#include <jansson.h>
#include <libelf.h>
#include <stdbool.h>

enum { SKIPPED = 77, APPROXIMATE_ULP = 4, RSRC1_AT = 48, RSRC2_AT = 52 };

/* A compiled kernel, to be overwritten. */
struct carrier {
    struct file file;
    size_t code_at, code_bytes, descriptor_at; /* in the file */
};

enum verdict { EXACT, WITHIN_TOLERANCE, WRONG, REFUSED, REFUSED_RIGHTLY, VERDICTS };
static const char *const verdicts[] = {"exact", "within tolerance", "wrong", "refused",
                                       "other target refused"};

static char directory[4096];

/* ---- the carrier --------------------------------------------------------------------------------------- */

/* Where a symbol's bytes are in the file, and how many. */
static void locate(Elf *elf, const char *name, size_t *at, size_t *bytes) {
    GElf_Shdr table, section;
    GElf_Sym symbol;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s));) {
        if (!gelf_getshdr(s, &table) || table.sh_type != SHT_SYMTAB) continue;
        Elf_Data *data = elf_getdata(s, NULL);
        for (int n = 0; data && gelf_getsym(data, n, &symbol); n++) {
            const char *found = elf_strptr(elf, table.sh_link, symbol.st_name);
            if (!found || strcmp(found, name) != 0) continue;
            assert_non_null(gelf_getshdr(elf_getscn(elf, symbol.st_shndx), &section));
            *at = symbol.st_value - section.sh_addr + section.sh_offset;
            *bytes = symbol.st_size;
            return;
        }
    }
    fail_msg("the carrier has no symbol %s", name);
}

static struct carrier open_carrier(const char *path) {
    struct carrier c = {.file = read_file(path)};
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)c.file.data, c.file.bytes);
    assert_non_null(elf);
    size_t descriptor_bytes;
    locate(elf, "carrier", &c.code_at, &c.code_bytes);
    locate(elf, "carrier.kd", &c.descriptor_at, &descriptor_bytes);
    assert_int_equal(descriptor_bytes, 64);
    elf_end(elf);
    return c;
}

static uint32_t get32(const unsigned char *p) {
    uint32_t value;
    memcpy(&value, p, 4);
    return value;
}
static void put32(unsigned char *p, uint32_t value) { memcpy(p, &value, 4); }

/* Hexadecimal digits to bytes; returns how many. */
static size_t unhex(const char *text, unsigned char *to, size_t most) {
    size_t count = strlen(text) / 2;
    assert_true(count <= most);
    for (size_t n = 0; n < count; n++) {
        unsigned byte;
        assert_int_equal(sscanf(text + 2 * n, "%2x", &byte), 1);
        to[n] = (unsigned char)byte;
    }
    return count;
}

static uint32_t number(const json_t *c, const char *key) {
    const json_t *value = json_object_get(c, key);
    assert_true(json_is_integer(value));
    return (uint32_t)json_integer_value(value);
}

static const char *string(const json_t *c, const char *key) {
    const char *value = json_string_value(json_object_get(c, key));
    assert_non_null(value);
    return value;
}

/* Writes the case's program and launch state over the carrier's. */
static void fill_carrier(struct carrier *c, const json_t *recorded) {
    enum { FLOAT_MODE = 0xff << 12, F16_F64_DENORMALS = 3 << 18, DX10_CLAMP = 1 << 21, IEEE = 1 << 23 };
    enum { VGPR_GRANULES = 63, PRIVATE_SEGMENT = 1 };
    unsigned char *code = c->file.data + c->code_at, *descriptor = c->file.data + c->descriptor_at;
    memset(code, 0, c->code_bytes);
    unhex(string(recorded, "code"), code, c->code_bytes);
    uint32_t rsrc1 = get32(descriptor + RSRC1_AT) & ~(uint32_t)(FLOAT_MODE | VGPR_GRANULES);
    rsrc1 |=
        F16_F64_DENORMALS | DX10_CLAMP | IEEE | (number(recorded, "wave") == 32 ? 256 / 8 - 1 : 256 / 4 - 1);
    put32(descriptor + RSRC1_AT, rsrc1);
    put32(descriptor + RSRC2_AT, number(recorded, "rsrc2") | PRIVATE_SEGMENT);
    assert_true(get32(descriptor) == number(recorded, "lds_bytes"));
    assert_true(get32(descriptor + 4) >= number(recorded, "scratch_per_lane"));
}

/* ---- one case ------------------------------------------------------------------------------------------ */

static bool contains(const json_t *offsets, size_t offset) {
    size_t n;
    json_t *value;
    json_array_foreach(offsets, n, value) if ((size_t)json_integer_value(value) == offset) return true;
    return false;
}

static uint32_t expected_word(const json_t *recorded, size_t offset) {
    char key[24];
    unsigned char bytes[4] = {0};
    snprintf(key, sizeof key, "%zu", offset);
    const char *text = json_string_value(json_object_get(json_object_get(recorded, "expect_nonzero"), key));
    if (text) assert_int_equal(unhex(text, bytes, sizeof bytes), 4);
    return get32(bytes);
}

static enum verdict judge(const json_t *recorded, const unsigned char *out, size_t bytes, char *text,
                          size_t room) {
    const json_t *asserted = json_object_get(recorded, "asserted");
    bool approximate = json_is_true(json_object_get(recorded, "approx_asserts"));
    bool state = strcmp(string(recorded, "kind"), "state") == 0;
    uint32_t ulp = number(recorded, "ulp");
    if (approximate && ulp < APPROXIMATE_ULP) ulp = APPROXIMATE_ULP;
    enum verdict verdict = EXACT;
    for (size_t at = 0; at + 4 <= bytes; at += 4) {
        bool claimed = contains(asserted, at), exec = state && at + 4 == bytes;
        if ((!claimed && (approximate || exec)) || contains(json_object_get(recorded, "volatile"), at))
            continue;
        uint32_t found = get32(out + at), expected = expected_word(recorded, at);
        if (found == expected) continue;
        verdict = WITHIN_TOLERANCE;
        if ((found > expected ? found - expected : expected - found) <= ulp) continue;
        snprintf(text, room, "%sword at byte %zu is 0x%08" PRIx32 ", expected 0x%08" PRIx32,
                 claimed ? "asserted " : "", at, found, expected);
        return WRONG;
    }
    return verdict;
}

static enum verdict run_case(gfx11sim *sim, struct carrier *carrier, const json_t *recorded, char *text,
                             size_t room) {
    size_t bytes = number(recorded, "out_bytes");
    unsigned char *out = calloc(1, bytes);
    assert_non_null(out);
    uint64_t address = bind(sim, out, bytes, GFX11SIM_READ | GFX11SIM_WRITE, "out");
    fill_carrier(carrier, recorded);
    gfx11sim_object *object;
    gfx11sim_report report;
    assert_ok(gfx11sim_load(sim, carrier->file.data, carrier->file.bytes, &object, &report), report);
    gfx11sim_launch launch;
    gfx11sim_launch_init(&launch);
    launch.grid[0] = launch.block[0] = number(recorded, "n_lanes");
    launch.kernarg = &address;
    launch.kernarg_bytes = sizeof address;
    gfx11sim_status status =
        gfx11sim_run(sim, gfx11sim_find_kernel(object, "carrier"), &launch, NULL, &report);
    enum verdict verdict;
    if (strcmp(string(recorded, "target"), gfx11sim_object_target(object)) != 0) {
        verdict = status && strstr(report.text, string(recorded, "target")) ? REFUSED_RIGHTLY : WRONG;
        if (verdict == WRONG) snprintf(text, room, "%s", status ? report.text : "code of another target ran");
    } else if (status) {
        verdict = REFUSED;
        snprintf(text, room, "%s", report.text);
    } else {
        verdict = judge(recorded, out, bytes, text, room);
    }
    gfx11sim_unload(object);
    assert_ok(gfx11sim_unbind(sim, address, &report), report);
    free(out);
    return verdict;
}

/* ---- all files ----------------------------------------------------------------------------------------- */

static int is_json(const struct dirent *entry) {
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Returns the number of cases that failed. */
static unsigned run_file(gfx11sim *sim, struct carrier *wave32, struct carrier *wave64, const char *name) {
    char path[sizeof directory + 300], text[1100];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error), *cases = json_object_get(file, "cases"), *recorded;
    if (!json_is_array(cases)) fail_msg("%s has no cases: %s", path, error.text);
    unsigned counts[VERDICTS] = {0};
    size_t n;
    json_array_foreach(cases, n, recorded) {
        struct carrier *carrier = number(recorded, "wave") == 32 ? wave32 : wave64;
        enum verdict verdict = run_case(sim, carrier, recorded, text, sizeof text);
        counts[verdict]++;
        if (verdict == WRONG || verdict == REFUSED)
            printf("%s: %s: %s\n", string(recorded, "id"), verdicts[verdict], text);
    }
    printf("%-13s", name);
    for (unsigned v = 0; v < VERDICTS; v++)
        if (counts[v]) printf(" %3u %s", counts[v], verdicts[v]);
    printf("\n");
    json_decref(file);
    return counts[WRONG] + counts[REFUSED];
}

static void test_recorded_cases(void **state) {
    gfx11sim_options options;
    gfx11sim_options_init(&options);
    options.simd = *(const gfx11sim_simd *)*state;
    options.threads = 1;
    gfx11sim *sim;
    if (gfx11sim_create(&options, &sim, NULL)) skip(); /* the host lacks this level */
    printf("lanes computed by: %s\n", gfx11sim_simd_name(sim));
    struct carrier wave32 = open_carrier(CARRIER_OBJECT), wave64 = open_carrier(CARRIER_WAVE64_OBJECT);
    struct dirent **names;
    int count = scandir(directory, &names, is_json, alphasort);
    assert_true(count > 0);
    unsigned failures = 0;
    for (int n = 0; n < count; n++) {
        failures += run_file(sim, &wave32, &wave64, names[n]->d_name);
        free(names[n]);
    }
    free(names);
    free(wave32.file.data);
    free(wave64.file.data);
    gfx11sim_destroy(sim);
    if (failures) fail_msg("%u cases failed", failures);
}

int main(void) {
    const char *data = getenv("W4A16_REFERENCE_DATA");
    snprintf(directory, sizeof directory, "%s/isa", data ? data : "");
    struct dirent **names;
    int count = data ? scandir(directory, &names, is_json, alphasort) : -1;
    if (count <= 0) {
        printf(
            "skipped: no recorded cases: W4A16_REFERENCE_DATA must name the directory that has isa/*.json\n");
        return SKIPPED;
    }
    while (count) free(names[--count]);
    free(names);
    static gfx11sim_simd levels[] = {GFX11SIM_SIMD_PORTABLE, GFX11SIM_SIMD_AVX2, GFX11SIM_SIMD_AVX512};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_recorded_cases, &levels[0]),
        cmocka_unit_test_prestate(test_recorded_cases, &levels[1]),
        cmocka_unit_test_prestate(test_recorded_cases, &levels[2]),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
