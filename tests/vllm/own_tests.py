# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""A pytest plugin with which vLLM's own tests of its RDNA3 kernels try ours, on tensors of the CPU.

vLLM's operators get our implementations under vLLM's names; of its other compiled parts those that these tests call are
written here with PyTorch. vLLM is told by amdsmi_stub that the card is a gfx1100, and the tests that the device is the
CPU. Without vLLM's conftest. scripts/vllm-tests.sh runs it.
"""

import os

import amdsmi_stub
import pytest
import torch

amdsmi_stub.install("gfx1100")

import w4a16.ops  # noqa: E402, F401

ours = torch.ops.w4a16

REPEATS = 3  # vLLM's 20 and more find races of a card; here a call is a call
# Products that take hours on a CPU, and what asks the card or its profiler.
TOKENS = int(os.environ.get("W4A16_TOKENS", 16))
NOT_HERE = {
    "test_wmma_v7v8_no_split": "a product of 87 billion multiplications, too slow on a CPU",
    "test_wmma_large_m_bit_repeatable": "a product of 3.5 billion multiplications, too slow on a CPU",
    "test_dispatch_boundary": "asks a GPU's profiler for the names of vLLM's own kernels",
    "test_scalar_multistream_concurrent": "needs a GPU's streams",
    "test_scalar_graph_capture_replay": "needs a GPU's graphs",
}


def align_block_size(ids, experts, block, sorted_ids, block_experts, used, expert_map=None, scatter=None):
    """Slots by expert, each expert's filled up to whole blocks; a place that is filled up holds the number of slots."""
    flat, place = ids.flatten().tolist(), 0
    sorted_ids.fill_(len(flat))
    for expert in range(experts):
        mine = [slot for slot, chosen in enumerate(flat) if chosen == expert]
        sorted_ids[place : place + len(mine)] = torch.tensor(mine, dtype=sorted_ids.dtype)
        blocks = -(-len(mine) // block)
        block_experts[place // block : place // block + blocks] = expert
        place += blocks * block
    used.fill_(place)


def silu_and_mul(out, x):
    gate, up = x.chunk(2, -1)
    out.copy_(torch.nn.functional.silu(gate.float()).to(x.dtype) * up)


def moe_sum(x, out, ids=None, expert_map=None):
    out.copy_(x.float().sum(1))


GEMM = "(Tensor a, Tensor b_q_weight, Tensor b_qzeros, Tensor b_scales, bool use_v2_format) -> Tensor"
OPERATORS = {
    "_rocm_C::gptq_gemm_rdna3" + GEMM: ours.gptq_gemm_rdna3.without_g_idx,
    "_rocm_C::gptq_gemm_rdna3_wmma" + GEMM: ours.gptq_gemm_rdna3_wmma.without_g_idx,
    "_rocm_C::moe_gptq_gemm_rdna3(Tensor a, Tensor(a!) c, Tensor b_q_weight, Tensor b_scales, Tensor b_qzeros, "
    "Tensor topk_weights, Tensor sorted_token_ids, Tensor expert_ids, Tensor num_tokens_post_padded, int top_k, "
    "int block_size_m, bool mul_topk_weight, int output_topk) -> ()": ours.moe_gptq_gemm_rdna3,
    "_C::gptq_shuffle(Tensor(a!) q_weight, int bit) -> ()": ours.gptq_shuffle.without_perm,
    "_C::silu_and_mul(Tensor(a!) out, Tensor x) -> ()": silu_and_mul,
    "_moe_C::moe_sum(Tensor x, Tensor(a!) out, Tensor? ids, Tensor? expert_map) -> ()": moe_sum,
    "_moe_C::moe_align_block_size(Tensor ids, int experts, int block, Tensor(a!) sorted_ids, Tensor(b!) block_experts, "
    "Tensor(c!) used, Tensor? expert_map, Tensor? scatter) -> ()": align_block_size,
}

libraries = []
for schema, function in OPERATORS.items():
    namespace, _, rest = schema.partition("::")
    library = torch.library.Library(namespace, "FRAGMENT")
    library.define(rest)
    library.impl(rest[: rest.index("(")], function, "CPU")
    libraries.append(library)


def pytest_collection_modifyitems(items):
    from vllm.platforms import current_platform

    torch.accelerator.synchronize = current_platform.synchronize = lambda *_: None
    for item in items:
        if getattr(item.module, "device", None) == "cuda":
            item.module.device = "cpu"
        if hasattr(item.module, "REPEATS"):
            item.module.REPEATS = REPEATS
        name = item.name.partition("[")[0]
        why = next((why for beginning, why in NOT_HERE.items() if name.startswith(beginning)), None)
        tokens = getattr(item, "callspec", None) and item.callspec.params.get("M", 0)
        if "moe" in item.module.__name__ and tokens and tokens > TOKENS:
            why = f"{tokens} tokens of a mixture; W4A16_TOKENS={tokens} takes the time for it"
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture
def dist_init(tmp_path):
    """One rank, and a configuration."""
    from vllm.config import VllmConfig, set_current_vllm_config
    from vllm.distributed import parallel_state

    with set_current_vllm_config(VllmConfig()):
        parallel_state.init_distributed_environment(
            world_size=1, rank=0, distributed_init_method=f"file://{tmp_path / 'store'}", local_rank=0, backend="gloo"
        )
        parallel_state.initialize_model_parallel(1)
        yield
        parallel_state.destroy_model_parallel()
        parallel_state.destroy_distributed_environment()
