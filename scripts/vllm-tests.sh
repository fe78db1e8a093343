#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# vllm-tests.sh SOURCES PYTHON LIBRARY [pytest arguments]: vLLM's own tests of its RDNA3 W4A16 kernels on ours, on the
# CPU. SOURCES is an unpacked source distribution of the vLLM that PYTHON has, LIBRARY is libw4a16_torch.so. How to get
# the sources: pip download vllm==VERSION --no-deps --no-binary :all: (tests/vllm/own_tests.py says what is replaced).
set -euo pipefail
[ $# -ge 3 ] || {
    echo "usage: vllm-tests.sh SOURCES PYTHON LIBRARY [pytest arguments]" >&2
    exit 2
}
here=$(cd "$(dirname "$0")/.." && pwd)
tests=$(cd "$1/tests/kernels/quantization" && pwd) python=$2 library=$(realpath "$3")
shift 3
cd "$tests"
W4A16_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/python:$here/tests/vllm \
    exec "$python" -m pytest -q -rsf --noconftest --rootdir="$tests" -c /dev/null -p no:cacheprovider -p own_tests \
    test_rdna3_w4a16.py test_rdna3_w4a16_selection.py test_rdna3_compile_guards.py test_w4a16_kernel_selection.py \
    test_rdna3_w4a16_determinism.py test_rdna3_moe_w4a16.py "$@"
