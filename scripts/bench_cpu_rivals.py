# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Times 4-bit products of several libraries with the same weights; run by bench-cpu-rivals.sh.

Weights are symmetric: w[k, n] = scale * (q - 8), scales fp16 and nearly powers of two, so that every library can hold them as
it likes. A rival is a class with a name, and a method that makes a function of (copy, activations as fp32) for so many copies
of the weights.
"""
import argparse
import ctypes
import glob
import json
import os
import subprocess
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--w4a16", required=True)
    parser.add_argument("--n", type=int, default=4096)
    parser.add_argument("--k", type=int, default=4096)
    parser.add_argument("--m", default="1,2,8,128")
    parser.add_argument("--group-size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--processor-time", action="store_true", help="with --threads 1: the thread's own time")
    parser.add_argument("--seconds", type=float, default=0.5)
    chosen = parser.parse_args()
    if chosen.processor_time and chosen.threads != 1:
        parser.error("--processor-time: accepted with --threads 1, whose time it is")
    return chosen


o = arguments()
os.environ["OMP_NUM_THREADS"] = str(o.threads)  # before a library reads it
import numpy as np  # noqa: E402


def largest_cache():
    """Bytes, as the kernel states them: "307200K"."""
    sizes = glob.glob("/sys/devices/system/cpu/cpu0/cache/index*/size")
    return max((int(open(path).read().strip().rstrip("K")) << 10 for path in sizes), default=0)


COLD_BYTES = max(256 << 20, 2 * largest_cache())  # copies of weights that follow each other, as `w4a16 bench` has them


class Weights:
    def __init__(self, n, k, group):
        draw = np.random.default_rng(1)
        self.n, self.k, self.group = n, k, group
        self.q = draw.integers(0, 16, (n, k), dtype=np.uint8)
        self.scale = (2.0 ** -7 * (1 + draw.integers(0, 8, (n, k // group)) / 8)).astype(np.float32)
        self.exact = (self.q.astype(np.float32) - 8) * np.repeat(self.scale, group, 1)  # [n, k]


def q4_0(w):
    """llama.cpp's blocks of 32: an fp16 scale, then K 0..15 in the low and 16..31 in the high nibbles of 16 bytes."""
    q = w.q.reshape(w.n, -1, 32)
    scale = np.repeat(w.scale, w.group // 32, 1).astype(np.float16)[..., None].view(np.uint8)
    return np.ascontiguousarray(np.concatenate([scale, q[..., :16] | q[..., 16:] << 4], -1))


class Ggml:
    name = "llama.cpp Q4_0 (activations as int8)"

    def make(self, w, copies):
        import xllamacpp

        lib = ctypes.CDLL(os.path.join(os.path.dirname(xllamacpp.__file__), "xllamacpp.abi3.so"))
        pointer, size = ctypes.c_void_p, ctypes.c_size_t

        class Init(ctypes.Structure):
            _fields_ = [("bytes", size), ("memory", pointer), ("no_alloc", ctypes.c_bool)]

        def function(name, result, *types):
            f = getattr(lib, name)
            f.restype, f.argtypes = result, list(types)
            return f

        log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, pointer)
        self.silence = log(lambda level, text, data: None)  # kept for as long as it may be called
        function("ggml_log_set", None, log, pointer)(self.silence, None)
        init = function("ggml_init", pointer, Init)
        tensor = function("ggml_new_tensor_2d", pointer, pointer, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        put = function("ggml_backend_tensor_set", None, pointer, pointer, size, size)
        get = function("ggml_backend_tensor_get", None, pointer, pointer, size, size)
        place = function("ggml_backend_alloc_ctx_tensors_from_buft", pointer, pointer, pointer)
        multiply = function("ggml_mul_mat", pointer, pointer, pointer, pointer)
        new_graph = function("ggml_new_graph", pointer, pointer)
        expand = function("ggml_build_forward_expand", None, pointer, pointer)
        compute = function("ggml_backend_graph_compute", ctypes.c_int, pointer, pointer)
        backend = function("ggml_backend_cpu_init", pointer)()
        function("ggml_backend_cpu_set_n_threads", None, pointer, ctypes.c_int)(backend, o.threads)
        plain = function("ggml_backend_cpu_buffer_type", pointer)()
        device = function("ggml_backend_dev_by_type", pointer, ctypes.c_int)(0)
        registry = function("ggml_backend_dev_backend_reg", pointer, pointer)(device)
        address = function("ggml_backend_reg_get_proc_address", pointer, pointer, ctypes.c_char_p)(
            registry, b"ggml_backend_dev_get_extra_bufts")
        types = ctypes.CFUNCTYPE(ctypes.POINTER(pointer), pointer)(address)(device)
        type_name = function("ggml_backend_buft_name", ctypes.c_char_p, pointer)
        n = 0
        while types[n] and type_name(types[n]) != b"CPU_REPACK":
            n += 1
        F32, Q4_0 = 0, 2
        holder = init(Init(1 << 20, None, True))
        weights = [tensor(holder, Q4_0, w.k, w.n) for _ in range(copies)]
        if not place(holder, types[n] or plain):
            raise MemoryError("no memory for weights")
        data = q4_0(w)
        for t in weights:
            put(t, data.ctypes.data, 0, data.nbytes)
        graphs = {}

        def run(copy, a):
            m = a.shape[0]
            if m not in graphs:
                context = init(Init(64 << 20, None, True))
                x = tensor(context, F32, w.k, m)
                products = [multiply(context, t, x) for t in weights]
                made = []
                for product in products:
                    made.append(new_graph(context))
                    expand(made[-1], product)
                if not place(context, plain):
                    raise MemoryError("no memory for activations")
                graphs[m] = x, products, made
            x, products, made = graphs[m]
            if copy is None:  # the checked run: everything in and out
                a = np.ascontiguousarray(a, np.float32)
                put(x, a.ctypes.data, 0, a.nbytes)
                compute(backend, made[-1])
                out = np.empty((m, w.n), np.float32)
                get(products[-1], out.ctypes.data, 0, out.nbytes)
                return out
            compute(backend, made[copy])
            return None

        return run


class Torch:
    """What they share: copies of the weights, and activations converted before the clock runs."""

    def make(self, w, copies):
        import torch

        torch.set_num_threads(o.threads)
        weights = [self.weights(torch, w) for _ in range(copies)]
        held = {}

        def run(copy, a):
            if copy is None:
                held["a"] = torch.from_numpy(np.ascontiguousarray(a, np.float32)).to(self.type(torch))
                return self.multiply(torch, w, held["a"], weights[-1]).float().numpy()
            self.multiply(torch, w, held["a"], weights[copy])
            return None

        return run

    def type(self, torch):
        return torch.bfloat16


class TorchInt4(Torch):
    name = "torch int4, bf16"

    def weights(self, torch, w):
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(torch.from_numpy(w.q.astype(np.int32)), 1)
        scale = torch.from_numpy(np.ascontiguousarray(w.scale.T))
        return packed, torch.stack([scale, torch.zeros_like(scale)], -1).to(torch.bfloat16)

    def multiply(self, torch, w, a, weights):
        return torch.ops.aten._weight_int4pack_mm_for_cpu(a, weights[0], w.group, weights[1])


class TorchDense(Torch):
    name = "torch dense bf16"

    def weights(self, torch, w):
        return torch.from_numpy(w.exact).to(torch.bfloat16)

    def multiply(self, torch, w, a, weights):
        return torch.nn.functional.linear(a, weights)


class AutoRound(Torch):
    name = "auto-round-lib, fp32"

    def type(self, torch):
        return torch.float32

    def weights(self, torch, w):
        import auto_round_kernel as ark

        q = torch.from_numpy((w.q.astype(np.int8) - 8).T.copy())
        scale = torch.from_numpy(np.ascontiguousarray(w.scale.T))
        return ark.repack_quantized_weight(q, scale, torch.empty(0, dtype=torch.int8), w.group, "auto", "int4", "fp32", False)

    def multiply(self, torch, w, a, weights):
        import auto_round_kernel as ark

        return ark.woqgemm(a, weights, torch.empty(0), w.n, w.k, w.group, "auto", "int4", "fp32", False)


class Onnx:
    def make(self, w, copies):
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper

        q = w.q.reshape(w.n, -1, w.group)
        weights = [numpy_helper.from_array(q[..., 0::2] | q[..., 1::2] << 4, "b"),
                   numpy_helper.from_array(w.scale.reshape(-1), "s")]
        node = helper.make_node("MatMulNBits", ["a", "b", "s"], ["y"], domain="com.microsoft", K=w.k, N=w.n, bits=4,
                                block_size=w.group, accuracy_level=self.level)
        graph = helper.make_graph([node], "product", [helper.make_tensor_value_info("a", TensorProto.FLOAT, ["m", w.k])],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m", w.n])], weights)
        model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17),
                                                                      helper.make_opsetid("com.microsoft", 1)])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = o.threads
        text = model.SerializeToString()
        sessions = [onnxruntime.InferenceSession(text, options, ["CPUExecutionProvider"]) for _ in range(copies)]
        held = {}

        def run(copy, a):
            if copy is None:
                held["a"] = {"a": np.ascontiguousarray(a, np.float32)}
                return sessions[-1].run(None, held["a"])[0]
            sessions[copy].run(None, held["a"])
            return None

        return run


