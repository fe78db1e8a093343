/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * How fast the simulator is, and that it is right at that speed.
 *
 *     sim_bench [--check | --json] [--rounds N] CODE_OBJECT
 *
 * First the bits: every workload, small, at every SIMD level of the host, on two threads and in strict mode,
 * against the host's expectation (exit code 1 if any differ; --check ends here). Then the table: best of N
 * rounds, each of which visits all cells, so that other load on the machine meets all of them alike.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "plan/plan.h"
#include "rdnasim.h"

enum { RUNS = 2 }; /* launches in a round; the first one also decodes */

/* What every workload must gain on two threads, and may cost in strict mode. */
static const double TWO_THREADS_BAR = 1.9, STRICT_BAR = 4;

static const struct config {
    const char *name;
    rdnasim_simd simd;
    int threads;
    unsigned checks;
} configs[] = {{"avx512", RDNASIM_SIMD_AVX512, 1, 0},
               {"avx2", RDNASIM_SIMD_AVX2, 1, 0},
               {"portable", RDNASIM_SIMD_PORTABLE, 1, 0},
               {"2 threads", RDNASIM_SIMD_AUTO, 2, 0},
               {"strict", RDNASIM_SIMD_AUTO, 1, RDNASIM_CHECK_ALL}};
enum { CONFIGS = sizeof configs / sizeof configs[0], PORTABLE = 2, TWO_THREADS = 3, STRICT = 4 };

static struct {
    unsigned char *bytes;
    size_t size;
} own_kernels;

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("sim_bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static void must(rdnasim_status status, const rdnasim_report *report) {
    if (status != RDNASIM_OK) die("%s", report->text);
}

/* Null if the host or the build lacks what the configuration asks for. */
static rdnasim *open_machine(const struct config *c, bool approximate) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.simd = c->simd;
    options.threads = c->threads;
    options.checks = c->checks;
    options.approximate_wmma = approximate;
    rdnasim *sim;
    rdnasim_report report;
    rdnasim_status status = rdnasim_create(&options, &sim, &report);
    if (status == RDNASIM_UNSUPPORTED || (status == RDNASIM_INVALID_ARGUMENT && c->simd)) return NULL;
    must(status, &report);
    return sim;
}

static const rdnasim_kernel *load_kernel(rdnasim *sim, const struct workload *w) {
    rdnasim_object *object;
    rdnasim_report report;
    struct kernel_object embedded = {.bytes = own_kernels.bytes, .size = own_kernels.size};
    if (w->code_object && !kernel_object_find("gfx1100", w->code_object, &embedded))
        die("the library has no code object %s", w->code_object);
    must(rdnasim_load(sim, embedded.bytes, embedded.size, &object, &report), &report);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(object, w->kernel);
    if (!kernel) die("there is no kernel %s", w->kernel);
    return kernel;
}

/* Millions a second in the best of `runs` launches; 0 where the configuration does not exist. */
static double run(const struct workload *w, const struct config *c, struct launch *l, unsigned runs) {
    rdnasim *sim = open_machine(c, w->approximate);
    if (!sim) return 0;
    rdnasim_report report;
    for (unsigned n = 0; n < l->buffer_count; n++) {
        struct buffer *b = &l->buffers[n];
        unsigned access = n + 1 < l->buffer_count ? RDNASIM_READ : RDNASIM_READ | RDNASIM_WRITE;
        uint64_t address;
        must(rdnasim_bind(sim, b->data, b->bytes, access, b->name, &address, &report), &report);
        memcpy(l->kernarg + b->argument, &address, sizeof address);
    }
    struct buffer *out = &l->buffers[l->buffer_count - 1];
    memset(out->data, 0xff, out->bytes);
    rdnasim_launch launch;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.block[0] = l->block;
    launch.grid[0] = l->groups[0] * l->block;
    if (l->groups[1]) launch.grid[1] = l->groups[1];
    launch.dynamic_lds_bytes = l->lds_bytes;
    launch.kernarg = l->kernarg;
    launch.kernarg_bytes = l->kernarg_bytes;
    const rdnasim_kernel *kernel = load_kernel(sim, w);
    double best = 0;
    for (unsigned n = 0; n < runs; n++) {
        rdnasim_counts counts;
        must(rdnasim_run(sim, kernel, &launch, &counts, &report), &report);
        uint64_t done = w->counted == COUNT_WMMA ? counts.by_port[RDNASIM_PORT_WMMA]
                                                 : counts.instructions - counts.idle_instructions;
        double rate = (double)done / counts.seconds * 1e-6;
        if (rate > best) best = rate;
    }
    rdnasim_destroy(sim);
    return best;
}

