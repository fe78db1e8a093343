/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * quantize with statistics of the inputs: outputs on inputs that the statistics have not seen are nearer to those of the
 * unquantised layer, and files that say something else than they should are refused.
 *
 * The inputs are a chain, y[p] = R * y[p - 1] + noise, whose second moments are R^|i - j|. The inverse of these
 * has two diagonals, and its Cholesky factor is known: what an input misses is taken over by the next one alone. In the
 * layer the chain's inputs are mixed, and each is smaller than the one before. The last eighth is noise alone: the
 * chain would otherwise look the same from its other end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "format/calibration.h"
#include "format/safetensors.h"
#include "outputs.h"
#include "random.h"

enum { N = 64, K = 256, M = 64, LINKED = 7 * K / 8 };
#define R    0.95f /* up to LINKED, then 0 */
#define FALL 0.99f /* of the sizes along the chain */

/* Which input of the layer a place of the chain is. */
static int input_at(int p) { return 37 * p % K; }

static float weights[N * K], energy[K];
static uint16_t activations[M * K], feedback[K * K];
static int32_t number = 3;

/* The layer's tensors in a file of statistics, good ones. */
enum { INPUTS, ENERGY, FEEDBACK, PARTS };
static struct st_source parts[PARTS] = {
    {.name = "a.inputs", .dtype = ST_I32, .dims = 1, .shape = {1}, .data = &number},
    {.name = "inputs.3.energy", .dtype = ST_F32, .dims = 1, .shape = {K}, .data = energy},
    {.name = "inputs.3.feedback", .dtype = ST_F16, .dims = 2, .shape = {K, K}, .data = feedback},
};

static int make_data(void **state) {
    static char folder[] = "/tmp/w4a16-calibration-XXXXXX";
    if (enter_folder(folder, state) != 0) return -1;
    for (int i = 0; i < N * K; i++) weights[i] = random_normal(random_at(1, (uint64_t)i));
    for (int m = 0; m < M; m++) {
        float y = random_normal(random_at(2, (uint64_t)(m * K)));
        for (int p = 0; p < K; p++) {
            activations[m * K + input_at(p)] = float_to_f16(powf(FALL, (float)p) * y);
            float r = p < LINKED ? R : 0;
            y = r * y + sqrtf(1 - r * r) * random_normal(random_at(2, (uint64_t)(m * K + p + 1)));
        }
    }
    for (int p = 0; p < K; p++) energy[input_at(p)] = powf(FALL, 2 * (float)p);
    for (int p = 0; p < LINKED; p++) feedback[p * K + p + 1] = float_to_f16(-R / FALL);
    struct st_source layer = {
        .name = "a.weight", .dtype = ST_F32, .dims = 2, .shape = {N, K}, .data = weights};
    w4a16_error error;
    return safetensors_write("layer.safetensors", &layer, 1, &error) == W4A16_OK ? 0 : -1;
}

static w4a16_status quantize(const char *calibration, int64_t group_size, int symmetric, int search,
                             w4a16_error *error) {
    w4a16_quantize_options options;
    w4a16_quantize_init(&options, sizeof options);
    options.replace = 1; /* of an earlier run */
    options.group_size = group_size;
    options.symmetric = symmetric;
    options.search = search;
    options.calibration = calibration;
    return w4a16_quantize_file("layer.safetensors", "out", &options, NULL, NULL, error);
}

static double output_error(void) { return outputs_distance("out", activations, weights, M, N, K); }

/* About half of a symmetric layer's scales are negative, and none of another's. */
static void check_signs(int symmetric) {
    w4a16_error error;
    w4a16_checkpoint *checkpoint;
    w4a16_layer *layer;
    must(w4a16_checkpoint_open("out", &checkpoint, &error), &error);
    must(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), &error);
    int64_t scales = K / layer->group_size * N, negative = 0;
    for (int64_t i = 0; i < scales; i++) negative += layer->scale[i] >> 15;
    if (symmetric)
        assert_in_range(100 * negative / scales, 35, 65);
    else
        assert_int_equal(negative, 0);
    w4a16_layer_free(layer);
    w4a16_checkpoint_close(checkpoint);
}

static void test_outputs_are_nearer(void **state) {
    (void)state;
    w4a16_error error;
    must(safetensors_write("statistics", parts, PARTS, &error), &error);
    for (int options = 0; options < 4; options++)
        for (int64_t group_size = 32; group_size <= 128; group_size *= 2) {
            int symmetric = options & 1, search = options >> 1;
            must(quantize(NULL, group_size, symmetric, search, &error), &error);
            double without = output_error();
            must(quantize("statistics", group_size, symmetric, search, &error), &error);
            double fed_back = output_error();
            print_message(
                "groups of %d, symmetric %d, search %d: mean square error %.4f, with feedback %.4f\n",
                (int)group_size, symmetric, search, without, fed_back);
            check_signs(symmetric);
            /* 1 - R^2 is 0.0975, and 0.01 of the energy is in inputs that have nobody behind them. */
            assert_true(fed_back < 0.15 * without);
            must(quantize("statistics", group_size, symmetric, !search, &error), &error);
            assert_true(output_error() == fed_back); /* it is searched in any case */
        }
}

