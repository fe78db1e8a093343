/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Typed buffer operations against their second model: every format, every number of components, 16-bit forms,
 * formats of the descriptor and of the instruction, chosen components, and the ways of test_model_buffer.c to
 * address and to check.
 */
#include "buffer.h"
#include "formats.h"

enum { ROUNDS = 20 }; /* per operation and format: 32 or 64 lanes each */

/* What a mnemonic tells. */
struct access {
    bool store, d16, high, typed;
    unsigned components;
};
static struct access access_of(enum op op) {
    const char *name = op_info(op)->name;
    return (struct access){.store = strstr(name, "_store_") != NULL,
                           .d16 = strstr(name, "_d16_") != NULL,
                           .high = strstr(name, "_hi_") != NULL,
                           .typed = name[0] == 't',
                           .components = (unsigned)strlen(strrchr(name, '_') + 1)};
}

static unsigned components_of(const struct format_info *f) {
    unsigned count = 0;
    while (count < COMPONENTS && f->bits[count]) count++;
    return count;
}

/* ---- the model ----------------------------------------------------------------------------------------- */

/* How a descriptor chooses a component of a load. Instructions with their own format take X to W, and 0 for
 * those that it lacks. */
enum { CHOOSE_0, CHOOSE_1, CHOOSE_X = 4 };

/* element: null out of range, where ones stay ones. */
static uint32_t chosen(const struct format_info *f, const unsigned char *element, unsigned choice, bool d16) {
    if (choice == CHOOSE_1) return model_format_constant(f, true, d16);
    if (choice == CHOOSE_0 || !element) return 0;
    return model_format_load(f, element, choice - CHOOSE_X, d16);
}

static void model_lane(const struct access *a, const struct format_info *f, const unsigned *choices,
                       unsigned char *element, unsigned lane) {
    for (unsigned n = 0; n < a->components; n++) {
        unsigned reg = REG_B + (a->d16 ? n / 2 : n), shift = a->high || (a->d16 && n % 2) ? 16 : 0;
        uint32_t kept = get_lane(&want, reg, lane), value;
        if (a->store) {
            value = a->d16 ? kept >> shift & 0xffff : kept;
            if (element && f->bits[n]) model_format_store(f, element, n, value, a->d16);
            continue;
        }
        value = chosen(f, element, choices[n], a->d16);
        if (a->d16) value = (kept & ~(0xffffu << shift)) | (value & 0xffff) << shift;
        set_lane(&want, reg, lane, value);
    }
}

/* ---- the test ------------------------------------------------------------------------------------------ */

static uint32_t draw_component(bool d16) {
    uint32_t low = (uint32_t)draw_number(F16), high = (uint32_t)draw_number(F16);
    if (draw() & 1) return draw_bits();
    return d16 ? low | high << 16 : (uint32_t)draw_number(F32);
}

/* Puts a descriptor's choices, and another format where the instruction has its own, into `start`. What it
 * gives for a component that its format lacks is not documented, so there are none. */
static void draw_choices(const struct access *a, unsigned number, unsigned choices[COMPONENTS]) {
    struct format_info f = model_format(number);
    uint32_t *word = &start.w.s[REG_BUFFER + 3], selects = 0;
    bool any = !a->store && draw() & 1;
    for (unsigned n = 0; n < COMPONENTS; n++) {
        unsigned own = n < components_of(&f) ? CHOOSE_X + n : CHOOSE_0;
        unsigned drawn = CHOOSE_X + (unsigned)draw() % components_of(&f);
        choices[n] = !any ? own : draw() % 3 ? drawn : draw() & 1 ? CHOOSE_0 : CHOOSE_1;
        selects |= choices[n] << 3 * n;
        if (a->typed) choices[n] = own;
    }
    if (a->typed) number = 1 + (unsigned)draw() % (FORMATS - 1);
    *word = (*word & ~UINT32_C(0x3ffff)) | selects | number << 12;
}

static void explain(const struct access *a, unsigned number) {
    print_error("format %u:\n", number);
    for (unsigned n = 0; a->store && n < BYTES; n++)
        if (wanted[n] != given[n]) {
            print_error("  byte %u is %02x, not %02x\n", n, given[n], wanted[n]);
            return;
        }
    for (unsigned lane = 0; lane < 64; lane++)
        for (unsigned n = 0; n < 4; n++)
            if (get_lane(&got, REG_B + n, lane) != get_lane(&want, REG_B + n, lane)) {
                print_error("  register %u of lane %u is %08x, not %08x, choices %04o\n", n, lane,
                            get_lane(&got, REG_B + n, lane), get_lane(&want, REG_B + n, lane),
                            start.w.s[REG_BUFFER + 3] & 07777);
                return;
            }
}

static bool agrees(enum op op, unsigned number) {
    struct access a = access_of(op);
    struct format_info f = model_format(number);
    unsigned choices[COMPONENTS];
    draw_start();
    struct buffer b = draw_buffer(f.bytes);
    struct addresses at = draw_addresses(&b, f.bytes, f.bytes < 4 ? f.bytes : 4);
    draw_choices(&a, number, choices);
    for (unsigned lane = 0; lane < 64; lane++)
        for (unsigned n = 0; n < 4; n++) set_lane(&start, REG_B + n, lane, draw_component(a.d16));
    want = start;
    memcpy(wanted, begin, BYTES);
    for (unsigned lane = 0; lane < 64; lane++) {
        uint64_t place;
        if (!(wave_exec(&start) >> lane & 1)) continue;
        bool inside = locate(&b, at.index[lane], at.offset[lane], f.bytes, &place);
        model_lane(&a, &f, choices, inside ? wanted + place : NULL, lane);
    }
    uint32_t opcode = encoding_of(op)->opcode,
             encoding = a.typed ? 0x3au << 26 | number << 19 | opcode << 15 : 0x38u << 26 | opcode << 18;
    const uint32_t code[] = {encoding | at.fixed, operand_word(&b, &at)};
    if (a.store && a.components < components_of(&f)) { /* what becomes of the others is not known */
        execute_access(op, code);
        return !wave_exec(&start) ||
               (got.w.state != WAVE_RUNNING && strstr(got.report.text, "is not modelled"));
    }
    if (does_as_wanted(op, code, &b)) return true;
    explain(&a, number);
    return false;
}

static bool is_formatted(enum op op) {
    return strstr(op_info(op)->name, "buffer_") && strstr(op_info(op)->name, "_format_");
}

static void every_format_agrees(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!is_formatted(op)) continue;
        draw_memory();
        for (unsigned n = 0; n < BYTES; n += 8) memcpy(begin + n, &(uint32_t){draw_component(draw() & 1)}, 4);
        for (unsigned number = 1; number < FORMATS; number++)
            for (unsigned round = 0; round < ROUNDS; round++)
                if (!agrees(op, number)) {
                    wrong++;
                    break;
                }
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_format_agrees)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
