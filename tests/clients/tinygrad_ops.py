# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""tinygrad's HIP backend over a list of operations and types, against numpy."""
import numpy as np

import tinygrad_hip  # before tinygrad
from tinygrad import Device, Tensor, dtypes

from client import case, cases, close, equal, main

assert Device.DEFAULT == "HIP"
random = np.random.default_rng(3)
FLOATS = ["float16", "float32", "float64"]
INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
STEP = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-6}


def values(dtype, shape, positive=False):
    if np.dtype(dtype).kind == "f":
        x = random.standard_normal(shape)
        return (abs(x) + 0.1 if positive else x).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(1 if positive else info.min, info.max, shape, dtype, endpoint=True)


def check(found, expected, dtype):
    expected = np.asarray(expected)
    assert found.shape == expected.shape, f"shape {found.shape}, not {expected.shape}"
    if np.dtype(dtype).kind == "f" and expected.dtype.kind == "f":
        close(found, expected, STEP[dtype], STEP[dtype])
    else:
        equal(found, expected)


def each(names, types):
    return [f"{name}-{dtype}" for name in names for dtype in types]


UNARY = {"neg": lambda x: -x, "abs": abs, "relu": lambda x: np.maximum(x, 0), "square": lambda x: x * x,
         "sign": np.sign}
FLOAT_UNARY = {"exp": np.exp, "exp2": np.exp2, "log": np.log, "log2": np.log2, "sqrt": np.sqrt,
               "rsqrt": lambda x: 1 / np.sqrt(x), "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
               "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc,
               "round": np.round, "reciprocal": lambda x: 1 / x, "silu": lambda x: x / (1 + np.exp(-x)),
               "softplus": lambda x: np.log1p(np.exp(x)), "sinh": np.sinh, "cosh": np.cosh, "atan": np.arctan,
               "elu": lambda x: np.where(x > 0, x, np.expm1(x)), "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x)}


@cases("unary", each(UNARY, FLOATS + ["int8", "int16", "int32", "int64"]))
def unary(name):
    op, dtype = name.split("-")
    x = values(dtype, (9, 33))
    check(getattr(Tensor(x), op)().numpy(), UNARY[op](x).astype(dtype), dtype)


@cases("float", each(FLOAT_UNARY, FLOATS))
def float_unary(name):
    op, dtype = name.split("-")
    x = values(dtype, (9, 33), positive=True)
    check(getattr(Tensor(x), op)().numpy(), FLOAT_UNARY[op](x.astype(np.float64)).astype(dtype), dtype)


BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum}
BITWISE = {"bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor}
COMPARE = {"__lt__": np.less, "__gt__": np.greater, "__le__": np.less_equal, "__ge__": np.greater_equal,
           "__eq__": np.equal, "__ne__": np.not_equal}


@cases("binary", each(BINARY, FLOATS + INTS) + each(BITWISE, INTS))
def binary(name):
    op, dtype = name.split("-")
    x, y = values(dtype, (5, 40)), values(dtype, (5, 40))
    check(getattr(Tensor(x), op)(Tensor(y)).numpy(), {**BINARY, **BITWISE}[op](x, y), dtype)


@cases("compare", each(COMPARE, FLOATS + INTS))
def compare(name):
    op, dtype = name.split("-")
    x, y = values(dtype, 100), values(dtype, 100)
    y[::3] = x[::3]
    check(getattr(Tensor(x), op)(Tensor(y)).numpy(), COMPARE[op](x, y), dtype)


@cases("divide", FLOATS)
def divide(dtype):
    x, y = values(dtype, 200), values(dtype, 200, positive=True)
    check((Tensor(x) / Tensor(y)).numpy(), x / y, dtype)


@cases("shift", ["int32", "uint32", "int64", "uint64"])
def shift(dtype):
    x = values(dtype, 100)
    if np.dtype(dtype).kind == "i":
        x = abs(x)
    check((Tensor(x) << 3).numpy(), x << np.array(3, dtype), dtype)


REDUCE = ["sum", "max", "min", "mean", "prod", "std", "argmax", "argmin"]


@cases("reduce", [f"{op}-{dtype}-{axis}" for op in REDUCE for dtype in ("float32", "int32") for axis in (0, 1, None)
                  if dtype == "float32" or op in ("sum", "max", "min", "prod", "argmax", "argmin")])
def reduce(name):
    op, dtype, axis = name.split("-")
    axis = None if axis == "None" else int(axis)
    x = values(dtype, (12, 70)) if dtype == "float32" else random.integers(-3, 4, (12, 70)).astype(dtype)
    if op == "prod":
        x = random.choice([-1, 1], (12, 70)).astype(dtype)
    expected = getattr(np, op)(x, axis, **({"ddof": 1} if op == "std" else {}))
    found = getattr(Tensor(x), op)(axis=axis).numpy()
    if dtype == "float32" and op in ("sum", "mean", "std"):
        close(found, expected, 1e-5, 1e-4)
    else:
        equal(found, expected)


CASTS = ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool"]


@cases("cast", [f"{a}-{b}" for a in CASTS for b in CASTS if a != b])
def cast(name):
    source, target = name.split("-")
    x = random.integers(0, 100, 80).astype(source)
    equal(Tensor(x).cast(getattr(dtypes, target)).numpy(), x.astype(target))


MOVES = {"transpose": (lambda t: t.transpose(0, 1), lambda x: x.T),
         "reshape": (lambda t: t.reshape(6, 4, 5), lambda x: x.reshape(6, 4, 5)),
         "flip": (lambda t: t.flip(1), lambda x: x[:, ::-1]),
         "slice": (lambda t: t[2:9, 1::3], lambda x: x[2:9, 1::3]),
         "pad": (lambda t: t.pad(((1, 2), (3, 0))), lambda x: np.pad(x, ((1, 2), (3, 0)))),
         "expand": (lambda t: t.reshape(12, 1, 10).expand(12, 4, 10), lambda x: np.repeat(x[:, None], 4, 1)),
         "repeat": (lambda t: t.repeat((2, 3)), lambda x: np.tile(x, (2, 3))),
         "cat": (lambda t: t.cat(t, dim=1), lambda x: np.concatenate([x, x], 1)),
         "stack": (lambda t: Tensor.stack(t, t), lambda x: np.stack([x, x])),
         "cumsum": (lambda t: t.cumsum(1), lambda x: x.cumsum(1)),
         "where": (lambda t: (t > 0).where(t, 0), lambda x: np.where(x > 0, x, 0)),
         "roll": (lambda t: t.roll(3, 0), lambda x: np.roll(x, 3, 0)),
         "tril": (lambda t: t.tril(), np.tril), "triu": (lambda t: t.triu(), np.triu)}


@cases("move", each(MOVES, ["float32", "int32", "float16"]))
def move(name):
    op, dtype = name.split("-")
    x = random.integers(-9, 10, (12, 10)).astype(dtype)
    equal(MOVES[op][0](Tensor(x).contiguous()).contiguous().numpy(), MOVES[op][1](x))


@cases("gather", ["float32", "int32"])
def gather(dtype):
    x, index = values(dtype, (20, 6)), random.integers(0, 20, (7, 6))
    equal(Tensor(x).gather(0, Tensor(index.astype(np.int32))).numpy(), np.take_along_axis(x, index, 0))


@cases("sort", ["int32", "float32"])
def sort(dtype):
    x = values(dtype, 37)
    equal(Tensor(x).sort()[0].numpy(), np.sort(x))


@cases("matmul", [f"{dtype}-{m}-{k}-{n}" for dtype in ("float16", "float32")
                  for m, k, n in ((1, 64, 64), (16, 16, 16), (33, 65, 17), (64, 64, 64), (48, 128, 80))])
def matmul(name):
    dtype, m, k, n = name.split("-")
    a, b = values(dtype, (int(m), int(k))), values(dtype, (int(k), int(n)))
    close((Tensor(a) @ Tensor(b)).numpy(), a.astype(np.float64) @ b.astype(np.float64), 5e-3 if dtype == "float16" else 1e-4,
          5e-2 if dtype == "float16" else 1e-4)


@cases("conv", ["1-1", "3-1", "3-2", "5-1"])
def conv(name):
    size, stride = map(int, name.split("-"))
    x, w = values("float32", (2, 3, 14, 14)), values("float32", (4, 3, size, size))
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))[:, :, ::stride, ::stride]
    close(Tensor(x).conv2d(Tensor(w), stride=stride).numpy(), np.einsum("bchwij,ocij->bohw", windows, w), 1e-4, 1e-4)


