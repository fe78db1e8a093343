/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Operands that LLVM spells out: wait counts, messages, hardware registers, swizzles, buffer formats. */
#include "disasm_fields.h"

#include <stdarg.h>
#include <stdio.h>

void text_add(struct text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(t->at, t->left, format, arguments);
    va_end(arguments);
    if (length <= 0) return;
    unsigned taken = (unsigned)length < t->left ? (unsigned)length : t->left; /* then nothing more is added */
    t->at += taken;
    t->left -= taken;
}

/* Counters inside an immediate are spelled out unless they hold their default, all ones. */
static void text_fields(struct text *t, const struct wait_field *fields, unsigned count, unsigned imm) {
    bool all = true;
    for (unsigned n = 0; n < count; n++)
        all &= BITS(imm, fields[n].shift, fields[n].bits) == BITS(~0u, 0, fields[n].bits);
    for (unsigned n = 0; n < count; n++) {
        unsigned value = BITS(imm, fields[n].shift, fields[n].bits);
        if (all || value != BITS(~0u, 0, fields[n].bits)) text_add(t, " %s(%u)", fields[n].name, value);
    }
}

void text_waitcnt(struct text *t, unsigned imm) {
    text_fields(t, t->generation->wait_fields, t->generation->wait_field_count, imm);
}

void text_depctr(struct text *t, unsigned imm) {
    static const struct wait_field fields[] = {{"depctr_hold_cnt", 0, 7, 1}, {"depctr_sa_sdst", 0, 0, 1},
                                               {"depctr_va_vdst", 0, 12, 4}, {"depctr_va_sdst", 0, 9, 3},
                                               {"depctr_va_ssrc", 0, 8, 1},  {"depctr_va_vcc", 0, 1, 1},
                                               {"depctr_vm_vsrc", 0, 2, 3}};
    if (imm & 0x60)
        text_add(t, " 0x%x", imm); /* bits of no field */
    else
        text_fields(t, fields, sizeof fields / sizeof fields[0], imm);
}

static void text_delay_id(struct text *t, const char *prefix, unsigned id) {
    static const char *const names[] = {"VALU_DEP_1",    "VALU_DEP_2",        "VALU_DEP_3",
                                        "VALU_DEP_4",    "TRANS32_DEP_1",     "TRANS32_DEP_2",
                                        "TRANS32_DEP_3", "FMA_ACCUM_CYCLE_1", "SALU_CYCLE_1",
                                        "SALU_CYCLE_2",  "SALU_CYCLE_3"};
    text_add(t, "%s(%s)", prefix, id <= 11 ? names[id - 1] : "/* invalid instid value */");
}

void text_delay_alu(struct text *t, unsigned imm) {
    static const char *const skips[] = {"", "NEXT", "SKIP_1", "SKIP_2", "SKIP_3", "SKIP_4"};
    unsigned id0 = imm & 15, skip = imm >> 4 & 7, id1 = imm >> 7 & 15;
    const char *separator = " ";
    if (id0) {
        text_delay_id(t, " instid0", id0);
        separator = " | ";
    }
    if (skip) {
        text_add(t, "%sinstskip(%s)", separator, skip <= 5 ? skips[skip] : "/* invalid instskip value */");
        separator = " | ";
    }
    if (id1) {
        text_add(t, "%s", separator);
        text_delay_id(t, "instid1", id1);
        separator = " | ";
    }
    if (!id0 && !skip && !id1) text_add(t, " 0");
}

struct name {
    unsigned number;
    const char *text;
};

static const char *find_name(const struct name *names, unsigned count, unsigned number) {
    for (unsigned n = 0; n < count; n++)
        if (names[n].number == number) return names[n].text;
    return NULL;
}

void text_message(struct text *t, unsigned imm) {
    static const struct name names[] = {
        {1, "INTERRUPT"},          {2, "HS_TESSFACTOR"},   {3, "DEALLOC_VGPRS"},
        {5, "STALL_WAVE_GEN"},     {6, "HALT_WAVES"},      {9, "GS_ALLOC_REQ"},
        {128, "RTN_GET_DOORBELL"}, {129, "RTN_GET_DDID"},  {130, "RTN_GET_TMA"},
        {131, "RTN_GET_REALTIME"}, {132, "RTN_SAVE_WAVE"}, {133, "RTN_GET_TBA"},
        {134, "RTN_GET_TBA_TO_PC"}};
    const char *name = find_name(names, sizeof names / sizeof names[0], imm & 255);
    if (name)
        text_add(t, " sendmsg(MSG_%s)", name);
    else if (imm < 256)
        text_add(t, " sendmsg(%u, 0, 0)", imm);
    else
        text_add(t, " %u", imm);
}

