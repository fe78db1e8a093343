#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Builds the benchmarks of the simulator (docs/simulator.md) and of packing (docs/formats.md) and runs them: bits first,
# then the tables. Says how busy the machine was, for a number measured beside other work is a lower bound. The options
# are the simulator's; --json leaves packing out.
#   bench.sh [--json] [--rounds N]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

{
    setup test
    cmake --preset release
    cmake --build --preset release --target sim_bench pack_bench
    say "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg)"
} >&2
build/release/tests/bench/sim_bench "$@" build/release/tests/bench/bench.hsaco
case " $* " in *" --json "*) ;; *) echo && build/release/tests/bench/pack_bench ;; esac
