/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The operators as a ROCm build of PyTorch calls them: GPU tensors on the simulated HIP runtime, with a
 * stand-in for PyTorch's C interface whose memory comes from an arena, as in a graph capture. The bits are
 * those of host tensors on the simulated card; on two streams at once, captured and replayed too.
 * test_torch_hip LIBRARY
 */
#include <pthread.h>
#include <stdatomic.h>

#include "../hip/front.h"
#include "half.h"
#include "ops.h"
#include "random.h"
#include "shape.h"

enum { CPU = 0, CUDA = 1, F16 = 5, BF16 = 15, F32 = 6, U8 = 0, I32 = 3, OTHER = 99 };
enum { N = 64, K = 256, M_MAX = 40, ARENA = 64 << 20 };

/* ---- the stand-in -------------------------------------------------------------------------------------- */

struct shim_tensor_object {
    void *data;
    int64_t dim, sizes[TENSOR_DIMS], strides[TENSOR_DIMS];
    int32_t dtype, device;
    int owned;
};

static atomic_int alive;
static unsigned char *arena;
static atomic_size_t arena_used;
static _Thread_local void *current_stream;

static size_t size_of(int32_t dtype) { return dtype == U8 ? 1 : dtype == F16 || dtype == BF16 ? 2 : 4; }

static int64_t numel_of(const struct shim_tensor_object *t) {
    int64_t numel = 1;
    for (int64_t d = 0; d < t->dim; d++) numel *= t->sizes[d];
    return numel;
}

static shim_tensor new_tensor(int32_t dtype, int32_t device, int64_t dim, const int64_t *sizes) {
    shim_tensor t = calloc(1, sizeof *t);
    t->dim = dim, t->dtype = dtype, t->device = device, t->owned = 1;
    int64_t stride = 1;
    for (int64_t d = dim; d-- > 0; stride *= sizes[d]) t->sizes[d] = sizes[d], t->strides[d] = stride;
    size_t bytes = ((size_t)stride * size_of(dtype) + 511) / 512 * 512;
    t->data = device == CPU ? aligned_alloc(64, bytes + 64) : arena + atomic_fetch_add(&arena_used, bytes);
    assert_true(arena_used < ARENA);
    atomic_fetch_add(&alive, 1);
    return t;
}

static int32_t zero_of(void) { return CPU; }
static int32_t cuda_of(void) { return CUDA; }
static int32_t f16_of(void) { return F16; }
static int32_t bf16_of(void) { return BF16; }
static int32_t f32_of(void) { return F32; }
static int32_t i32_of(void) { return I32; }
static int32_t other_of(void) { return OTHER; }
static int32_t is_defined(shim_tensor t, bool *out) { return *out = t != NULL, 0; }
static int32_t get_data(shim_tensor t, void **out) { return *out = t->data, 0; }
static int32_t get_dim(shim_tensor t, int64_t *out) { return *out = t->dim, 0; }
static int32_t get_numel(shim_tensor t, int64_t *out) { return *out = numel_of(t), 0; }
static int32_t get_sizes(shim_tensor t, int64_t **out) { return *out = t->sizes, 0; }
static int32_t get_strides(shim_tensor t, int64_t **out) { return *out = t->strides, 0; }
static int32_t get_dtype(shim_tensor t, int32_t *out) { return *out = t->dtype, 0; }
static int32_t get_device(shim_tensor t, int32_t *out) { return *out = t->device, 0; }
static int32_t get_index(shim_tensor t, int32_t *out) { return *out = t->device == CPU ? -1 : 0, 0; }
static int32_t get_contiguous(shim_tensor t, bool *out) { return *out = t->data != NULL, 0; }
static int32_t get_stream(int32_t device, void **out) { return *out = current_stream, device != 0; }

