#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Builds the simulator's benchmark and runs it: bits first, then the table of docs/simulator.md. Says how busy the
# machine was, for a number measured beside other work is a lower bound.
#   bench.sh [--json] [--rounds N]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

{
    setup test
    cmake --preset release
    cmake --build --preset release --target sim_bench
    say "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg)"
} >&2
build/release/tests/bench/sim_bench "$@" build/release/tests/bench/bench.hsaco
