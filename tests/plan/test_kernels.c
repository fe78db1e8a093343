/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The embedded code objects: every kernel of the table exists in every target's, takes the arguments of
 * args.h, spills nothing, and has the static shape that its speed rests on. Registers are compared with
 * kernels.golden, which `test_kernels --print` writes, unless another compiler built them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libelf.h>

#include "args.h"
#include "golden.h"
#include "plan/family.h"
#include "rdnasim.h"

#define GOLDEN_TARGET "gfx1100"
#define SMALL_TARGET  "gfx1102" /* with fewer registers */

struct argument {
    size_t offset, size;
};
#define COUNT(array)              (sizeof(array) / sizeof(array)[0])
#define AT(field)                 {offsetof(args, field), sizeof((args *)0)->field}
#define ARGUMENT_POINTER(type, f) AT(f)
#define ARGUMENT_VALUE(type, f)   AT(f)
#define ARGUMENT_LISTS            AT(tiles), AT(rows)
#define ARGUMENT_GRID AT(grid.strip_stride), AT(grid.group_stride), AT(grid.zero_halves), AT(grid.zero_offset)
#define ARGUMENT_AND  ,
/* The arguments of a family, as the host's struct has them. */
#define ARGUMENTS(name, LIST)                                                                                \
    static struct arguments name##_arguments(void) {                                                         \
        typedef struct name##_args args;                                                                     \
        static const struct argument list[] = {LIST(ARGUMENT)};                                              \
        return (struct arguments){list, COUNT(list), sizeof(args)};                                          \
    }
struct arguments {
    const struct argument *list;
    size_t count, bytes;
};
ARGUMENTS(decode, DECODE_ARGS)
ARGUMENTS(matrix, MATRIX_ARGS)
ARGUMENTS(tile, TILE_ARGS)
ARGUMENTS(stage, STAGE_ARGS)
ARGUMENTS(route, ROUTE_ARGS)
ARGUMENTS(unsort, UNSORT_ARGS)
ARGUMENTS(combine, COMBINE_ARGS)

struct expected {
    const char *object;
    struct arguments (*arguments)(void);
    uint32_t max_block; /* 0: the row's threads */
    uint32_t vgprs;     /* at most */
    uint32_t lds_bytes; /* static */
};
static const struct expected families[] = {
    {"decode", decode_arguments, 512, 128, 0},   {"strip", matrix_arguments, 512, 256, 0},
    {"matrix", tile_arguments, 0, 256, 0},       {"stage", stage_arguments, 256, 32, 0},
    {"route", route_arguments, 1024, 64, 45056}, {"unsort", unsort_arguments, 1024, 32, 0},
    {"combine", combine_arguments, 64, 56, 0}};

static const struct expected *family_of(const char *object) {
    for (size_t i = 0; i < COUNT(families); i++)
        if (strcmp(families[i].object, object) == 0) return &families[i];
    fail_msg("family %s is not in this test's table", object);
    return NULL;
}

typedef void visit(const struct kernel_row *row, const struct kernel_object *object,
                   const rdnasim_kernel_info *info, void *context);

/* Calls for every gfx11 row of the table and every target (or one). */
static void for_each_kernel(const char *only_target, visit *call, void *context) {
    for (size_t o = 0; o < kernel_object_count(); o++) {
        struct kernel_object object = kernel_object_at(o);
        if (only_target && strcmp(object.target, only_target) != 0) continue;
        rdnasim_options options;
        rdnasim_report report;
        rdnasim *sim;
        rdnasim_object *loaded;
        rdnasim_options_init(&options, sizeof options);
        options.target = object.target;
        options.threads = 1;
        assert_int_equal(rdnasim_create(&options, &sim, &report), RDNASIM_OK);
        if (rdnasim_load(sim, object.bytes, object.size, &loaded, &report) != RDNASIM_OK)
            fail_msg("%s %s: %s", object.object, object.target, report.text);
        size_t rows = 0;
        for (size_t n = 0; n < kernel_row_count(); n++) {
            const struct kernel_row *row = kernel_row_at(n);
            if (strcmp(row->arch, object.arch) != 0 || strcmp(row->family->name, object.object) != 0)
                continue;
            const rdnasim_kernel *kernel = rdnasim_find_kernel(loaded, row->name);
            if (!kernel) fail_msg("%s has no kernel %s", object.target, row->name);
            rdnasim_kernel_info info = *rdnasim_get_kernel_info(kernel);
            call(row, &object, &info, context);
            rows++;
        }
        assert_int_equal(rdnasim_object_kernels(loaded), rows); /* and no kernel without a row */
        rdnasim_destroy(sim);
    }
}