static int32_t empty_strided(int64_t dim, const int64_t *sizes, const int64_t *strides, int32_t dtype,
                             int32_t device, int32_t index, shim_tensor *out) {
    (void)strides, (void)index;
    return *out = new_tensor(dtype, device, dim, sizes), 0;
}
static int32_t reinterpret(shim_tensor t, int64_t dim, const int64_t *sizes, const int64_t *strides,
                           int64_t offset, shim_tensor *out) {
    (void)strides, (void)offset;
    *out = calloc(1, sizeof **out);
    **out = *t, (*out)->owned = 0;
    for (int64_t d = 0; d < dim; d++) (*out)->sizes[d] = sizes[d];
    return atomic_fetch_add(&alive, 1), 0;
}
/* A bias to fp32, by way of the host. */
static int32_t convert(shim_tensor to, shim_tensor from) {
    uint16_t given[N];
    float values[N];
    size_t count = (size_t)numel_of(from);
    if (to->dtype != F32 || count > N || (from->dtype != F16 && from->dtype != BF16)) return 1;
    if (hipMemcpy(given, from->data, count * 2, DEFAULT)) return 1;
    for (size_t n = 0; n < count; n++)
        values[n] = from->dtype == F16 ? f16_to_float(given[n]) : bf16_to_float(given[n]);
    return hipMemcpy(to->data, values, count * 4, DEFAULT);
}
static int32_t copy(shim_tensor to, shim_tensor from, int32_t non_blocking) {
    (void)non_blocking;
    size_t bytes = (size_t)numel_of(from) * size_of(from->dtype);
    if (to->dtype != from->dtype) return convert(to, from);
    if (to->device == CPU || from->device == CPU) return hipMemcpy(to->data, from->data, bytes, DEFAULT);
    return hipMemcpyAsync(to->data, from->data, bytes, ON_DEVICE, current_stream);
}
static int32_t set_zero(shim_tensor t) {
    return hipMemsetAsync(t->data, 0, (size_t)numel_of(t) * size_of(t->dtype), current_stream);
}
static int32_t delete(shim_tensor t) {
    if (t->owned && t->device == CPU) free(t->data);
    free(t);
    return atomic_fetch_sub(&alive, 1), 0;
}

static void install(void) {
    shim = (struct shim){.aoti_torch_device_type_cpu = zero_of,
                         .aoti_torch_device_type_cuda = cuda_of,
                         .aoti_torch_dtype_float16 = f16_of,
                         .aoti_torch_dtype_bfloat16 = bf16_of,
                         .aoti_torch_dtype_float32 = f32_of,
                         .aoti_torch_dtype_uint8 = zero_of,
                         .aoti_torch_dtype_int32 = i32_of,
                         .aoti_torch_dtype_float64 = other_of,
                         .aoti_torch_dtype_int8 = other_of,
                         .aoti_torch_dtype_int16 = other_of,
                         .aoti_torch_dtype_int64 = other_of,
                         .aoti_torch_dtype_bool = other_of,
                         .aoti_torch_is_defined = is_defined,
                         .aoti_torch_get_data_ptr = get_data,
                         .aoti_torch_get_dim = get_dim,
                         .aoti_torch_get_numel = get_numel,
                         .aoti_torch_get_sizes = get_sizes,
                         .aoti_torch_get_strides = get_strides,
                         .aoti_torch_get_dtype = get_dtype,
                         .aoti_torch_get_device_type = get_device,
                         .aoti_torch_get_device_index = get_index,
                         .aoti_torch_is_contiguous = get_contiguous,
                         .aoti_torch_empty_strided = empty_strided,
                         .aoti_torch__reinterpret_tensor = reinterpret,
                         .aoti_torch_copy_ = copy,
                         .aoti_torch_zero_ = set_zero,
                         .aoti_torch_delete_tensor_object = delete,
                         .aoti_torch_get_current_cuda_stream = get_stream};
    torch_constants_init();
}

/* ---- calls --------------------------------------------------------------------------------------------- */

/* As PyTorch hands arguments over: every one is a reference of the operator's own. */
static shim_value reference(shim_tensor t) {
    shim_tensor out;
    reinterpret(t, t->dim, t->sizes, t->strides, 0, &out);
    return (shim_value)(uintptr_t)out;
}

