/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* How a call begins and ends: starting the simulator, sticky errors, ordered failures; and the living
 * handles. */
#include "runtime.h"

#include <pthread.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct runtime runtime;

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP; /* for calls of host functions alone */
static _Thread_local hipError_t last_error;
static _Thread_local bool in_host_function;

/* ---- log ---------------------------------------------------------------------------------------------- */

/* The file that a variable names, or standard error; null if there is none. To be closed by close_log. */
static FILE *open_log(const char *variable) {
    const char *where = getenv(variable);
    if (!where || !*where) return NULL;
    return strcmp(where, "stderr") == 0 ? stderr : fopen(where, "a");
}

static void close_log(FILE *file) {
    if (file != stderr) fclose(file);
}

void log_report(const rdnasim_report *report) {
    log_sentence("%s", report->text);
    FILE *file = open_log("RDNASIM_REPORT");
    if (!file) return;
    char text[RDNASIM_REPORT_JSON_BYTES];
    rdnasim_report_json(report, text, sizeof text);
    fprintf(file, "%s\n", text);
    close_log(file);
}

void log_sentence(const char *format, ...) {
    FILE *file = open_log("RDNASIM_HIP_LOG");
    if (!file) return;
    va_list arguments;
    va_start(arguments, format);
    fputs("rdnasim: ", file);
    vfprintf(file, format, arguments);
    fputc('\n', file);
    va_end(arguments);
    close_log(file);
}

hipError_t error_from_report(const rdnasim_report *report, bool *fault) {
    static const struct {
        rdnasim_status status;
        hipError_t code;
        bool fault; /* of a kernel: what was computed is lost */
    } rows[] = {{RDNASIM_OK, hipSuccess, false},
                {RDNASIM_INVALID_ARGUMENT, hipErrorInvalidValue, false},
                {RDNASIM_BAD_OBJECT, hipErrorInvalidImage, false},
                {RDNASIM_OUT_OF_MEMORY, hipErrorOutOfMemory, false},
                {RDNASIM_MEMORY_FAULT, hipErrorIllegalAddress, true},
                {RDNASIM_TIMEOUT, hipErrorLaunchTimeOut, true}};
    if (report->status != RDNASIM_OK) log_report(report);
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++)
        if (rows[n].status == report->status) {
            *fault = rows[n].fault;
            return rows[n].code;
        }
    *fault = true; /* traps, illegal and unmodelled instructions, strict mode's findings */
    return hipErrorLaunchFailure;
}

/* ---- failures that a test orders ---------------------------------------------------------------------- */

#define RULES_MAX 16

/* "call[:n]=error, ...": the n-th call of that name fails, or all of them. */
static struct {
    char text[512]; /* of the variable, as it was read */
    int count;
    struct rule {
        char call[64];
        unsigned nth, seen;
        hipError_t code;
    } rules[RULES_MAX];
} ordered;

static void read_rules(const char *text) {
    memset(&ordered, 0, sizeof ordered);
    snprintf(ordered.text, sizeof ordered.text, "%s", text);
    if (strlen(text) >= sizeof ordered.text)
        log_sentence("RDNASIM_HIP_FAIL is cut off after %zu characters", sizeof ordered.text - 1);
    for (const char *at = ordered.text; *at && ordered.count < RULES_MAX;) {
        at += strspn(at, ", ");
        size_t length = strcspn(at, ",");
        if (!length) break;
        struct rule *r = &ordered.rules[ordered.count];
        size_t name = strcspn(at, ":="), error = strcspn(at, "=") + 1;
        if (at[name] == ':') r->nth = (unsigned)strtoul(at + name + 1, NULL, 10);
        r->code = error < length ? error_from_name(at + error, length - error) : -1;
        if (r->code > 0 && name < sizeof r->call && name < length) {
            memcpy(r->call, at, name);
            ordered.count++;
        } else {
            log_sentence("RDNASIM_HIP_FAIL: \"%.*s\" is not CALL=ERROR or CALL:N=ERROR", (int)length, at);
            *r = (struct rule){0};
        }
        at += length;
    }
}

