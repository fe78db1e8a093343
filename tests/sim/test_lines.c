/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The source lines of instructions: every store of kernels/lines.c is on the line that it stores, in every version of DWARF, at -O0
 * and -O2; reports tell the line; damaged tables do no harm.
 *
 *     test_sim_lines WITHOUT_LINES OBJECT...
 */
#include "support.h"

static const char *const files[] = {"lines.c", "inlined one.h", "strange\\x1bname.c"};
static char **objects;
static int object_count;

struct seen {
    unsigned stores, of_file[3];
};

static void check_store(void *context, const rdnasim_event *e) {
    struct seen *seen = context;
    /* At -O0 flat instructions keep variables in scratch memory. */
    if (strcmp(e->instruction->opcode, "global_store_b32") != 0) return;
    uint32_t value = (uint32_t)rdnasim_read_operand(e->state, &e->instruction->sources[1], 0), line = 0;
    char file[64] = "";
    assert_int_equal(rdnasim_source_line(e->kernel, e->instruction->pc, file, sizeof file, &line), 1);
    assert_int_equal(line, value & 0xffff);
    assert_string_equal(file, files[value >> 16]);
    seen->stores++;
    seen->of_file[value >> 16]++;
}

static rdnasim_status run(rdnasim *sim, const rdnasim_object *object, const char *kernel,
                          const rdnasim_observer *observer, rdnasim_report *report) {
    static uint32_t out[8];
    const uint64_t argument = bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out");
    rdnasim_launch launch = launch_of(1, 1, &argument, sizeof argument);
    launch.observer = observer;
    rdnasim_status status = rdnasim_run(sim, rdnasim_find_kernel(object, kernel), &launch, NULL, report);
    rdnasim_report unbound;
    assert_ok(rdnasim_unbind(sim, argument, &unbound), unbound);
    return status;
}

static void stores_know_their_lines(void **state) {
    (void)state;
    for (int n = 1; n < object_count; n++) {
        rdnasim *sim = create(NULL);
        struct seen seen = {0};
        const rdnasim_observer observer = {
            .struct_size = sizeof observer, .context = &seen, .after = check_store};
        rdnasim_report report;
        assert_ok(run(sim, load(sim, objects[n]), "lines", &observer, &report), report);
        assert_int_equal(seen.stores, 3 + 3 + 6 + 1 + 1);
        assert_int_equal(seen.of_file[1], 6);
        assert_int_equal(seen.of_file[2], 1);
        rdnasim_destroy(sim);
    }
}

static void reports_tell_the_line(void **state) {
    (void)state;
    for (int n = 0; n < object_count; n++) {
        rdnasim *sim = create(NULL);
        rdnasim_report report;
        char json[RDNASIM_REPORT_JSON_BYTES];
        assert_int_equal(run(sim, load(sim, objects[n]), "wild", NULL, &report), RDNASIM_MEMORY_FAULT);
        assert_true(rdnasim_report_json(&report, json, sizeof json) < sizeof json);
        if (n) {
            assert_int_equal(report.line, 50);
            assert_int_equal(report.file_bytes, strlen("lines.c"));
            assert_memory_equal(report.text + report.file_at, "lines.c", report.file_bytes);
            assert_non_null(strstr(report.text, " (lines.c:50), global_store_b32"));
            assert_non_null(
                strstr(json, ", \"source\": {\"file\": \"lines.c\", \"line\": 50}, \"instruction\""));
        } else { /* compiled without -g */
            assert_int_equal(report.line, 0);
            assert_null(strstr(report.text, "lines.c"));
            assert_null(strstr(json, "source"));
        }
        rdnasim_destroy(sim);
    }
}

/* A name is cut, and what is not asked for is not stored. */
static void names_are_cut(void **state) {
    (void)state;
    rdnasim *sim = create(NULL);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, objects[1]), "wild");
    char file[6] = "";
    assert_int_equal(rdnasim_source_line(kernel, 0, file, sizeof file, NULL), 1);
    assert_string_equal(file, "li...");
    assert_int_equal(rdnasim_source_line(kernel, 0, NULL, 0, NULL), 1);
    uint32_t line = 7;
    assert_int_equal(rdnasim_source_line(kernel, 1 << 20, file, sizeof file, &line), 0);
    assert_int_equal(rdnasim_source_line(kernel, UINT64_MAX / 2, NULL, 0, &line), 0);
    assert_int_equal(line, 7);
    rdnasim_destroy(sim);
}

/* ---- damage ------------------------------------------------------------------------------------------------ */

/* Where a section's name, then its bytes, would be: the section is found by the names that it holds. */
static size_t find(const struct file *f, const char *text, size_t from) {
    size_t bytes = strlen(text);
    for (size_t at = from; at + bytes <= f->bytes; at++)
        if (memcmp(f->data + at, text, bytes) == 0) return at;
    fail_msg("no '%s'", text);
    return 0;
}

static void ask_all(const rdnasim_object *object) {
    for (size_t k = 0; k < rdnasim_object_kernels(object); k++) {
        const rdnasim_kernel *kernel = rdnasim_object_kernel(object, k);
        for (uint64_t pc = 0; pc < rdnasim_get_kernel_info(kernel)->code_bytes; pc += 4) {
            char file[64];
            uint32_t line = 0;
            if (rdnasim_source_line(kernel, pc, file, sizeof file, &line)) {
                assert_true(line > 0);
                assert_true(strlen(file) < sizeof file);
            }
        }
    }
}

/* Each byte around the table's names, which includes the programs, takes other values; the object can be loaded all the same. */
static void damage_is_left_out(void **state) {
    (void)state;
    for (int n = 1; n < object_count; n++) {
        struct file f = read_file(objects[n]);
        /* DWARF 5 has the names in a section of their own: there everything behind the code is damaged. */
        size_t first = find(&f, "inlined one.h", 0), end = first + 700 < f.bytes ? first + 700 : f.bytes;
        first = first > 500 ? first - 500 : 0;
        rdnasim *sim = create(NULL);
        unsigned loaded = 0;
        for (size_t at = first; at < end; at++)
            for (unsigned bit = 0; bit < 8; bit += 7) {
                const unsigned char kept = f.data[at];
                f.data[at] ^= (unsigned char)(bit ? 0x80 : 0xff);
                rdnasim_object *object;
                rdnasim_report report;
                if (rdnasim_load(sim, f.data, f.bytes, &object, &report) == RDNASIM_OK) {
                    ask_all(object);
                    rdnasim_unload(object);
                    loaded++;
                }
                f.data[at] = kept;
            }
        assert_true(loaded > 500);
        free(f.data);
        rdnasim_destroy(sim);
    }
}

int main(int argc, char **argv) {
    objects = argv + 1;
    object_count = argc - 1;
    if (object_count < 2) return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_know_their_lines),
        cmocka_unit_test(reports_tell_the_line),
        cmocka_unit_test(names_are_cut),
        cmocka_unit_test(damage_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