/* Tensors, then numbers, of which there are `rest`. *out is null where nothing is returned. */
static w4a16_status call_with(operator_call *operator, const shim_tensor *tensors, int count,
                              const int64_t *numbers, int rest, shim_tensor *out, w4a16_error *error) {
    struct frame frame = {.name = "test"};
    shim_value arguments[16], result = 0;
    for (int n = 0; n < count; n++) arguments[n] = reference(tensors[n]);
    for (int n = 0; n < rest; n++) arguments[count + n] = (shim_value)numbers[n];
    w4a16_status status = operator(&frame, arguments, &result);
    frame_end(&frame);
    *error = frame.error;
    *out = status == W4A16_OK ? (shim_tensor)(uintptr_t)result : NULL;
    return status;
}

static shim_tensor call(operator_call *operator, const shim_tensor *tensors, int count, int64_t last,
                        w4a16_error *error) {
    shim_tensor out;
    call_with(operator, tensors, count, &last, 1, &out, error);
    return out;
}

/* Set: what run_operator leaves in device memory is of a graph's third replay. */
static int replayed;

/* written: the argument that is written, where nothing is returned. */
static shim_tensor run_operator(operator_call *operator, const shim_tensor *in, int count,
                                const int64_t *numbers, int rest, shim_tensor written) {
    w4a16_error error;
    shim_tensor out;
    void *stream, *graph, *exec;
    if (call_with(operator, in, count, numbers, rest, &out, &error) != W4A16_OK)
        fail_msg("%s", error.message);
    if (!replayed || in[0]->device == CPU) return out;
    if (out) delete(out); /* it made the plan */
    OK(hipStreamCreateWithFlags(&stream, 1));
    current_stream = stream;
    OK(hipStreamBeginCapture(stream, GLOBAL_MODE));
    if (call_with(operator, in, count, numbers, rest, &out, &error) != W4A16_OK)
        fail_msg("%s", error.message);
    OK(hipStreamEndCapture(stream, &graph));
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    if (out) written = out;
    for (int round = 0; round < 3; round++) {
        OK(hipMemset(written->data, 0x5a, (size_t)numel_of(written) * 2));
        OK(hipGraphLaunch(exec, stream));
        OK(hipStreamSynchronize(stream));
    }
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
    current_stream = NULL;
    OK(hipStreamDestroy(stream));
    return out;
}

static shim_tensor must_call(operator_call *operator, const shim_tensor *tensors, int count, int64_t last) {
    w4a16_error error;
    shim_tensor out = call(operator, tensors, count, last, &error);
    if (!out) fail_msg("%s", error.message);
    return out;
}

/* The same values for the same seed on either device. */
static shim_tensor random_tensor(int32_t dtype, int32_t device, int64_t rows, int64_t columns,
                                 uint64_t seed) {
    const int64_t sizes[] = {rows, columns};
    shim_tensor host = new_tensor(dtype, CPU, 2, sizes);
    for (int64_t i = 0; i < rows * columns; i++) {
        uint64_t bits = random_at(seed, (uint64_t)i);
        if (dtype == U8) ((uint8_t *)host->data)[i] = (uint8_t)(bits % 17);
        if (dtype == I32) ((uint32_t *)host->data)[i] = (uint32_t)bits;
        if (dtype == F32) ((float *)host->data)[i] = (float)(bits % 256) / 64;
        if (dtype == F16)
            ((uint16_t *)host->data)[i] = (uint16_t)((bits & 0x83ff) | (9 + (bits >> 32 & 3)) << 10);
        if (dtype == BF16)
            ((uint16_t *)host->data)[i] = (uint16_t)((bits & 0x807f) | (121 + (bits >> 32 & 3)) << 7);
    }
    if (device == CPU) return host;
    shim_tensor there = new_tensor(dtype, CUDA, 2, sizes);
    copy(there, host, 0);
    delete(host);
    return there;
}

