/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The decoder and the disassembler against llvm-mc as a live oracle: random encodings of every format,
 * compared in legality, length and text.
 *
 *     test_sim_decode [--lines N] [--legal N] [--seed N] [--target gfx1100] [--format NAME] [--shown N]
 *
 * runs N random lines per format, or batches of them until N were legal; scripts/decode-million.sh uses it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/generation.h"
#include "isa/inst.h"

static unsigned lines_per_format = 10000, legal_per_format, failures_shown = 5;
static const char *target = "gfx1100", *only_format;
static unsigned wave_size = 32;
static uint64_t random_state = 1;

static uint32_t random32(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 32);
}

/*
 * A candidate: the fixed bits of a format, everything else random, with likely values in fields that matter.
 */
struct format_case {
    const char *name;
    uint32_t fixed, mask; /* of the first dword */
    uint32_t fixed1, mask1;
    bool narrow; /* few bits are left to chance: a quarter of the lines */
};

static const struct format_case formats[] = {
    {"SOP2", 0x80000000, 0xc0000000, 0, 0, false},
    {"SOPK", 0xb0000000, 0xf0000000, 0, 0, false},
    {"SOP1", 0xbe800000, 0xff800000, 0, 0, false},
    {"SOPC", 0xbf000000, 0xff800000, 0, 0, false},
    {"SOPP", 0xbf800000, 0xff800000, 0, 0, false},
    {"SMEM", 0xf4000000, 0xff000000, 0, 0x01e00000, false},
    {"VOP2", 0x00000000, 0x80000000, 0, 0, false},
    {"VOP1", 0x7e000000, 0xfe000000, 0, 0, false},
    {"VOPC", 0x7c000000, 0xfe000000, 0, 0, false},
    {"VOP3", 0xd4000000, 0xfc000000, 0, 0, false},
    {"VOP3 plain", 0xd4000000, 0xfc00ff00, 0, 0xf8000000, false},
    {"VOP3P", 0xcc000000, 0xff800000, 0, 0, false},
    {"VOPD", 0xc8000000, 0xfc000000, 0, 0, false},
    {"VOPD move", 0xca100000, 0xfff00000, 0, 0, true},
    {"WMMA", 0xcc404000, 0xfff8c000, 0x1c000000, 0xfc000000, true},
    {"WMMA clamp", 0xcc42c000, 0xfffec000, 0x1c020100, 0xfc020100, true},
    {"VINTERP", 0xcd000000, 0xff800000, 0x04020100, 0x04020100, false},
    {"LDSDIR", 0xce000000, 0xff000000, 0, 0, false},
    {"DS", 0xd8000000, 0xfc020000, 0, 0, false},
    {"DS one data", 0xd8000000, 0xfc020000, 0, 0x00ff0000, false},
    {"DS load", 0xd8000000, 0xfc020000, 0, 0x00ffff00, false},
    {"DS GWS", 0xd8620000, 0xffe20000, 0, 0, true},
    {"FLAT", 0xdc000000, 0xfc030000, 0x007c0000, 0x00ff0000, false},
    {"SCRATCH", 0xdc010000, 0xfc030000, 0, 0, false},
    {"GLOBAL", 0xdc020000, 0xfc030000, 0, 0x00800000, false},
    {"MUBUF", 0xe0000000, 0xfc000000, 0, 0, false},
    {"MTBUF", 0xe8000000, 0xfc000000, 0, 0, false},
    /* What has names: messages, hardware registers, patterns of a swizzle. */
    {"EXP", 0xf8000000, 0xffffd400, 0, 0, true},
    {"s_sendmsg", 0xbfb60000, 0xffffff00, 0, 0, true},
    {"s_sendmsg_rtn_b32", 0xbe804c00, 0xff80ff00, 0, 0, true},
    {"s_getreg_b32", 0xb8800000, 0xff800000, 0, 0, true},
    {"ds_swizzle_b32", 0xd8d40000, 0xffff0000, 0, 0x00ffff00, true},
};
enum { FORMATS = sizeof formats / sizeof formats[0], DWORDS = 7 };

