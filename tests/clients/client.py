# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""What the clients' lists share: cases that are counted, device memory, comparisons."""
import ctypes
import os
import sys
import traceback

import numpy as np

TO_DEVICE, FROM_DEVICE = 1, 2
COOPERATIVE_LAUNCH = 10  # an attribute of a device
# Bitsandbytes' published tables: quantiles of the normal distribution, and the values of a 4-bit float by code.
NF4 = np.array([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
                1.0], np.float32)
_HALF = np.array([0.0, 0.0625, 8.0, 12.0, 4.0, 6.0, 2.0, 3.0], np.float32) / 12
FP4 = np.concatenate([_HALF, -_HALF]).astype(np.float32)
FOUR_BITS = {"nf4": NF4, "fp4": FP4}
_cases = []


class Skipped(Exception):
    """A case raises it with the reason why it cannot be asked here."""



def case(function):
    """A case is a function without arguments that raises if it finds something wrong."""
    _cases.append((function.__name__, function))
    return function


def cases(name, arguments):
    """The same, once per argument."""
    def add(function):
        for argument in arguments:
            label = argument if isinstance(argument, str) else getattr(argument, "__name__", str(argument))
            _cases.append((f"{name}[{label}]", lambda function=function, argument=argument: function(argument)))
        return function
    return add


def main(client):
    """
    Runs the cases, all or those whose names begin with the first word of the command line; with CLIENT_SMALL every tenth. The
    last line counts them.
    """
    wanted = next((word for word in sys.argv[1:] if word != "-v"), "")
    passed = failed = skipped = 0
    for name, function in _cases[::10 if os.environ.get("CLIENT_SMALL") else 1]:
        if not name.startswith(wanted):
            continue
        try:
            function()
            passed += 1
        except Skipped as reason:
            skipped += 1
            print(f"SKIPPED {client} {name}: {reason}")
        except Exception as error:  # a client may raise anything
            failed += 1
            print(f"FAILED {client} {name}: {type(error).__name__}: {error}")
            if "-v" in sys.argv:
                traceback.print_exc()
    print(f"{client}: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))


def equal(found, expected):
    """Bit for bit, but any NaN is any NaN."""
    np.testing.assert_array_equal(found, expected)


def close(found, expected, relative, absolute=0.0):
    np.testing.assert_allclose(np.asarray(found, np.float64), np.asarray(expected, np.float64), relative, absolute)


class Hip:
    """The runtime by ctypes; errors raise."""

    def __init__(self, path="libamdhip64.so"):
        self.library = ctypes.CDLL(path)
        self.library.hipGetErrorName.restype = ctypes.c_char_p

    def __getattr__(self, name):
        call = getattr(self.library, name)

        def checked(*arguments):
            code = call(*arguments)
            if code:
                raise RuntimeError(f"{name}: {self.library.hipGetErrorName(code).decode()}")
        return checked

    def attribute(self, number):
        value = ctypes.c_int()
        self.hipDeviceGetAttribute(ctypes.byref(value), number, 0)
        return value.value

    def allocate(self, count):
        pointer = ctypes.c_void_p()
        self.hipMalloc(ctypes.byref(pointer), ctypes.c_size_t(max(count, 1)))
        return pointer.value

    def upload(self, array):
        array = np.ascontiguousarray(array)
        pointer = self.allocate(array.nbytes)
        self.hipMemcpy(ctypes.c_void_p(pointer), array.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(array.nbytes),
                       TO_DEVICE)
        return pointer

    def download(self, pointer, array):
        self.hipMemcpy(array.ctypes.data_as(ctypes.c_void_p), ctypes.c_void_p(pointer), ctypes.c_size_t(array.nbytes),
                       FROM_DEVICE)
        return array


def to_bf16(values):
    """Nearest, ties to even; as the upper 16 bits."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def from_bf16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)
