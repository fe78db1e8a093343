/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* disasm and info: what is in a code object. */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* The only argument but for --kernel NAME; null after reporting. */
static const char *parse(int argc, char **argv, const char *usage, const char **kernel, int *status) {
    const char *file = NULL;
    *kernel = NULL;
    *status = EXIT_USAGE;
    for (int n = 1; n < argc; n++) {
        if (strcmp(argv[n], "--help") == 0) {
            fputs(usage, stdout);
            *status = EXIT_OK;
            return NULL;
        }
        if (strcmp(argv[n], "--kernel") == 0 && n + 1 < argc) {
            *kernel = argv[++n];
        } else if (argv[n][0] == '-' || file) {
            fail(EXIT_USAGE, "'%s' is not understood; see rdnasim %s --help", argv[n], argv[0]);
            return NULL;
        } else {
            file = argv[n];
        }
    }
    if (!file) fail(EXIT_USAGE, "expected a code object; see rdnasim %s --help", argv[0]);
    return file;
}

/* shown: a tsearch tree of what was printed, at first empty. */
typedef int list_fn(const rdnasim_object *object, const rdnasim_kernel *kernel, void **shown);

static void keep(void *code) { (void)code; }

static int list_kernels(const char *file, const char *only, const rdnasim_object *object, list_fn *list) {
    if (only && !rdnasim_find_kernel(object, only))
        return fail(EXIT_USAGE, "%s has no kernel %s", file, only);
    int status = EXIT_OK;
    void *shown = NULL;
    for (size_t n = 0; !status && n < rdnasim_object_kernels(object); n++) {
        const rdnasim_kernel *kernel = rdnasim_object_kernel(object, n);
        if (!only || strcmp(rdnasim_get_kernel_info(kernel)->name, only) == 0)
            status = list(object, kernel, &shown);
    }
    tdestroy(shown, keep);
    return status;
}

/* Loads the code object of the command line and lists its kernels, or one. */
static int list_file(int argc, char **argv, const char *usage, list_fn *list) {
    const char *only;
    int status;
    const char *file = parse(argc, argv, usage, &only, &status);
    unsigned char *elf;
    size_t bytes;
    if (!file) return status;
    if (!file_read(file, OBJECT_MAX, &elf, &bytes)) return EXIT_FILE;
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.target = rdnasim_elf_target(elf, bytes);
    options.threads = 1;
    rdnasim *sim = NULL;
    rdnasim_object *object;
    rdnasim_report report;
    if (rdnasim_create(&options, &sim, &report) != RDNASIM_OK ||
        rdnasim_load(sim, elf, bytes, &object, &report) != RDNASIM_OK)
        status = fail_sim(EXIT_FILE, file, &report);
    else
        status = list_kernels(file, only, object, list);
    free(elf);
    rdnasim_destroy(sim);
    return status;
}

/* ---- disasm --------------------------------------------------------------------------------------- */

/* Where a branch goes, in dwords; -1 if it is none. */
static int64_t branch_target(const char *text, const uint32_t *code, size_t at) {
    if (strncmp(text, "s_branch", 8) != 0 && strncmp(text, "s_cbranch", 9) != 0) return -1;
    return (int64_t)at + 1 + (int16_t)code[at];
}

static int compare_addresses(const void *a, const void *b) {
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static int disassemble(const rdnasim_object *object, const rdnasim_kernel *kernel, void **shown) {
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(kernel);
    const char *target = rdnasim_object_target(object);
    const uint32_t *code = rdnasim_kernel_code(kernel);
    size_t dwords = info.code_bytes / 4;
    if (tfind(code, shown, compare_addresses)) {
        printf("%s: ; %s, begins where a kernel above begins\n", info.name, target);
        return EXIT_OK;
    }
    if (!tsearch(code, shown, compare_addresses)) return fail_memory("listing");
    unsigned char *labelled = calloc(dwords + 1, 1);
    if (!labelled) return fail_memory("listing");
    char text[256];
    uint32_t used;
    for (size_t at = 0; at < dwords; at += used ? used : 1) {
        used = rdnasim_disassemble_wave(target, info.wave_size, code + at, dwords - at, text, sizeof text);
        int64_t to = branch_target(text, code, at);
        if (to >= 0 && to < (int64_t)dwords) labelled[to] = 1;
    }
    printf("%s: ; %s, %u bytes\n", info.name, target, info.code_bytes);
    char file[96], last_file[96] = "";
    uint32_t line, last_line = 0;
    for (size_t at = 0; at < dwords; at += used) {
        used = rdnasim_disassemble_wave(target, info.wave_size, code + at, dwords - at, text, sizeof text);
        if (!used) {
            used = 1;
            snprintf(text, sizeof text, "(not an instruction)");
        }
        if (labelled[at]) printf("L%zx:\n", at * 4);
        if (rdnasim_source_line(kernel, at * 4, file, sizeof file, &line) &&
            (line != last_line || strcmp(file, last_file) != 0)) {
            printf("    ; %s:%" PRIu32 "\n", file, line);
            memcpy(last_file, file, sizeof file);
            last_line = line;
        }
        int64_t to = branch_target(text, code, at);
        int length = printf("    %s", text);
        if (to >= 0 && to < (int64_t)dwords) length += printf(" (L%" PRIx64 ")", (uint64_t)to * 4);
        printf("%*s; %05zx:", length < 60 ? 60 - length : 1, "", at * 4);
        for (uint32_t n = 0; n < used; n++) printf(" %08" PRIx32, code[at + n]);
        putchar('\n');
    }
    free(labelled);
    return EXIT_OK;
}

int cmd_disasm(int argc, char **argv) {
    return list_file(argc, argv,
                     "Usage: rdnasim disasm FILE.hsaco [--kernel NAME]\n\nPrints the instructions in LLVM's "
                     "syntax, with labels, offsets and encodings.\n",
                     disassemble);
}

/* ---- info ----------------------------------------------------------------------------------------- */

static int print_info(const rdnasim_object *object, const rdnasim_kernel *kernel, void **shown) {
    (void)shown;
    rdnasim_kernel_info i = *rdnasim_get_kernel_info(kernel);
    const char *target = rdnasim_object_target(object);
    printf(
        "%s (%s)\n  wave%u, %u VGPRs, %u SGPRs, %u bytes of LDS, %u of scratch per lane, spills %u + %u, %u "
        "bytes of code\n",
        i.name, target, i.wave_size, i.vgprs, i.sgprs, i.lds_bytes, i.scratch_bytes, i.vgpr_spills,
        i.sgpr_spills, i.code_bytes);
    printf("  at most %u work-items in a work-group; %u waves fit on a SIMD of %s\n", i.max_block,
           rdnasim_occupancy(rdnasim_find_target(target), &i, i.lds_bytes, i.max_block), target);
    for (size_t n = 0; n < i.arg_count; n++)
        printf("  argument at %3u, %u bytes: %s\n", i.args[n].offset, i.args[n].size, i.args[n].value_kind);
    return EXIT_OK;
}

int cmd_info(int argc, char **argv) {
    return list_file(argc, argv,
                     "Usage: rdnasim info FILE.hsaco [--kernel NAME]\n\nPrints kernels with their registers, "
                     "memory, occupancy and arguments.\n",
                     print_info);
}
