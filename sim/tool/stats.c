/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * stats: what a kernel author wants to count. All figures follow from addresses and masks, not from time:
 *
 *   locality   bytes that lanes asked for, and distinct 128-byte lines at four scopes: summed over
 * instructions, waves and work-groups, and of the launch. What shrinks from one scope to the next is reuse
 * that a cache of that scope could serve. LDS        cycles that the banks need (32 of 4 bytes in each half
 * of the pair of compute units) over those that the same bytes need without conflicts divergence active lanes
 * of vector instructions
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "tool.h"

enum { LINE = 128, BANKS = 32, LANES_MAX = 64 };

/*
 * A set of line numbers; `scope` tells sets of different waves and groups apart without emptying the table.
 */
struct lines {
    uint64_t *keys; /* line + 1; 0: free */
    size_t capacity, used;
};

struct stats {
    struct lines wave[32], group, launch;
    uint64_t bytes[2], instructions[2]; /* loads, stores */
    uint64_t by_instruction, by_wave, by_group, by_launch;
    uint64_t lds_cycles, lds_ideal, lds_instructions;
    uint64_t vector, partial, lanes, lane_slots, dual, valu;
    uint64_t scalar_loads;
    bool failed;
};

/* ---- sets of lines -------------------------------------------------------------------------------- */

static bool grow(struct lines *s) {
    size_t capacity = s->capacity ? 2 * s->capacity : 1024;
    uint64_t *keys = calloc(capacity, sizeof *keys);
    if (!keys) return false;
    for (size_t n = 0; n < s->capacity; n++) {
        if (!s->keys[n]) continue;
        size_t at = s->keys[n] * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (capacity - 1);
        while (keys[at]) at = (at + 1) & (capacity - 1);
        keys[at] = s->keys[n];
    }
    free(s->keys);
    s->keys = keys;
    s->capacity = capacity;
    return true;
}

