#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# This library's kernels and a Triton kernel of the kind that Triton's users write (scripts/triton_w4a16.py, compiled without
# a card), on the same shapes in the same model of a card: time, range, bytes, instructions, and the error against fp64. Triton's
# is the fastest of a list of configurations. Case files (docs/timing.md, Published times) add other code objects.
#   rivals.sh [--card CARD] [--n N] [--k K] [--m LIST] [--act TYPE] [--group-size G] [--asymmetric] [--range] [CASES.json...]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

python=${PYTHON:-build/rivals/bin/python}
{
    setup test
    cmake --preset release
    cmake --build --preset release --target w4a16_program rdnasim_program
    if ! "$python" -c 'import numpy, triton' 2>/dev/null; then
        python=build/rivals/bin/python
        [ -x $python ] || python3 -m venv build/rivals
        $python -m pip install --quiet numpy triton==3.9.0
    fi
} >&2
export TRITON_DEFAULT_FP_FUSION=1 TRITON_CACHE_DIR=$PWD/build/rivals/triton-cache
exec "$python" scripts/rivals.py --w4a16 build/release/cli/w4a16 --rdnasim build/release/sim/tool/rdnasim "$@"