static void make_candidate(const struct format_case *f, uint32_t *words) {
    for (unsigned n = 0; n < 3; n++) words[n] = random32();
    for (unsigned n = 3; n < DWORDS; n++)
        words[n] = 0xbf800000; /* s_nop: so that nothing swallows what follows */
    /* small literals and DPP controls that exist are rare among random numbers */
    if (random32() % 4 == 0) words[1] = random32() % 80;
    if (random32() % 4 == 0) words[0] = (words[0] & ~0x1ffu) | (random32() % 2 ? 250 : 233);
    words[0] = (words[0] & ~f->mask) | f->fixed;
    words[1] = (words[1] & ~f->mask1) | f->fixed1;
}

/*
 * The same instruction with zeros in the fields that the hardware ignores and LLVM refuses: destinations of LDS
 * operations without a result, VGPRs of GWS operations without data, the second source of v_dual_mov_b32, clamp of
 * v_wmma_f16 and v_wmma_bf16. The oracle is asked about this one, the decoder about the other.
 */
static void clear_ignored(uint32_t *words) {
    const struct generation *generation = target_from_name(target)->generation;
    unsigned ds = BITS(words[0], 18, 8);
    const struct opcode *e = &generation->opcodes[FMT_DS][ds];
    if (words[0] >> 26 == 0x36 && ds >= 0x18 && ds <= 0x1d)
        words[1] &= ds == 0x19 || ds == 0x1b || ds == 0x1d ? 0xff : 0;
    else if (words[0] >> 26 == 0x36 && e->op && op_info(e->op - 1)->dst == TYPE_NONE)
        words[1] &= 0x00ffffff;
    if (words[0] >> 26 == 0x32) {
        if (BITS(words[0], 22, 4) == 8) words[0] &= ~UINT32_C(0x1fe00);
        if (BITS(words[0], 17, 5) == 8) words[1] &= ~UINT32_C(0x1fe00);
    }
    if (words[0] >> 24 == 0xcc && (BITS(words[0], 16, 7) == 0x42 || BITS(words[0], 16, 7) == 0x43))
        words[0] &= ~UINT32_C(0x8000);
}

/* ---- the oracle ---------------------------------------------------------------------------------------- */

struct verdict {
    unsigned bytes; /* 0: refused */
    char text[256];
};

/*
 * Text of the first instruction of every line. Each line ends where the next one's mark begins: llvm-mc
 * prints no line numbers, so s_movk_i32 s99, k is put between the candidates.
 */
