/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* How long a launch would take on a card, by the model; with other figures; what the figures are: of run --timing, and time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "modelled.h"
#include "tool.h"

/* ---- contents of buffers, for a launch that runs again ---------------------------------------------------- */

static bool keep_buffers(struct session *s, unsigned char *kept[ARGUMENTS_MAX]) {
    for (size_t n = 0; n < s->argument_count; n++) {
        const struct array *a = &s->arguments[n].array;
        if (!a->data) continue; /* a value, or null */
        kept[n] = malloc(a->bytes ? a->bytes : 1);
        if (!kept[n]) return false;
        memcpy(kept[n], a->data, a->bytes);
    }
    return true;
}

static void restore_buffers(struct session *s, unsigned char *const kept[ARGUMENTS_MAX]) {
    for (size_t n = 0; n < s->argument_count; n++)
        if (kept[n]) memcpy(s->arguments[n].array.data, kept[n], s->arguments[n].array.bytes);
}

/* ---- runs ------------------------------------------------------------------------------------------------- */

/* One more run, cold or right behind itself. */
static int time_once(struct session *s, unsigned axes, bool warm, unsigned char *const kept[ARGUMENTS_MAX],
                     rdnasim_time_result *out, rdnasim_counts *counts) {
    rdnasim_timing_options options;
    rdnasim_timing_options_init(&options, sizeof options);
    options.card = s->timing.card;
    options.shader_mhz = s->timing.shader_mhz;
    options.threads = s->options.threads;
    options.axes = axes;
    rdnasim_timing *timing = NULL;
    rdnasim_report report;
    int code = EXIT_USAGE;
    rdnasim_status status = rdnasim_timing_create(&options, &timing, &report);
    for (size_t n = 0; n < s->argument_count && status == RDNASIM_OK; n++)
        if (s->timing.in_l2 >> n & 1 && s->arguments[n].is_buffer && s->arguments[n].array.data)
            rdnasim_timing_hold(timing, s->arguments[n].value, s->arguments[n].array.bytes);
    for (int run = 0; run <= warm && status == RDNASIM_OK; run++) {
        restore_buffers(s, kept);
        out->struct_size = sizeof *out;
        status = rdnasim_time(timing, s->sim, s->kernel, &s->launch, counts, out, &report);
        code = EXIT_FAULT;
    }
    rdnasim_timing_destroy(timing);
    return status == RDNASIM_OK ? EXIT_OK : fail_sim(code, NULL, &report);
}

/* ---- text --------------------------------------------------------------------------------------------------- */

static void print_result(const struct session *s, const char *state, const rdnasim_time_result *r) {
    printf("\nmodelled, not measured: %.2f us on a %s at %u MHz, %s: %" PRIu64 " cycles\n", r->microseconds,
           s->timing.card, r->shader_mhz, state, r->cycles);
    puts(A_REAL_CARD);
    printf("a launch that depends on one before it begins %.1f us later\n", r->gap_microseconds);
    if (r->modelled_workgroups < r->workgroups)
        printf("sampled %" PRIu64 " of %" PRIu64 " work-groups; rounds differ by %.1f %%\n",
               r->modelled_workgroups, r->workgroups, r->spread_percent);
    printf("%" PRIu64
           " wave-instructions modelled\n\n  level   requests (lines)     hit %%        bytes      GB/s\n",
           r->instructions);
    for (int n = 0; n < RDNASIM_LEVELS; n++) {
        const struct rdnasim_level_use *l = &r->levels[n];
        if (!l->requests) continue;
        printf("  %-6s %17" PRIu64, rdnasim_level_name((rdnasim_level)n), l->requests);
        if (n == RDNASIM_LEVEL_DRAM)
            printf("          -");
        else
            printf("   %8.1f", 100.0 * (double)l->hits / (double)l->requests);
        if (n == RDNASIM_LEVEL_TLB)
            printf("\n");
        else
            printf(" %12" PRIu64 " %9.1f\n", l->bytes, (double)l->bytes / r->microseconds / 1e3);
    }
    printf("\n  waves waited for\n");
    for (size_t n = 0; n < RDNASIM_STALLS && r->stalls[n].rule && r->stalls[n].share >= 0.005; n++)
        printf("  %5.1f %%  %-16s %s\n", 100 * r->stalls[n].share, r->stalls[n].rule, r->stalls[n].sentence);
}