/* 1 if the line was not in the set. */
static unsigned add_line(struct stats *st, struct lines *s, uint64_t line) {
    if (2 * s->used >= s->capacity && !grow(s)) {
        st->failed = true;
        return 0;
    }
    size_t at = (line + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (s->capacity - 1);
    for (; s->keys[at]; at = (at + 1) & (s->capacity - 1))
        if (s->keys[at] == line + 1) return 0;
    s->keys[at] = line + 1;
    s->used++;
    return 1;
}

static void empty(struct lines *s) {
    if (s->used) memset(s->keys, 0, s->capacity * sizeof *s->keys);
    s->used = 0;
}

/* ---- one instruction ------------------------------------------------------------------------------ */

static void count_memory(struct stats *st, const gfx11sim_event *e) {
    uint64_t seen[2 * LANES_MAX];
    unsigned count = 0;
    st->instructions[e->store != 0]++;
    for (unsigned l = 0; l < e->wave_size; l++) {
        if (!(e->exec >> l & 1)) continue;
        st->bytes[e->store != 0] += e->bytes;
        for (uint64_t line = e->addresses[l] / LINE; line <= (e->addresses[l] + e->bytes - 1) / LINE;
             line++) {
            unsigned n = 0;
            while (n < count && seen[n] != line) n++;
            if (n < count) continue;
            if (count < 2 * LANES_MAX) seen[count++] = line;
            st->by_wave += add_line(st, &st->wave[e->wave], line);
            st->by_group += add_line(st, &st->group, line);
            st->by_launch += add_line(st, &st->launch, line);
        }
    }
    st->by_instruction += count;
}

/* Lanes are served in passes: a bank gives one dword a cycle, the same dword to any number of lanes. Wider
 * accesses are served for fewer lanes at a time: 32, 16 or 8 lanes of 4, 8 or 16 bytes. */
static void count_banks(struct stats *st, const gfx11sim_event *e, const uint64_t *addresses) {
    unsigned dwords = e->bytes < 4 ? 1 : e->bytes / 4, at_once = 32 / (dwords == 3 ? 4 : dwords);
    for (unsigned first = 0; first < e->wave_size; first += at_once) {
        uint64_t words[BANKS][LANES_MAX];
        unsigned depth[BANKS] = {0}, most = 0, active = 0;
        for (unsigned l = first; l < first + at_once; l++) {
            if (!(e->exec >> l & 1)) continue;
            active++;
            for (unsigned d = 0; d < dwords; d++) {
                uint64_t word = addresses[l] / 4 + d;
                unsigned bank = word % BANKS, n = 0;
                while (n < depth[bank] && words[bank][n] != word) n++;
                if (n < depth[bank]) continue;
                words[bank][depth[bank]++] = word;
                if (depth[bank] > most) most = depth[bank];
            }
        }
        st->lds_cycles += most;
        st->lds_ideal += active != 0;
    }
}

static void on_issue(void *context, const gfx11sim_event *e) {
    struct stats *st = context;
    if (e->unit == GFX11SIM_UNIT_VALU || e->unit == GFX11SIM_UNIT_TRANS || e->unit == GFX11SIM_UNIT_WMMA) {
        st->valu++;
        st->dual += e->dual_opcode != NULL;
        st->vector++;
        st->lanes += (unsigned)__builtin_popcountll(e->exec);
        st->lane_slots += e->wave_size;
        st->partial += e->exec != (e->wave_size == 64 ? UINT64_MAX : UINT32_MAX);
    }
    if (e->space == GFX11SIM_SPACE_SCALAR) st->scalar_loads += e->bytes;
    if (e->space == GFX11SIM_SPACE_GLOBAL) count_memory(st, e);
    if (e->space == GFX11SIM_SPACE_LDS) {
        st->lds_instructions++;
        count_banks(st, e, e->addresses);
        if (e->addresses2) count_banks(st, e, e->addresses2);
    }
}

static void on_begin(void *context, const gfx11sim_event *e) {
    struct stats *st = context;
    empty(&st->wave[e->wave]);
    if (e->wave == 0) empty(&st->group);
}

/* ---- results -------------------------------------------------------------------------------------- */

static double ratio(uint64_t a, uint64_t b) { return b ? (double)a / (double)b : 0; }

static void print(const struct session *s, const struct stats *st, const gfx11sim_counts *c) {
    printf("kernel %s on simulated %s%s; work-groups: %" PRIu64 ", waves: %" PRIu64 ", instructions: %" PRIu64
           "\n\n",
           s->info.name, gfx11sim_object_target(s->object),
           s->options.approximate_wmma ? ", APPROXIMATE matrix products" : "", c->workgroups, c->waves,
           c->instructions);
    printf("instructions by unit\n");
    for (unsigned u = 0; u < GFX11SIM_UNITS; u++)
        if (c->by_unit[u])
            printf("  %-9s %12" PRIu64 "  %5.1f %%\n", unit_names[u], c->by_unit[u],
                   100 * ratio(c->by_unit[u], c->instructions));
    gfx11sim_op_count rows[2048];
    size_t count = gfx11sim_profile(s->sim, rows, sizeof rows / sizeof rows[0]);
    printf("\nmost frequent\n");
    for (unsigned shown = 0; shown < 12; shown++) {
        size_t best = 0;
        for (size_t n = 1; n < count; n++)
            if (rows[n].count > rows[best].count) best = n;
        if (!count || !rows[best].count) break;
        printf("  %-28s %12" PRIu64 "  %s\n", rows[best].opcode, rows[best].count,
               gfx11sim_fidelity_name(rows[best].fidelity));
        rows[best].count = 0;
    }
    printf("\nvector instructions: %.1f %% of lanes active, %.1f %% with some lanes off, %.1f %% dual\n",
           100 * ratio(st->lanes, st->lane_slots), 100 * ratio(st->partial, st->vector),
           100 * ratio(st->dual, st->valu));
    printf("\nglobal memory: %" PRIu64 " loads of %" PRIu64 " bytes, %" PRIu64 " stores of %" PRIu64
           " bytes; scalar loads of %" PRIu64 " bytes\n",
           st->instructions[0], st->bytes[0], st->instructions[1], st->bytes[1], st->scalar_loads);
    printf("  lines of %d bytes, distinct within          lines        bytes\n", LINE);
    const struct {
        const char *scope;
        uint64_t lines;
    } scopes[] = {{"an instruction", st->by_instruction},
                  {"a wave", st->by_wave},
                  {"a work-group", st->by_group},
                  {"the launch", st->by_launch}};
    for (unsigned n = 0; n < 4; n++)
        printf("    %-32s %14" PRIu64 " %12" PRIu64 "\n", scopes[n].scope, scopes[n].lines,
               scopes[n].lines * LINE);
    printf("\nLDS: %" PRIu64 " instructions, %" PRIu64 " bank cycles, %" PRIu64
           " without conflicts (x %.2f)\n",
           st->lds_instructions, st->lds_cycles, st->lds_ideal, ratio(st->lds_cycles, st->lds_ideal));
    uint32_t block = s->launch.block[0] * s->launch.block[1] * s->launch.block[2];
    printf("occupancy: %u waves on a SIMD\n",
           gfx11sim_occupancy(gfx11sim_find_target(gfx11sim_object_target(s->object)), &s->info,
                              s->info.lds_bytes + s->launch.dynamic_lds_bytes, block));
}

static int print_json(const struct session *s, const struct stats *st, const gfx11sim_counts *c) {
    json_t *units = json_object();
    for (unsigned u = 0; u < GFX11SIM_UNITS; u++)
        doc_set(&units, unit_names[u], json_integer((json_int_t)c->by_unit[u]));
    json_t *d = doc_pack(
        "{s:i, s:s, s:s, s:s, s:b, s:b, s:I, s:I, s:I, s:o, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, "
        "s:I, s:I, s:I}",
        "schema_version", SCHEMA_VERSION, "verb", "stats", "kernel", s->info.name, "target",
        gfx11sim_object_target(s->object), "simulated", 1, "approximate_wmma", s->options.approximate_wmma,
        "workgroups", (json_int_t)c->workgroups, "waves", (json_int_t)c->waves, "instructions",
        (json_int_t)c->instructions, "by_unit", units, "active_lane_share", ratio(st->lanes, st->lane_slots),
        "partial_exec_share", ratio(st->partial, st->vector), "dual_share", ratio(st->dual, st->valu),
        "load_bytes", (json_int_t)st->bytes[0], "store_bytes", (json_int_t)st->bytes[1], "scalar_load_bytes",
        (json_int_t)st->scalar_loads, "lines_per_instruction", (json_int_t)st->by_instruction,
        "lines_per_wave", (json_int_t)st->by_wave, "lines_per_workgroup", (json_int_t)st->by_group,
        "lines_of_launch", (json_int_t)st->by_launch, "lds_bank_cycles", (json_int_t)st->lds_cycles,
        "lds_ideal_cycles", (json_int_t)st->lds_ideal);
    return print_document(d);
}

int cmd_stats(int argc, char **argv) {
    struct session s;
    struct stats *st = calloc(1, sizeof *st);
    if (!st) return fail_memory("stats");
    int status = session_open(
        &s, "stats",
        "Runs a kernel on one thread and counts instructions, memory traffic by the scope of its\n"
        "reuse, LDS bank conflicts and divergence. Counts, not times.",
        argc, argv);
    gfx11sim_observer observer = {.context = st, .issue = on_issue, .wave_begin = on_begin};
    gfx11sim_counts counts;
    if (!status && gfx11sim_threads(s.sim) != 1) { /* counters are shared by all work-groups */
        session_close(&s);
        char *again[128];
        if (argc > 124) return fail(EXIT_USAGE, "too many options");
        memcpy(again, argv, (size_t)argc * sizeof *argv);
        again[argc] = (char[]){"--threads=1"};
        again[argc + 1] = NULL;
        status = session_open(&s, "stats", "", argc + 1, again);
    }
    s.launch.observer = &observer;
    if (!status) status = session_run(&s, &counts);
    if (!status && st->failed) status = fail_memory("stats");
    if (!status && s.json) status = print_json(&s, st, &counts);
    if (!status && !s.json) print(&s, st, &counts);
    session_close(&s);
    for (unsigned n = 0; n < 32; n++) free(st->wave[n].keys);
    free(st->group.keys);
    free(st->launch.keys);
    free(st);
    return status < 0 ? EXIT_OK : status;
}
