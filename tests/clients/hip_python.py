# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""hip-python's bindings: devices, memory, streams, events, a module and its launch."""
import ctypes
import os

import numpy as np
from hip import hip

from client import case, equal, main


def call(result):
    error, values = result[0], result[1:]
    if error != hip.hipError_t.hipSuccess:
        raise RuntimeError(str(error))
    return values[0] if len(values) == 1 else values


@case
def device():
    assert call(hip.hipGetDeviceCount()) == 1
    properties = call(hip.hipGetDeviceProperties(0))
    assert properties.gcnArchName in ("gfx1100", b"gfx1100") and properties.warpSize == 32


@case
def attribute():
    kinds = hip.hipDeviceAttribute_t
    assert call(hip.hipDeviceGetAttribute(kinds.hipDeviceAttributeMaxThreadsPerBlock, 0)) == 1024
    assert call(hip.hipDeviceGetAttribute(kinds.hipDeviceAttributeWarpSize, 0)) == 32


@case
def copies():
    x = np.arange(1000, dtype=np.float32)
    y = np.zeros_like(x)
    pointer = call(hip.hipMalloc(x.nbytes))
    call(hip.hipMemcpy(pointer, x, x.nbytes, hip.hipMemcpyKind.hipMemcpyHostToDevice))
    call(hip.hipMemcpy(y, pointer, y.nbytes, hip.hipMemcpyKind.hipMemcpyDeviceToHost))
    call(hip.hipFree(pointer))
    equal(y, x)


@case
def streams():
    stream, event = call(hip.hipStreamCreate()), call(hip.hipEventCreate())
    pointer = call(hip.hipMalloc(4096))
    call(hip.hipMemsetAsync(pointer, 0x5a, 4096, stream))
    call(hip.hipEventRecord(event, stream))
    call(hip.hipEventSynchronize(event))
    y = np.zeros(4096, np.uint8)
    call(hip.hipMemcpyAsync(y, pointer, 4096, hip.hipMemcpyKind.hipMemcpyDeviceToHost, stream))
    call(hip.hipStreamSynchronize(stream))
    equal(y, np.full(4096, 0x5a, np.uint8))
    call(hip.hipEventDestroy(event))
    call(hip.hipStreamDestroy(stream))
    call(hip.hipFree(pointer))


@case
def errors():
    assert hip.hipFree(ctypes.c_void_p(12345))[0] == hip.hipError_t.hipErrorInvalidValue
    assert hip.hipSetDevice(1)[0] == hip.hipError_t.hipErrorInvalidDevice


@case
def launch():
    """CLIENT_OBJECT: the code object of tests/hip/kernels.c."""
    with open(os.environ["CLIENT_OBJECT"], "rb") as file:
        module = call(hip.hipModuleLoadData(file.read()))
    function = call(hip.hipModuleGetFunction(module, b"scale"))
    x = np.arange(200, dtype=np.uint32)
    source, target = call(hip.hipMalloc(x.nbytes)), call(hip.hipMalloc(x.nbytes))
    call(hip.hipMemcpy(source, x, x.nbytes, hip.hipMemcpyKind.hipMemcpyHostToDevice))
    call(hip.hipModuleLaunchKernel(function, gridDimX=4, gridDimY=1, gridDimZ=1, blockDimX=64, blockDimY=1, blockDimZ=1,
                                   sharedMemBytes=0, stream=None, kernelParams=None,
                                   extra=(source, target, ctypes.c_uint32(200))))
    y = np.zeros_like(x)
    call(hip.hipMemcpy(y, target, y.nbytes, hip.hipMemcpyKind.hipMemcpyDeviceToHost))
    call(hip.hipModuleUnload(module))
    equal(y, x * (np.arange(200, dtype=np.uint32) % 4 + 1))


main("hip-python")
