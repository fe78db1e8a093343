# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""
Makes Triton's HIP driver the active one without a PyTorch that knows of the card. As a plugin of pytest it also lets Triton's own
tests run with tensors of the cpu (--device cpu): around each launch their storage is copied to the device and back.
"""
import ctypes

import numpy as np
import triton
from triton.backends.amd import driver as amd

from client import Hip

hip = Hip()


class Driver(amd.HIPDriver):
    """Triton's own, but for what it asks PyTorch: there is one device, and its null stream."""

    def __init__(self):
        self.utils = amd.HIPUtils()
        self.launcher_cls = amd.HIPLauncher

    def get_current_device(self):
        return 0

    def set_current_device(self, device):
        pass

    def get_current_stream(self, device):
        return 0

    def get_benchmarker(self):
        return run_once


def run_once(kernel, quantiles):
    """Takes the place of a stop-watch where Triton tunes: there is no time to measure, but each configuration runs."""
    kernel()
    return [0.0] * len(quantiles)


class Copied:
    """A tensor's place in a copy of its storage."""

    def __init__(self, tensor, pointer):
        self.dtype, self.pointer = tensor.dtype, pointer + tensor.storage_offset() * tensor.element_size()

    def data_ptr(self):
        return self.pointer


class Launcher(amd.HIPLauncher):
    """Triton's own, on copies of the storages that its arguments lie in."""

    def __call__(self, *arguments, **named):
        storages = {}

        def copied(argument):
            if type(argument) is tuple:
                return tuple(copied(part) for part in argument)
            if type(argument).__name__ == "TensorWrapper":
                argument.base, kept = copied(argument.base), argument.base
                wrappers.append((argument, kept))
                return argument
            if not hasattr(argument, "untyped_storage"):
                return argument
            storage = argument.untyped_storage()
            if storage.data_ptr() not in storages:
                host = np.ctypeslib.as_array((ctypes.c_uint8 * storage.nbytes()).from_address(storage.data_ptr())) \
                    if storage.nbytes() else np.zeros(0, np.uint8)
                storages[storage.data_ptr()] = (hip.upload(host), host)
            return Copied(argument, storages[storage.data_ptr()][0])

        wrappers = []
        try:
            super().__call__(*(copied(argument) for argument in arguments), **named)
            hip.hipDeviceSynchronize()
            for pointer, host in storages.values():
                hip.download(pointer, host)
        finally:
            for wrapper, kept in wrappers:
                wrapper.base = kept
            for pointer, _ in storages.values():
                hip.hipFree(ctypes.c_void_p(pointer))


class TestDriver(Driver):
    def __init__(self):
        super().__init__()
        self.launcher_cls = Launcher


def pytest_configure(config):
    amd.HIPDriver.is_active = staticmethod(lambda: True)  # it would ask PyTorch
    triton.runtime.driver.set_active(TestDriver())
