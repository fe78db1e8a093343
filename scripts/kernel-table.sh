#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# The table of docs/kernels.md: modelled times of the kernels that the plan takes, launches with the gaps between them, cold,
# groups of 128. Each time is a run of its own, for what a process has allocated before moves buffers between channels.
#
#     scripts/kernel-table.sh [--card CARD] [N K M OPTION...]      default all rows on a 7900 XTX; or one row
set -euo pipefail
cd "$(dirname "$0")/.."
program=${W4A16:-build/release/cli/w4a16}
[ -x "$program" ] || { echo "$program is not there: build first (cmake --build build/release)" >&2; exit 2; }
card='7900 XTX'
if [ "${1:-}" = --card ]; then
    card=$2
    shift 2
fi

field() { sed -n "s/.*\"$1\": \"\{0,1\}\([^,\"]*\).*/\1/p" <<<"$report"; }

row() { # N, K, M, options of bench
    local n=$1 k=$2 m=$3 act zeros line kernel launches
    shift 3
    line="| $n | $k | $m |${*:+ ${*#--}}"
    [ $# -gt 0 ] || line+=' plain'
    for zeros in '' --asymmetric; do
        for act in fp16 bf16; do
            # shellcheck disable=SC2086
            report=$("$program" bench --device sim --card "$card" --n "$n" --k "$k" --m "$m" --act $act $zeros "$@" \
                --json --no-progress)
            line+=" | $(printf '%.1f' "$(field modelled_us_with_gaps)")"
            [ "$act$zeros" != fp16 ] || kernel=$(field kernel) launches=$(field launches)
        done
    done
    echo "$line | $launches | ${kernel#w4a16_} |"
}

echo '| N | K | M | weights | fp16 sym | bf16 sym | fp16 asym | bf16 asym | launches | kernel of fp16 sym |'
echo '| --: | --: | --: | --- | --: | --: | --: | --: | --: | --- |'
if [ $# -gt 0 ]; then
    row "$@"
    exit
fi
for m in 1 2 4 8 16 32 64 128 256 512 2048; do row 4096 4096 $m; done
for m in 1 8 64; do row 4096 4096 $m --act-order; done
for n in 512 1024; do for m in 1 8 16 64; do row $n 4096 $m; done; done
for m in 1 16; do row 12288 4096 $m; done
