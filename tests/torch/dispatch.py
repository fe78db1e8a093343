# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Host time of one call of torch.ops.w4a16.linear, beside PyTorch's own operators. No test; one pinned core.

    PYTHONPATH=python W4A16_LIBRARY=build/release/torch/libw4a16_torch.so taskset -c 1 python3 tests/torch/dispatch.py

Without rows (M = 0) everything but the kernel happens: checks, look-up of the plan, output. Each figure is the least
of 40 rounds of 5,000 calls, in the thread's own CPU time.
"""

import time

import torch

import w4a16.ops  # noqa: F401

N = K = 32


def microseconds(call):
    times = []
    for _ in range(40):
        start = time.thread_time()
        for _ in range(5000):
            call()
        times.append((time.thread_time() - start) / 5000 * 1e6)
    return min(times)


def main():
    torch.set_num_threads(1)
    none, q = torch.empty(0), torch.zeros(K // 8, N, dtype=torch.int32)
    packed = torch.ops.w4a16.pack(q, torch.ones(1, N).half(), none.to(torch.uint8), none.to(torch.int32), -1)
    linear, bias = torch.ops.w4a16.linear.default, torch.ones(N)
    x, weight = torch.ones(1, K).half(), torch.ones(K, N).half()
    empty, half = x[:0], bias.half()
    gemm = torch.ops.w4a16.gptq_gemm_rdna3.default
    loose = (q, torch.zeros(1, N // 8, dtype=torch.int32), torch.ones(1, N).half(), none.int(), False)
    rows = {
        "aten.empty_like": lambda: torch.ops.aten.empty_like.default(x),
        "aten.mm, M = 1": lambda: torch.ops.aten.mm.default(x, weight),
        "linear, M = 0": lambda: linear(empty, packed, none),
        "linear, M = 0, fp32 bias": lambda: linear(empty, packed, bias),
        "linear, M = 0, fp16 bias": lambda: linear(empty, packed, half),
        "gptq_gemm_rdna3, M = 0": lambda: gemm(empty, *loose),
        "linear, M = 1 on cpu": lambda: linear(x, packed, none),
    }
    with torch.inference_mode():
        for name, call in rows.items():
            print(f"{name:<26} {microseconds(call):6.2f} us")


if __name__ == "__main__":
    main()
