#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes the seed corpus of every fuzz target: small, sound inputs from which mutations get deep.

make_seeds.py OUT CODE_OBJECT...
"""
import json
import os
import shutil
import struct
import sys

if len(sys.argv) < 2 or any(argument.startswith("-") for argument in sys.argv[1:]):
    sys.exit(__doc__.strip().splitlines()[-1])
out = sys.argv[1]


def seed(target, name, data):
    os.makedirs(f"{out}/{target}", exist_ok=True)
    with open(f"{out}/{target}/{name}", "wb") as file:
        file.write(data)


def header(tensors, metadata=None):
    """The JSON of [(name, dtype, shape, bytes)] laid out one after the other."""
    entries = {"__metadata__": metadata} if metadata else {}
    at = 0
    for name, dtype, shape, data in tensors:
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    return json.dumps(entries, separators=(",", ":")).encode(), at


def layer(K, N, group_size, scale_type, g_idx=None, bias=None):
    G = K // group_size
    one = b"\x00\x3c" if scale_type == "F16" else b"\x80\x3f"
    tensors = [("l.qweight", "I32", [K // 8, N], bytes(range(256)) * (K * N // 512)),
               ("l.qzeros", "I32", [G, N // 8], b"\x77\x86" * (G * N // 4)),
               ("l.scales", scale_type, [G, N], one * (G * N))]
    if g_idx:
        tensors.append(("l.g_idx", "I32", [K], struct.pack(f"<{K}i", *g_idx)))
    if bias:
        tensors.append(("l.bias", bias, [N], bytes(N * (4 if bias == "F32" else 2))))
    return tensors


def checkpoint(version, group_size, tensors):
    text, _ = header(tensors)
    data = b"".join(data for *_, data in tensors)
    return struct.pack("<Bb", version, group_size) + struct.pack("<Q", len(text)) + text + data


mixed = [0, 1] * 32
seed("checkpoint", "v1", checkpoint(1, 32, layer(64, 8, 32, "F16")))
seed("checkpoint", "v2_order", checkpoint(2, 32, layer(64, 8, 32, "BF16", g_idx=mixed)))
seed("checkpoint", "v1_bias", checkpoint(1, 64, layer(64, 8, 64, "F16", g_idx=[0] * 64, bias="F32")))
seed("checkpoint", "v2_one_group", checkpoint(2, 0, layer(64, 8, 64, "F16", bias="F16")))

K, N, G = 64, 8, 2
awq = [("l.qweight", "I32", [K, N // 8], bytes(range(256)) * (K * N // 512)),
       ("l.qzeros", "I32", [G, N // 8], b"\x88\x79" * (G * N // 4)), ("l.scales", "F16", [G, N], b"\x00\x3c" * (G * N)),
       ("l.bias", "F16", [N], bytes(2 * N))]
seed("checkpoint", "awq", checkpoint(2, 32, awq))
packed = [("l.weight_packed", "I32", [N, K // 8], bytes(range(256)) * (K * N // 512)),
          ("l.weight_scale", "BF16", [N, G], b"\x80\x3f" * (G * N)),
          ("l.weight_shape", "I64", [2], struct.pack("<qq", N, K))]
zeros = [("l.weight_zero_point", "I32", [N // 8, G], b"\x88\x79" * (G * N // 4))]
order = [("l.weight_g_idx", "I32", [K], struct.pack(f"<{K}i", *mixed))]
seed("checkpoint", "ct_symmetric", checkpoint(5, 32, packed))
seed("checkpoint", "ct_asymmetric", checkpoint(4, 32, packed + zeros + order))

quark = [("l.weight", *awq[0][1:]), ("l.weight_zero_point", *awq[1][1:]), ("l.weight_scale", *awq[2][1:])]
seed("checkpoint", "quark", checkpoint(6, 32, quark))
stack = [("e.up_packed", "I32", [2, N, K // 8], bytes(range(256)) * 2), ("e.up_scale", "BF16", [2, N, G], b"\x80\x3f" * 32),
         ("e.up_shape", "I64", [3], struct.pack("<qqq", 2, N, K)), ("e.down_packed", "U8", [0, 4], b"")]
seed("checkpoint", "stack", checkpoint(5, 32, stack))

statistics = [("l.inputs", "I32", [1], struct.pack("<i", 2)), ("inputs.2.energy", "F32", [4], struct.pack("<4f", 1, 2, 0, 1)),
              ("inputs.2.feedback", "F16", [4, 4], b"\x00\x3c\x00\xb8" * 8)]
seed("calibration", "layer", b"\4" + checkpoint(0, 0, statistics)[2:])
seed("calibration", "other", b"\5" + checkpoint(0, 0, statistics)[2:])

for name, tensors in {
        "layer": layer(64, 8, 32, "F16", g_idx=mixed, bias="BF16"),
        "scalar_and_empty": [("scalar", "F32", [], bytes(4)), ("empty", "F64", [3, 0, 2], b"")],
        "types": [(t, t, [2], bytes(n)) for t, n in [("BOOL", 2), ("F4", 1), ("I64", 16), ("C64", 16)]],
        "unknown_type": [("x", "F8_NEW", [5], bytes(7))],
        "none": [],
}.items():
    text, size = header(tensors, {"format": "pt"})
    seed("safetensors", name, struct.pack("<I", size) + b" " + text + b"  ")



def gguf(keys, tensors, data):
    """A GGUF file of keys (name, type's number, bytes of the value) and tensors (name, dims, type's number, offset)."""
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    head += b"".join(text(name) + struct.pack("<I", kind) + value for name, kind, value in keys)
    for name, dims, kind, offset in tensors:
        head += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
    return head + bytes(-len(head) % 32) + data


text = struct.pack("<Q", 5) + b"llama"
keys = [("general.architecture", 8, text), ("llama.block_count", 4, struct.pack("<I", 1)),
        ("llama.attention.head_count", 4, struct.pack("<I", 1)),
        ("l", 9, struct.pack("<IQ", 8, 2) + text + text), ("r", 9, struct.pack("<IQff", 6, 2, 1.0, 2.0))]
q4_0 = gguf(keys, [("blk.0.attn_q.weight", [32, 2], 2, 0), ("output.weight", [32, 1], 3, 64)], b"\0\x3c" + bytes(94))
seed("gguf", "q4_0", q4_0)
seed("checkpoint", "gguf", b"\0\0" + q4_0)
seed("gguf", "types", gguf([], [("a", [256], 12, 0), ("b", [256], 14, 160), ("c", [3, 2], 0, 384)], bytes(416)))
seed("gguf", "none", gguf([], [], b""))

config = {"bits": 4, "group_size": 128, "desc_act": False, "sym": True, "quant_method": "gptq",
          "checkpoint_format": "gptq_v2", "pack_dtype": "int32", "is_marlin_format": False,
          "dynamic": {"+:.*\\.mlp": {"group_size": 64}, "-:lm_head": {}}, "meta": {"damp_percent": 0.01}}
seed("config", "file", json.dumps(config).encode())
seed("config", "section", json.dumps({"quantization_config": {"bits": 4, "group_size": -1}}).encode())
seed("document", "python", b'{"a":[NaN,-Infinity,1e999,-0,2.5e-3],"\\ud83d\\ude00":"\\n","a":null,"quantization_config":{"bits":4}}')
seed("document", "config", json.dumps(config).encode())
seed("config", "aliases", b'{"method":"gptq","format":"gptq","bits":4,"group_size":32,"dynamic":null}')
seed("config", "awq", b'{"quant_method":"awq","w_bit":4,"q_group_size":64,"version":"GEMM","zero_point":true}')
scheme = {"targets": ["re:.*q_proj$", "Linear"], "input_activations": None, "format": "pack-quantized",
          "weights": {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": 32}}
seed("config", "ct", json.dumps({"quantization_config": {
    "quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"a": scheme}}}).encode())
seed("config", "auto_round", b'{"quantization_config":{"quant_method":"auto-round","packing_format":"auto_round:auto_awq",'
     b'"bits":4,"group_size":32,"sym":true,"extra_config":{".*q_proj.*":{"bits":8},"lm_head":{"bits":16}}}}')
weight = {"dtype": "int4", "qscheme": "per_group", "group_size": 32, "symmetric": True}
seed("config", "quark", json.dumps({"quantization_config": {
    "quant_method": "quark", "export": {"pack_method": "reorder"}, "global_quant_config": {"weight": weight},
    "layer_quant_config": {"*[!a]_proj": {"weight": weight}}}}).encode())
seed("config", "inside", b'{"text_config":{"compression_config":{"bits":4,"group_size":32}},"llm_config":{}}')


def npy(version, descr, shape, size):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + b"\n" + bytes(size)


def compressed_bundle(version, data):
    """"CCOB", and a zstd frame of one raw block."""
    frame = struct.pack("<IBB", 0xFD2FB528, 0x20, len(data)) + (len(data) << 3 | 1).to_bytes(3, "little") + data
    field = "Q" if version == 3 else "I"
    total = 16 + 2 * struct.calcsize(field) + len(frame)
    sizes = ([total] if version > 1 else []) + [len(data)]
    return b"CCOB" + struct.pack("<HH", version, 1) + struct.pack(f"<{len(sizes)}{field}", *sizes) + bytes(8) + frame


for version in 1, 2, 3:
    seed("compressed", f"v{version}", compressed_bundle(version, b"__CLANG_OFFLOAD_BUNDLE__" + bytes(8)))
seed("npy", "f2", npy(1, "<f2", "(2, 8)", 32))
seed("npy", "f4", npy(2, "<f4", "(8,)", 32))
seed("npy", "bf16", npy(1, "<u2", "(1, 4)", 8))
seed("npy", "raw", npy(1, "|V2", "(4, 1)", 8))

for path in sys.argv[2:]:
    name = os.path.basename(path)
    os.makedirs(f"{out}/object", exist_ok=True)
    shutil.copy(path, f"{out}/object/{name}")
    with open(path, "rb") as file:
        elf = file.read()
    # The executable segment's bytes are instructions, mostly; short pieces keep the fuzzer fast.
    (first,), (entry_size, entries) = struct.unpack_from("<Q", elf, 32), struct.unpack_from("<HH", elf, 54)
    for i in range(entries):
        kind, flags, offset, _, _, size = struct.unpack_from("<IIQQQQ", elf, first + i * entry_size)
        if kind == 1 and flags & 1:
            for at in range(0, min(size, 8192), 64):
                seed("instruction", f"{name}.{at}", elf[offset + at:offset + min(at + 64, size)])

# Indices into the table of fuzz_problem.c: flags, M, N, K, group size, experts, top_k, combine, places, lda, ldo, sorted
# block and count, zero offset.
for name, fields in {
        "dense": [1, 6, 20, 20, 14],
        "asymmetric_order": [2 | 4 | 32, 14, 16, 16, 12],
        "one_group": [1 | 64 | 128, 1, 9, 20],
        "staged_edge": [1 | 2, 28, 9, 9, 9],
        "experts": [1, 12, 20, 20, 9, 12, 3],
        "combined": [0, 12, 20, 20, 9, 6, 2, 1],
        "sorted": [0 | 8, 6, 20, 20, 9, 5, 2, 0, 0, 0, 0, 6, 15, 1],
        "places": [2, 6, 20, 14, 9, 0, 0, 0, 15],
        "strides": [1, 8, 20, 20, 14, 0, 0, 0, 0, 30, 30],
}.items():
    seed("problem", name, bytes(fields))


def instruction(pc, op, t, exec=None):
    return {"pc": pc, "op": op, "t": t, "exec": exec}


trace = {
    "target": "gfx1100", "kernel": {"name": "k"}, "simd": 0, "launch_regs": {"COMPUTE_NUM_THREAD_X": 64}, "shader_clock_hz": 3e9,
    "program": [[0, "F4040000 F8000000", "s_load_b64"], [8, "BF89FC07", "s_waitcnt"], [12, "DC520000 05000001", "global_load_b32"],
                [20, "D8340000 00000302", "ds_store_b32"], [28, "BF830001", "s_sleep"], [32, "BFBD0000", "s_barrier"],
                [36, "BFA1FFF9", "s_cbranch_scc0"], [40, "BFB00000", "s_endpgm"]],
    "waves": [{"wave": w, "start": 100 + w, "wgp_sel": 0, "insts": [
        instruction(0, "SMEM_RD", 300, 304), instruction(8, "IMMEDIATE", 800), instruction(12, "SGMEM_RD_2", 801, 804),
        instruction(20, "LDS_WR_2", 802, 806), instruction(28, "IMMEDIATE", 896), instruction(32, "BARRIER", 897 + w),
        instruction(36, "JUMP_NO", 920), instruction(40, None, 923)]} for w in range(2)],
    "other_waves": [{"simd": 2, "wgp_sel": 0, "start": 102}], "other_simd_mem_ops": [[801, "OTHER_LDS_2"]]}
seed("capture", "small", json.dumps(trace).encode())
