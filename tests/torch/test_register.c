/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Registration is all or none: with a stand-in for PyTorch's library functions and for the search for a GPU.
 * Registering happens once per process, so each case is a run of its own: test_register CASE. And what errors say of a
 * tensor ends where its place does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/error.h"
#include "ops.h"
#include "register.h"
#include "shim.h"
#include "tensor.h"

static const struct scenario {
    const char *name, *gpus[2]; /* visible ones; null: there are no more */
    int hip;                    /* a ROCm build of PyTorch */
    int fails;            /* the library function that fails: its number in the order of calls; 0: none */
    int keys;             /* dispatch keys that end up with every operator */
    const char *sentence; /* a part of it; null: registered */
} scenarios[] = {
    {"cpu", {0}, 0, 0, 1, NULL},
    {"gfx1100", {"gfx1100"}, 1, 0, 2, NULL},
    {"gfx1153", {"gfx1153"}, 1, 0, 2, NULL},
    {"no-gpu", {0}, 1, 0, 2, NULL},
    {"gfx906", {"gfx906"}, 1, 0, 0, "the GPU is a gfx906: "},
    {"gfx1201", {"gfx1201"}, 1, 0, 0, "the GPU is a gfx1201: "},
    {"second-fits", {"gfx1036", "gfx1100"}, 1, 0, 2, NULL},
    {"none-fits", {"gfx1036", "gfx1030"}, 1, 0, 0, "the GPU is a gfx1036: "},
    {"gfx906-cpu-build", {"gfx906"}, 0, 0, 1, NULL},
    {"fragment-fails", {0}, 1, 1, 0, "refused to register"},
    {"schema-fails", {0}, 1, 3, 0, "refused to register"},
    {"kernel-fails", {0}, 1, 20, 0, "refused to register"},
};
static const struct scenario *scenario;

/* ---- stand-ins ---------------------------------------------------------------------------------------- */

enum { LIBRARIES = 3, OPERATORS_MAX = 32 };
static struct shim_library_object {
    int alive, definitions, kernels;
} libraries[LIBRARIES];
static int library_count, calls;
static const char *schemas[OPERATORS_MAX];
struct shim shim;

static int fails(void) { return ++calls == scenario->fails; }
static int32_t make_library(shim_library *out) {
    if (fails()) return 1;
    assert_true(library_count < LIBRARIES);
    *out = &libraries[library_count++];
    (*out)->alive = 1;
    return 0;
}
static int32_t init_fragment(const char *name, const char *file, uint32_t line, shim_library *out) {
    (void)file, (void)line;
    assert_string_equal(name, "w4a16");
    return make_library(out);
}
static int32_t init_impl(const char *name, const char *key, const char *file, uint32_t line,
                         shim_library *out) {
    (void)key;
    return init_fragment(name, file, line, out);
}
static int32_t def(shim_library library, const char *schema) {
    if (fails()) return 1;
    assert_true(library->definitions < OPERATORS_MAX);
    schemas[library->definitions++] = schema;
    return 0;
}
static int32_t impl(shim_library library, const char *name, shim_kernel *kernel, uint64_t abi) {
    if (fails()) return 1;
    const char *schema = schemas[library->kernels++];
    assert_true(strncmp(schema, name, strlen(name)) == 0 && schema[strlen(name)] == '(');
    assert_true(kernel && abi == SHIM_FLOOR);
    return 0;
}
static int32_t delete(shim_library library) { return --library->alive; }
static int32_t zero(void) { return 0; }
static int32_t get_stream(int32_t device, void **stream) { return *stream = NULL, device; }

const char *shim_load(void) {
    shim = (struct shim){.aoti_torch_device_type_cpu = zero,
                         .aoti_torch_device_type_cuda = zero,
                         .aoti_torch_dtype_float16 = zero,
                         .aoti_torch_dtype_bfloat16 = zero,
                         .aoti_torch_dtype_float32 = zero,
                         .aoti_torch_dtype_uint8 = zero,
                         .aoti_torch_dtype_int32 = zero,
                         .aoti_torch_dtype_float64 = zero,
                         .aoti_torch_dtype_int8 = zero,
                         .aoti_torch_dtype_int16 = zero,
                         .aoti_torch_dtype_int64 = zero,
                         .aoti_torch_dtype_bool = zero,
                         .aoti_torch_library_init_fragment = init_fragment,
                         .aoti_torch_library_init_impl = init_impl,
                         .aoti_torch_library_def = def,
                         .aoti_torch_delete_library_object = delete,
                         .torch_library_impl = impl,
                         .aoti_torch_get_current_cuda_stream = scenario->hip ? get_stream : NULL};
    return NULL;
}

w4a16_status w4a16_detect_visible_gpu(const char *root, int n, char target[16], w4a16_error *error) {
    (void)root;
    const char *gpu = n < 2 ? scenario->gpus[n] : NULL;
    if (!gpu) return w4a16_fail(error, W4A16_NO_DEVICE, "no GPU");
    strcpy(target, gpu);
    return W4A16_OK;
}

/* ---- the test ----------------------------------------------------------------------------------------- */

static void test_registration(void **state) {
    (void)state;
    const char *sentence = w4a16_torch_register();
    if (!scenario->sentence && sentence) fail_msg("%s", sentence);
    if (scenario->sentence && (!sentence || !strstr(sentence, scenario->sentence)))
        fail_msg("\"%s\" does not say \"%s\"", sentence ? sentence : "", scenario->sentence);
    int alive = 0, complete = 0;
    for (int n = 0; n < library_count; n++) {
        alive += libraries[n].alive;
        complete += n && libraries[n].alive && libraries[n].kernels == libraries[0].definitions;
    }
    assert_int_equal(complete, scenario->keys);
    assert_int_equal(alive, scenario->keys ? scenario->keys + 1 : 0);
    assert_ptr_equal(w4a16_torch_register(), sentence); /* once only */
}

static void test_long_text(void **state) {
    (void)state;
    char room[TENSOR_TEXT + 64];
    int64_t sizes[TENSOR_DIMS];
    const struct tensor t = {.dtype = 7, .dim = TENSOR_DIMS, .sizes = sizes, .strides = sizes};
    for (int d = 0; d < TENSOR_DIMS; d++) sizes[d] = INT64_MAX - d;
    memset(room, '#', sizeof room);
    assert_ptr_equal(tensor_text(&t, room), room);
    assert_int_equal(strlen(room), TENSOR_TEXT - 1);
    assert_non_null(strstr(room, "[9223372036854775807, 9223372036854775806"));
    for (size_t n = TENSOR_TEXT; n < sizeof room; n++) assert_int_equal(room[n], '#');
}

int main(int argc, char **argv) {
    for (size_t n = 0; argc == 2 && n < sizeof scenarios / sizeof scenarios[0]; n++)
        if (!strcmp(scenarios[n].name, argv[1])) scenario = &scenarios[n];
    if (!scenario) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_registration), cmocka_unit_test(test_long_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
