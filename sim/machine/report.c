/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Reports: every failure becomes a status and one complete sentence. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "simulator.h"
#include "text.h"

rdnasim_status report_clear(rdnasim_report *report) {
    if (report) memset(report, 0, sizeof *report);
    return RDNASIM_OK;
}

rdnasim_status report_fail(rdnasim_report *report, rdnasim_status status, const char *format, ...) {
    if (!report) return status;
    memset(report, 0, sizeof *report);
    report->status = status;
    va_list arguments;
    va_start(arguments, format);
    text_vformat(report->text, sizeof report->text, format, arguments);
    va_end(arguments);
    return status;
}

void wave_fault(struct wave *w, rdnasim_status status, unsigned lane, uint64_t address, uint32_t bytes,
                const char *format, ...) {
    if (w->state == WAVE_FAULTED) return; /* the first fault of an instruction counts */
    w->state = WAVE_FAULTED;
    rdnasim_report *report = w->fault;
    report->status = status;
    report->lane = lane;
    report->address = address;
    report->bytes = bytes;
    va_list arguments;
    va_start(arguments, format);
    text_vformat(report->text, sizeof report->text, format, arguments);
    va_end(arguments);
}

/* Bytes between the binding and an address outside it; 0 for an address inside. */
static uint64_t distance(const struct binding *b, uint64_t address) {
    if (address < b->base) return b->base - address;
    return address - b->base < b->bytes ? 0 : address - b->base - b->bytes;
}

static const struct binding *nearest_binding(const struct memory *m, uint64_t address) {
    const struct binding *nearest = NULL;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        const struct binding *b = &m->slots[slot];
        if (b->host && (!nearest || distance(b, address) < distance(nearest, address))) nearest = b;
    }
    return nearest;
}

/* The buffer that was there until it was unbound, or null. */
static const struct binding *freed_binding(const struct memory *m, uint64_t address) {
    uint64_t slot = address >> SLOT_SHIFT;
    if (slot >= SLOT_COUNT || m->slots[slot].host || !m->slots[slot].name[0]) return NULL;
    const struct binding *b = &m->slots[slot];
    return address - b->base < b->bytes ? b : NULL;
}

void describe_address(const struct memory *m, uint64_t address, uint32_t bytes, unsigned access, char *text,
                      size_t text_bytes) {
    const struct binding *b = nearest_binding(m, address);
    if (!b) {
        snprintf(text, text_bytes, "but no buffer is bound");
        return;
    }
    const struct binding *freed = freed_binding(m, address);
    if (freed) {
        snprintf(text, text_bytes, "in the buffer '%s', which has been freed", freed->name);
        return;
    }
    char relation[96];
    uint64_t away = distance(b, address);
    if (address < b->base)
        snprintf(relation, sizeof relation, "%" PRIu64 " bytes before the start of", away);
    else if (address - b->base >= b->bytes)
        snprintf(relation, sizeof relation, "%" PRIu64 " bytes past the end of", away);
    else if (bytes > b->bytes - (address - b->base))
        snprintf(relation, sizeof relation, "%" PRIu64 " of them past the end of",
                 bytes - (b->bytes - (address - b->base)));
    else if (access & ~b->access)
        snprintf(relation, sizeof relation, "in the %s",
                 b->access & RDNASIM_READ    ? "read-only"
                 : b->access & RDNASIM_WRITE ? "write-only"
                                             : "inaccessible");
    else
        snprintf(relation, sizeof relation, "in the");
    snprintf(text, text_bytes, "%s buffer '%s' (0x%" PRIx64 ", %" PRIu64 " bytes)", relation, b->name,
             b->base, b->bytes);
}

void wave_memory_fault(struct wave *w, unsigned lane, uint64_t address, uint32_t bytes, const char *what) {
    static const struct {
        const char *what, *verb;
        unsigned access;
    } accesses[] = {
        {"load", "reads", RDNASIM_READ},
        {"scalar load", "reads", RDNASIM_READ},
        {"store", "writes", RDNASIM_WRITE},
        {"atomic", "updates", RDNASIM_READ | RDNASIM_WRITE},
    };
    const char *verb = what;
    unsigned access = 0;
    for (unsigned n = 0; n < sizeof accesses / sizeof accesses[0]; n++) {
        if (strcmp(accesses[n].what, what) != 0) continue;
        verb = accesses[n].verb;
        access = accesses[n].access;
    }
    const char *service = kernarg_service(address);
    if (service) {
        wave_fault(w, RDNASIM_UNSUPPORTED, lane, address, bytes, "%s wants %s, which is not modelled", what,
                   service);
        return;
    }
    char where[256];
    describe_address(w->group->memory, address, bytes, access, where, sizeof where);
    wave_fault(w, RDNASIM_MEMORY_FAULT, lane, address, bytes, "%s %" PRIu32 " bytes at 0x%" PRIx64 ", %s",
               verb, bytes, address, where);
}

enum { FILE_BYTES = 65 };

void describe_line(const rdnasim_kernel *kernel, uint64_t pc, char *text, size_t text_bytes) {
    char file[FILE_BYTES];
    uint32_t line;
    *text = 0;
    if (rdnasim_source_line(kernel, pc, file, sizeof file, &line))
        snprintf(text, text_bytes, " (%s:%" PRIu32 ")", file, line);
}

