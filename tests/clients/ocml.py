# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""
OCML, the device library of mathematics, as Triton's wheel has it: every function over its domain in three types, compiled at two
levels, against mpmath within the error that OpenCL allows; those that OpenCL does not have within 16 units in the last place.
CLIENT_CLANG: clang; CLIENT_LIBRARIES: a folder with ocml.bc and oclc.bc.
"""
import ctypes
import os
import subprocess
import tempfile

import mpmath
import numpy as np
from mpmath import mpf

from client import Hip, case, cases, main

hip = Hip()
mpmath.mp.prec = 200
POINTS = 64


def cdf(x):
    return mpmath.ncdf(x)


def rounded(x):
    """Halves away from zero."""
    return mpmath.sign(x) * mpmath.floor(abs(x) + mpf(1) / 2)


def remainder(x, y):
    return x - y * mpmath.nint(x / y)


# Name: reference, domains of the arguments, units in the last place.
ANY, POSITIVE, UNIT, SMALL = (-100, 100), (0.001, 100), (-1, 1), (-9, 9)
FUNCTIONS = {
    "acos": (mpmath.acos, [UNIT], 4), "acosh": (mpmath.acosh, [(1, 100)], 4),
    "acospi": (lambda x: mpmath.acos(x) / mpmath.pi, [UNIT], 5), "asin": (mpmath.asin, [UNIT], 4),
    "asinh": (mpmath.asinh, [ANY], 4), "asinpi": (lambda x: mpmath.asin(x) / mpmath.pi, [UNIT], 5),
    "atan": (mpmath.atan, [ANY], 5), "atanh": (mpmath.atanh, [(-0.99, 0.99)], 5),
    "atanpi": (lambda x: mpmath.atan(x) / mpmath.pi, [ANY], 5), "atan2": (mpmath.atan2, [ANY, ANY], 6),
    "atan2pi": (lambda y, x: mpmath.atan2(y, x) / mpmath.pi, [ANY, ANY], 6), "cbrt": (
        lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), [ANY], 2),
    "ceil": (mpmath.ceil, [ANY], 0), "copysign": (lambda x, y: abs(x) * mpmath.sign(y), [ANY, ANY], 0),
    "cos": (mpmath.cos, [ANY], 4), "cosh": (mpmath.cosh, [SMALL], 4), "cospi": (mpmath.cospi, [SMALL], 4),
    "erf": (mpmath.erf, [(-4, 4)], 16), "erfc": (mpmath.erfc, [(-3, 2.5)], 16),
    "erfcinv": (lambda x: mpmath.erfinv(1 - x), [(0.1, 1.9)], 16),
    "erfcx": (lambda x: mpmath.exp(x * x) * mpmath.erfc(x), [(0, 9)], 16),
    "erfinv": (mpmath.erfinv, [(-0.9, 0.9)], 16), "exp": (mpmath.exp, [SMALL], 3),
    "exp10": (lambda x: mpf(10) ** x, [(-4, 4)], 3), "exp2": (lambda x: mpf(2) ** x, [SMALL], 3),
    "expm1": (mpmath.expm1, [SMALL], 3), "fabs": (abs, [ANY], 0), "fdim": (lambda x, y: max(x - y, mpf(0)), [ANY, ANY], 0),
    "floor": (mpmath.floor, [ANY], 0), "fma": (lambda x, y, z: x * y + z, [ANY, ANY, ANY], 0),
    "fmax": (max, [ANY, ANY], 0), "fmin": (min, [ANY, ANY], 0),
    "fmod": (lambda x, y: mpmath.sign(x) * mpmath.fmod(abs(x), y), [ANY, (0.5, 9)], 0),
    "hypot": (mpmath.hypot, [ANY, ANY], 4), "i0": (lambda x: mpmath.besseli(0, x), [SMALL], 16),
    # OCML gives a NaN for i1 in f64 below -8: it takes the root of its argument there.
    "i1": (lambda x: mpmath.besseli(1, x), [(-7.9, 9)], 16), "j0": (lambda x: mpmath.besselj(0, x), [(0, 2)], 16),
    "j1": (lambda x: mpmath.besselj(1, x), [(0.1, 3)], 16), "lgamma": (mpmath.loggamma, [(2.5, 30)], 16),
    "log": (mpmath.log, [POSITIVE], 3), "log10": (mpmath.log10, [POSITIVE], 3),
    "log1p": (mpmath.log1p, [(-0.9, 100)], 2), "log2": (lambda x: mpmath.log(x, 2), [POSITIVE], 3),
    "logb": (lambda x: mpmath.floor(mpmath.log(x, 2)), [(1.1, 100)], 0), "ncdf": (cdf, [(-3, 3)], 16),
    "ncdfinv": (lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1), [(0.05, 0.95)], 16),
    "pow": (mpmath.power, [(0.1, 9), (-4, 4)], 16), "powr": (mpmath.power, [(0.1, 9), (-4, 4)], 16),
    "rcbrt": (lambda x: 1 / mpmath.cbrt(x), [POSITIVE], 16), "remainder": (remainder, [ANY, (0.5, 9)], 0),
    "rhypot": (lambda x, y: 1 / mpmath.hypot(x, y), [ANY, ANY], 16), "rint": (mpmath.nint, [ANY], 0),
    "round": (rounded, [ANY], 0), "rsqrt": (lambda x: 1 / mpmath.sqrt(x), [POSITIVE], 2),
    "sin": (mpmath.sin, [ANY], 4), "sinh": (mpmath.sinh, [SMALL], 4), "sinpi": (mpmath.sinpi, [SMALL], 4),
    "sqrt": (mpmath.sqrt, [POSITIVE], 3), "tan": (mpmath.tan, [ANY], 5), "tanh": (mpmath.tanh, [SMALL], 5),
    "tanpi": (lambda x: mpmath.sinpi(x) / mpmath.cospi(x), [(-3, 3)], 6), "tgamma": (mpmath.gamma, [(0.5, 7)], 16),
    "trunc": (lambda x: mpmath.sign(x) * mpmath.floor(abs(x)), [ANY], 0), "y0": (lambda x: mpmath.bessely(0, x), [(1.3, 3.5)], 16),
    "y1": (lambda x: mpmath.bessely(1, x), [(0.1, 1.8)], 16),
}
# With an integer: the same, drawn from this range.
INTEGER = {
    "ldexp": (lambda x, n: x * mpf(2) ** n, [ANY], (-5, 5), 0), "pown": (lambda x, n: x ** n, [(0.5, 4)], (-5, 5), 16),
    "rootn": (lambda x, n: mpmath.root(x, n), [POSITIVE], (1, 7), 16),
}
# With two results, the second through a pointer to private memory.
PAIRS = {
    "sincos": (lambda x: (mpmath.sin(x), mpmath.cos(x)), [ANY], 4),
    "modf": (lambda x: (x - rounded(x - mpmath.sign(x) / 2), rounded(x - mpmath.sign(x) / 2)), [(1.5, 100)], 0),
}
TYPES = {"f16": (np.float16, "_Float16", 11), "f32": (np.float32, "float", 24), "f64": (np.float64, "double", 53)}
# Those of f16 that this library does not have, or whose arguments its few numbers do not allow.
ABSENT = {"f16": {"erfcinv", "ncdfinv"}}


def source():
    text = ["#define G __attribute__((address_space(1)))",
            "#define I (__builtin_amdgcn_workgroup_id_x() * 32 + __builtin_amdgcn_workitem_id_x())"]
    for suffix, (_, name, _) in TYPES.items():
        head = f"(const G {name} *a, const G {name} *b, const G {name} *c, const G int *n, G {name} *x, G {name} *y)"
        for table, more, arguments in ((FUNCTIONS, "", ""), (INTEGER, ", int", ", n[I]"),
                                       (PAIRS, f", {name} __attribute__((address_space(5))) *", "")):
            for function, row in table.items():
                count = len(row[1])
                given = ", ".join(f"{letter}[I]" for letter in "abc"[:count]) + arguments
                text.append(f"{name} __ocml_{function}_{suffix}({', '.join([name] * count)}{more});")
                second = table is PAIRS
                body = f"{name} s; x[I] = __ocml_{function}_{suffix}({given}, (__attribute__((address_space(5))) {name} *)&s); y[I] = s;" if second \
                    else f"x[I] = __ocml_{function}_{suffix}({given});"
                text.append(f"__attribute__((amdgpu_kernel)) void {function}_{suffix}{head} {{ {body} }}")
    return "\n".join(text)


def compiled(level):
    libraries = os.environ["CLIENT_LIBRARIES"]
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/ocml.c", "w") as file:
            file.write(source())
        link = [word for name in ("ocml", "oclc")
                for word in ("-Xclang", "-mlink-builtin-bitcode", "-Xclang", f"{libraries}/{name}.bc")]
        subprocess.run([os.environ["CLIENT_CLANG"], "--target=amdgcn-amd-amdhsa", "-mcpu=gfx1100", "-nogpulib", level, "-w",
                        "-ffp-contract=off", *link, f"{folder}/ocml.c", "-o", f"{folder}/ocml.hsaco"], check=True)
        with open(f"{folder}/ocml.hsaco", "rb") as file:
            image = file.read()
    module = ctypes.c_void_p()
    hip.hipModuleLoadData(ctypes.byref(module), image)
    return module


modules = {level: compiled(level) for level in ("-O0", "-O2")}


def launch(level, kernel, arrays):
    function = ctypes.c_void_p()
    hip.hipModuleGetFunction(ctypes.byref(function), modules[level], kernel.encode())
    pointers = [ctypes.c_void_p(hip.upload(array)) for array in arrays]
    arguments = (ctypes.c_void_p * len(pointers))(*(ctypes.addressof(p) for p in pointers))
    hip.hipModuleLaunchKernel(function, POINTS // 32, 1, 1, 32, 1, 1, 0, None, arguments, None)
    hip.hipDeviceSynchronize()
    results = [hip.download(pointers[n].value, arrays[n]) for n in (4, 5)]
    for pointer in pointers:
        hip.hipFree(pointer)
    return results


def check(found, wanted, dtype, bits, ulps, what):
    """Within so many units in the last place of the exact value; those that the type cannot hold are left out."""
    largest = mpf(float(np.finfo(dtype).max)) / 2
    for place, (value, exact) in enumerate(zip(found, wanted)):
        if abs(exact) > largest:
            continue
        exponent = mpmath.floor(mpmath.log(abs(exact), 2)) if exact else mpf(-2000)
        unit = mpf(2) ** (max(exponent, int(np.finfo(dtype).minexp)) - bits + 1)
        error = abs(mpf(float(value)) - exact) / unit
        assert error <= ulps + mpf(1) / 2, f"{what(place)}: {value}, expected {mpmath.nstr(exact, 12)}, {mpmath.nstr(error, 4)} ulp"


def drawn(random, dtype, domain):
    low, high = domain
    values = random.uniform(low, high, POINTS).astype(dtype)
    return np.clip(values, dtype(low), dtype(high))


def run(function, row, integers, pair):
    reference, domains, ulps = row[0], row[1], row[-1]
    for suffix, (dtype, _, bits) in TYPES.items():
        if function in ABSENT.get(suffix, ()):
            continue
        random = np.random.default_rng(len(function) * 1000 + bits)
        arrays = [drawn(random, dtype, domains[n] if n < len(domains) else (0, 1)) for n in range(3)]
        numbers = random.integers(*(integers or (0, 2)), POINTS).astype(np.int32)
        wanted = []
        for point in range(POINTS):
            given = [mpf(float(arrays[n][point])) for n in range(len(domains))]
            wanted.append(reference(*given, *([int(numbers[point])] if integers else [])))
        for level in modules:
            first, second = launch(level, f"{function}_{suffix}", [*arrays, numbers, np.zeros(POINTS, dtype), np.zeros(POINTS, dtype)])

            def what(place):
                return f"{function}_{suffix} at {level} of {[array[place] for array in arrays[:len(domains)]]}"
            check(first, [w[0] for w in wanted] if pair else wanted, dtype, bits, ulps, what)
            if pair:
                check(second, [w[1] for w in wanted], dtype, bits, ulps, what)


@cases("real", FUNCTIONS)
def real(function):
    run(function, FUNCTIONS[function], None, False)


@cases("integer", INTEGER)
def integer(function):
    run(function, INTEGER[function], INTEGER[function][2], False)


@cases("pair", PAIRS)
def pair(function):
    run(function, PAIRS[function], None, True)


@case
def no_number():
    """A NaN comes out where one goes in."""
    for suffix, (dtype, _, _) in TYPES.items():
        given = np.full(POINTS, np.nan, dtype)
        for function in ("sin", "exp", "log", "tgamma", "cbrt", "sqrt"):
            found, _ = launch("-O2", f"{function}_{suffix}", [given, given, given, np.ones(POINTS, np.int32),
                                                              np.zeros(POINTS, dtype), np.zeros(POINTS, dtype)])
            assert np.isnan(found).all(), function


main("ocml")
