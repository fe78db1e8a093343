#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Makes files and guest programs that could take for ever, and asks the programs: each answer within 10 s.

hostile.py PART W4A16 RDNASIM STRICT_OBJECT QUOTA    PART: objects, guests, files, checkpoints; QUOTA 0: the default
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

import code_object

LIMIT = 10  # seconds, of the clock or of the processors: other programs may run beside
PATIENCE = 60 * LIMIT  # of the clock, for an answer
part, w4a16, rdnasim, strict_object, quota = sys.argv[1:]
work = tempfile.TemporaryDirectory(prefix="w4a16-hostile-")  # removed at the end
os.chdir(work.name)
failures = 0


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def ask(what, code, sentence, *command):
    """Runs a command: its exit code and a part of what it says are known."""
    global failures
    start, before = time.monotonic(), os.times()
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE)
        text, got = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired:
        text, got = "(no answer)", None
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    seconds = min(time.monotonic() - start, used) if got is not None else PATIENCE
    ok = got == code and sentence in text and seconds < LIMIT
    print(f"{seconds:6.2f} s  {'ok    ' if ok else 'FAILED'}  {what}", flush=True)
    if not ok:
        failures += 1
        print(f"exit code {got}, expected {code} with '{sentence}': {' '.join(command)[:200]}\n{text[:600]}")


# ---- code objects


def objects():
    def info(what, code, sentence, data, verb="info"):
        write("x.hsaco", data)
        ask(what, code, sentence, rdnasim, verb, "x.hsaco")

    names = [f"kernel_with_a_name_of_some_length_{n:06}" for n in range(30000)]
    info("30,000 kernels", 0, names[-1], code_object.build(names))
    info("30,000 kernels with the same code, disassembled", 0, "begins where a kernel above begins",
         code_object.build(names), "disasm")
    info("two kernels of one name", 3, "two kernels are called", code_object.build(names + names[:1]))
    few = names[:2000]
    info("20,000 symbol tables of the same bytes", 0, few[0], code_object.build(few, symbol_tables=20000))
    info("20,000 relocation tables of the same bytes", 3, "relocation",
         code_object.build(few, relocation_tables=20000))
    info("20,000 note segments of the same bytes", 3, "note segments share their bytes",
         code_object.build([], metadata=b"\x80" * 2000000, notes=20000).replace(b"AMDGPU\0\0", b"AMDGPX\0\0"))
    info("names that do not end", 0, few[0], code_object.build(few, string_tail=b"a" * (8 << 20)))
    info("a name of 2 MB", 3, "accepted are at most 16384", code_object.build(["a" * (2 << 20)]))
    info("deep msgpack", 3, "not valid msgpack", code_object.build([], metadata=b"\x91" * 2000000))
    info("many values", 3, "not valid msgpack",
         code_object.build([], metadata=b"\xdd" + struct.pack(">I", 20000000) + bytes(20000000)))
    info("many pairs of values", 3, "not valid msgpack",
         code_object.build([], metadata=b"\xdf" + struct.pack(">I", 8000000) + bytes(16000000)))
    damaged = bytearray(code_object.build(["k"]))
    struct.pack_into("<Q", damaged, 64 + 40, 1 << 40)  # p_memsz of the first segment
    info("a segment of a terabyte in memory", 3, "larger than", bytes(damaged))


# ---- guest programs


def guests():
    def run(what, sentence, *options, kernel="endless_bad"):
        limit = ["--quota", quota] if quota != "0" and "--quota" not in options else []
        ask(what, 1, sentence, rdnasim, "run", strict_object, "--kernel", kernel, "--arg", "zeros:u32[1024]",
            "--arg", "zeros:u32[1024]", *limit, *options)

    run("an endless loop", "rdnasim_options.quota raises it")
    run("an endless loop in strict mode", "quota", "--strict")
    run("an endless loop over undefined values", "quota", "--strict", kernel="endless_values")
    run("an endless loop in every wave", "quota", "--block", "512", "--grid", "1048576", "--quota",
        "16777216")
    run("an endless loop, traced", "quota", "--trace=trace.txt", "--quota", "16777216")
    run("an endless loop on a random schedule", "quota", "--seed", "3", "--quota", "16777216")


