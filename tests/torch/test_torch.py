# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""What PyTorch asks of an operator: opcheck, torch.compile without breaks, no leaks, threads, forks."""

import gc
import multiprocessing
import os
import threading

import pytest
import torch
from layers import KIND, pack, product, random_layer
from test_linear import NONE, rows, same

TYPES = (torch.float16, torch.bfloat16)


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("act", TYPES)
def test_opcheck_linear(act, biased):
    packed = pack(random_layer(64, 128, 64))
    bias = rows(1, 64, act)[0] if biased else NONE
    for x in (rows(3, 128, act), rows(6, 128, act).view(2, 3, 128), rows(3, 130, act)[:, :128]):
        assert set(torch.library.opcheck(torch.ops.w4a16.linear.default, (x, packed, bias)).values()) == {"SUCCESS"}


@pytest.mark.parametrize("zeros, perm", [(False, False), (True, True), (True, 160)])
def test_opcheck_pack(zeros, perm):
    layer = random_layer(64, 128, 32, zeros=zeros, perm=perm)
    assert set(torch.library.opcheck(torch.ops.w4a16.pack.default, tuple(layer)).values()) == {"SUCCESS"}


class Block(torch.nn.Module):
    """Two layers with something between them, as in a model."""

    def __init__(self):
        super().__init__()
        for name, layer in (("up", random_layer(96, 128, 64)), ("down", random_layer(128, 96, 32, zeros=True))):
            self.register_buffer(name, pack(layer))
        self.register_buffer("bias", rows(1, 96, torch.float16)[0])

    def forward(self, x):
        hidden = torch.relu(torch.ops.w4a16.linear(x, self.up, self.bias))
        return x + torch.ops.w4a16.linear(hidden, self.down, x.new_empty(0))


@pytest.mark.parametrize("dynamic", [False, True])
def test_compile(dynamic):
    block = Block()
    compiled = torch.compile(block, fullgraph=True, dynamic=dynamic, backend="aot_eager")
    for M in (1, 4, 7):
        x = rows(M, 128, torch.float16)
        assert same(compiled(x), block(x))


def test_export():
    block, x = Block(), rows(2, 128, torch.float16)
    program = torch.export.export(block, (x,))
    assert same(program.module()(x), block(x))


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_no_leak():
    """10,000 calls that succeed and as many that fail: no tensor stays referenced, memory does not grow."""
    x, packed, bias = rows(1, 128, torch.bfloat16), pack(random_layer(64, 128, 64)), rows(1, 64, torch.bfloat16)[0]
    odd = rows(1, 131, torch.bfloat16)[:, 1:129]  # is copied

    def once(x):
        torch.ops.w4a16.linear(x, packed, bias)
        with pytest.raises(RuntimeError):
            torch.ops.w4a16.linear(x[:, :64], packed, bias)

    def counts():
        return [t._use_count() for t in (x, packed, bias, odd)]

    for _ in range(500):
        once(x), once(odd)
    gc.collect()
    before, references = resident(), counts()
    for _ in range(5000):
        once(x), once(odd)
    gc.collect()
    assert counts() == references
    assert resident() - before < 2 << 20  # 200 bytes per call would be 4 MB


def test_results_are_freed():
    """Each output is 4 MB, so that those that stay show."""
    x, packed = rows(512, 32, torch.float16), pack(random_layer(4096, 32, 32))
    y = [None]

    def run():
        for _ in range(20):
            y[0] = torch.ops.w4a16.linear(x, packed, NONE)
        return resident()

    before = run()
    assert run() - before < 20 << 20


def test_threads():
    layers = [random_layer(64, 128, 32, zeros=bool(n % 2), seed=n) for n in range(4)]
    packed = [pack(layer) for layer in layers]
    xs = {M: rows(M, 128, torch.float16) for M in range(1, 40)}
    expected = [{M: product(x, layer) for M, x in xs.items()} for layer in layers]
    wrong = []

    def work(n):
        for M, x in xs.items():
            if not same(torch.ops.w4a16.linear(x, packed[n], NONE), expected[n][M]):
                wrong.append((n, M))

    threads = [threading.Thread(target=work, args=(n % 4,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _in_child(queue, x, packed):
    queue.put(torch.ops.w4a16.linear(x, packed, NONE).tolist())


def test_fork():
    """A forked child has none of the parent's worker threads, PyTorch's neither; it must not wait for them."""
    x, packed = rows(3, 512, torch.float16), pack(random_layer(256, 512, 64))
    torch.rand(512, 512) @ torch.rand(512, 512)
    y = torch.ops.w4a16.linear(x, packed, NONE)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue, x, packed))
    child.start()
    try:
        assert queue.get(timeout=60) == y.tolist()
    finally:
        child.kill()
        child.join()


def _count_threads(queue):
    torch.set_num_threads(1)
    torch.rand(512, 512) @ torch.rand(512, 512)
    x, layer = rows(3, 512, torch.float16), random_layer(256, 512, 64)
    before = len(os.listdir("/proc/self/task"))
    torch.ops.w4a16.linear(x, pack(layer), NONE)
    queue.put(len(os.listdir("/proc/self/task")) - before)


@pytest.mark.skipif(KIND != 2, reason="the simulator has threads of its own")
def test_no_threads_of_its_own():
    """Products on the CPU run on PyTorch's threads, as many as it is told to have."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    child = context.Process(target=_count_threads, args=(queue,))
    child.start()
    try:
        assert queue.get(timeout=60) == 0
    finally:
        child.kill()
        child.join()


def test_more_plans_than_the_cache_holds():
    """Plans, of which each distance of rows has its own, are kept in a table of fixed size; others live for a call."""
    layer = random_layer(32, 32, 32)
    packed, x, wide = pack(layer), rows(2, 32, torch.float16), torch.empty(2 * 10032, dtype=torch.float16)
    y = product(x, layer)
    for distance in range(33, 10032, 1 if os.environ.get("W4A16_DEVICE") != "sim" else 53):
        view = wide.as_strided((2, 32), (distance, 1)).copy_(x)
        assert same(torch.ops.w4a16.linear(view, packed, NONE), y)
