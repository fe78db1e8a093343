/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A HIP C++ program as its users write them: real headers, <<<>>>, variables, templates, LDS, atomics, math. */
#include <hip/hip_runtime.h>

#include <cmath>
#include <cstdio>
#include <numeric>
#include <vector>

static int passed, failed;
static void count(const char *name, bool right) {
    (right ? passed : failed)++;
    if (!right) printf("FAILED C++ %s: %s\n", name, hipGetErrorName(hipGetLastError()));
}

template <class T> struct Buffer {
    T *data = nullptr;
    size_t count;
    explicit Buffer(const std::vector<T> &values) : count(values.size()) {
        if (hipMalloc(&data, count * sizeof(T)) == hipSuccess)
            (void)hipMemcpy(data, values.data(), count * sizeof(T), hipMemcpyHostToDevice);
    }
    ~Buffer() { (void)hipFree(data); }
    std::vector<T> get() const {
        std::vector<T> out(count);
        (void)hipMemcpy(out.data(), data, count * sizeof(T), hipMemcpyDeviceToHost);
        return out;
    }
};

__constant__ float factor;
__device__ unsigned calls = 3;
__managed__ int total = 40;

template <class T> __global__ void axpy(const T *x, T *y, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    y[i] += T(factor) * x[i];
    atomicAdd(&calls, 1u);
}

template <class T> static bool test_axpy() {
    const int n = 1000;
    std::vector<T> x(n), y(n, T(1));
    std::iota(x.begin(), x.end(), T(0));
    Buffer<T> device_x(x), device_y(y);
    unsigned before = 0, after = 0;
    float value = 3;
    bool right = hipMemcpyToSymbol(HIP_SYMBOL(factor), &value, sizeof value) == hipSuccess &&
                 hipMemcpyFromSymbol(&before, HIP_SYMBOL(calls), sizeof before) == hipSuccess;
    axpy<T><<<(n + 255) / 256, 256>>>(device_x.data, device_y.data, n);
    right = right && hipGetLastError() == hipSuccess &&
            hipMemcpyFromSymbol(&after, HIP_SYMBOL(calls), sizeof after) == hipSuccess && after == before + n;
    std::vector<T> found = device_y.get();
    for (int i = 0; i < n; i++) right = right && found[i] == T(1) + T(3) * x[i];
    return right;
}

__global__ void bump() { atomicAdd(&total, 2); }
static bool test_managed() {
    total = 10;
    bump<<<1, 16>>>();
    return hipDeviceSynchronize() == hipSuccess && total == 42;
}

__global__ void block_sum(const int *in, int *out) {
    extern __shared__ int part[];
    int i = threadIdx.x;
    part[i] = in[blockIdx.x * blockDim.x + i];
    __syncthreads();
    for (int step = blockDim.x / 2; step; step /= 2) {
        if (i < step) part[i] += part[i + step];
        __syncthreads();
    }
    if (!i) out[blockIdx.x] = part[0];
}
static bool test_lds() {
    std::vector<int> in(1024), expected(4);
    for (int i = 0; i < 1024; i++) expected[i / 256] += in[i] = i * 7 - 300;
    Buffer<int> device_in(in), out(std::vector<int>(4));
    block_sum<<<4, 256, 256 * sizeof(int)>>>(device_in.data, out.data);
    return out.get() == expected;
}

__global__ void shuffle(int *out) {
    int v = threadIdx.x;
    for (int step = warpSize / 2; step; step /= 2) v += __shfl_xor(v, step);
    out[threadIdx.x] = v;
}
static bool test_shuffle() {
    Buffer<int> out(std::vector<int>(32));
    shuffle<<<1, 32>>>(out.data);
    return out.get() == std::vector<int>(32, 31 * 16);
}