/* ---- resources and arguments --------------------------------------------------------------------------- */

static void check_resources(const struct kernel_row *row, const struct kernel_object *object,
                            const rdnasim_kernel_info *info, void *context) {
    int *failed = context;
    const struct expected *family = family_of(row->family->name);
    /* Before clang 22 there is no way to tell it from C that a work-group has fewer than 1024 work-items, and
     * so 192 registers are all that the largest kernels get. */
    bool may_spill = KERNEL_COMPILER_MAJOR < 22 && row->family != &decode_family;
    if (!may_spill && (info->sgpr_spills || info->vgpr_spills || info->scratch_bytes)) {
        print_error("%s %s: %u SGPRs and %u VGPRs spilled, %u bytes of scratch\n", object->target, row->name,
                    info->sgpr_spills, info->vgpr_spills, info->scratch_bytes);
        ++*failed;
    }
    assert_int_equal(info->wave_size, 32);
    assert_int_equal(info->lds_bytes, family->lds_bytes);
    assert_true(info->vgprs <= family->vgprs);
    uint32_t max_block = family->max_block ? family->max_block : row->threads;
#if KERNEL_COMPILER_MAJOR >= 22
    assert_int_equal(info->max_block, max_block);
#else
    assert_true(info->max_block >= max_block);
#endif
    const struct arguments arguments = family->arguments();
    const struct argument *last = &arguments.list[arguments.count - 1];
    assert_int_equal(info->explicit_bytes,
                     last->offset + last->size); /* the struct may be padded behind it */
    assert_true(info->explicit_bytes <= arguments.bytes);
    for (size_t i = 0; i < arguments.count; i++) {
        assert_true(i < info->arg_count);
        assert_int_equal(info->args[i].offset, arguments.list[i].offset);
        assert_int_equal(info->args[i].size, arguments.list[i].size);
    }
}

static void test_resources(void **state) {
    (void)state;
    int failed = 0;
    for_each_kernel(NULL, check_resources, &failed);
    assert_int_equal(failed, 0);
}

/* ---- golden registers ---------------------------------------------------------------------------------- */

static void print_golden(FILE *to) {
    static w4a16_kernel_resources large[512], small[512];
    w4a16_error error;
    size_t count = w4a16_target_resources(GOLDEN_TARGET, large, COUNT(large), &error);
    assert_true(count && count <= COUNT(large));
    assert_int_equal(w4a16_target_resources(SMALL_TARGET, small, COUNT(small), &error), count);
    fprintf(to,
            "# " GOLDEN_TARGET ", written by test_kernels --print; occupancy there and on " SMALL_TARGET
            "\n%-38s %5s %5s %7s %7s %5s %5s %5s\n",
            "# kernel", "vgprs", "sgprs", "scratch", "lds", "waves", "occ", "occ");
    for (size_t n = 0; n < count; n++)
        fprintf(to, "%-38s %5u %5u %7u %7u %5u %5u %5u\n", large[n].kernel, large[n].vgprs, large[n].sgprs,
                large[n].scratch_bytes, large[n].lds_bytes, large[n].waves, large[n].occupancy,
                small[n].occupancy);
}

static void test_golden(void **state) {
    (void)state;
    if (!kernel_arch(GOLDEN_TARGET) || !kernel_arch(SMALL_TARGET)) {
        print_message("kernels.golden is not compared: it has " GOLDEN_TARGET " and " SMALL_TARGET
                      ", of which this build lacks one\n");
        skip();
    }
    same_as_golden(KERNELS_GOLDEN, print_golden);
}

/* ---- static shape, from the disassembly ---------------------------------------------------------------- */

