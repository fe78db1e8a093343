#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# One table of this library's cpu device and of others' 4-bit products on the same machine: torch, onnxruntime, llama.cpp
# (ggml) and auto-round-lib, from PyPI, in a virtual environment of their own (build/rivals). Each is checked against fp64
# first, and its error is printed; weights are cold. What cannot be installed or run is a row that says why.
#   bench-cpu-rivals.sh [--n N] [--k K] [--m LIST] [--group-size G] [--threads T] [--processor-time] [--seconds S]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

{
    setup test
    cmake --preset release
    cmake --build --preset release --target w4a16_program
    [ -x build/rivals/bin/python ] || python3 -m venv build/rivals
    for package in numpy torch onnx onnxruntime xllamacpp auto-round-lib; do
        build/rivals/bin/pip install --quiet "$package" || say "$package cannot be installed"
    done
    say "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg)"
} >&2
exec build/rivals/bin/python scripts/bench_cpu_rivals.py --w4a16 build/release/cli/w4a16 "$@"