static unsigned differing_bytes(const struct buffer *out, const unsigned char *wanted) {
    unsigned count = 0;
    for (size_t n = 0; n < out->bytes; n++) count += ((const unsigned char *)out->data)[n] != wanted[n];
    return count;
}

/* ---- bits ---------------------------------------------------------------------------------------------- */

static unsigned check_bits(FILE *to) {
    unsigned wrong = 0, compared = 0;
    for (unsigned n = 0; n < workload_count; n++) {
        const struct workload *w = &workloads[n];
        struct launch l = {0};
        w->prepare(w, SIZE_CHECKED, &l);
        const struct buffer *out = &l.buffers[l.buffer_count - 1];
        unsigned char *wanted = malloc(out->bytes);
        if (!wanted) die("no memory for %zu bytes", out->bytes);
        w->expect(w, &l, wanted);
        for (unsigned c = 0; c < CONFIGS; c++) {
            if (run(w, &configs[c], &l, 1) == 0) continue;
            compared++;
            unsigned bytes = differing_bytes(out, wanted);
            if (!bytes) continue;
            wrong++;
            fprintf(to, "%s, %s: %u of %zu bytes differ from the host's expectation\n", w->name,
                    configs[c].name, bytes, out->bytes);
        }
        free(wanted);
        launch_free(&l);
    }
    fprintf(to, "bits: %u of %u outputs are the host's expectation\n", compared - wrong, compared);
    return wrong;
}

/* ---- speed --------------------------------------------------------------------------------------------- */

static void measure(double (*rates)[CONFIGS], unsigned rounds) {
    struct launch *launches = calloc(workload_count, sizeof *launches);
    if (!launches) die("no memory");
    for (unsigned n = 0; n < workload_count; n++)
        workloads[n].prepare(&workloads[n], SIZE_TIMED, &launches[n]);
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned n = 0; n < workload_count; n++)
            for (unsigned c = 0; c < CONFIGS; c++) {
                if (configs[c].checks && !workloads[n].strict) continue;
                double rate = run(&workloads[n], &configs[c], &launches[n], RUNS);
                if (rate > rates[n][c]) rates[n][c] = rate;
            }
    for (unsigned n = 0; n < workload_count; n++) launch_free(&launches[n]);
    free(launches);
}

/* On one thread at the host's best level. */
static double best_of(const double *rates) {
    for (unsigned c = 0; c < PORTABLE; c++)
        if (rates[c] > 0) return rates[c];
    return rates[PORTABLE];
}

static void print_cell(double value, const char *format) {
    char text[32] = "-";
    if (value > 0) snprintf(text, sizeof text, format, value);
    printf("%11s", text);
}

/* Which of a workload's bars its speeds miss: true if none. */
static bool print_verdict(const struct workload *w, const double *rates) {
    const struct {
        const char *what;
        bool missed;
    } bars[] = {{"speed", w->bar > 0 && best_of(rates) < w->bar},
                {"portable", w->portable_bar > 0 && rates[PORTABLE] < w->portable_bar},
                {"2 threads", rates[TWO_THREADS] < TWO_THREADS_BAR * best_of(rates)},
                {"strict", rates[STRICT] > 0 && best_of(rates) > STRICT_BAR * rates[STRICT]}};
    const char *separator = "  misses ";
    bool all = true;
    for (unsigned n = 0; n < sizeof bars / sizeof bars[0]; n++) {
        if (!bars[n].missed) continue;
        printf("%s%s", separator, bars[n].what);
        separator = ", ";
        all = false;
    }
    return all;
}