void report_complete(rdnasim_report *report, const struct wave *w, const rdnasim_kernel *kernel) {
    const rdnasim_object *object = kernel->object;
    char cause[sizeof report->text];
    memcpy(cause, report->text, sizeof cause);

    snprintf(report->kernel, sizeof report->kernel, "%s", kernel->info.name);
    report->pc = ((uint64_t)w->pc - program_entry(kernel->program)) * 4;
    memcpy(report->workgroup, w->group->id, sizeof report->workgroup);
    report->wave = w->index;
    char instruction[256] = ""; /* with its encoding; nothing if execution has left the code */
    if (w->pc < object->code_dwords) {
        const uint32_t *code = object->code + w->pc;
        uint32_t available = object->code_dwords - w->pc;
        uint32_t dwords =
            rdnasim_disassemble_wave(object->sim->target->facts.name, kernel->info.wave_size, code, available,
                                     report->instruction, sizeof report->instruction);
        report->encoding_dwords = dwords ? dwords : 1;
        memcpy(report->encoding, code, 4 * report->encoding_dwords);
        int length = snprintf(instruction, sizeof instruction, ", %s (encoding", report->instruction);
        for (uint32_t n = 0; n < report->encoding_dwords; n++)
            length += snprintf(instruction + length, sizeof instruction - (size_t)length, " %08" PRIx32,
                               report->encoding[n]);
        snprintf(instruction + length, sizeof instruction - (size_t)length, ")");
    }
    char lane[32] = "", head[sizeof report->kernel + 32], source[FILE_BYTES + 16];
    int at = snprintf(head, sizeof head, "kernel %s, pc 0x%" PRIx64, report->kernel, report->pc);
    describe_line(kernel, report->pc, source, sizeof source);
    if (rdnasim_source_line(kernel, report->pc, NULL, 0, &report->line)) {
        report->file_at = (uint16_t)(at + 2);
        report->file_bytes = (uint16_t)(strrchr(source, ':') - (source + 2));
    }
    if (report->bytes) snprintf(lane, sizeof lane, ", lane %" PRIu32, report->lane);
    text_format(report->text, sizeof report->text,
                "%s%s%s: work-group (%" PRIu32 ",%" PRIu32 ",%" PRIu32 "), wave %" PRIu32 "%s%s %s", head,
                source, instruction, report->workgroup[0], report->workgroup[1], report->workgroup[2],
                report->wave, lane, report->bytes ? "" : ":", cause);
}

/* ---- as JSON ---------------------------------------------------------------------------------------------- */

static const char *status_name(rdnasim_status status) {
    static const char *const names[] = {
        "ok",   "invalid argument", "bad object",    "unsupported", "illegal", "memory fault",
        "trap", "timeout",          "out of memory", "strict",      "stopped"};
    unsigned n = (unsigned)-status;
    return n < sizeof names / sizeof names[0] ? names[n] : "unknown";
}

/* Appends to a text that may be too short; *length is what it would have. */
static void append(char *text, size_t bytes, size_t *length, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void append(char *text, size_t bytes, size_t *length, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t left = *length < bytes ? bytes - *length : 0;
    int more = vsnprintf(left ? text + *length : NULL, left, format, arguments);
    va_end(arguments);
    if (more > 0) *length += (size_t)more;
}

/* The texts of reports have no control characters. */
static void append_part(char *text, size_t bytes, size_t *length, const char *name, const char *value,
                        size_t value_bytes) {
    append(text, bytes, length, "\"%s\": \"", name);
    for (size_t n = 0; n < value_bytes && value[n]; n++)
        append(text, bytes, length, "%s%c", value[n] == '"' || value[n] == '\\' ? "\\" : "", value[n]);
    append(text, bytes, length, "\"");
}

static void append_text(char *text, size_t bytes, size_t *length, const char *name, const char *value) {
    append(text, bytes, length, ", ");
    append_part(text, bytes, length, name, value, SIZE_MAX);
}

size_t rdnasim_report_json(const rdnasim_report *report, char *text, size_t bytes) {
    size_t n = 0;
    if (bytes) *text = 0;
    if (!report) return 0;
    append(text, bytes, &n, "{\"status\": \"%s\"", status_name(report->status));
    if (report->check) {
        append_text(text, bytes, &n, "check", rdnasim_check_name(report->check));
        append_text(text, bytes, &n, "cleared_by", rdnasim_check_rule(report->check));
    }
    append_text(text, bytes, &n, "text", report->text);
    if (*report->kernel) {
        append_text(text, bytes, &n, "kernel", report->kernel);
        append(text, bytes, &n, ", \"pc\": %" PRIu64, report->pc);
        if (report->line) {
            append(text, bytes, &n, ", \"source\": {");
            append_part(text, bytes, &n, "file", report->text + report->file_at, report->file_bytes);
            append(text, bytes, &n, ", \"line\": %" PRIu32 "}", report->line);
        }
        append_text(text, bytes, &n, "instruction", report->instruction);
        append(text, bytes, &n,
               ", \"workgroup\": [%" PRIu32 ", %" PRIu32 ", %" PRIu32 "], \"wave\": %" PRIu32
               ", \"lane\": %" PRIu32,
               report->workgroup[0], report->workgroup[1], report->workgroup[2], report->wave, report->lane);
    }
    if (report->bytes)
        append(text, bytes, &n, ", \"address\": %" PRIu64 ", \"bytes\": %" PRIu32, report->address,
               report->bytes);
    if (report->origin == RDNASIM_ORIGIN_LOAD)
        append(text, bytes, &n, ", \"origin\": {\"load_pc\": %" PRIu64 "}", report->origin_pc);
    if (report->origin == RDNASIM_ORIGIN_REGISTER)
        append(text, bytes, &n, ", \"origin\": {\"unwritten_register\": \"%c%" PRIu32 "\"}",
               report->origin_register < 256 ? 'v' : 's', report->origin_register % 256);
    append(text, bytes, &n, "}");
    return n;
}