static void print_figures(const rdnasim_timing *timing) {
    rdnasim_figure f;
    printf("\n  figure              value unit      conf. source                  what it is\n");
    for (size_t n = 0; rdnasim_timing_figure(timing, n, &f); n++)
        printf("  %-18s %6" PRIu64 " %-9s %-5s %-23s %s\n", f.name, f.value, f.unit, f.confidence, f.source,
               f.what);
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

static json_t *result_json(const rdnasim_time_result *r) {
    json_t *levels = json_object(), *stalls = json_array();
    for (int n = 0; n < RDNASIM_LEVELS; n++)
        doc_set(&levels, rdnasim_level_name((rdnasim_level)n),
                doc_pack("{s:I, s:I, s:I}", "requests", (json_int_t)r->levels[n].requests, "hits",
                         (json_int_t)r->levels[n].hits, "bytes", (json_int_t)r->levels[n].bytes));
    for (size_t n = 0; n < RDNASIM_STALLS && r->stalls[n].rule; n++)
        doc_append(&stalls, doc_pack("{s:s, s:f}", "rule", r->stalls[n].rule, "share", r->stalls[n].share));
    return doc_pack("{s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:f, s:o, s:o}", "cycles", (json_int_t)r->cycles,
                    "microseconds", r->microseconds, "gap_microseconds", r->gap_microseconds, "shader_mhz",
                    (json_int_t)r->shader_mhz, "workgroups", (json_int_t)r->workgroups, "modelled_workgroups",
                    (json_int_t)r->modelled_workgroups, "instructions", (json_int_t)r->instructions,
                    "spread_percent", r->spread_percent, "levels", levels, "stalls", stalls);
}

static json_t *figures_json(const rdnasim_timing *timing) {
    json_t *list = json_array();
    rdnasim_figure f;
    for (size_t n = 0; rdnasim_timing_figure(timing, n, &f); n++)
        doc_append(&list,
                   doc_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "name", f.name, "value", (json_int_t)f.value,
                            "unit", f.unit, "source", f.source, "confidence", f.confidence, "what", f.what));
    return list;
}

/* ---- other figures ------------------------------------------------------------------------------------------- */

/* Times each axis of the model alone at its other end, then all together that take longer, and tells `told` of each. */
static int vary(struct session *s, unsigned char *const kept[ARGUMENTS_MAX],
                void (*told)(void *to, const char *axis, const rdnasim_time_result *result), void *to) {
    unsigned worst = 0;
    const rdnasim_axis *axis;
    size_t n = 0;
    do {
        axis = rdnasim_timing_axis(n);
        if (axis && axis->slower) worst |= 1u << n;
        rdnasim_time_result r;
        int code = time_once(s, axis ? 1u << n : worst, s->timing.warm, kept, &r, NULL);
        if (code) return code;
        told(to, axis ? axis->text : "all that take longer", &r);
        n++;
    } while (axis);
    return EXIT_OK;
}

struct variants {
    double central;
    json_t *list; /* null: printed */
};

static void show_variant(void *to, const char *axis, const rdnasim_time_result *r) {
    struct variants *v = to;
    if (v->list)
        doc_append(&v->list, doc_pack("{s:s, s:f, s:I}", "axis", axis, "microseconds", r->microseconds,
                                      "cycles", (json_int_t)r->cycles));
    else
        printf("  %-28s %7.2f us  %+.1f %%\n", axis, r->microseconds,
               100 * (r->microseconds / v->central - 1));
}

static int print_range(struct session *s, unsigned char *const kept[ARGUMENTS_MAX], double central,
                       json_t **to) {
    struct variants v = {.central = central, .list = s->json ? json_array() : NULL};
    if (!s->json) printf("\n  range: %22.2f us central\n", central);
    int code = vary(s, kept, show_variant, &v);
    if (s->json) doc_set(to, "range", v.list);
    return code;
}

static void widen(void *to, const char *axis, const rdnasim_time_result *r) {
    (void)axis;
    struct timed *t = to;
    if (r->microseconds < t->least) t->least = r->microseconds;
    if (r->microseconds > t->most) t->most = r->microseconds;
}

int time_case(struct session *s, struct timed *out) {
    unsigned char *kept[ARGUMENTS_MAX] = {0};
    int code = keep_buffers(s, kept) ? EXIT_OK : fail_memory("time");
    if (!code) code = time_once(s, 0, s->timing.warm, kept, &out->central, &out->counts);
    out->least = out->most = out->central.microseconds;
    out->error = -1;
    if (!code && s->timing.range) code = vary(s, kept, widen, out);
    for (size_t n = 0; n < ARGUMENTS_MAX; n++) free(kept[n]);
    return code;
}

/* ---- all of it ---------------------------------------------------------------------------------------------- */

static int explain(struct session *s, json_t **to) {
    rdnasim_timing_options options;
    rdnasim_timing_options_init(&options, sizeof options);
    options.card = s->timing.card;
    options.shader_mhz = s->timing.shader_mhz;
    options.threads = 1;
    rdnasim_timing *timing;
    rdnasim_report report;
    if (rdnasim_timing_create(&options, &timing, &report) != RDNASIM_OK)
        return fail_sim(EXIT_USAGE, NULL, &report);
    if (s->json)
        doc_set(to, "figures", figures_json(timing));
    else
        print_figures(timing);
    rdnasim_timing_destroy(timing);
    return EXIT_OK;
}

int time_launch(struct session *s, rdnasim_counts *counts, json_t **out) {
    unsigned char *kept[ARGUMENTS_MAX] = {0};
    rdnasim_time_result result;
    json_t *document = NULL;
    int code = keep_buffers(s, kept) ? EXIT_OK : fail_memory("--timing");
    if (!code) code = time_once(s, 0, s->timing.warm, kept, &result, counts);
    if (!code) {
        if (s->json)
            document = doc_pack("{s:s, s:b, s:b, s:o}", "card", s->timing.card, "modelled", 1, "warm",
                                s->timing.warm, "central", result_json(&result));
        else
            print_result(s, s->timing.warm ? "a second launch" : "cold", &result);
        if (s->timing.range) code = print_range(s, kept, result.microseconds, &document);
        if (!code && s->timing.explain) code = explain(s, &document);
    }
    for (size_t n = 0; n < ARGUMENTS_MAX; n++) free(kept[n]);
    *out = document;
    return code ? code : session_write(s);
}