/* Writes the statistics with one part changed, or left out if its name is null. */
static void write_changed(int part, struct st_source changed) {
    struct st_source all[PARTS];
    size_t count = 0;
    w4a16_error error;
    for (int p = 0; p < PARTS; p++)
        if (p != part || changed.name) all[count++] = p == part ? changed : parts[p];
    must(safetensors_write("bad", all, count, &error), &error);
}

/* Of equal energies the first input comes first, as in the feedback's rows. */
static void test_order(void **state) {
    (void)state;
    static float levels[K];
    for (int k = 0; k < K; k++) levels[k] = (float)(37 * k % 16);
    write_changed(ENERGY,
                  (struct st_source){
                      .name = "inputs.3.energy", .dtype = ST_F32, .dims = 1, .shape = {K}, .data = levels});
    w4a16_error error;
    struct safetensors *file;
    struct input_statistics statistics;
    must(safetensors_open("bad", &file, &error), &error);
    must(statistics_read(file, "a", K, &statistics, &error), &error);
    for (int p = 1; p < K; p++) {
        int64_t before = statistics.order[p - 1], k = statistics.order[p];
        assert_true(levels[before] > levels[k] || (levels[before] == levels[k] && before < k));
    }
    statistics_free(&statistics);
    safetensors_close(file);
}

static void must_refuse_of(int64_t group_size, const char *sentence) {
    w4a16_error error;
    w4a16_status status = quantize("bad", group_size, 1, 0, &error);
    if (status == W4A16_OK || !strstr(error.message, sentence))
        fail_msg("expected '%s', found '%s'", sentence, status == W4A16_OK ? "success" : error.message);
}

static void must_refuse(const char *sentence) { must_refuse_of(64, sentence); }

static void test_bad_statistics(void **state) {
    (void)state;
    static const struct {
        int part;
        struct st_source source;
        const char *sentence;
    } cases[] = {
        /* clang-format off */
        {INPUTS, {.name = NULL}, "has statistics of none of the layers"},
        {INPUTS, {.name = "b.inputs", .dtype = ST_I32, .dims = 1, .shape = {1}, .data = &number}, "of none of the layers"},
        {INPUTS, {.name = "a.inputs", .dtype = ST_I32, .dims = 0, .data = &number}, "a.inputs is I32 of 0 dimensions"},
        {INPUTS, {.name = "a.inputs", .dtype = ST_F32, .dims = 1, .shape = {1}, .data = &number}, "a.inputs is F32"},
        {INPUTS, {.name = "a.inputs", .dtype = ST_I32, .dims = 1, .shape = {2}, .data = energy}, "each 1 long"},
        {INPUTS, {.name = "a.inputs", .dtype = ST_I32, .dims = 1, .shape = {1}, .data = weights}, "there is no tensor inputs."},
        {ENERGY, {.name = NULL}, "there is no tensor inputs.3.energy"},
        {FEEDBACK, {.name = NULL}, "there is no tensor inputs.3.feedback"},
        {ENERGY, {.name = "inputs.3.energy", .dtype = ST_F32, .dims = 1, .shape = {K - 1}, .data = energy},
         "accepted is F32 of 1, each 256 long"},
        {FEEDBACK, {.name = "inputs.3.feedback", .dtype = ST_F16, .dims = 2, .shape = {K, K - 1}, .data = feedback},
         "accepted is F16 of 2, each 256 long"},
        {FEEDBACK, {.name = "inputs.3.feedback", .dtype = ST_BF16, .dims = 2, .shape = {K, K}, .data = feedback}, "is BF16"},
        /* clang-format on */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_changed(cases[i].part, cases[i].source);
        must_refuse(cases[i].sentence);
    }
}

static void test_bad_values(void **state) {
    (void)state;
    static const struct {
        float value;
        const char *sentence;
    } cases[] = {{-1, "energy of input 5 of module a is -1"},
                 {NAN, "energy of input 5 of module a is"},
                 {INFINITY, "energy of input 5 of module a is inf"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static float changed[K];
        memcpy(changed, energy, sizeof changed);
        changed[5] = cases[i].value;
        struct st_source source = parts[ENERGY];
        source.data = changed;
        write_changed(ENERGY, source);
        must_refuse(cases[i].sentence);
    }
    static uint16_t changed[K * K];
    memcpy(changed, feedback, sizeof changed);
    changed[5 * K + 7] = 0x7c00; /* infinity */
    struct st_source source = parts[FEEDBACK];
    source.data = changed;
    write_changed(FEEDBACK, source);
    must_refuse("feedback from place 5 to 7 of module a is inf");
}

/* Finite feedback may still let the weights grow beyond every scale. */
static void test_feedback_without_bounds(void **state) {
    (void)state;
    static uint16_t changed[K * K];
    for (int i = 0; i < K * K; i++) changed[i] = 0x7bff; /* 65504 */
    struct st_source source = parts[FEEDBACK];
    source.data = changed;
    write_changed(FEEDBACK, source);
    must_refuse("bad: feedback to element [");
    must_refuse_of(K, "grows beyond all numbers");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_outputs_are_nearer),
                                       cmocka_unit_test(test_order), cmocka_unit_test(test_bad_statistics),
                                       cmocka_unit_test(test_bad_values),
                                       cmocka_unit_test(test_feedback_without_bounds)};
    return cmocka_run_group_tests(tests, make_data, remove_folder);
}
