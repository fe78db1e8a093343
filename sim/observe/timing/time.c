/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The public calls of the timing model: a launch runs on one side, and the modelled card takes its streams on the other. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"
#include "depends.h"
#include "struct_size.h"

enum { DEFAULT_SAMPLE_ABOVE = 40000000 };
static const size_t streams_most = (size_t)1 << 30; /* bytes of streams beyond which recording waits */

struct rdnasim_timing {
    struct chip chip;
    struct card card; /* with variants and clock */
    uint64_t sample_above;
    int threads;
    bool usable; /* false: a launch failed in the middle, and the chip is made anew */
};

static rdnasim_status fail(rdnasim_report *report, rdnasim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static rdnasim_status fail(rdnasim_report *report, rdnasim_status status, const char *format, ...) {
    if (!report) return status;
    *report = (rdnasim_report){.status = status};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->text, sizeof report->text, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- modelled cards ------------------------------------------------------------------------------------- */

static const rdnasim_timing_options defaults = {.card = "7900 XTX", .sample_above = DEFAULT_SAMPLE_ABOVE};

void rdnasim_timing_options_init(rdnasim_timing_options *options, size_t struct_size) {
    struct_give(options, struct_size, &defaults, sizeof defaults);
}

static rdnasim_status unknown_card(const char *name, rdnasim_report *report) {
    char names[256];
    size_t length = 0;
    for (size_t n = 0; rdnasim_timing_card(n); n++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", n ? ", " : "",
                                   rdnasim_timing_card(n));
    return fail(report, RDNASIM_INVALID_ARGUMENT, "no figures of a card \"%.64s\"; there are those of %s",
                name, names);
}

rdnasim_status rdnasim_timing_create(const rdnasim_timing_options *given, rdnasim_timing **out,
                                     rdnasim_report *report) {
    rdnasim_timing_options all = defaults;
    const rdnasim_timing_options *options = &all;
    if (!out) return fail(report, RDNASIM_INVALID_ARGUMENT, "rdnasim_timing_create: out must not be null");
    *out = NULL;
    if (given && !struct_take(&all, sizeof all, given, STRUCT_LEAST(rdnasim_timing_options, sample_above)))
        return fail(
            report, RDNASIM_INVALID_ARGUMENT,
            "rdnasim_timing_options has %zu bytes, expected %zu: call rdnasim_timing_options_init first",
            given->struct_size, sizeof all);
    if (options->shader_mhz > 10000)
        return fail(report, RDNASIM_INVALID_ARGUMENT, "a shader clock of %u MHz; accepted are 1 to 10000",
                    options->shader_mhz);
    if (options->axes >> CARD_AXIS_COUNT)
        return fail(report, RDNASIM_INVALID_ARGUMENT, "axes 0x%x: there are %d", options->axes,
                    CARD_AXIS_COUNT);
    rdnasim_timing *t = calloc(1, sizeof *t);
    if (!t) return fail(report, RDNASIM_OUT_OF_MEMORY, "out of memory for a modelled card");
    const char *name = options->card ? options->card : defaults.card;
    if (!card_find(name, &t->card)) {
        free(t);
        return unknown_card(name, report);
    }
    struct simd_config config;
    simd_config_init(&config);
    for (unsigned n = 0; n < CARD_AXIS_COUNT; n++)
        if (options->axes >> n & 1) card_apply(&t->card, &config, (enum card_axis)n);
    if (options->shader_mhz)
        t->card.figures[CARD_shader_mhz] = (struct card_figure){options->shader_mhz, "given", 'H'};
    t->sample_above = options->sample_above;
    t->threads = options->threads;
    t->usable = chip_create(&t->chip, &t->card, &config, options->threads);
    if (!t->usable) {
        rdnasim_timing_destroy(t);
        return fail(report, RDNASIM_OUT_OF_MEMORY, "out of memory or threads for a modelled card");
    }
    if (report) *report = (rdnasim_report){.status = RDNASIM_OK};
    *out = t;
    return RDNASIM_OK;
}

void rdnasim_timing_destroy(rdnasim_timing *t) {
    if (!t) return;
    chip_destroy(&t->chip);
    free(t);
}

void rdnasim_timing_cool(rdnasim_timing *t) {
    if (t && t->usable) chip_cool(&t->chip);
}

void rdnasim_timing_hold(rdnasim_timing *t, uint64_t address, size_t bytes) {
    if (t && t->usable && bytes)
        shared_hold(&t->chip.shared, address / LINE_BYTES, (address + bytes - 1) / LINE_BYTES);
}

int rdnasim_timing_figure(const rdnasim_timing *t, size_t index, rdnasim_figure *out) {
    if (index < CARD_FIELDS) {
        const struct card_field_info *info = &card_fields[index];
        const struct card_figure *f = &t->card.figures[index];
        const char *confidence = f->confidence == 'H' ? "H" : f->confidence == 'M' ? "M" : "L";
        *out = (rdnasim_figure){.name = info->name,
                                .unit = info->unit,
                                .what = info->what,
                                .source = f->source,
                                .confidence = confidence,
                                .value = f->value};
        return 1;
    }
    index -= CARD_FIELDS;
    if (index >= simd_figures()) return 0;
    const struct figure *f = simd_figure((unsigned)index);
    struct simd_config config = t->chip.config;
    *out = (rdnasim_figure){.name = f->name,
                            .unit = f->unit,
                            .what = f->sentence,
                            .source = f->source,
                            .confidence = f->confidence,
                            .value = *simd_config_figure(&config, (unsigned)index)};
    return 1;
}

/* ---- a launch ------------------------------------------------------------------------------------------- */

/* Flags of each operation; null: no memory. *why: the code cannot be timed. */
static uint8_t *scan(const struct card *card, const uint32_t *code, size_t dwords, const char **why) {
    enum { GLC = 1 };
    uint8_t *flags = calloc(dwords + 1, 1);
    for (size_t at = 0; flags && at < dwords;) {
        rdnasim_instruction i[2];
        uint32_t length = rdnasim_decode(card->target, code + at, dwords - at, at * 4, i);
        if (length) {
            if (!*why) *why = time_dependence(i);
            if (strstr(i->opcode, "atomic"))
                flags[at] = takes_ticket(i) ? OP_ATOMIC | OP_TURN : OP_ATOMIC;
            else if (i->port == RDNASIM_PORT_VMEM && i->cache & GLC)
                flags[at] = OP_PAST;
        }
        at += length ? length : 1;
    }
    if (!*why) *why = find_polling(card->target, code, dwords);
    return flags;
}

static uint32_t round_up(uint32_t n, uint32_t granule) { return (n + granule - 1) / granule * granule; }

struct modelling {
    rdnasim_timing *timing;
    struct chip_kernel kernel;
    struct recorder recorder;
    struct sample sample;
    cycle cycles;
};

static void *model(void *context) {
    struct modelling *m = context;
    m->cycles = chip_run(&m->timing->chip, &m->kernel, &m->recorder, &m->sample);
    recorder_stop(&m->recorder);
    return NULL;
}

static void add(struct rdnasim_level_use *to, const struct level_count *from) {
    to->requests += from->requests;
    to->hits += from->hits;
    to->bytes += from->bytes ? from->bytes : from->requests * LINE_BYTES;
}

static int longest_first(const void *a, const void *b) {
    const struct rdnasim_stall *x = a, *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return strcmp(x->rule, y->rule);
}

static void fill_stalls(const struct chip *c, rdnasim_time_result *out) {
    uint64_t lived = 0, held[RULES_MOST] = {0};
    for (unsigned n = 0; n < c->engine_count; n++) {
        lived += c->engines[n].wave_cycles;
        for (unsigned rule = 0; rule < RULES_MOST; rule++) held[rule] += c->engines[n].held[rule];
    }
    size_t count = 0;
    for (unsigned rule = 0; rule < simd_rules() && rule < RULES_MOST; rule++)
        if (held[rule] && count < RDNASIM_STALLS - 1)
            out->stalls[count++] = (struct rdnasim_stall){simd_rule_name(rule), simd_rule_sentence(rule),
                                                          (double)held[rule] / (double)lived};
    qsort(out->stalls, count, sizeof out->stalls[0], longest_first);
}

static void fill_result(const struct modelling *m, rdnasim_time_result *out) {
    const struct chip *c = &m->timing->chip;
    const struct card *card = &m->timing->card;
    const struct sample *s = &m->sample;
    *out = (rdnasim_time_result){.shader_mhz = card_get(card, CARD_shader_mhz),
                                 .gap_microseconds = card_get(card, CARD_gap_ns) / 1e3,
                                 .dram_gb_per_s = card_get(card, CARD_dram_read_mb_s) / 1e3,
                                 .workgroups = m->kernel.groups,
                                 .modelled_workgroups = c->dispatched};
    out->cycles = m->cycles;
    if (s->left_out) {
        out->cycles += s->left_out / s->round * s->period;
        out->spread_percent = 100.0 * (double)s->spread / (double)s->period;
    }
    out->microseconds = (double)out->cycles / out->shader_mhz + card_get(card, CARD_launch_ns) / 1e3;
    for (unsigned n = 0; n < c->engine_count; n++) {
        const struct chip_engine *e = &c->engines[n];
        out->instructions += e->instructions;
        add(&out->levels[RDNASIM_LEVEL_L0], &e->memory.l0_count);
        add(&out->levels[RDNASIM_LEVEL_SCALAR], &e->memory.scalar_count);
        add(&out->levels[RDNASIM_LEVEL_CODE], &e->memory.code_count);
        add(&out->levels[RDNASIM_LEVEL_GL1], &e->memory.gl1_count);
    }
    add(&out->levels[RDNASIM_LEVEL_L2], &c->shared.l2_count);
    add(&out->levels[RDNASIM_LEVEL_TLB], &c->shared.tlb_count);
    add(&out->levels[RDNASIM_LEVEL_MALL], &c->shared.mall_count);
    out->levels[RDNASIM_LEVEL_DRAM] =
        (struct rdnasim_level_use){.requests = (c->shared.dram_read + c->shared.dram_written) / LINE_BYTES,
                                   .hits = c->shared.dram_read / LINE_BYTES,
                                   .bytes = c->shared.dram_read + c->shared.dram_written};
    fill_stalls(c, out);
}

const char *rdnasim_level_name(rdnasim_level level) {
    static const char *const names[RDNASIM_LEVELS] = {"L0", "K$", "I$", "GL1", "L2", "TLB", "MALL", "DRAM"};
    return (unsigned)level < RDNASIM_LEVELS ? names[level] : "";
}

/* A launch that failed in the middle has left waves in the SIMDs: another card, with the same figures. */
static bool renew(rdnasim_timing *t) {
    struct simd_config config = t->chip.config;
    chip_destroy(&t->chip);
    return t->usable = chip_create(&t->chip, &t->card, &config, t->threads);
}

static rdnasim_status run_both(struct modelling *m, rdnasim *sim, const rdnasim_kernel *kernel,
                               const rdnasim_launch *launch, rdnasim_counts *counts, rdnasim_report *report) {
    const char *name = rdnasim_get_kernel_info(kernel)->name;
    rdnasim_launch watched = *launch;
    watched.observer = &m->recorder.observer;
    for (size_t op = 0; op < m->kernel.table->count; op++)
        if (m->kernel.flags[op] & OP_TURN) watched.resident = 1; /* one after the other: turns.h */
    pthread_t thread;
    if (pthread_create(&thread, NULL, model, m) != 0)
        return fail(report, RDNASIM_OUT_OF_MEMORY, "kernel %.200s: out of memory or threads for its timing",
                    name);
    rdnasim_status status = rdnasim_run(sim, kernel, &watched, counts, report);
    recorder_stop(&m->recorder); /* a launch that is refused at once tells no observer */
    pthread_join(thread, NULL);
    struct chip *c = &m->timing->chip;
    bool whole = !m->recorder.refusal && !c->failure && c->ended == c->dispatched &&
                 c->dispatched + m->sample.left_out == m->kernel.groups;
    if (status == RDNASIM_OK && whole) return RDNASIM_OK;
    m->timing->usable = false;
    const char *why = m->recorder.refusal ? m->recorder.refusal : c->failure ? c->failure : "it ended early";
    if (why == timing_no_memory) return fail(report, RDNASIM_OUT_OF_MEMORY, "kernel %.200s: %s", name, why);
    if (status != RDNASIM_OK && !m->recorder.refusal) return status;
    return fail(report, RDNASIM_UNSUPPORTED, "kernel %.200s cannot be timed: %s", name, why);
}

rdnasim_status rdnasim_time(rdnasim_timing *t, rdnasim *sim, const rdnasim_kernel *kernel,
                            const rdnasim_launch *given, rdnasim_counts *counts, rdnasim_time_result *result,
                            rdnasim_report *report) {
    if (!t || !sim || !kernel || !given || !result)
        return fail(report, RDNASIM_INVALID_ARGUMENT,
                    "rdnasim_time: timing, sim, kernel, launch and result must not be null");
    rdnasim_time_result all;
    if (!struct_size_ok(result->struct_size, STRUCT_LEAST(rdnasim_time_result, stalls), sizeof all))
        return fail(report, RDNASIM_INVALID_ARGUMENT,
                    "rdnasim_time_result has %zu bytes, expected %zu: set its struct_size",
                    result->struct_size, sizeof all);
    rdnasim_launch taken;
    const rdnasim_launch *launch = &taken;
    if (!struct_take(&taken, sizeof taken, given, STRUCT_LEAST(rdnasim_launch, kernarg_bytes)))
        return fail(report, RDNASIM_INVALID_ARGUMENT,
                    "rdnasim_launch has %zu bytes, expected %zu: call rdnasim_launch_init first",
                    given->struct_size, sizeof taken);
    rdnasim_kernel_info info = *rdnasim_get_kernel_info(kernel);
    if (launch->observer || launch->resident)
        return fail(report, RDNASIM_INVALID_ARGUMENT,
                    "kernel %.200s: a launch that is timed has no observer and no resident work-groups",
                    info.name);
    if (strcmp(info.target, t->card.target) != 0)
        return fail(report, RDNASIM_INVALID_ARGUMENT, "kernel %.200s is for %s; the %s is a card of %s",
                    info.name, info.target, t->card.name, t->card.target);
    const rdnasim_target *target = rdnasim_find_target(t->card.target);
    const uint32_t *code = rdnasim_kernel_code(kernel);
    const char *why = NULL;
    if (!t->usable && !renew(t))
        return fail(report, RDNASIM_OUT_OF_MEMORY, "out of memory for a modelled card");
    uint8_t *flags = scan(&t->card, code, info.code_bytes / 4, &why);
    struct table *table = table_create(t->card.target, code, info.code_bytes / 4, info.wave_size);
    struct modelling *m = calloc(1, sizeof *m);
    rdnasim_status status;
    if (!flags || !table || !m || !recorder_create(&m->recorder, table, flags, streams_most)) {
        status = fail(report, RDNASIM_OUT_OF_MEMORY, "kernel %.200s: %s", info.name, timing_no_memory);
    } else if (why) {
        status = fail(report, RDNASIM_UNSUPPORTED, "kernel %.200s cannot be timed: %s", info.name, why);
        recorder_destroy(&m->recorder);
    } else {
        uint32_t halves = info.wave_size / 32, vgprs = info.vgprs ? info.vgprs : 1;
        m->timing = t;
        m->sample.above = t->sample_above;
        m->kernel = (struct chip_kernel){
            .table = table,
            .flags = flags,
            .vgprs = round_up(vgprs * halves, target->vgpr_granule),
            .lds = round_up(info.lds_bytes + launch->dynamic_lds_bytes, target->lds_granule),
            .wave_size = info.wave_size,
            .processor_mode = info.wgp_mode != 0,
            .groups = 1,
        };
        for (unsigned d = 0; d < 3; d++)
            if (launch->block[d])
                m->kernel.groups *=
                    launch->grid[d] / launch->block[d] + (launch->grid[d] % launch->block[d] != 0);
        status = run_both(m, sim, kernel, launch, counts, report);
        if (status == RDNASIM_OK) {
            fill_result(m, &all);
            struct_give(result, result->struct_size, &all, sizeof all);
        }
        recorder_destroy(&m->recorder);
    }
    free(m);
    free(flags);
    table_destroy(table);
    return status;
}