# ---- files that are none

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 123456\n"


def tensors(directory, all):
    """A file of these: {name: (type, shape, bytes)}."""
    header, data = {}, b"".join(data for _, _, data in all.values())
    at = 0
    for name, (dtype, shape, own) in all.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(own)]}
        at += len(own)
    text = json.dumps(header).encode()
    write(f"{directory}/model.safetensors", struct.pack("<Q", len(text)) + text + data)


def checkpoint(directory, config=None, index=None):
    """A layer of zeros, K = 32 and N = 8."""
    tensors, at = {}, 0
    for name, dtype, shape, size in (("l.qweight", "I32", [4, 8], 128), ("l.qzeros", "I32", [1, 1], 4),
                                     ("l.scales", "F16", [1, 8], 16)):
        tensors[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(tensors).encode()
    write(f"{directory}/model.safetensors", struct.pack("<Q", len(text)) + text + bytes(at))
    write(f"{directory}/quantize_config.json", json.dumps(config or {"bits": 4, "group_size": 32}))
    if index:
        write(f"{directory}/model.safetensors.index.json", json.dumps(index))


def files():
    os.mkfifo("fifo")
    write("pointer", POINTER)
    checkpoint("sound")
    tensors("plain", {"l.weight": ("F16", [8, 32], bytes(512))})
    uses = [("a code object", 3, [rdnasim, "info", "PATH"]),
            ("recorded cases", 3, [rdnasim, "cases", "PATH"]),
            ("a buffer", 3, [rdnasim, "run", strict_object, "--kernel", "endless_bad", "--arg", "file:PATH"]),
            ("activations", 1, [w4a16, "run", "sound", "--device", "cpu", "--layer", "l", "--input", "PATH"]),
            ("statistics of inputs", 1, [w4a16, "quantize", "--calibration", "PATH", "plain", "out"]),
            ("a checkpoint", 1, [w4a16, "inspect", "PATH"])]
    for what, code, command in uses:
        for path, sentence in (("fifo", "is not a regular file"), ("/dev/zero", "is not a regular file"),
                               ("pointer", "is a Git LFS pointer, not the file itself: run git lfs pull")):
            ask(f"{path} as {what}", code, sentence, *[word.replace("PATH", path) for word in command])
    for name in ("model.safetensors", "quantize_config.json", "config.json", "model.safetensors.index.json"):
        for kind, sentence in (("fifo", "is not a regular file"), ("pointer", "is a Git LFS pointer")):
            directory = f"{kind}-{name}"
            checkpoint(directory)
            if os.path.exists(f"{directory}/{name}"):
                os.remove(f"{directory}/{name}")
            os.symlink(f"../{kind}", f"{directory}/{name}")
            ask(f"{kind} as {name}", 1, sentence, w4a16, "inspect", directory)
    case = {"id": "offsets", "kind": "state", "wave": 32, "n_lanes": 1, "code": "0000b0bf", "rsrc2": 4194716,
            "lds_bytes": 65536, "scratch_per_lane": 65536, "out_bytes": 80004, "expect_nonzero": {},
            "volatile": list(range(80000, 0, -4)), "asserted": list(range(0, 80000, 4)), "ulp": 0, "target": "gfx1100"}
    write("cases.json", json.dumps({"cases": [case] * 10}))
    ask("cases of 20,000 offsets", 0, "10 exact", rdnasim, "cases", "cases.json")
    write("cases.json", json.dumps({"cases": [{}] * 100000}))
    ask("100,000 cases", 3, "accepted are at most", rdnasim, "cases", "cases.json")


# ---- checkpoints


def big_checkpoint(directory, names, shards=1, config=None):
    """Empty tensors in many files, which no layer needs, beside a sound layer."""
    checkpoint(directory, config)
    layer, weights = "l.qweight l.qzeros l.scales".split(), {}
    for shard in range(shards):
        mine = {n: {"dtype": "F16", "shape": [0], "data_offsets": [0, 0]} for n in names[shard::shards]}
        text = json.dumps(mine).encode()
        file = f"extra-{shard:05}.safetensors"
        write(f"{directory}/{file}", struct.pack("<Q", len(text)) + text)
        weights.update({n: file for n in mine})
    # Neighbours in the index are in different files.
    weights = {n: weights[n] for n in names}
    weights.update({n: "model.safetensors" for n in layer})
    write(f"{directory}/model.safetensors.index.json", json.dumps({"weight_map": weights}))


def checkpoints():
    def layers(directory, count, config):
        tensors, at = {}, 0
        for n in range(count):
            stem = "a" * 30 + str(n)
            for name, dtype, shape, size in (("qweight", "I32", [4, 8], 128), ("qzeros", "I32", [1, 1], 4),
                                             ("scales", "F16", [1, 8], 16)):
                tensors[f"{stem}.{name}"] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
                at += size
        text = json.dumps(tensors).encode()
        write(f"{directory}/model.safetensors", struct.pack("<Q", len(text)) + text + bytes(at))
        write(f"{directory}/quantize_config.json", json.dumps(config))

    def dynamic(expressions):
        return {"bits": 4, "group_size": 32, "dynamic": {e: {} for e in expressions}}

    slow = [f"(?:a?){{13}}[bc]{n:05}" for n in range(20000)]
    layers("slow", 7, dynamic(slow))
    ask("0.5 MB of slow rules for 7 layers", 1, "take too long to match", w4a16, "inspect", "slow")
    layers("many", 20000, dynamic([f"b{n}" for n in range(20000)]))
    ask("20,000 rules for 20,000 layers", 1, "take too long to match", w4a16, "inspect", "many")
    layers("compiled", 1, dynamic([f"(((a{{30}}){{20}}){{20}}){n}" for n in range(20000)]))
    ask("rules that grow when compiled", 1, "bytes when compiled", w4a16, "inspect", "compiled")
    layers("fit", 2000, dynamic([rf"+:^b{{1,3}}\.layers\.{n}\..*proj$" for n in range(200)]))
    ask("200 rules for 2,000 layers", 0, "ok", w4a16, "inspect", "fit")
    names = [f"model.layers.{n}.a_tensor_that_no_layer_has" for n in range(60000)]
    big_checkpoint("shards", names, shards=200)
    ask("60,000 tensors in 200 files", 0, "ok", w4a16, "inspect", "shards")
    names = [f"model.layers.{n}.a_layer" for n in range(20000)]
    tensors("linears", {f"{name}.weight": ("F16", [8, 32], bytes(512)) for name in names})
    inputs = {f"{name}.inputs": ("I32", [1], bytes(4)) for name in names}
    feedback = {"inputs.0.energy": ("F32", [32], bytes(128)), "inputs.0.feedback": ("F16", [32, 32], bytes(2048))}
    tensors("statistics", inputs | feedback)
    ask("statistics of the inputs of 20,000 layers", 0, "20000 layers", w4a16, "quantize", "--no-progress", "--group-size", "32",
        "--calibration", "statistics/model.safetensors", "linears", "out")
    write("deep/model.safetensors", struct.pack("<Q", 4000000) + b"[" * 4000000)
    write("deep/quantize_config.json", "{}")
    ask("a deep header", 1, "deep", w4a16, "inspect", "deep")


{"objects": objects, "guests": guests, "files": files, "checkpoints": checkpoints}[part]()
sys.exit(1 if failures else 0)