struct format {
    int32_t act, scale;
    int64_t group;
    int zeros, perm, bias;
};
static const struct format formats[] = {
    {F16, F16, 128, 0, 0, 0}, {BF16, F16, 64, 1, 0, 1}, {F16, BF16, 32, 0, 1, 1}, {BF16, BF16, -1, 1, 1, 0}};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static shim_tensor pack_format(const struct format *f, int32_t device) {
    int64_t groups = f->group == -1 ? 1 : K / f->group, order = f->perm ? K : 0;
    shim_tensor perm = new_tensor(I32, CPU, 1, &order);
    for (int32_t k = 0; k < order; k++) ((int32_t *)perm->data)[k] = (k * 37 + 11) % K;
    shim_tensor parts[] = {random_tensor(I32, device, K / 8, N, 1),
                           random_tensor(f->scale, device, groups, N, 2),
                           random_tensor(U8, device, f->zeros ? groups : 0, N, 3), perm};
    shim_tensor packed = must_call(pack_call, parts, 4, f->group);
    for (int n = 0; n < 4; n++) delete(parts[n]);
    assert_int_equal(packed->device, device);
    return packed;
}

/* x, packed and bias of a product. A 16-bit bias, which the operator converts, is nothing that the stand-in
 * can capture. */
struct product {
    shim_tensor in[3];
};

static struct product make(const struct format *f, int32_t device, int64_t M) {
    struct product p = {{random_tensor(f->act, device, M, K, 4), pack_format(f, device),
                         random_tensor(replayed ? F32 : f->scale, device, 1, f->bias ? N : 0, 5)}};
    if (f->bias) p.in[2]->dim = 1, p.in[2]->sizes[0] = N, p.in[2]->strides[0] = 1;
    return p;
}
static void end(struct product *p) {
    for (int n = 0; n < 3; n++) delete(p->in[n]);
}

static void read_out(shim_tensor out, uint16_t *to) {
    if (out->device == CUDA) OK(hipStreamSynchronize(current_stream));
    OK(hipMemcpy(to, out->data, (size_t)numel_of(out) * 2, DEFAULT));
}

/* The bits of host tensors on the simulated card. */
static void expect(const struct format *f, int64_t M, uint16_t *to) {
    struct product p = make(f, CPU, M);
    shim_tensor out = must_call(linear_call, p.in, 3, 0);
    memcpy(to, out->data, (size_t)numel_of(out) * 2);
    delete(out), end(&p);
}

/* ---- tests --------------------------------------------------------------------------------------------- */

static int start(void **state) {
    (void)state;
    atomic_store(&arena_used, 0);
    return alive;
}
static int nothing_alive(void **state) {
    (void)state;
    return alive;
}

static void test_same_bits(void **state) {
    (void)state;
    static uint16_t expected[M_MAX * N], found[M_MAX * N];
    static const int64_t rows[] = {1, 5, 16, M_MAX};
    for (int f = 0; f < FORMATS; f++)
        for (size_t m = 0; m < sizeof rows / sizeof rows[0]; m++) {
            expect(&formats[f], rows[m], expected);
            struct product p = make(&formats[f], CUDA, rows[m]);
            shim_tensor out = run_operator(linear_call, p.in, 3, NULL, 0, NULL);
            assert_true(out->device == CUDA && out->sizes[0] == rows[m] && out->sizes[1] == N);
            read_out(out, found);
            assert_memory_equal(found, expected, (size_t)rows[m] * N * 2);
            delete(out), end(&p);
        }
}

/* Five experts, two per token, with a bias; out is [2 * M][N], or with gates [M][N]. */
static void run_experts(int32_t device, int64_t M, int gated, uint16_t *to) {
    enum { EXPERTS = 5, TOP_K = 2 };
    shim_tensor parts[] = {
        random_tensor(I32, device, EXPERTS * K / 8, N, 1), random_tensor(F16, device, EXPERTS * K / 64, N, 2),
        random_tensor(U8, device, EXPERTS * K / 64, N, 3), random_tensor(BF16, device, EXPERTS, N, 4)};
    for (int n = 0; n < 3; n++) {
        shim_tensor t = parts[n];
        t->dim = 3, t->sizes[2] = N, t->sizes[1] = t->sizes[0] / EXPERTS, t->sizes[0] = EXPERTS;
    }
    const int64_t sizes[] = {M, TOP_K};
    shim_tensor host = new_tensor(I32, CPU, 2, sizes), ids = new_tensor(I32, device, 2, sizes);
    for (int32_t n = 0; n < M * TOP_K; n++) ((int32_t *)host->data)[n] = (n * 3 + n / TOP_K) % EXPERTS;
    copy(ids, host, 0);
    shim_tensor x = random_tensor(F16, device, gated ? M * TOP_K : M, K, 5);
    shim_tensor gates = random_tensor(F32, device, gated ? M : 0, TOP_K, 6);
    shim_tensor packed = must_call(pack_experts_call, parts, 4, 64);
    const shim_tensor in[] = {x, packed, ids, gates};
    shim_tensor out = run_operator(experts_call, in, 4, NULL, 0, NULL);
    assert_true(out->device == device && out->sizes[0] == (gated ? M : M * TOP_K) && out->sizes[1] == N);
    read_out(out, to);
    for (int n = 0; n < 4; n++) delete(parts[n]), delete(in[n]);
    delete(host), delete(out);
}

