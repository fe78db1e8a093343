#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# check-wheel.sh PYTHON BUILD: builds the wheel as pip install does, without a compiler for the GPU: with BUILD's code objects,
# of one architecture, and unoptimised, which is quicker. Installs it and lets its doctor try the operators, far from the
# sources. 77 (skipped) without pip, PyTorch or the build backend.
set -euo pipefail
python=$1 build=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
pip=("$python" -m pip --disable-pip-version-check --quiet)
if ! "$python" -c 'import torch' 2>/dev/null || ! "${pip[@]}" download --no-deps scikit-build-core; then
    echo "skipped: $python has no torch or no pip, or pip finds no scikit-build-core"
    exit 77
fi
unset W4A16_LIBRARY W4A16_DEVICE PYTHONPATH
cmake --install "$build" --component kernels --prefix "$work/kernels" >/dev/null
"${pip[@]}" wheel --no-deps -Ccmake.build-type=Debug -Ccmake.define.W4A16_TARGETS=gfx1100 -Ccmake.define.AMDGCN_CLANG=/nowhere \
    -Ccmake.define.W4A16_PREBUILT_KERNELS="$work/kernels" "$source"
"${pip[@]}" install --no-deps --target "$work/site" w4a16-*-py3-none-*.whl
export PYTHONPATH=$work/site PYTHONDONTWRITEBYTECODE=1
[ -f "$work/site/w4a16/py.typed" ]
"$python" -m w4a16 doctor | tee doctor.txt
grep -q "^library *yes *$work/site/w4a16/libw4a16_torch.so, version " doctor.txt
grep -q '^operators *yes' doctor.txt
grep -q '^product *yes *right on cpu' doctor.txt
if grep -q '^vLLM *yes' doctor.txt; then grep -q '^vLLM .* finds the plugin' doctor.txt; fi
"$python" - <<'EOF'
from importlib.metadata import entry_points
(entry,) = entry_points(group="vllm.general_plugins", name="w4a16")
assert callable(entry.load())
EOF