@cases("pool", ["max", "avg"])
def pool(kind):
    x = values("float32", (2, 3, 8, 8))
    windows = x.reshape(2, 3, 4, 2, 4, 2)
    if kind == "max":
        equal(Tensor(x).max_pool2d().numpy(), windows.max((3, 5)))
    else:
        close(Tensor(x).avg_pool2d().numpy(), windows.mean((3, 5)), 1e-5, 1e-6)


@case
def softmax():
    x = values("float32", (6, 50))
    e = np.exp(x - x.max(1, keepdims=True))
    close(Tensor(x).softmax().numpy(), e / e.sum(1, keepdims=True), 1e-5, 1e-7)


@case
def layernorm():
    x = values("float32", (6, 50))
    d = x - x.mean(1, keepdims=True)
    close(Tensor(x).layernorm().numpy(), d / np.sqrt((d * d).mean(1, keepdims=True) + 1e-5), 1e-4, 1e-5)


@case
def attention():
    q, k, v = (values("float32", (1, 2, 12, 16)) for _ in range(3))
    s = q @ k.transpose(0, 1, 3, 2) / 4
    e = np.exp(s - s.max(-1, keepdims=True))
    close(Tensor(q).scaled_dot_product_attention(Tensor(k), Tensor(v)).numpy(), e / e.sum(-1, keepdims=True) @ v, 1e-4, 1e-5)


@case
def gradient():
    x, w = values("float32", (5, 8)), values("float32", (8, 3))
    u = Tensor(w)
    (found,) = (Tensor(x) @ u).square().sum().gradient(u)
    close(found.numpy(), 2 * x.T @ (x @ w), 1e-4, 1e-4)


main("tinygrad")
