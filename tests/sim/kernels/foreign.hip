/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* HIP as clang compiles it, without its headers and library: every kernel takes (in, out). */
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
typedef unsigned u32;
typedef unsigned long long u64;
typedef _Float16 half2 __attribute__((ext_vector_type(2)));
typedef _Float16 half16 __attribute__((ext_vector_type(16)));
typedef float float4 __attribute__((ext_vector_type(4)));
typedef float float8 __attribute__((ext_vector_type(8)));

static __device__ u32 global_id() {
    return __builtin_amdgcn_workgroup_id_x() * __builtin_amdgcn_workgroup_size_x() + __builtin_amdgcn_workitem_id_x();
}

/* Recursion: a stack that grows. */
static __device__ __attribute__((noinline)) u32 paths(u32 right, u32 down) {
    volatile u32 local[4] = {right, down, right ^ down, 1};
    if (!local[0] || !local[1]) return local[3];
    return paths(right - 1, down) + paths(right, down - 1);
}
extern "C" __global__ void recursive(const u32 *in, u32 *out) {
    u32 id = global_id();
    out[id] = paths(in[id] % 5, in[id] / 5 % 4);
}

/* Calls through pointers that lanes do not agree on. */
static __device__ __attribute__((noinline)) u32 doubled(u32 a) { return 2 * a; }
static __device__ __attribute__((noinline)) u32 squared(u32 a) { return a * a; }
static __device__ __attribute__((noinline)) u32 inverted(u32 a) { return ~a; }
extern "C" __global__ void indirect(const u32 *in, u32 *out) {
    u32 (*const functions[])(u32) = {doubled, squared, inverted};
    u32 id = global_id();
    out[id] = functions[in[id] % 3](in[id]);
}

/* All work-items add to few places: integers, and floats whose sums are exact. */
extern "C" __global__ void contended(const u32 *in, u32 *out) {
    u32 id = global_id();
    __hip_atomic_fetch_add(&out[in[id] % 4], id, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
    __hip_atomic_fetch_add((float *)&out[4 + in[id] % 4], (float)(id % 64), __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
    __hip_atomic_fetch_max(&out[8 + in[id] % 4], id, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
}

/* Through a buffer descriptor; beyond its 64 words there is zero. */
extern "C" __global__ void buffered(const u32 *in, u32 *out) {
    u32 id = global_id();
    __amdgpu_buffer_rsrc_t from = __builtin_amdgcn_make_buffer_rsrc((void *)in, 0, 256, 0x31004000);
    out[id] = __builtin_amdgcn_raw_buffer_load_b32(from, 4 * id, 0, 0) +
              __builtin_amdgcn_raw_buffer_load_b8(from, id, 0, 0);
}

/* Lanes that look at each other: within rows of 16, so that both wave sizes agree. */
extern "C" __global__ void lanes(const u32 *in, u32 *out) {
    u32 id = global_id(), a = in[id];
    u32 mirrored = (u32)__builtin_amdgcn_update_dpp(0, (int)a, 0x140, 0xf, 0xf, true);
    u32 shifted = (u32)__builtin_amdgcn_update_dpp(5, (int)a, 0x111, 0xf, 0xf, false);
    u32 swapped = (u32)__builtin_amdgcn_ds_swizzle((int)a, 0x041f);
    u32 pulled = (u32)__builtin_amdgcn_ds_bpermute((int)((id ^ 3) % 32 * 4), (int)a);
    out[id] = a ^ mirrored << 1 ^ shifted << 2 ^ swapped << 3 ^ pulled << 4;
}

extern "C" __global__ void dots(const u32 *in, u32 *out) {
    u32 id = global_id(), a = in[id] & 0x03ff03ff, b = in[id + 1] & 0x3c003c00;
    union {
        u32 u;
        half2 h;
    } x, y;
    x.u = a | 0x3c003c00, y.u = b | 0x38003800;
    union {
        float f;
        u32 u;
    } d;
    d.f = __builtin_amdgcn_fdot2(x.h, y.h, 1.0f, false);
    out[id] = d.u ^ (u32)__builtin_amdgcn_sudot4(true, (int)in[id], true, (int)in[id + 1], 7, false);
}

extern "C" __global__ void matrices(const u32 *in, u32 *out) {
    u32 id = global_id(), lane = id % 16;
    half16 a, b;
    for (int k = 0; k < 16; k++) {
        a[k] = (_Float16)(float)(in[lane * 16 + k] % 16);
        b[k] = (_Float16)(float)(in[256 + lane * 16 + k] % 16);
    }
    float sum = 0;
#if __AMDGCN_WAVEFRONT_SIZE == 64 || defined(WAVE64)
    float4 c = {0, 0, 0, 0};
    c = __builtin_amdgcn_wmma_f32_16x16x16_f16_w64(a, b, c);
    for (int n = 0; n < 4; n++) sum += c[n] * (float)(n + 1);
#else
    float8 c = {0, 0, 0, 0, 0, 0, 0, 0};
    c = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, b, c);
    for (int n = 0; n < 8; n++) sum += c[n] * (float)(n + 1);
#endif
    out[id] = (u32)sum;
}