static void ask_llvm_mc(uint32_t (*words)[DWORDS], struct verdict *verdicts, unsigned count) {
    char in[] = "/tmp/decode-XXXXXX", command[512], line[1024];
    int fd = mkstemp(in);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    for (unsigned n = 0; n < count; n++) {
        uint32_t mark = 0xb0630000 | (n % 30000 + 1);
        for (unsigned d = 0; d < DWORDS; d++)
            for (unsigned b = 0; b < 32; b += 8) fprintf(f, "0x%02x ", words[n][d] >> b & 0xff);
        fprintf(f, "\n0x%02x 0x%02x 0x63 0xb0\n", mark & 0xff, mark >> 8 & 0xff);
    }
    fclose(f);
    memset(verdicts, 0, count * sizeof *verdicts);
    snprintf(command, sizeof command,
             LLVM_MC " -triple=amdgcn-amd-amdhsa -mcpu=%s -mattr=+wavefrontsize%u --disassemble"
                     " --show-encoding %s 2>%s.err",
             target, wave_size, in, in);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    unsigned at = 0;
    bool first = true;
    while (fgets(line, sizeof line, p)) {
        char *encoding = strstr(line, "; encoding: ");
        if (!encoding || at >= count) continue;
        char *text = line + strspn(line, "\t ");
        char *end = encoding;
        while (end > text && strchr("\t ", end[-1])) end--;
        *end = 0;
        char mark[40];
        snprintf(mark, sizeof mark, "s_movk_i32 s99, 0x%x", at % 30000 + 1);
        if (!strcmp(text, mark)) {
            at++;
            first = true;
        } else if (first) {
            first = false;
            for (char *c = encoding; *c; c++) verdicts[at].bytes += *c == ',';
            verdicts[at].bytes++;
            snprintf(verdicts[at].text, sizeof verdicts[at].text, "%s", text);
        }
    }
    pclose(p);
    assert_int_equal(at, count);
    /* A warning in column 1 of a candidate's line: its first instruction was refused. */
    snprintf(line, sizeof line, "%s.err", in);
    f = fopen(line, "r");
    char prefix[64];
    int prefix_length = snprintf(prefix, sizeof prefix, "%s:", in);
    while (f && fgets(command, sizeof command, f)) {
        unsigned number, column;
        if (strncmp(command, prefix, (size_t)prefix_length)) continue;
        if (sscanf(command + prefix_length, "%u:%u: warning: invalid", &number, &column) == 2 &&
            column == 1 && strstr(command, "invalid") && number % 2 == 1)
            verdicts[number / 2].bytes = 0;
    }
    if (f) fclose(f);
    unlink(line);
    unlink(in);
}

/* ---- comparison ---------------------------------------------------------------------------------------- */

/*
 * Known differences. We refuse, for these reasons, what LLVM prints anyway (it would not assemble it), and
 * sources that gfx11 lacks or only graphics has.
 */
static const char *const refused_reasons[] = {"op_sel of a source that is not there",
                                              "an operand must be in scalar registers",
                                              "an operand must be in VGPRs",
                                              "an operand must be in VGPRs or a constant",
                                              "an operand must be scalar",
                                              "a scalar destination has a reserved number",
                                              "a register range goes beyond v255",
                                              "no such range of scalar registers",
                                              "a reserved DPP control",
                                              "a sign modifier on an integer",
                                              "a literal beside DPP"};
static const char *const refused_texts[] = {
    "Invalid",   "invalid",       "src_pops_exiting_wave_id", "src_flat_scratch_base", "src_vccz",
    "src_execz", "src_lds_direct"};

static bool refused_knowingly(const uint32_t *words, const char *text) {
    struct inst_pair pair;
    const char *reason = "";
    decode(target_from_name(target), words, DWORDS, &pair, &reason);
    for (unsigned n = 0; n < sizeof refused_reasons / sizeof refused_reasons[0]; n++)
        if (!strcmp(reason, refused_reasons[n])) return true;
    for (unsigned n = 0; n < sizeof refused_texts / sizeof refused_texts[0]; n++)
        if (strstr(text, refused_texts[n])) return true;
    return false;
}

/*
 * LLVM takes a small dpp8 selector for the number of an inline constant and shows the lanes of that
 * constant's bits; it shows the number itself where v_fmac_*_e64_dpp has an inline constant as source 1, and
 * then leaves out which halves are meant. A zero literal of an f64 operand comes back from it as the inline
 * constant, four bytes shorter.
 */
static bool shown_otherwise(const uint32_t *words, const struct verdict *v, const char *ours,
                            unsigned length) {
    const char *select = strstr(ours, " dpp8:");
    uint32_t number = words[length - 1] >> 8;
    if (select && number >= 128 && number <= 248) return !strncmp(ours, v->text, (size_t)(select - ours));
    const char *first = strchr(ours, ','), *second = first ? strchr(first + 1, ',') : NULL;
    bool fmac = !strncmp(ours, "v_fmac_", 7) && strstr(ours, "_e64_dpp") && (words[1] >> 9 & 0x1ff) < 256;
    if (fmac && second)
        return !strncmp(ours, v->text, strstr(ours, "_f16") ? strcspn(ours, " ") : (size_t)(second - ours));
    return 4 * length == v->bytes + 4 && strstr(ours, "_f64") && !strcmp(ours, v->text);
}

