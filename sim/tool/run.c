/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* run: one launch, its trace and its profile. */
#include <inttypes.h>
#include <string.h>

#include "document.h"
#include "observe/trace/trace.h"
#include "output.h"
#include "tool.h"

static void print_profile(const struct session *s) {
    rdnasim_op_count rows[2048];
    size_t count = rdnasim_profile(s->sim, rows, sizeof rows / sizeof rows[0]);
    for (int fidelity = 0; fidelity < RDNASIM_FIDELITIES; fidelity++) {
        uint64_t total = 0;
        for (size_t n = 0; n < count; n++)
            if (rows[n].fidelity == (rdnasim_fidelity)fidelity) total += rows[n].count;
        if (!total) continue;
        printf("\n%s: %" PRIu64 "\n", rdnasim_fidelity_name((rdnasim_fidelity)fidelity), total);
        for (size_t n = 0; n < count; n++)
            if (rows[n].fidelity == (rdnasim_fidelity)fidelity)
                printf("  %12" PRIu64 "  %s\n", rows[n].count, rows[n].opcode);
    }
}

static json_t *profile_json(const struct session *s) {
    rdnasim_op_count rows[2048];
    size_t count = rdnasim_profile(s->sim, rows, sizeof rows / sizeof rows[0]);
    json_t *list = json_array();
    for (size_t n = 0; n < count; n++)
        doc_append(&list,
                   doc_pack("{s:s, s:s, s:I}", "opcode", rows[n].opcode, "fidelity",
                            rdnasim_fidelity_name(rows[n].fidelity), "count", (json_int_t)rows[n].count));
    return list;
}

static const char *label(const struct session *s) {
    return s->options.approximate_wmma ? " APPROXIMATE matrix products" : "";
}

static void print_counts(const struct session *s, const rdnasim_counts *c) {
    printf("kernel %s on simulated %s (%s, %d threads)%s\n", s->info.name, rdnasim_object_target(s->object),
           rdnasim_simd_name(s->sim), rdnasim_threads(s->sim), label(s));
    printf("work-groups: %" PRIu64 ", waves: %" PRIu64 ", instructions: %" PRIu64 " (%" PRIu64
           " of them waits and hints); %.3f s of host time, which says nothing about a card\n",
           c->workgroups, c->waves, c->instructions, c->idle_instructions, c->seconds);
    for (unsigned u = 0; u < RDNASIM_PORTS; u++)
        if (c->by_port[u]) printf("  %-9s %12" PRIu64 "\n", port_names[u], c->by_port[u]);
}

/* timing: or null; taken over. */
static int print_json(const struct session *s, const rdnasim_counts *c, json_t *timing) {
    json_t *units = json_object();
    for (unsigned u = 0; u < RDNASIM_PORTS; u++)
        doc_set(&units, port_names[u], json_integer((json_int_t)c->by_port[u]));
    json_t *document = doc_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:I, s:f, s:o, s:o}", "schema_version", SCHEMA_VERSION,
        "verb", "run", "kernel", s->info.name, "target", rdnasim_object_target(s->object), "simulated", 1,
        "approximate_wmma", s->options.approximate_wmma, "workgroups", (json_int_t)c->workgroups, "waves",
        (json_int_t)c->waves, "instructions", (json_int_t)c->instructions, "idle_instructions",
        (json_int_t)c->idle_instructions, "host_seconds", c->seconds, "by_port", units, "profile",
        profile_json(s));
    if (timing) doc_set(&document, "timing", timing);
    if (s->finds) doc_set(&document, "finds", json_incref(s->finds));
    return print_document(document);
}

int cmd_run(int argc, char **argv) {
    struct session s;
    int status = session_open(
        &s, "run",
        "Runs a kernel. Also:\n"
        "  --profile            which instructions were executed, and how near they are to the silicon\n"
        "  --trace[=FILE]       every instruction, one line each\n"
        "  --trace-limit N      at most N lines (default 1000000)\n"
        "  --trace-group X[,Y,Z], --trace-wave N, --trace-pc FIRST[-LAST]\n"
        "                       of one work-group, one wave of each, a range of pcs in hexadecimal\n"
        "  --trace-registers    ... with the registers that were written\n"
        "  --timing CARD        how long it would take on a card, such as '7900 XTX': modelled, not "
        "measured\n"
        "  --warm               ... launched a second time\n"
        "  --mhz N              ... at another shader clock\n"
        "  --range              ... with figures that are not known well at their other end\n"
        "  --explain            all figures of the model, and where they come from",
        argc, argv);
    struct trace trace = {.to = stdout, .left = s.trace_limit, .choice = s.trace_choice};
    rdnasim_observer observer = trace_observer(&trace);
    struct output output;
    int to_file = !status && s.trace && strcmp(s.trace, "-") != 0;
    if (to_file && (output_open(&output, s.trace) != 0 || !(trace.to = output_stream(&output)))) {
        status = fail_output(s.trace, &output);
        output_abandon(&output);
        to_file = 0;
    }
    if (!status && s.trace) {
        trace.target = rdnasim_object_target(s.object);
        pthread_mutex_init(&trace.lock, NULL);
        s.launch.observer = &observer;
    }
    rdnasim_counts counts;
    json_t *timing = NULL;
    if (!status) status = s.timing.card ? time_launch(&s, &counts, &timing) : session_run(&s, &counts);
    if (to_file && output_commit(&output) != 0) status = fail_output(s.trace, &output);
    if (!status && s.json) status = print_json(&s, &counts, timing);
    if (!status && !s.json) {
        print_counts(&s, &counts);
        if (s.profile) print_profile(&s);
    }
    status = session_end(&s, status);
    session_close(&s);
    return status;
}