class OnnxFp32(Onnx):
    name, level = "onnxruntime MatMulNBits, fp32", 1


class OnnxInt8(Onnx):
    name, level = "onnxruntime, activations as int8", 4


def relative_error(out, exact):
    return float(np.sqrt(np.sum((out - exact) ** 2) / np.sum(exact ** 2)))


def timed(run, copies):
    """The least and the median of a call's seconds."""
    clock = time.thread_time if o.processor_time else time.perf_counter
    taken, n, end = [], 0, time.perf_counter() + o.seconds
    while n < 5 or time.perf_counter() < end:
        start = clock()
        run(n % copies, None)
        taken.append(clock() - start)
        n += 1
    return min(taken), sorted(taken)[n // 2]


def row(name, m, least, median, error):
    speed = o.n * o.k / 2 * (1 + 4 / o.group_size) / least / 1e9
    rate = 2 * m * o.n * o.k / least / 1e9
    print(f"| {name:<36} | {m:>4} | {1e6 * least:>9.1f} | {1e6 * median:>9.1f} | {speed:>5.1f} | {rate:>6.1f} | {error:.1e} |",
          flush=True)


def failed(name, why):
    print(f"| {name:<36} | {' '.join(str(why).split())[:54]:<54} |", flush=True)


def ours(ms):
    command = [o.w4a16, "bench", "--json", "--n", o.n, "--k", o.k, "--m", o.m, "--group-size", o.group_size, "--threads",
               o.threads, "--time", int(1000 * o.seconds)] + ["--processor-time"] * o.processor_time
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        failed("w4a16", done.stderr)
        return
    for r in json.loads(done.stdout)["rows"]:
        row(f"w4a16 {r['type']} ({r['kernel'].removeprefix('cpu_linear_')})", r["m"], 1e-6 * r["least_us"],
            1e-6 * r["median_us"], r["relative_error"])


def main():
    ms = [int(m) for m in o.m.split(",")]
    print(f"N = {o.n}, K = {o.k}, groups of {o.group_size}, {o.threads} thread{'s' * (o.threads > 1)}, cold weights; GB/s: of "
          f"4-bit weights and scales; error: root mean square, relative\n")
    print(f"| {'':<36} |    M |    min us | median us |  GB/s | GFLOPS | error   |")
    print(f"| {'-' * 36} | ---: | --------: | --------: | ----: | -----: | ------- |")
    ours(ms)
    w = Weights(o.n, o.k, o.group_size)
    a = np.random.default_rng(2).standard_normal((max(ms), o.k)).astype(np.float32)
    a = (a.view(np.uint32) & 0xffff0000).view(np.float32)  # bf16, and so exact for all
    exact = a.astype(np.float64) @ w.exact.T.astype(np.float64)
    for rival in (Ggml(), TorchInt4(), OnnxFp32(), OnnxInt8(), AutoRound(), TorchDense()):
        size = o.n * o.k * (2 if isinstance(rival, TorchDense) else 0.5)
        copies = int(COLD_BYTES // size) + 2
        try:
            run = rival.make(w, copies)
            for m in ms:
                error = relative_error(run(None, a[:m]), exact[:m])
                if not error < 0.05:
                    failed(rival.name, f"M = {m}: wrong, error {error:.2g}: not timed")
                    continue
                row(rival.name, m, *timed(lambda copy, _: run(copy, a[:m]), copies), error)
        except Exception as problem:  # whatever a rival fails with is its row
            failed(rival.name, repr(problem))


main()
