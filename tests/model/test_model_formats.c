/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Typed buffer operations against their second model: every format, every number of components, 16-bit forms,
 * formats of the descriptor and of the instruction, chosen components, elements outside the buffer.
 */
#include "formats.h"
#include "scalar_code.h"

#include <inttypes.h>

enum { BYTES = 1024, SLOT = 3, REG_BUFFER = 20, ZERO = 128, RECORDS = 24, STRIDE = 32, ROUNDS = 20 };

static unsigned char begin[BYTES], wanted[BYTES], given[BYTES];
static struct machine start, want, got;
static struct memory *memory;
static struct group group;

static int set_up(void **state) {
    memory = calloc(1, sizeof *memory);
    if (!memory) return -1;
    memory->slots[SLOT] = (struct binding){.host = given,
                                           .base = (uint64_t)SLOT << SLOT_SHIFT,
                                           .bytes = BYTES,
                                           .access = GFX11SIM_READ | GFX11SIM_WRITE,
                                           .name = "data"};
    group = (struct group){.memory = memory};
    return bind_all_levels(state);
}
static int tear_down(void **state) {
    (void)state;
    free(memory);
    return 0;
}

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

/* The choices of the descriptor for the components of a load: 0, 1, or 4 to 7 for X to W. */
static uint32_t chosen(const struct format_info *f, const unsigned char *element, unsigned select, bool d16) {
    if (select < 4) return model_format_constant(f, select == 1, d16);
    unsigned n = select - 4;
    if (!f->bits[n]) return model_format_constant(f, n == 3, d16);
    return model_format_load(f, element, n, d16);
}

static void model_lane(const struct access *a, const struct format_info *f, unsigned selects, uint32_t index,
                       unsigned lane) {
    unsigned char *element = wanted + index * STRIDE;
    bool inside = index < RECORDS;
    for (unsigned n = 0; n < a->components; n++) {
        unsigned reg = REG_B + (a->d16 ? n / 2 : n), shift = a->high || (a->d16 && n % 2) ? 16 : 0;
        uint32_t kept = get_lane(&want, reg, lane), value;
        if (a->store) {
            value = a->d16 ? kept >> shift & 0xffff : kept;
            if (inside && f->bits[n]) model_format_store(f, element, n, value, a->d16);
            continue;
        }
        value = inside ? chosen(f, element, selects >> 3 * n & 7, a->d16) : 0;
        if (a->d16) value = (kept & ~(0xffffu << shift)) | (value & 0xffff) << shift;
        set_lane(&want, reg, lane, value);
    }
}

static uint32_t draw_component(bool d16) {
    uint32_t low = (uint32_t)draw_number(F16), high = (uint32_t)draw_number(F16);
    if (draw() & 1) return draw_bits();
    return d16 ? low | high << 16 : (uint32_t)draw_number(F32);
}

static bool agrees(enum op op, unsigned number) {
    struct access a = access_of(op);
    struct format_info f = model_format(number);
    for (unsigned n = 0; n < BYTES; n += 4)
        memcpy(begin + n, &(uint32_t){draw() & 1 ? draw_bits() : draw_component(true)}, 4);
    draw_machine(&start);
    if (start.w.wave_size == 32) start.w.s[SREG_EXEC + 1] = 0;
    start.w.group = &group;
    static const unsigned identity = 4 | 5 << 3 | 6 << 6 | 7 << 9;
    unsigned selects = identity;
    if (!a.store && draw() & 1) {
        selects = 0;
        for (unsigned n = 0; n < 4; n++) selects |= (unsigned[]){0, 1, 4, 5, 6, 7}[draw() % 6] << 3 * n;
    }
    uint32_t *s = &start.w.s[REG_BUFFER];
    uint64_t base = (uint64_t)SLOT << SLOT_SHIFT;
    s[0] = (uint32_t)base;
    s[1] = (uint32_t)(base >> 32) | STRIDE << 16;
    s[2] = RECORDS;
    s[3] = selects | (a.typed ? 22 : number) << 12;
    memcpy(wanted, begin, BYTES);
    for (unsigned lane = 0; lane < 64; lane++) {
        set_lane(&start, REG_A, lane, (lane * 5 + 3) % 32); /* all different, some outside */
        for (unsigned n = 0; n < 4; n++) set_lane(&start, REG_B + n, lane, draw_component(a.d16));
    }
    want = start;
    for (unsigned lane = 0; lane < 64; lane++)
        if (wave_exec(&start) >> lane & 1) model_lane(&a, &f, selects, get_lane(&start, REG_A, lane), lane);
    const struct encoding *e = encoding_of(op);
    uint32_t code[] = {a.typed ? 0x3au << 26 | number << 19 | e->opcode << 15 : 0x38u << 26 | e->opcode << 18,
                       REG_A | REG_B << 8 | REG_BUFFER / 4 << 16 | 1u << 23 | (uint32_t)ZERO << 24};
    struct inst_pair pair = decoded(code, op);
    got = start;
    got.w.fault = &got.report;
    memcpy(given, begin, BYTES);
    for (unsigned half = 0; half < got.w.wave_size / LANES; half++) {
        got.w.half = half;
        got.w.v = got.v + (size_t)half * VGPRS;
        execute(table[0], &got, &pair.x);
    }
    unsigned whole = 0;
    while (whole < COMPONENTS && f.bits[whole]) whole++;
    if (a.store && a.components < whole) /* what becomes of the others is not known: it says so, and stops */
        return !wave_exec(&start) ||
               (got.w.state != WAVE_RUNNING && strstr(got.report.text, "is not modelled"));
    if (same_registers(&want, &got) && !memcmp(wanted, given, BYTES) && got.w.state == WAVE_RUNNING)
        return true;
    char text[128];
    disassemble(&pair.x, text, sizeof text);
    print_error("format %u: %s; %s\n", number, text, got.report.text);
    for (unsigned n = 0; n < BYTES; n++)
        if (wanted[n] != given[n]) {
            print_error("  byte %u of element %u is %02x, not %02x\n", n % STRIDE, n / STRIDE, given[n],
                        wanted[n]);
            break;
        }
    for (unsigned lane = 0; lane < 64; lane++)
        for (unsigned n = 0; n < 4; n++)
            if (get_lane(&got, REG_B + n, lane) != get_lane(&want, REG_B + n, lane)) {
                uint32_t index = get_lane(&start, REG_A, lane), words[4];
                memcpy(words, begin + index % 32 * STRIDE, 16);
                print_error("  component %u of lane %u is %08x, not %08x; element %08x %08x %08x %08x, "
                            "choices %04o\n",
                            n, lane, get_lane(&got, REG_B + n, lane), get_lane(&want, REG_B + n, lane),
                            words[0], words[1], words[2], words[3], selects);
                return false;
            }
    return false;
}

static bool is_formatted(enum op op) {
    return strstr(op_info(op)->name, "buffer_") && strstr(op_info(op)->name, "_format_");
}

static void every_format_agrees(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++)
        for (unsigned number = 1; is_formatted(op) && number < FORMATS; number++)
            for (unsigned round = 0; round < ROUNDS; round++)
                if (!agrees(op, number)) {
                    wrong++;
                    break;
                }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_format_agrees)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
