/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * quantize with act_order: what comes out is a checkpoint whose layer reads back with an order, and whose
 * outputs are nearer to those of the unquantised layer, on features whose weights differ in size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <sys/stat.h>

#include "format/safetensors.h"
#include "outputs.h"
#include "random.h"

enum { N = 64, K = 512, M = 16 };

static float weights[N * K], size_of[K];
static uint16_t activations[M * K];
static double energy[K];

/* Features of sizes e^-2 .. e^2; activations small where weights are large, as normalisation leaves them. */
static int make_data(void **state) {
    static char folder[] = "/tmp/w4a16-act-order-XXXXXX";
    if (enter_folder(folder, state) != 0) return -1;
    for (int k = 0; k < K; k++) size_of[k] = expf(random_normal(random_at(1, (uint64_t)k)));
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++)
            weights[n * K + k] = size_of[k] * random_normal(random_at(2, (uint64_t)(n * K + k)));
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++) {
            float x = random_normal(random_at(3, (uint64_t)(m * K + k))) / size_of[k];
            activations[m * K + k] = float_to_f16(x);
            energy[k] += (double)x * x;
        }
    return 0;
}

static void write_weights(const char *path) {
    struct st_source source = {.name = "a.weight", .dtype = ST_F32, .dims = 2, .shape = {N, K}};
    struct safetensors_writer *writer;
    w4a16_error error;
    must(safetensors_create(path, &source, 1, &writer, &error), &error);
    must(safetensors_append(writer, weights, sizeof weights, &error), &error);
    must(safetensors_finish(writer, &error), &error);
}

/* Of a quantised layer, which reads back with an order if it should. */
static double output_error(const char *dir, const w4a16_quantize_options *options) {
    w4a16_error error;
    w4a16_checkpoint *checkpoint;
    must(w4a16_quantize_file("act_order.safetensors", dir, options, NULL, NULL, &error), &error);
    must(w4a16_checkpoint_open(dir, &checkpoint, &error), &error);
    assert_int_equal(w4a16_checkpoint_layer(checkpoint, 0)->act_order, options->act_order);
    w4a16_checkpoint_close(checkpoint);
    return outputs_distance(dir, activations, weights, M, N, K);
}

static void test_order_lowers_the_error(void **state) {
    (void)state;
    write_weights("act_order.safetensors");
    for (int64_t group_size = 32; group_size <= 128; group_size *= 4) {
        w4a16_quantize_options options;
        w4a16_quantize_init(&options, sizeof options);
        options.replace = 1; /* of an earlier run */
        options.group_size = group_size;
        double plain = output_error("act_order_plain", &options);
        options.act_order = 1;
        double by_norm = output_error("act_order_norm", &options);
        options.energy = energy;
        options.energy_count = K;
        double by_energy = output_error("act_order_energy", &options);
        options.energy_count = K - 1; /* of other layers: as if none was given */
        assert_true(output_error("act_order_norm", &options) == by_norm);
        print_message("groups of %d: mean square error %.3g, by norm %.3g, by energy %.3g\n", (int)group_size,
                      plain, by_norm, by_energy);
        assert_true(by_norm < plain / 2);
        assert_true(by_energy < plain / 2);
    }
}

/* Of each group's weights, which its neighbours do not see, the largest is at level 0, whatever its sign. */
static void test_largest_weights_at_minus_8(void **state) {
    (void)state;
    enum { GROUP = 64 };
    w4a16_quantize_options options;
    w4a16_checkpoint *checkpoint;
    w4a16_layer *layer;
    w4a16_error error;
    w4a16_quantize_init(&options, sizeof options);
    options.replace = options.act_order = 1;
    options.group_size = GROUP;
    options.search = 0;
    must(w4a16_quantize_file("act_order.safetensors", "act_order_signs", &options, NULL, NULL, &error),
         &error);
    must(w4a16_checkpoint_open("act_order_signs", &checkpoint, &error), &error);
    must(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), &error);
    for (int g = 0; g < K / GROUP; g++)
        for (int n = 0; n < N; n++) {
            int largest = layer->perm[g * GROUP];
            for (int p = g * GROUP; p < (g + 1) * GROUP; p++)
                if (fabsf(weights[n * K + layer->perm[p]]) > fabsf(weights[n * K + largest]))
                    largest = layer->perm[p];
            assert_int_equal(layer->q[largest / 8 * N + n] >> 4 * (largest % 8) & 15, 0);
            assert_int_equal(layer->scale[g * N + n] >> 15, weights[n * K + largest] > 0);
        }
    w4a16_layer_free(layer);
    w4a16_checkpoint_close(checkpoint);
}

static void write_tensor(const char *path, const char *name) {
    struct st_source source = {.name = name, .dtype = ST_F32, .dims = 2, .shape = {N, K}, .data = weights};
    w4a16_error error;
    must(safetensors_write(path, &source, 1, &error), &error);
}

static int open_files(void) {
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    assert_non_null(all);
    while (readdir(all)) count++;
    assert_int_equal(closedir(all), 0);
    return count;
}

/* Two files and an index: both layers come out, each as from a file of its own, and no file stays open. */
static void test_several_files(void **state) {
    (void)state;
    w4a16_quantize_options options;
    w4a16_checkpoint *checkpoint;
    w4a16_error error;
    int files = open_files();
    w4a16_quantize_init(&options, sizeof options);
    options.replace = 1;
    assert_true(mkdir("act_order_shards", 0777) == 0 || errno == EEXIST);
    write_tensor("act_order_shards/1.safetensors", "a.weight");
    write_tensor("act_order_shards/2.safetensors", "b.weight");
    FILE *index = fopen("act_order_shards/model.safetensors.index.json", "w");
    assert_non_null(index);
    fputs("{\"weight_map\":{\"a.weight\":\"1.safetensors\",\"b.weight\":\"2.safetensors\"}}", index);
    assert_int_equal(fclose(index), 0);
    must(w4a16_quantize_file("act_order_shards", "act_order_joined", &options, NULL, NULL, &error), &error);
    must(w4a16_checkpoint_open("act_order_joined", &checkpoint, &error), &error);
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), 2);
    w4a16_layer *layers[2];
    for (size_t n = 0; n < 2; n++)
        must(w4a16_checkpoint_read_layer(checkpoint, n, &layers[n], &error), &error);
    assert_memory_equal(layers[0]->q, layers[1]->q, K / 8 * N * 4); /* the same weights */
    for (size_t n = 0; n < 2; n++) w4a16_layer_free(layers[n]);
    w4a16_checkpoint_close(checkpoint);
    assert_int_equal(open_files(), files);
}

static void test_refusal(void **state) {
    (void)state;
    static double bad[K];
    w4a16_quantize_options options;
    w4a16_error error;
    w4a16_quantize_init(&options, sizeof options);
    options.act_order = 1, options.energy = bad, options.energy_count = K;
    bad[7] = -1;
    assert_int_equal(
        w4a16_quantize_file("act_order.safetensors", "act_order_bad", &options, NULL, NULL, &error),
        W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "energy[7] is -1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_lowers_the_error),
                                       cmocka_unit_test(test_largest_weights_at_minus_8),
                                       cmocka_unit_test(test_several_files), cmocka_unit_test(test_refusal)};
    return cmocka_run_group_tests(tests, make_data, remove_folder);
}
