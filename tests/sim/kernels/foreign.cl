/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* OpenCL C as clang compiles it, without its library: every kernel takes (in, out). */
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL EXTENSION cl_khr_fp16 : enable

uint global_id(void) {
    return __builtin_amdgcn_workgroup_id_x() * __builtin_amdgcn_workgroup_size_x() + __builtin_amdgcn_workitem_id_x();
}

/* Stack arrays with computed indices, and a call that is one. */
__attribute__((noinline)) void sort(uint *values, uint count) {
    for (uint n = 1; n < count; n++)
        for (uint k = n; k && values[k - 1] > values[k]; k--) {
            uint kept = values[k];
            values[k] = values[k - 1];
            values[k - 1] = kept;
        }
}
kernel void sorted(global const uint *in, global uint *out) {
    uint values[24], id = global_id();
    for (uint n = 0; n < 24; n++) values[n] = in[(id * 7 + n * 13) % 4096];
    sort(values, 24);
    uint sum = 0;
    for (uint n = 0; n < 24; n++) sum = sum * 31 + values[n];
    out[id] = sum;
}

/* Hidden arguments: sizes that the host never passes. */
kernel void sizes(global const uint *in, global uint *out) {
    uint id = global_id();
    out[id] = __builtin_amdgcn_grid_size_x() * 1000 + __builtin_amdgcn_workgroup_size_x() +
              100 * __builtin_amdgcn_workgroup_size_y() + in[0] * 0;
}

/* A reduction in local memory. */
kernel void reduced(global const uint *in, global uint *out) {
    local volatile uint part[256];
    uint x = __builtin_amdgcn_workitem_id_x(), id = global_id();
    part[x] = in[id];
    for (uint step = 128; step; step >>= 1) {
        __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "workgroup");
        __builtin_amdgcn_s_barrier();
        if (x < step) part[x] += part[x + step];
    }
    __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "workgroup");
    __builtin_amdgcn_s_barrier();
    out[id] = part[0] ^ x;
}

/* Division, doubles, halves, a switch, vectors. */
kernel void numbers(global const uint *in, global uint *out) {
    uint id = global_id(), a = in[id], b = in[id + 1] | 1;
    ulong wide = ((ulong)a << 32 | b) / (b | 0x10000ul), rest = ((ulong)b << 32 | a) % (a | 3ul);
    double d = (double)a / (double)b + (double)(int)b * 0.37;
    half h = (half)(float)(a % 1000) * (half)0.25f + (half)3.0f;
    uint4 v = (uint4)(a, b, a ^ b, a + b) * (uint4)(3, 5, 7, 11);
    uint chosen;
    switch (a % 9) {
    case 0: chosen = a / 7; break;
    case 1: chosen = a * 7; break;
    case 2: chosen = a - 7; break;
    case 3: chosen = a << 3; break;
    case 4: chosen = a >> 3; break;
    case 5: chosen = ~a; break;
    case 6: chosen = a ^ 0x5555; break;
    case 7: chosen = 0 - a; break;
    default: chosen = 17;
    }
    ulong bits = as_ulong(d);
    out[id] = (uint)wide ^ (uint)(rest >> 3) ^ (uint)bits ^ (uint)(bits >> 32) ^ as_ushort(h) ^ v.x ^ v.y ^ v.z ^ v.w ^
              chosen;
}

struct pair {
    uint a;
    ulong b;
    uchar c[5];
};
__attribute__((noinline)) struct pair turned(struct pair p) {
    struct pair q = {(uint)p.b, p.a + ((ulong)p.c[4] << 40), {p.c[4], p.c[3], p.c[2], p.c[1], p.c[0]}};
    return q;
}
kernel void structures(global const uint *in, global uint *out) {
    uint id = global_id(), a = in[id];
    struct pair p = {a, (ulong)a * 0x123456789ul, {a, a >> 8, a >> 16, a >> 24, 9}}, q = turned(turned(turned(p)));
    out[id] = q.a ^ (uint)q.b ^ (uint)(q.b >> 32) ^ q.c[0] << 8 ^ q.c[3];
}
