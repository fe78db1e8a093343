#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# The speed of the cpu device in numbers that no load changes: instructions of a product per block of 32 columns x 32 K and
# row, counted by callgrind, may not grow beyond those written here, which are at most a quarter more than gcc 12's. Valgrind knows no
# AVX-512: AVX2 and portable C are counted.
#   instructions.sh PROGRAM      PROGRAM: cpu_instructions
set -euo pipefail
command -v valgrind >/dev/null || { echo "valgrind is not here: instructions are not counted"; exit 77; }
grep -q avx2 /proc/cpuinfo || { echo "this host has no AVX2: instructions are not counted"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Instructions of the kernels' functions in a run of LEVEL with M rows, bf16 or fp16.
count() {
    W4A16_CPU_LEVEL=$1 valgrind --tool=callgrind --callgrind-out-file="$work/out" --toggle-collect='cpu_linear_*' \
        "$program" "$2" "$3" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    sed -n 's/^summary: //p; s/^totals: //p' "$work/out" | head -1
}

program=$1
status=0
while read -r level m type most; do
    blocks=$(((512 / 32) * (1024 / 32) * m))
    instructions=$(count "$level" "$m" "$type")
    each=$((instructions / blocks))
    echo "$level, M = $m, $type: $each instructions per block and row; at most $most"
    [ "$each" -gt 0 ] && [ "$each" -le "$most" ] || status=1
done <<'ROWS'
avx2 1 fp16 1030
avx2 2 fp16 720
avx2 16 fp16 480
avx2 1 bf16 1010
portable 1 fp16 3530
portable 16 bf16 1800
ROWS
exit $status