void text_hwreg(struct text *t, unsigned imm) {
    unsigned id = imm & 63, offset = imm >> 6 & 31, size = (imm >> 11 & 31) + 1;
    const char *name = t->generation->hwregs[id];
    if (name)
        text_add(t, "hwreg(HW_REG_%s", name);
    else
        text_add(t, "hwreg(%u", id);
    if (offset || size != 32) text_add(t, ", %u, %u", offset, size);
    text_add(t, ")");
}

static bool power_of_two(unsigned x) { return x && !(x & (x - 1)); }

void text_swizzle(struct text *t, unsigned imm) {
    unsigned and = imm & 31, or = imm >> 5 & 31, xor = imm >> 10 & 31;
    text_add(t, " offset:");
    if (imm >= 0xe000) {
        text_add(t, "swizzle(FFT,%u)", and);
    } else if (imm >= 0xc000) {
        text_add(t, "swizzle(ROTATE,%u,%u)", imm >> 10 & 1, or);
    } else if ((imm & 0xff00) == 0x8000) {
        text_add(t, "swizzle(QUAD_PERM,%u,%u,%u,%u)", imm & 3, imm >> 2 & 3, imm >> 4 & 3, imm >> 6 & 3);
    } else if (imm & 0x8000) {
        text_add(t, "%u", imm);
    } else if (and == 31 && !or && power_of_two(xor)) {
        text_add(t, "swizzle(SWAP,%u)", xor);
    } else if (and == 31 && !or && xor && power_of_two(xor + 1)) {
        text_add(t, "swizzle(REVERSE,%u)", xor + 1);
    } else if (32 - and > 1 && power_of_two(32 - and) && or < 32 - and && !xor) {
        text_add(t, "swizzle(BROADCAST,%u,%u)", 32 - and, or);
    } else { /* each bit of the lane number: kept (p), inverted (i), or constant */
        text_add(t, "swizzle(BITMASK_PERM,\"");
        for (unsigned bit = 16; bit; bit >>= 1) {
            unsigned zero = or ^ xor, one = (and | or) ^ xor;
            text_add(t, "%c", (zero & bit) == (one & bit) ? zero & bit ? '1' : '0' : zero & bit ? 'i' : 'p');
        }
        text_add(t, "\")");
    }
}

void text_buffer_format(struct text *t, unsigned format) {
    static const char *const names[] = {"INVALID",
                                        "8_UNORM",
                                        "8_SNORM",
                                        "8_USCALED",
                                        "8_SSCALED",
                                        "8_UINT",
                                        "8_SINT",
                                        "16_UNORM",
                                        "16_SNORM",
                                        "16_USCALED",
                                        "16_SSCALED",
                                        "16_UINT",
                                        "16_SINT",
                                        "16_FLOAT",
                                        "8_8_UNORM",
                                        "8_8_SNORM",
                                        "8_8_USCALED",
                                        "8_8_SSCALED",
                                        "8_8_UINT",
                                        "8_8_SINT",
                                        "32_UINT",
                                        "32_SINT",
                                        "32_FLOAT",
                                        "16_16_UNORM",
                                        "16_16_SNORM",
                                        "16_16_USCALED",
                                        "16_16_SSCALED",
                                        "16_16_UINT",
                                        "16_16_SINT",
                                        "16_16_FLOAT",
                                        "10_11_11_FLOAT",
                                        "11_11_10_FLOAT",
                                        "10_10_10_2_UNORM",
                                        "10_10_10_2_SNORM",
                                        "10_10_10_2_UINT",
                                        "10_10_10_2_SINT",
                                        "2_10_10_10_UNORM",
                                        "2_10_10_10_SNORM",
                                        "2_10_10_10_USCALED",
                                        "2_10_10_10_SSCALED",
                                        "2_10_10_10_UINT",
                                        "2_10_10_10_SINT",
                                        "8_8_8_8_UNORM",
                                        "8_8_8_8_SNORM",
                                        "8_8_8_8_USCALED",
                                        "8_8_8_8_SSCALED",
                                        "8_8_8_8_UINT",
                                        "8_8_8_8_SINT",
                                        "32_32_UINT",
                                        "32_32_SINT",
                                        "32_32_FLOAT",
                                        "16_16_16_16_UNORM",
                                        "16_16_16_16_SNORM",
                                        "16_16_16_16_USCALED",
                                        "16_16_16_16_SSCALED",
                                        "16_16_16_16_UINT",
                                        "16_16_16_16_SINT",
                                        "16_16_16_16_FLOAT",
                                        "32_32_32_UINT",
                                        "32_32_32_SINT",
                                        "32_32_32_FLOAT",
                                        "32_32_32_32_UINT",
                                        "32_32_32_32_SINT",
                                        "32_32_32_32_FLOAT"};
    enum { COUNT = sizeof names / sizeof names[0], DEFAULT = 1 };
    if (format == DEFAULT) return;
    if (format < COUNT)
        text_add(t, " format:[BUF_FMT_%s]", names[format]);
    else
        text_add(t, " format:%u", format);
}