static void test_experts(void **state) {
    (void)state;
    static uint16_t expected[2 * M_MAX * N], found[2 * M_MAX * N];
    static const int64_t rows[] = {1, 7, M_MAX};
    for (size_t m = 0; m < sizeof rows / sizeof rows[0]; m++)
        for (int gated = 0; gated < 2; gated++) {
            run_experts(CPU, rows[m], gated, expected);
            run_experts(CUDA, rows[m], gated, found);
            assert_memory_equal(found, expected, (size_t)(gated ? rows[m] : 2 * rows[m]) * N * 2);
        }
}

/* [sizes] of int32 on a device. */
static shim_tensor numbers(int32_t device, int64_t count, const int32_t *values) {
    shim_tensor host = new_tensor(I32, CPU, 1, &count), there = new_tensor(I32, device, 1, &count);
    memcpy(host->data, values, (size_t)count * 4);
    copy(there, host, 0);
    delete(host);
    return there;
}

static void shuffle(shim_tensor q, shim_tensor order) {
    const shim_tensor in[] = {q, order};
    const int64_t bit = 4;
    shim_tensor none;
    w4a16_error error;
    if (call_with(gptq_shuffle_call, in, 2, &bit, 1, &none, &error) != W4A16_OK)
        fail_msg("%s", error.message);
    assert_null(none);
}

/* Packed in place on the device, with an order of features, in vLLM's form. */
static void run_gptq(int32_t device, int64_t M, uint16_t *to) {
    static int32_t order[K];
    for (int32_t k = 0; k < K; k++) order[k] = (k * 37 + 11) % K;
    const shim_tensor in[] = {random_tensor(F16, device, M, K, 1), random_tensor(I32, device, K / 8, N, 2),
                              random_tensor(I32, device, K / 64, N / 8, 3),
                              random_tensor(F16, device, K / 64, N, 4), numbers(device, K, order)};
    shuffle(in[1], in[4]);
    const int64_t v2 = 0;
    shim_tensor out = run_operator(gptq_gemm_call, in, 5, &v2, 1, NULL);
    assert_true(out->device == device && out->sizes[0] == M && out->sizes[1] == N);
    read_out(out, to);
    for (int n = 0; n < 5; n++) delete(in[n]);
    delete(out);
}

/* Three experts, one per token, blocks of one slot, weighted; written into c. */
static void run_moe(int32_t device, int64_t M, uint16_t *to) {
    enum { EXPERTS = 3 };
    static int32_t sorted[M_MAX], experts[M_MAX];
    const int32_t used = (int32_t)M, nothing[] = {0};
    for (int32_t n = 0; n < M; n++) sorted[n] = (int32_t)M - 1 - n, experts[n] = n % EXPERTS;
    const int64_t choice[] = {1, 1, 1, 0};
    const shim_tensor in[] = {random_tensor(BF16, device, M, K, 1),
                              random_tensor(BF16, device, M, N, 9),
                              random_tensor(I32, device, EXPERTS * K / 8, N, 2),
                              random_tensor(BF16, device, EXPERTS * K / 64, N, 4),
                              random_tensor(I32, device, EXPERTS * K / 64, N / 8, 3),
                              random_tensor(F32, device, M, 1, 6),
                              numbers(device, M, sorted),
                              numbers(device, M, experts),
                              numbers(device, 1, &used)};
    for (int n = 2; n < 5; n++) {
        shim_tensor t = in[n];
        t->dim = 3, t->sizes[2] = t->sizes[1], t->sizes[1] = t->sizes[0] / EXPERTS, t->sizes[0] = EXPERTS;
    }
    shim_tensor none = numbers(CPU, 0, nothing);
    shuffle(in[2], none);
    assert_null(run_operator(moe_gptq_gemm_call, in, 9, choice, 4, in[1]));
    read_out(in[1], to);
    for (int n = 0; n < 9; n++) delete(in[n]);
    delete(none);
}

