#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# The decoder against llvm-mc on a million random legal encodings of every format (all that LLVM refuses in between is
# compared too), for gfx1100, and for gfx1150 the scalar formats that differ. Takes an hour or two on two cores;
# formats run side by side, and those whose log in the output folder is complete are not run again.
#
#     scripts/decode-million.sh [BUILD] [COUNT] [FOLDER]     default build/release 1000000 build/decode-million
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/release} count=${2:-1000000} folder=${3:-build/decode-million}
test=$build/tests/sim/test_sim_decode
[ -x "$test" ] || { echo "$test is not there: build first (cmake --build $build)" >&2; exit 2; }
mkdir -p "$folder"

one() { # target, format
    local log=$3/$1-${2// /-}.log
    grep -q ' disagree$' "$log" 2>/dev/null && return
    "$4" --target "$1" --format "$2" --legal "$5" --lines 100000 --seed 11 >"$log.part" 2>&1 || true
    mv "$log.part" "$log"
}
export -f one
{
    for format in SOP2 SOPK SOP1 SOPC SOPP SMEM VOP2 VOP1 VOPC VOP3 'VOP3 plain' VOP3P VOPD VINTERP LDSDIR DS \
        'DS one data' 'DS load' FLAT SCRATCH GLOBAL MUBUF MTBUF; do
        printf 'gfx1100\0%s\0' "$format"
    done
    for format in SOP2 SOPK SOP1 SOPC SOPP; do printf 'gfx1150\0%s\0' "$format"; done
} | xargs -0 -n 2 -P "$(nproc)" bash -c 'one "$3" "$4" "$0" "$1" "$2"' "$folder" "$test" "$count"

status=0
for log in "$folder"/*.log; do
    grep -h ' disagree$' "$log" || { echo "$log: did not finish"; status=1; }
    grep -q ' 0 disagree$' "$log" || { grep -h 'ours' "$log" | head -5; status=1; }
done
exit $status
