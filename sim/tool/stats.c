/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* stats: runs a kernel and prints what observe/stats counts. */
#include <inttypes.h>

#include "document.h"
#include "observe/stats/stats.h"
#include "tool.h"

static double ratio(uint64_t a, uint64_t b) { return b ? (double)a / (double)b : 0; }

static void print(const struct session *s, const struct stats *st, const rdnasim_counts *c) {
    printf("kernel %s on simulated %s%s; work-groups: %" PRIu64 ", waves: %" PRIu64 ", instructions: %" PRIu64
           "\n\n",
           s->info.name, rdnasim_object_target(s->object),
           s->options.approximate_wmma ? ", APPROXIMATE matrix products" : "", c->workgroups, c->waves,
           c->instructions);
    printf("instructions by issue port\n");
    for (unsigned u = 0; u < RDNASIM_PORTS; u++)
        if (c->by_port[u])
            printf("  %-9s %12" PRIu64 "  %5.1f %%\n", port_names[u], c->by_port[u],
                   100 * ratio(c->by_port[u], c->instructions));
    rdnasim_op_count rows[2048];
    size_t count = rdnasim_profile(s->sim, rows, sizeof rows / sizeof rows[0]);
    printf("\nmost frequent\n");
    for (unsigned shown = 0; shown < 12; shown++) {
        size_t best = 0;
        for (size_t n = 1; n < count; n++)
            if (rows[n].count > rows[best].count) best = n;
        if (!count || !rows[best].count) break;
        printf("  %-28s %12" PRIu64 "  %s\n", rows[best].opcode, rows[best].count,
               rdnasim_fidelity_name(rows[best].fidelity));
        rows[best].count = 0;
    }
    printf("\nvector instructions: %.1f %% of lanes active, %.1f %% with some lanes off, %.1f %% dual\n",
           100 * ratio(st->lanes, st->lane_slots), 100 * ratio(st->partial, st->vector),
           100 * ratio(st->dual, st->vector));
    printf("\nglobal memory: %" PRIu64 " loads of %" PRIu64 " bytes, %" PRIu64 " stores of %" PRIu64
           " bytes; scalar loads of %" PRIu64 " bytes\n",
           st->instructions[0], st->bytes[0], st->instructions[1], st->bytes[1], st->scalar_loads);
    printf("  lines of %d bytes, distinct within          lines        bytes\n", STATS_LINE);
    const struct {
        const char *scope;
        uint64_t lines;
    } scopes[] = {{"an instruction", st->by_instruction},
                  {"a wave", st->by_wave},
                  {"a work-group", st->by_group},
                  {"the launch", st->by_launch}};
    for (unsigned n = 0; n < 4; n++)
        printf("    %-32s %14" PRIu64 " %12" PRIu64 "\n", scopes[n].scope, scopes[n].lines,
               scopes[n].lines * STATS_LINE);
    printf("\nLDS: %" PRIu64 " instructions, %" PRIu64 " bank cycles, %" PRIu64
           " without conflicts (x %.2f)\n",
           st->lds_instructions, st->lds_cycles, st->lds_ideal, ratio(st->lds_cycles, st->lds_ideal));
    uint32_t block = s->launch.block[0] * s->launch.block[1] * s->launch.block[2];
    printf("occupancy: %u waves on a SIMD\n",
           rdnasim_occupancy(rdnasim_find_target(rdnasim_object_target(s->object)), &s->info,
                             s->info.lds_bytes + s->launch.dynamic_lds_bytes, block));
}

static int print_json(const struct session *s, const struct stats *st, const rdnasim_counts *c) {
    json_t *units = json_object();
    for (unsigned u = 0; u < RDNASIM_PORTS; u++)
        doc_set(&units, port_names[u], json_integer((json_int_t)c->by_port[u]));
    json_t *d = doc_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:o, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:I, s:I, s:I}",
        "schema_version", SCHEMA_VERSION, "verb", "stats", "kernel", s->info.name, "target",
        rdnasim_object_target(s->object), "simulated", 1, "approximate_wmma", s->options.approximate_wmma,
        "workgroups", (json_int_t)c->workgroups, "waves", (json_int_t)c->waves, "instructions",
        (json_int_t)c->instructions, "by_port", units, "active_lane_share", ratio(st->lanes, st->lane_slots),
        "partial_exec_share", ratio(st->partial, st->vector), "dual_share", ratio(st->dual, st->vector),
        "load_bytes", (json_int_t)st->bytes[0], "store_bytes", (json_int_t)st->bytes[1], "scalar_load_bytes",
        (json_int_t)st->scalar_loads, "lines_per_instruction", (json_int_t)st->by_instruction,
        "lines_per_wave", (json_int_t)st->by_wave, "lines_per_workgroup", (json_int_t)st->by_group,
        "lines_of_launch", (json_int_t)st->by_launch, "lds_bank_cycles", (json_int_t)st->lds_cycles,
        "lds_ideal_cycles", (json_int_t)st->lds_ideal);
    return print_document(d);
}

int cmd_stats(int argc, char **argv) {
    struct session s;
    struct stats st = {0};
    int status = session_open(
        &s, "stats",
        "Runs a kernel on one thread and counts instructions, memory traffic by the scope of its\n"
        "reuse, LDS bank conflicts and divergence. Counts, not times.",
        argc, argv);
    rdnasim_observer observer = stats_observer(&st);
    rdnasim_counts counts;
    s.launch.observer = &observer;
    s.launch.resident = 1;
    if (!status) status = session_run(&s, &counts);
    if (!status && st.failed) status = fail_memory("stats");
    if (!status && s.json) status = print_json(&s, &st, &counts);
    if (!status && !s.json) print(&s, &st, &counts);
    status = session_end(&s, status);
    session_close(&s);
    stats_release(&st);
    return status;
}