/*
 * LLVM writes op_sel bits of operands that are no VGPRs now and then, names the parts of s_version's number,
 * and puts a sign on the class mask of v_cmp_class_f16: those are not compared. It loses bit 7 of the DPP
 * control of v_fma_mixlo and v_fma_mixhi, so that lane 3 of a quad reads from lane 0 or 1.
 */
static void normalise(char *text) {
    char *op_sel = strstr(text, " op_sel:["), *end = op_sel ? strchr(op_sel, ']') : NULL;
    if (end && strncmp(text, "v_pk", 4) && strncmp(text, "v_wmma", 6)) memmove(op_sel, end + 1, strlen(end));
    if (!strncmp(text, "s_version", 9)) text[9] = 0;
    if (strstr(text, "_class_f16")) *strpbrk(text, " ") = 0;
    char *quad = strncmp(text, "v_fma_mix", 9) ? NULL : strstr(text, " quad_perm:[");
    if (quad && strncmp(text, "v_fma_mix_f32", 13)) quad[strlen(" quad_perm:[0,0,0,")] &= (char)~2;
}

static bool agrees(const uint32_t *words, const struct verdict *v, char *text, unsigned text_bytes,
                   unsigned *length) {
    *length = rdnasim_disassemble_wave(target, wave_size, words, DWORDS, text, text_bytes);
    /* It prints operands that it finds invalid; delays are hints, of which reserved ones do no harm. */
    bool refused = !v->bytes || (strstr(v->text, "nvalid") && strncmp(v->text, "s_delay_alu", 11));
    if (!*length) return refused || refused_knowingly(words, v->text);
    if (refused) return !strncmp(text, "v_interp_", 9); /* from scalar sources, as the hardware allows */
    if (shown_otherwise(words, v, text, *length)) return true;
    char expected[256], ours[256];
    snprintf(expected, sizeof expected, "%s", v->text);
    snprintf(ours, sizeof ours, "%s", text);
    /* With op_sel bits on operands that are no VGPRs it does not name halves at all. */
    if (!strstr(expected, ".l") && !strstr(expected, ".h")) {
        for (char *half = ours; (half = strchr(half, '.'));)
            if (half[1] == 'l' || half[1] == 'h')
                memmove(half, half + 2, strlen(half + 1));
            else
                half++;
    }
    normalise(expected);
    normalise(ours);
    /* The bytes are LLVM's own encoding of its text: an inline float of a 16-bit integer operand comes back
     * longer. */
    return v->bytes && !strcmp(ours, expected) &&
           (4 * *length == v->bytes || (4 * *length + 4 == v->bytes && strstr(ours, "0x")));
}

static void test_format(void **state) {
    const struct format_case *f = *state;
    const unsigned most = f->narrow ? lines_per_format / 4 : lines_per_format;
    uint32_t (*words)[DWORDS] = calloc(most, sizeof *words), (*asked)[DWORDS] = calloc(most, sizeof *asked);
    struct verdict *verdicts = calloc(most, sizeof *verdicts);
    assert_true(words && asked && verdicts);
    unsigned long wrong = 0, legal = 0, lines = 0;
    do {
        for (unsigned n = 0; n < most; n++) {
            make_candidate(f, words[n]);
            memcpy(asked[n], words[n], sizeof asked[n]);
            clear_ignored(asked[n]);
        }
        ask_llvm_mc(asked, verdicts, most);
        for (unsigned n = 0; n < most; n++, lines++) {
            char text[256];
            unsigned length;
            legal += verdicts[n].bytes != 0;
            if (agrees(words[n], &verdicts[n], text, sizeof text, &length)) continue;
            if (wrong++ < failures_shown)
                print_error("%08x %08x %08x: ours %u '%s', llvm-mc %u '%s'\n", words[n][0], words[n][1],
                            words[n][2], 4 * length, length ? text : "", verdicts[n].bytes,
                            verdicts[n].bytes ? verdicts[n].text : "");
        }
    } while (legal < legal_per_format);
    print_message("%s, %s: %lu of %lu legal, %lu disagree\n", target, f->name, legal, lines, wrong);
    free(words);
    free(asked);
    free(verdicts);
    assert_int_equal(wrong, 0);
}