static hipError_t ordered_failure(const char *call) {
    const char *text = getenv("RDNASIM_HIP_FAIL");
    if (!text) text = "";
    if (strncmp(text, ordered.text, sizeof ordered.text - 1) != 0) read_rules(text);
    hipError_t code = hipSuccess;
    for (int n = 0; n < ordered.count; n++) {
        struct rule *r = &ordered.rules[n];
        if (strcmp(r->call, call) != 0) continue;
        r->seen++;
        if (!r->nth || r->seen == r->nth) code = r->code;
    }
    return code;
}

/* ---- calls -------------------------------------------------------------------------------------------- */

static hipError_t start(void) {
    if (runtime.sim) return hipSuccess;
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    if (!environment_read(&options)) return hipErrorNoDevice;
    rdnasim_report report;
    if (rdnasim_create(&options, &runtime.sim, &report) != RDNASIM_OK) {
        log_sentence("%s", report.text);
        runtime.sim = NULL;
        return hipErrorNoDevice;
    }
    runtime.target = rdnasim_find_target(options.target);
    if (!runtime.card) runtime.card = runtime.target;
    runtime.strict = options.checks != 0;
    return hipSuccess;
}

static hipError_t may_run(enum call_kind kind) {
    if (kind == CALL_HOST) return hipSuccess;
    HIP_TRY(start());
    if (!runtime.device_count) return hipErrorNoDevice;
    if (kind == CALL_RELEASE) return hipSuccess;
    if (runtime.sticky) return runtime.sticky;
    if (kind == CALL_UNSAFE) return capture_check_unsafe();
    return kind == CALL_BLOCKING ? capture_check_blocking() : hipSuccess;
}

hipError_t call_begin(const char *name, enum call_kind kind) {
    pthread_mutex_lock(&lock);
    if (in_host_function) {
        log_sentence("%s is called by a function that a stream runs, which HIP does not allow", name);
        return hipErrorNotSupported;
    }
    hipError_t code = ordered_failure(name);
    if (code) {
        log_sentence("%s fails with %s, as ordered by RDNASIM_HIP_FAIL", name, hipGetErrorName(code));
        return code;
    }
    return may_run(kind);
}

hipError_t call_end(hipError_t code) {
    if (code && code != hipErrorNotReady) last_error = code;
    pthread_mutex_unlock(&lock);
    return code;
}

void call_host_function(void (*function)(void *), void *data) {
    in_host_function = true;
    function(data);
    in_host_function = false;
}

hipError_t last_error_take(bool clear) {
    hipError_t code = last_error;
    if (clear) last_error = hipSuccess;
    return code;
}

/* ---- handles ------------------------------------------------------------------------------------------ */

static struct {
    struct handle *first;
    void *tree; /* of tsearch, by address */
} handles[HANDLE_KINDS];

static int compare_addresses(const void *a, const void *b) {
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

void *handle_new(enum handle_kind kind, size_t bytes) {
    struct handle *h = calloc(1, bytes);
    if (!h || !tsearch(h, &handles[kind].tree, compare_addresses)) {
        free(h);
        return NULL;
    }
    h->next = handles[kind].first;
    if (h->next) h->next->previous = h;
    handles[kind].first = h;
    return h;
}

void *handle_find(enum handle_kind kind, const void *pointer) {
    void *const *found = tfind(pointer, &handles[kind].tree, compare_addresses);
    return found ? *found : NULL;
}

void handle_free(enum handle_kind kind, void *pointer) {
    struct handle *h = pointer;
    tdelete(h, &handles[kind].tree, compare_addresses);
    *(h->previous ? &h->previous->next : &handles[kind].first) = h->next;
    if (h->next) h->next->previous = h->previous;
    free(h);
}

struct handle *handle_first(enum handle_kind kind) { return handles[kind].first; }
