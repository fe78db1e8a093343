#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Fuzzes every target, one after the other: scripts/fuzz.sh [SECONDS per target, default 3600] [TARGET...]
# The corpora grow in build/sanitize/tests/fuzz; a second run goes on from there.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
seconds=${1:-3600}
[[ $seconds =~ ^[0-9]+$ ]] || { echo "fuzz.sh: SECONDS is '$seconds'; expected a number" >&2; exit 2; }
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        target=${source##*/fuzz_}
        targets+=("${target%.c}")
    done
fi

setup test
cmake --preset sanitize -DCMAKE_C_COMPILER="clang-$LLVM_VERSION"
cmake --build --preset sanitize --target "${targets[@]/#/fuzz_}"
work=build/sanitize/tests/fuzz
failed=0
for target in "${targets[@]}"; do
    if [ "$target" = programs ]; then # draws its inputs itself, other ones in every run
        "$work/fuzz_programs" --seconds "$seconds" --seed "$(date +%s)" || failed=1
        continue
    fi
    options=()
    case $target in
    calibration | capture | checkpoint | config | document | safetensors) options=(-dict=tests/fuzz/json.dict) ;;
    compressed) options=(-malloc_limit_mb=4200) ;;
    problem) options=(-max_len=24) ;;
    instruction) options=(-max_len=64) ;;
    esac
    tests/fuzz/run.sh "$work/fuzz_$target" "$seconds" "$work/$target" "$work/seeds/$target" "${options[@]}" ||
        failed=1
done
exit $failed
