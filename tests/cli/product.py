# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""An independent product: reads a GPTQ v1 layer and .npy files with the standard library alone.

product.py input ROWS COLUMNS [SIZE]     writes f2.npy, f4.npy and u2.npy (bfloat16 bits); of about SIZE, else 1
product.py check FILE LAYER GROUP X Y    compares Y with X times the layer's weights
product.py error FILE LAYER GROUP VERSION ORIGINAL    the quantisation error, relative to the weights' size
"""
import ast
import json
import random
import struct
import sys


def bf16_bits(value):
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def from_bf16(bits):
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


def write_npy(path, descr, code, rows, columns, values):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        f.write(struct.pack(f"<{len(values)}{code}", *values))


def read_npy(path):
    data = open(path, "rb").read()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    length = struct.unpack_from("<H", data, 8)[0]
    assert (10 + length) % 64 == 0
    header = ast.literal_eval(data[10 : 10 + length].decode())
    rows, columns = header["shape"]
    code = {"<f2": "e", "<f4": "f", "<u2": "H"}[header["descr"]]
    values = struct.unpack(f"<{rows * columns}{code}", data[10 + length :])
    if code == "H":
        values = [from_bf16(v) for v in values]
    return header["descr"], rows, columns, values


def tensors(path):
    data = open(path, "rb").read()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + length])
    codes = {"I32": "I", "F32": "f", "F16": "e", "BF16": "H"}

    def read(name):
        t = header[name]
        begin, end = (8 + length + o for o in t["data_offsets"])
        code = codes[t["dtype"]]
        values = struct.unpack(f"<{(end - begin) // struct.calcsize(code)}{code}", data[begin:end])
        return t["shape"], [from_bf16(v) for v in values] if t["dtype"] == "BF16" else values

    return read


def make_input(rows, columns, size):
    random.seed(3)
    values = [struct.unpack("<e", struct.pack("<e", random.gauss(0, size)))[0] for _ in range(rows * columns)]
    write_npy("f2.npy", "<f2", "e", rows, columns, values)
    write_npy("f4.npy", "<f4", "f", rows, columns, values)
    write_npy("u2.npy", "<u2", "H", rows, columns, [bf16_bits(v) for v in values])


def columns_of(path, layer, group, version):
    """The layer's weights, one list of K per output feature."""
    read = tensors(path)
    (words, n_count), qweight = read(layer + ".qweight")
    _, qzeros = read(layer + ".qzeros")
    _, scales = read(layer + ".scales")
    _, g_idx = read(layer + ".g_idx")
    assert g_idx == tuple(k // group for k in range(words * 8))
    columns = []
    for n in range(n_count):
        w = []
        for k in range(words * 8):
            g = k // group
            zero = (qzeros[g * (n_count // 8) + n // 8] >> 4 * (n % 8) & 15) + (version == 1)
            w.append(scales[g * n_count + n] * ((qweight[k // 8 * n_count + n] >> 4 * (k % 8) & 15) - zero))
        columns.append(w)
    return columns


def error(path, layer, group, version, original):
    (n_count, k_count), values = tensors(original)(layer + ".weight")
    quantised = columns_of(path, layer, group if group > 0 else k_count, version)
    squares = sum((a - b) ** 2 for n, w in enumerate(quantised) for a, b in zip(w, values[n * k_count :]))
    print(f"relative error {(squares / sum(v * v for v in values)) ** 0.5:.2f}")


def check(path, layer, group, x_path, y_path):
    weights = columns_of(path, layer, group, 1)
    n_count, k_count = len(weights), len(weights[0])
    _, rows, columns, x = read_npy(x_path)
    descr, y_rows, y_columns, y = read_npy(y_path)
    assert (columns, y_rows, y_columns) == (k_count, rows, n_count)
    step = 2.0**-10 if descr == "<f2" else 2.0**-7  # an ulp is at most this part of a value
    c = (144 + k_count / 16) * 2.0**-24  # of docs/numerics.md, for the longest order of additions
    worst = 0
    for n, w in enumerate(weights):
        for m in range(rows):
            products = [a * b for a, b in zip(x[m * k_count : (m + 1) * k_count], w)]
            exact, bound = sum(products), sum(map(abs, products))
            worst = max(worst, abs(y[m * n_count + n] - exact) / (step * abs(exact) + c * bound))
    print(f"{rows} x {n_count} {descr}:", "right" if worst <= 1 else f"off by {worst} of what is allowed")


if sys.argv[1] == "input":
    make_input(int(sys.argv[2]), int(sys.argv[3]), float((sys.argv + [1])[4]))
elif sys.argv[1] == "error":
    error(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
else:
    check(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], sys.argv[6])