static void test_gptq(void **state) {
    (void)state;
    static uint16_t expected[M_MAX * N], found[M_MAX * N];
    static const int64_t rows[] = {1, 7, M_MAX};
    for (size_t m = 0; m < sizeof rows / sizeof rows[0]; m++) {
        run_gptq(CPU, rows[m], expected);
        run_gptq(CUDA, rows[m], found);
        assert_memory_equal(found, expected, (size_t)rows[m] * N * 2);
        run_moe(CPU, rows[m], expected);
        run_moe(CUDA, rows[m], found);
        assert_memory_equal(found, expected, (size_t)rows[m] * N * 2);
    }
}

/* Replays of every operator give the bits of calls. */
static void test_capture(void **state) {
    replayed = 1;
    test_same_bits(state);
    test_experts(state);
    test_gptq(state);
    replayed = 0;
}

struct worker {
    const struct format *format;
    uint16_t expected[16 * N];
    int wrong;
};

static void *work(void *argument) {
    struct worker *w = argument;
    uint16_t found[16 * N];
    hipStreamCreateWithFlags(&current_stream, 1);
    struct product p = make(w->format, CUDA, 16);
    for (int round = 0; round < 10; round++) {
        shim_tensor out = must_call(linear_call, p.in, 3, 0);
        read_out(out, found);
        w->wrong |= memcmp(found, w->expected, sizeof found) != 0;
        delete(out);
    }
    end(&p);
    hipStreamDestroy(current_stream);
    current_stream = NULL;
    return NULL;
}

static void test_two_streams(void **state) {
    (void)state;
    static struct worker workers[2];
    pthread_t thread;
    for (int n = 0; n < 2; n++) {
        workers[n].format = &formats[1 + n];
        expect(&formats[1 + n], 16, workers[n].expected);
    }
    assert_int_equal(pthread_create(&thread, NULL, work, &workers[0]), 0);
    work(&workers[1]);
    pthread_join(thread, NULL);
    assert_false(workers[0].wrong || workers[1].wrong);
}

/* What the runtime says reaches the caller, and no tensor stays behind. */
static void test_failing_launch(void **state) {
    (void)state;
    w4a16_error error;
    struct product p = make(&formats[0], CUDA, 2);
    setenv("RDNASIM_HIP_FAIL", "hipModuleLaunchKernel:1=hipErrorUnknown", 1);
    assert_null(call(linear_call, p.in, 3, 0, &error));
    unsetenv("RDNASIM_HIP_FAIL");
    assert_non_null(strstr(error.message, "hipModuleLaunchKernel failed with hipErrorUnknown (999)"));
    delete(must_call(linear_call, p.in, 3, 0));
    end(&p);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    setenv("W4A16_DEVICE", "sim", 1);
    setenv("W4A16_HIP_LIBRARY", argv[1], 1);
    open_front(argv[1]);
    install();
    if (hipMalloc((void **)&arena, ARENA)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_bits, start, nothing_alive),
        cmocka_unit_test_setup_teardown(test_experts, start, nothing_alive),
        cmocka_unit_test_setup_teardown(test_gptq, start, nothing_alive),
        cmocka_unit_test_setup_teardown(test_capture, start, nothing_alive),
        cmocka_unit_test_setup_teardown(test_two_streams, start, nothing_alive),
        cmocka_unit_test_setup_teardown(test_failing_launch, start, nothing_alive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