/* The kernel's instructions in the ELF image: [*begin, *begin + bytes / 4). */
static const uint32_t *find_code(const struct kernel_object *object, const char *name, void **copy) {
    *copy = malloc(object->size); /* libelf wants it writable */
    assert_non_null(*copy);
    memcpy(*copy, object->bytes, object->size);
    assert_int_not_equal(elf_version(EV_CURRENT), EV_NONE);
    Elf *elf = elf_memory(*copy, object->size);
    const uint32_t *code = NULL;
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn && !code; scn = elf_nextscn(elf, scn)) {
        const Elf64_Shdr *header = elf64_getshdr(scn);
        if (header->sh_type != SHT_DYNSYM) continue;
        const Elf64_Sym *symbols = elf_getdata(scn, NULL)->d_buf;
        for (size_t i = 0; i < header->sh_size / sizeof *symbols; i++)
            if (strcmp(elf_strptr(elf, header->sh_link, symbols[i].st_name), name) == 0) {
                const Elf64_Shdr *text = elf64_getshdr(elf_getscn(elf, symbols[i].st_shndx));
                size_t at = symbols[i].st_value - text->sh_addr + text->sh_offset;
                code = (const uint32_t *)((const char *)*copy + at);
            }
    }
    elf_end(elf);
    assert_non_null(code);
    return code;
}

static int occurrences(const char *text, const char *what) {
    int n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) n++;
    return n;
}

/* Bytes a scalar load brings: s_load_b64 ... s_load_b512. */
static long scalar_load_bytes(const char *text) {
    static const char prefix[] = "s_load_b";
    return strncmp(text, prefix, sizeof prefix - 1) == 0 ? strtol(text + sizeof prefix - 1, NULL, 10) / 8 : 0;
}

static void check_shape(const struct kernel_row *row, const struct kernel_object *object,
                        const rdnasim_kernel_info *info, void *context) {
    (void)context;
    if (row->family != &decode_family || row->gathers) return; /* what is gathered goes through LDS */
    long dot2 = 0, weight_loads = 0, scalar_bytes = 0, uniform_moves = 0;
    void *copy;
    const uint32_t *code = find_code(object, row->name, &copy);
    size_t dwords = info->code_bytes / 4;
    for (size_t at = 0; at < dwords;) {
        char text[192];
        uint32_t used = rdnasim_disassemble(object->target, code + at, dwords - at, text, sizeof text);
        if (used == 0) fail_msg("%s %s: no instruction at %zu", object->target, row->name, at * 4);
        at += used;
        dot2 += occurrences(text, "dot2");
        scalar_bytes += scalar_load_bytes(text);
        uniform_moves += occurrences(text, "v_readfirstlane");
        if (strstr(text, "global_load_b128")) {
            weight_loads++;
            if (!strstr(text, "slc") || !strstr(text, "dlc")) fail_msg("%s: temporal: %s", row->name, text);
        }
        if (strstr(text, "scratch_") || strstr(text, "movrel") || strstr(text, "flat_"))
            fail_msg("%s: %s", row->name, text);
    }
    free(copy);
    /* One chunk's products, its weights by whole blocks, and its activations through the scalar cache ... */
    assert_true(dot2 >= row->m_max * row->k_chunk / 2);
    assert_true(weight_loads >= row->k_chunk / 32);
    assert_true(scalar_bytes >= row->m_max * row->k_chunk * 2);
    /* ... at addresses that never were in vector registers: only the wave's number comes from one. */
    if (uniform_moves > 1) fail_msg("%s: %ld v_readfirstlane", row->name, uniform_moves);
}

/* ---- the loop of the largest matrix tile ------------------------------------------------------------- */

enum { LINES_MAX = 4096 };

struct listing {
    size_t count;
    struct line {
        uint32_t at, target; /* dwords; target of a branch, else UINT32_MAX */
        char text[96];
    } lines[LINES_MAX];
};

static void disassemble_kernel(const struct kernel_object *object, const char *name, uint32_t bytes,
                               struct listing *l) {
    void *copy;
    const uint32_t *code = find_code(object, name, &copy);
    l->count = 0;
    for (uint32_t at = 0; at < bytes / 4;) {
        char text[192];
        uint32_t used = rdnasim_disassemble(object->target, code + at, bytes / 4 - at, text, sizeof text);
        assert_true(used && l->count < LINES_MAX);
        struct line *line = &l->lines[l->count++];
        line->at = at;
        snprintf(line->text, sizeof line->text, "%.95s", text);
        int branches = strncmp(text, "s_branch", 8) == 0 || strncmp(text, "s_cbranch", 9) == 0;
        line->target = branches ? at + 1 + (uint32_t)(int32_t)(int16_t)code[at] : UINT32_MAX;
        at += used;
    }
    free(copy);
}

