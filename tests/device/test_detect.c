/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* w4a16_detect_gpu and w4a16_detect_visible_gpu on topology trees made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ftw.h>
#include <sys/stat.h>

#include "w4a16/linear.h"

#define NODES         "class/kfd/kfd/topology/nodes"
#define VIRTUAL_NODES "devices/virtual/kfd/kfd/topology/nodes"

static char root[] = "/tmp/w4a16-detect-XXXXXX";

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk) {
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

/* Every test begins with an empty tree. */
static int make_root(void **state) {
    (void)state;
    strcpy(root + sizeof root - 7, "XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}
static int remove_root(void **state) {
    (void)state;
    return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void add_node(const char *nodes, int number, const char *properties) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%d/properties", root, nodes, number);
    for (char *slash = path + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = 0;
        mkdir(path, 0755);
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(properties, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define CPU "cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0\nvendor_id 0\n"
#define GPU(version)                                                                                         \
    "cpu_cores_count 0\nsimd_count 192\nlds_size_in_kb 64\ngfx_target_version " #version "\nvendor_id "      \
    "4098\n"

static void finds(int n, const char *expected) {
    char target[16];
    w4a16_error error;
    if (w4a16_detect_gpu(root, n, target, &error) != W4A16_OK) fail_msg("GPU %d: %s", n, error.message);
    assert_string_equal(target, expected);
}

static void finds_none(int n, const char *beginning) {
    char target[16];
    w4a16_error error;
    assert_int_equal(w4a16_detect_gpu(root, n, target, &error), W4A16_NO_DEVICE);
    if (strncmp(error.message, beginning, strlen(beginning)) != 0) fail_msg("%s", error.message);
    assert_non_null(strstr(error.message, root)); /* says where it looked */
}

static void test_names(void **state) {
    (void)state;
    add_node(NODES, 0, CPU);
    add_node(NODES, 1, GPU(110000));
    add_node(NODES, 2, GPU(110003));
    add_node(NODES, 3, GPU(90010)); /* the stepping is a hexadecimal digit */
    add_node(NODES, 4, GPU(120001));
    finds(0, "gfx1100");
    finds(1, "gfx1103");
    finds(2, "gfx90a");
    finds(3, "gfx1201");
    finds_none(4, "there is no AMD GPU number 4");
}

/* Node numbers may have holes; a node may lack the key, hold only a longer key, or be damaged. */
static void test_odd_nodes(void **state) {
    (void)state;
    add_node(NODES, 0, "");
    add_node(NODES, 2, "gfx_target_version_of_old 110001\nsimd_count 96\n");
    add_node(NODES, 3, "gfx_target_version\n");
    add_node(NODES, 4, "gfx_target_version -110000\n");
    add_node(NODES, 5, "gfx_target_version 99999999999999999999\n");
    finds_none(0, "no AMD GPU");
    add_node(NODES, 17, GPU(110002));
    finds(0, "gfx1102");
    finds_none(1, "there is no AMD GPU number 1");
}

static void test_virtual_tree(void **state) {
    (void)state;
    add_node(VIRTUAL_NODES, 1, GPU(110001));
    finds(0, "gfx1101");
    add_node(NODES, 1, GPU(110001)); /* both trees show the same card: it is not counted twice */
    finds(0, "gfx1101");
    finds_none(1, "there is no AMD GPU number 1");
}

static void test_no_tree(void **state) {
    (void)state;
    finds_none(0, "no AMD GPU");
    add_node(NODES, 0, CPU);
    finds_none(0, "no AMD GPU");
}

static void test_arguments(void **state) {
    (void)state;
    char target[16];
    w4a16_error error;
    assert_int_equal(w4a16_detect_gpu(root, -1, target, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_detect_gpu(root, 0, NULL, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_detect_gpu(root, 0, target, NULL), W4A16_NO_DEVICE);
}

static const char *const variables[] = {
    "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",        "CUDA_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION",
    "GPU_DEVICE_ORDINAL",   "HSA_OVERRIDE_GFX_VERSION_2", "W4A16_TARGET"};
enum { VARIABLES = sizeof variables / sizeof variables[0] };

/* The tree has a gfx1036, a gfx1100 and a gfx1151; of each setting the cards that are left. */
static const struct {
    const char *values[VARIABLES], *left[4]; /* null: no more */
} settings[] = {
    {{0}, {"gfx1036", "gfx1100", "gfx1151"}},
    {{""}, {"gfx1036", "gfx1100", "gfx1151"}},
    {{"1"}, {"gfx1100"}},
    {{"2, 0"}, {"gfx1151", "gfx1036"}},
    {{" 2 ,0 "}, {"gfx1151", "gfx1036"}},
    {{"GPU-00a1B2c3d4e5f607"}, {"gfx1100"}},
    {{"GPU-1,1"}, {NULL}}, /* no such card: the list ends */
    {{"1,7,2"}, {"gfx1100"}},
    {{"-1"}, {NULL}},
    {{"1x"}, {NULL}},
    {{"99999999999999999999"}, {NULL}},
    {{NULL, "1"}, {"gfx1100"}},
    {{NULL, NULL, "2"}, {"gfx1151"}},
    {{NULL, "1", "2"}, {"gfx1100"}}, /* HIP's own goes first */
    {{"2,1", "1"}, {"gfx1100"}},     /* a place in what ROCr leaves */
    {{"2,1", "2"}, {NULL}},
    {{"1,0", NULL, NULL, "11.5.1"}, {"gfx1151", "gfx1151"}},
    {{"0", NULL, NULL, "9.0.10"}, {"gfx90a"}},
    {{"0", NULL, NULL, "11.0"}, {"gfx1036"}}, /* not a version: nothing is overridden */
    {{"0", NULL, NULL, "11.0.0.1"}, {"gfx1036"}},
    {{NULL, NULL, NULL, NULL, "2,1"}, {"gfx1151", "gfx1100"}},
    {{"2,1", NULL, NULL, NULL, "1"}, {"gfx1100"}},
    {{NULL, "1", NULL, NULL, "2"}, {"gfx1100"}}, /* the runtime reads one of its lists */
    {{NULL, "", "2", NULL, "1"}, {"gfx1151"}},   /* an empty one says nothing */
    {{NULL, "", "", NULL, "1"}, {"gfx1100"}},
    {{NULL, NULL, NULL, NULL, NULL, "11.0.3"}, {"gfx1036", "gfx1103", "gfx1151"}}, /* node 2 alone */
    {{"1,0", NULL, NULL, "11.0.1", NULL, "11.0.2"}, {"gfx1102", "gfx1101"}},
    {{NULL, NULL, NULL, NULL, NULL, NULL, "gfx1102"}, {"gfx1102", "gfx1102", "gfx1102"}},
    {{"1", NULL, NULL, "11.0.1", NULL, "11.0.2", "gfx1151"}, {"gfx1151"}},
    {{NULL, NULL, NULL, NULL, NULL, NULL, ""}, {"gfx1036", "gfx1100", "gfx1151"}},
};

static void set_variables(const char *const values[VARIABLES]) {
    for (int v = 0; v < VARIABLES; v++) {
        if (values[v])
            setenv(variables[v], values[v], 1);
        else
            unsetenv(variables[v]);
    }
}

static void test_environment(void **state) {
    (void)state;
    add_node(NODES, 0, CPU);
    add_node(NODES, 1, GPU(100306));
    add_node(NODES, 2, GPU(110000) "unique_id 45514025410622983\n"); /* 0xa1b2c3d4e5f607 */
    add_node(NODES, 3, GPU(110501) "unique_id 18446744073709551615\n");
    for (size_t s = 0; s < sizeof settings / sizeof settings[0]; s++) {
        set_variables(settings[s].values);
        char target[16];
        w4a16_error error;
        int n = 0;
        for (; settings[s].left[n]; n++) {
            if (w4a16_detect_visible_gpu(root, n, target, &error) != W4A16_OK)
                fail_msg("setting %zu: %s", s, error.message);
            assert_string_equal(target, settings[s].left[n]);
        }
        assert_int_equal(w4a16_detect_visible_gpu(root, n, target, &error), W4A16_NO_DEVICE);
        finds(0, "gfx1036"); /* the driver's view does not change */
    }
}

/* WSL2 has no tree: a target is found only if it is named by hand, and only if it is a name. */
static void test_by_hand(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "gfx", "gfx11", "GFX1100", "gfx1100:xnack-", "11.0.0", "gfx1100 ", "gfx1100000000000000", "rx7900"};
    char target[16];
    w4a16_error error;
    const char *values[VARIABLES] = {[VARIABLES - 1] = "gfx1101"};
    set_variables(values);
    for (int n = 0; n < 2; n++) {
        assert_int_equal(w4a16_detect_visible_gpu(root, n, target, &error), W4A16_OK);
        assert_string_equal(target, "gfx1101");
    }
    assert_int_equal(w4a16_detect_visible_gpu(root, 1000, target, &error), W4A16_NO_DEVICE);
    finds_none(0, "no AMD GPU"); /* the driver's view does not change */
    for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
        values[VARIABLES - 1] = wrong[n];
        set_variables(values);
        assert_int_equal(w4a16_detect_visible_gpu(root, 0, target, &error), W4A16_INVALID_ARGUMENT);
        if (!strstr(error.message, wrong[n])) fail_msg("%s", error.message);
    }
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_TREE(test_names),       IN_TREE(test_odd_nodes), IN_TREE(test_virtual_tree), IN_TREE(test_no_tree),
        IN_TREE(test_environment), IN_TREE(test_arguments), IN_TREE(test_by_hand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