__global__ void math(const float *x, float *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = expf(sinf(x[i])) + sqrtf(fabsf(x[i])) * log1pf(fabsf(x[i]));
}
static bool test_math() {
    std::vector<float> x(500);
    for (int i = 0; i < 500; i++) x[i] = (i - 250) * 0.37f;
    Buffer<float> device_x(x), out(std::vector<float>(500));
    math<<<2, 256>>>(device_x.data, out.data, 500);
    std::vector<float> found = out.get();
    bool right = true;
    for (int i = 0; i < 500; i++) {
        double expected = std::exp(std::sin(double(x[i]))) + std::sqrt(std::fabs(x[i])) * std::log1p(std::fabs(x[i]));
        right = right && std::fabs(found[i] - expected) <= 1e-5 * (1 + std::fabs(expected));
    }
    return right;
}

struct Shape {
    int rows, columns;
    float scale;
};
__global__ void transpose(const float *in, float *out, Shape s) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < s.columns && y < s.rows) out[x * s.rows + y] = in[y * s.columns + x] * s.scale;
}
static bool test_struct() {
    Shape s = {37, 21, 2};
    std::vector<float> in(s.rows * s.columns);
    std::iota(in.begin(), in.end(), 0.f);
    Buffer<float> device_in(in), out(std::vector<float>(in.size()));
    transpose<<<dim3(3, 5), dim3(8, 8)>>>(device_in.data, out.data, s);
    std::vector<float> found = out.get();
    bool right = true;
    for (int y = 0; y < s.rows; y++)
        for (int x = 0; x < s.columns; x++)
            right = right && found[x * s.rows + y] == in[y * s.columns + x] * 2;
    return right;
}

static bool test_occupancy() {
    int grid = 0, block = 0, groups = 0;
    hipFuncAttributes attributes;
    return hipOccupancyMaxPotentialBlockSize(&grid, &block, math, 0, 0) == hipSuccess && grid > 0 && block % 32 == 0 &&
           hipOccupancyMaxActiveBlocksPerMultiprocessor(&groups, math, block, 0) == hipSuccess && groups > 0 &&
           hipFuncGetAttributes(&attributes, reinterpret_cast<const void *>(math)) == hipSuccess &&
           attributes.maxThreadsPerBlock == 1024;
}

static bool test_graph() {
    hipStream_t stream;
    hipGraph_t graph;
    hipGraphExec_t exec;
    total = 0;
    bool right = hipStreamCreateWithFlags(&stream, hipStreamNonBlocking) == hipSuccess &&
                 hipStreamBeginCapture(stream, hipStreamCaptureModeGlobal) == hipSuccess;
    bump<<<2, 32, 0, stream>>>();
    right = right && hipStreamEndCapture(stream, &graph) == hipSuccess && total == 0 &&
            hipGraphInstantiate(&exec, graph, nullptr, nullptr, 0) == hipSuccess;
    for (int n = 0; n < 3; n++) right = right && hipGraphLaunch(exec, stream) == hipSuccess;
    right = right && hipStreamSynchronize(stream) == hipSuccess && total == 3 * 128;
    return hipGraphExecDestroy(exec) == hipSuccess && hipGraphDestroy(graph) == hipSuccess &&
           hipStreamDestroy(stream) == hipSuccess && right;
}

static bool test_properties() {
    hipDeviceProp_t p;
    return hipGetDeviceProperties(&p, 0) == hipSuccess && p.warpSize == 32 && p.major == 11;
}

/* The last one: after a fault nothing else runs. */
__global__ void wild(int *out) { out[1 << 20] = 1; }
static bool test_fault() {
    Buffer<int> out(std::vector<int>(4));
    wild<<<1, 1>>>(out.data);
    return hipDeviceSynchronize() == hipErrorIllegalAddress;
}

int main() {
    count("axpy<float>", test_axpy<float>());
    count("axpy<double>", test_axpy<double>());
    count("axpy<int>", test_axpy<int>());
    count("managed", test_managed());
    count("lds", test_lds());
    count("shuffle", test_shuffle());
    count("math", test_math());
    count("struct", test_struct());
    count("occupancy", test_occupancy());
    count("graph", test_graph());
    count("properties", test_properties());
    count("fault", test_fault());
    printf("C++: %d passed, %d failed\n", passed, failed);
}
