/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What strict mode has found becomes a report: the sentence, the buffer it is about, where an undefined value comes from, and
 * what would clear it. Then the launch ends, or the caller is told and it goes on.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "strict.h"

/* ---- origins of undefined values ------------------------------------------------------------------------ */

enum { SGPR_NAMES = 256 }; /* register numbers in reports: from here on SGPRs */

static uint32_t origin_vgpr(const struct wave *w, unsigned reg) {
    if (!(v_states(w)[reg] & REG_UNDEFINED)) return 0;
    uint32_t origin = w->shadow->v_origin[w->half * w->vgpr_count + reg];
    return origin ? origin : ORIGIN_REGISTER | reg;
}

uint32_t strict_origin_sgpr(const struct wave *w, unsigned reg) {
    const struct shadow *sh = w->shadow;
    if (!(sh->s_state[reg] & REG_UNDEFINED)) return 0;
    return sh->s_origin[reg] ? sh->s_origin[reg] : ORIGIN_REGISTER | SGPR_NAMES | reg;
}

/* The SGPRs of an operand: [*first, end). Of a mask of lanes, that of the half being executed. */
static unsigned sgprs(const struct wave *w, const struct operand *o, unsigned *first) {
    bool mask = o->type == TYPE_MASK && s_count(o);
    *first = o->reg + (mask ? w->half : 0);
    return *first + (mask ? 1 : s_count(o));
}

uint32_t strict_origin(const struct wave *w, const struct operand *o) {
    uint32_t origin = 0;
    for (unsigned n = 0; o->kind == OPND_VGPR && n < o->dwords && !origin; n++)
        origin = origin_vgpr(w, o->reg + n);
    unsigned reg, end = sgprs(w, o, &reg);
    for (; reg < end && !origin; reg++) origin = strict_origin_sgpr(w, reg);
    return origin;
}

/* Where nothing is undefined nobody asks for it. */
void strict_set_origin(struct wave *w, const struct operand *o, uint32_t origin) {
    struct shadow *sh = w->shadow;
    for (unsigned n = 0; o->kind == OPND_VGPR && n < o->dwords; n++)
        sh->v_origin[w->half * w->vgpr_count + o->reg + n] = origin;
    unsigned reg, end = sgprs(w, o, &reg);
    for (; reg < end; reg++) sh->s_origin[reg] = origin;
}

/* Its part of the sentence, and its fields. */
static void describe_origin(const struct wave *w, uint32_t origin, rdnasim_report *report, char *text,
                            size_t bytes) {
    const rdnasim_kernel *kernel = w->shadow->strict->kernel;
    if (origin & ORIGIN_REGISTER) {
        unsigned reg = origin & ~ORIGIN_REGISTER;
        report->origin = RDNASIM_ORIGIN_REGISTER;
        report->origin_register = reg;
        snprintf(text, bytes, "; it comes from %c%u, which nobody has written", reg < SGPR_NAMES ? 'v' : 's',
                 reg % SGPR_NAMES);
    } else if (origin) {
        report->origin = RDNASIM_ORIGIN_LOAD;
        report->origin_pc = ((uint64_t)origin - 1 - program_entry(kernel->program)) * 4;
        char source[96];
        describe_line(kernel, report->origin_pc, source, sizeof source);
        snprintf(text, bytes, "; it comes from memory that the instruction at pc 0x%" PRIx64 "%s has read",
                 report->origin_pc, source);
    }
}

/* ---- reports -------------------------------------------------------------------------------------------- */

/* Whether this check has found this instruction before; from now on it has. */
static bool known(struct strict *st, uint32_t pc, rdnasim_check check) {
    bool before = st->found[pc] & check;
    st->found[pc] |= (uint8_t)check;
    return before;
}

bool strict_found(struct wave *w, struct find f, const char *format, ...) {
    struct strict *st = w->shadow->strict;
    if (w->state == WAVE_FAULTED) return false;
    const rdnasim_launch *launch = st->launch;
    if (launch->on_find && known(st, w->pc, f.check)) return true;
    char text[300], where[200] = "", lane[24] = "", origin[192] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rdnasim_report report = {
        .check = f.check, .lane = f.lane, .address = f.address, .bytes = f.bytes, .status = RDNASIM_STRICT};
    bool global = w->note.space == RDNASIM_SPACE_GLOBAL || w->note.space == RDNASIM_SPACE_SCALAR;
    if (f.bytes && global) {
        memcpy(where, ", ", 3);
        describe_address(w->group->memory, f.address, f.bytes, 0, where + 2, sizeof where - 2);
    }
    if (!f.bytes) snprintf(lane, sizeof lane, " (lane %u)", f.lane);
    describe_origin(w, f.origin, &report, origin, sizeof origin);
    snprintf(report.text, sizeof report.text, "%s%s%s%s [%s; cleared by %s]", text, lane, where, origin,
             rdnasim_check_name(f.check), rdnasim_check_rule(f.check));
    if (launch->on_find) {
        rdnasim_report whole = report;
        report_complete(&whole, w, st->kernel);
        if (launch->on_find(launch->find_context, &whole)) return true;
    }
    w->state = WAVE_FAULTED;
    *w->fault = report;
    return false;
}