/* ---- without llvm-mc ----------------------------------------------------------------------------------- */

struct row {
    int format, opcode, op;
};
static const struct row rows[] = {
#define ENC(format, opcode, name, features, optional) {FMT_##format, opcode, OP_##name},
#include "isa/gfx11/encodings.def"
#undef ENC
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void test_tables(void **state) {
    (void)state;
    static bool encoded[OP_COUNT];
    for (int n = 0; n < ROWS; n++) {
        encoded[rows[n].op] = true;
        for (int m = n + 1; m < ROWS; m++)
            assert_false(rows[n].format == rows[m].format && rows[n].opcode == rows[m].opcode);
    }
    for (int op = 0; op < OP_COUNT; op++)
        if (!encoded[op]) fail_msg("%s has no encoding", op_info(op)->name);
}

static void test_known_texts(void **state) {
    (void)state;
    static const struct {
        uint32_t words[3];
        unsigned length;
        const char *text;
    } cases[] = {
        {{0xbfb00000}, 1, "s_endpgm"},
        {{0x7e0c0308}, 1, "v_mov_b32_e32 v6, v8"},
        {{0xf4000202, 0xf8000010}, 2, "s_load_b32 s8, s[4:5], 0x10"},
        /* the edges of the ranges that a swizzle's pattern has */
        {{0xd8d47fff, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:swizzle(BITMASK_PERM,\"00000\")"},
        {{0xd8d48000, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:swizzle(QUAD_PERM,0,0,0,0)"},
        {{0xd8d480ff, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:swizzle(QUAD_PERM,3,3,3,3)"},
        {{0xd8d48100, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:33024"},
        {{0xd8d4bfff, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:49151"},
        {{0xd8d4c000, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:swizzle(ROTATE,0,0)"},
        {{0xd8d4dfff, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:swizzle(ROTATE,1,31)"},
        {{0xd8d4e000, 0x01000002}, 2, "ds_swizzle_b32 v1, v2 offset:swizzle(FFT,0)"},
    };
    for (unsigned n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        char text[128];
        assert_int_equal(rdnasim_disassemble("gfx1100", cases[n].words, 3, text, sizeof text),
                         cases[n].length);
        assert_string_equal(text, cases[n].text);
    }
}

/* Literals for which an assembler would take an inline constant are marked, and those beside them are not. */
static void test_literals(void **state) {
    (void)state;
    static const float values[] = {0.5f, -0.5f, 1, -1, 2, -2, 4, -4, 0.15915494f};
    static const uint16_t halves[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118};
    enum { V_MOV_B32 = 0x7e0002ff, V_ADD_F16 = 0x640002ff };
    for (unsigned n = 0; n < 9; n++)
        for (unsigned more = 0; more < 2; more++) {
            uint32_t words[2] = {V_MOV_B32};
            char text[128], expected[128];
            memcpy(&words[1], &values[n], 4);
            words[1] += more;
            snprintf(expected, sizeof expected,
                     more ? "v_mov_b32_e32 v0, 0x%x" : "v_mov_b32_e32 v0, lit(0x%x)", words[1]);
            assert_int_equal(rdnasim_disassemble("gfx1100", words, 2, text, sizeof text), 2);
            assert_string_equal(text, expected);
            words[0] = V_ADD_F16, words[1] = halves[n] + more;
            snprintf(expected, sizeof expected,
                     more ? "v_add_f16_e32 v0.l, 0x%x, v1.l" : "v_add_f16_e32 v0.l, lit(0x%x), v1.l",
                     words[1]);
            assert_int_equal(rdnasim_disassemble("gfx1100", words, 2, text, sizeof text), 2);
            assert_string_equal(text, expected);
        }
}

static void test_refusals(void **state) {
    (void)state;
    const char *reason = NULL;
    struct inst_pair pair;
    uint32_t salu_float = 0xa0020604, cut_off = 0xf4000202, cut_off_image = 0xf0000005;
    assert_int_equal(decode(&targets[TARGET_gfx1100], &salu_float, 1, &pair, &reason), 0);
    assert_non_null(strstr(reason, "gfx1150"));
    assert_int_equal(decode(&targets[TARGET_gfx1150], &salu_float, 1, &pair, &reason), 1);
    assert_int_equal(decode(&targets[TARGET_gfx1100], &cut_off, 1, &pair, &reason), 0);
    assert_non_null(strstr(reason, "cut off"));
    assert_int_equal(decode(&targets[TARGET_gfx1100], &cut_off_image, 1, &pair, &reason), 0);
}

/* Whatever the bytes, and however few of them: an end, nothing read beyond them, and of the text as much as has
 * room. */
static void test_random_ends(void **state) {
    (void)state;
    for (unsigned n = 0; n < 20000; n++) {
        unsigned dwords = n % 5, text_bytes = n % 40;
        uint32_t *code = malloc(dwords * sizeof *code + 1);
        char *text = malloc(text_bytes + 1);
        assert_true(code && text);
        for (unsigned k = 0; k < dwords; k++) code[k] = random32();
        const char *target = n & 1 ? "gfx1150" : "gfx1100";
        char whole[256];
        uint32_t taken = rdnasim_disassemble(target, code, dwords, whole, sizeof whole);
        assert_true(taken <= dwords);
        assert_int_equal(rdnasim_disassemble(target, code, dwords, text, text_bytes), taken);
        if (text_bytes) whole[text_bytes - 1] = 0;
        if (text_bytes) assert_string_equal(text, whole);
        free(code);
        free(text);
    }
}

int main(int argc, char **argv) {
    for (int n = 1; n + 1 < argc; n += 2) {
        const char *value = argv[n + 1];
        if (!strcmp(argv[n], "--lines")) lines_per_format = (unsigned)strtoul(value, NULL, 0);
        if (!strcmp(argv[n], "--legal")) legal_per_format = (unsigned)strtoul(value, NULL, 0);
        if (!strcmp(argv[n], "--seed")) random_state = strtoull(value, NULL, 0);
        if (!strcmp(argv[n], "--shown")) failures_shown = (unsigned)strtoul(value, NULL, 0);
        if (!strcmp(argv[n], "--target")) target = value;
        if (!strcmp(argv[n], "--wave")) wave_size = (unsigned)strtoul(value, NULL, 0);
        if (!strcmp(argv[n], "--format")) only_format = value;
    }
    if (!lines_per_format || !target_from_name(target)) return 2;
    const struct CMUnitTest tables[] = {cmocka_unit_test(test_tables), cmocka_unit_test(test_known_texts),
                                        cmocka_unit_test(test_literals), cmocka_unit_test(test_refusals),
                                        cmocka_unit_test(test_random_ends)};
    int failed = cmocka_run_group_tests_name("tables", tables, NULL, NULL);
    if (access(LLVM_MC, X_OK)) {
        printf("llvm-mc was not found when the build was configured: nothing to compare with\n");
        return failed ? failed : 77;
    }
    struct CMUnitTest tests[FORMATS];
    unsigned count = 0;
    for (unsigned n = 0; n < FORMATS; n++)
        if (only_format ? !strcmp(only_format, formats[n].name)
                        : wave_size == 32 || formats[n].fixed >> 26 != 0x32) /* no pairs in wave64 */
            tests[count++] =
                (struct CMUnitTest){formats[n].name, test_format, NULL, NULL, (void *)(uintptr_t)&formats[n]};
    return failed + _cmocka_run_group_tests("formats", tests, count, NULL, NULL);
}