static void print_table(double (*rates)[CONFIGS]) {
    printf("%-27s", "millions a second");
    for (unsigned c = 0; c < CONFIGS; c++) printf("%11s", configs[c].name);
    printf("%11s\n", "bar");
    unsigned met = 0;
    for (unsigned n = 0; n < workload_count; n++) {
        const struct workload *w = &workloads[n];
        printf("%-27s", w->name);
        for (unsigned c = 0; c < TWO_THREADS; c++) print_cell(rates[n][c], "%.2f");
        print_cell(rates[n][TWO_THREADS] / best_of(rates[n]), "x %.2f");
        print_cell(rates[n][STRICT] > 0 ? best_of(rates[n]) / rates[n][STRICT] : 0, "/ %.2f");
        print_cell(w->bar, "%.1f");
        met += print_verdict(w, rates[n]);
        putchar('\n');
    }
    printf(
        "Kernels and loops of ordinary instructions: wave-instructions without waits and no-ops; matrix "
        "kernel\n"
        "and WMMA: matrix instructions. 2 threads and strict: factors on one thread at the best level.\n"
        "%u of %u workloads meet their bars (2 threads: x %.1f, strict: / %.0f, FMA loop portable: %.0f).\n",
        met, workload_count, TWO_THREADS_BAR, STRICT_BAR, workloads[0].portable_bar);
}

static void print_json(double (*rates)[CONFIGS]) {
    puts("{\"workloads\": [");
    for (unsigned n = 0; n < workload_count; n++) {
        const struct workload *w = &workloads[n];
        printf("  {\"name\": \"%s\", \"counted\": \"%s\", \"bar\": %g, \"millions_per_second\": {", w->name,
               w->counted == COUNT_WMMA ? "wmma" : "instructions", w->bar);
        const char *separator = "";
        for (unsigned c = 0; c < CONFIGS; c++) {
            if (rates[n][c] <= 0) continue;
            printf("%s\"%s\": %.3f", separator, configs[c].name, rates[n][c]);
            separator = ", ";
        }
        printf("}}%s\n", n + 1 < workload_count ? "," : "");
    }
    puts("]}");
}

static void read_kernels(const char *path) {
    enum { LIMIT = 1 << 20 };
    FILE *file = fopen(path, "rb");
    own_kernels.bytes = malloc(LIMIT);
    if (!file || !own_kernels.bytes) die("cannot read %s", path);
    own_kernels.size = fread(own_kernels.bytes, 1, LIMIT, file);
    fclose(file);
}

int main(int argc, char **argv) {
    bool check = false, json = false;
    unsigned rounds = 5;
    const char *path = NULL;
    for (int n = 1; n < argc; n++) {
        if (strcmp(argv[n], "--check") == 0)
            check = true;
        else if (strcmp(argv[n], "--json") == 0)
            json = true;
        else if (strcmp(argv[n], "--rounds") == 0 && n + 1 < argc)
            rounds = (unsigned)strtoul(argv[++n], NULL, 10);
        else if (argv[n][0] != '-' && !path)
            path = argv[n];
        else
            die("usage: sim_bench [--check | --json] [--rounds N] CODE_OBJECT");
    }
    if (!path || !rounds) die("usage: sim_bench [--check | --json] [--rounds N] CODE_OBJECT");
    read_kernels(path);
    unsigned wrong = check_bits(json ? stderr : stdout);
    if (!wrong && !check) {
        double (*rates)[CONFIGS] = calloc(workload_count, sizeof *rates);
        if (!rates) die("no memory");
        measure(rates, rounds);
        if (json)
            print_json(rates);
        else
            print_table(rates);
        free(rates);
    }
    free(own_kernels.bytes);
    return wrong != 0;
}