static int starts(const struct line *line, const char *with) {
    return strncmp(line->text, with, strlen(with)) == 0;
}

/* VALU instructions but WMMAs; a dual-issued pair is one. */
static int is_valu(const struct line *line) { return starts(line, "v_") && !starts(line, "v_wmma"); }

static int is_scalar(const struct line *line) { return starts(line, "s_"); }

/* A step's end and the next one's beginning: products, the barrier, and the first half's reads, with nothing between. */
static void check_barrier(const struct kernel_row *row, const struct listing *l, size_t barrier) {
    size_t before = barrier - 1, behind = barrier + 1, reads = 0;
    while (is_scalar(&l->lines[before])) before--;
    if (!starts(&l->lines[before], "v_wmma"))
        fail_msg("%s: before the barrier stands %s", row->name, l->lines[before].text);
    for (; behind < l->count && reads < 12; behind++) {
        if (is_scalar(&l->lines[behind])) continue;
        if (!starts(&l->lines[behind], "ds_load_b128"))
            fail_msg("%s: behind the barrier stands %s", row->name, l->lines[behind].text);
        reads++;
    }
}

/*
 * In the loop over K, of two steps of 16 WMMAs (whose first half is there twice, for it may begin a fold): 24 LDS reads
 * of 16 bytes each, and at most eight other VALU instructions per WMMA, though both steps may begin a fold; and nothing
 * waits for all that has been asked of memory.
 */
static void check_loop(const struct kernel_row *row, const struct kernel_object *object,
                       const rdnasim_kernel_info *info, void *context) {
    if (row->family != &matrix_family || row->m_tile != 128 || row->k_chunk != 32) return;
    struct listing *l = context;
    disassemble_kernel(object, row->name, info->code_bytes, l);
    size_t first = SIZE_MAX, last = 0, begin = 0, end = SIZE_MAX;
    for (size_t n = 0; n < l->count; n++)
        if (starts(&l->lines[n], "v_wmma")) {
            if (first == SIZE_MAX) first = n;
            last = n;
        }
    assert_true(first < last);
    for (size_t n = last; n < l->count; n++) { /* the shortest loop around all of them */
        size_t to = 0;
        while (to < l->count && l->lines[to].at != l->lines[n].target) to++;
        if (to <= first && n - to < end - begin) begin = to, end = n;
    }
    assert_true(end != SIZE_MAX);
    long barriers = 0, wmma = 0, reads = 0, valu = 0;
    for (size_t n = begin; n <= end; n++) {
        const struct line *line = &l->lines[n];
        wmma += starts(line, "v_wmma");
        reads += starts(line, "ds_load_b128");
        valu += is_valu(line);
        if (strstr(line->text, "vmcnt(0)")) fail_msg("%s waits for all loads: %s", row->name, line->text);
        if (!starts(line, "s_barrier")) continue;
        check_barrier(row, l, n);
        barriers++;
    }
    if (barriers != 2 || wmma != 48 || reads != 48 || valu > 8 * 32)
        fail_msg("%s %s: %ld barriers, %ld WMMAs, %ld LDS reads, %ld other VALU", object->target, row->name,
                 barriers, wmma, reads, valu);
}

static void test_loop(void **state) {
    (void)state;
    struct listing *l = malloc(sizeof *l);
    assert_non_null(l);
    for_each_kernel(NULL, check_loop, l);
    free(l);
}

static void test_shape(void **state) {
    (void)state;
    for_each_kernel(NULL, check_shape, NULL);
}

/* test_kernels: what holds with every compiler; --golden: what was recorded with one; --print: records it. */
int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "--print") == 0) {
        print_golden(stdout);
        return 0;
    }
    const struct CMUnitTest resources[] = {cmocka_unit_test(test_resources)};
    if (strcmp(mode, "--golden") != 0) return cmocka_run_group_tests(resources, NULL, NULL);
    if (KERNEL_COMPILER_MAJOR != 22) {
        print_message("kernels.golden is clang 22's; the kernels were compiled by clang %d\n",
                      KERNEL_COMPILER_MAJOR);
        return 77;
    }
    const struct CMUnitTest golden[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_shape),
                                        cmocka_unit_test(test_loop)};
    return cmocka_run_group_tests(golden, NULL, NULL);
}
