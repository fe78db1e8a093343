#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Small programs that others have found wrong answers with: cases/sim beside the recorded data. Each is compiled where it
# lies, and has the answer that is right. 77: skipped.
set -euo pipefail
tool=$1 clang=$2
folder=${W4A16_REFERENCE_DATA:-}/../cases/sim
if [ ! -d "$folder" ]; then
    echo "skipped: no foreign cases: W4A16_REFERENCE_DATA must name a directory that has cases/sim beside it"
    exit 77
fi
folder=$(realpath "$folder")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0
printf '\0\0\x80\x3f\0\0\0\x40\0\0\x80\x40' >floats          # 1, 2, 4
for n in {0..575}; do printf "\\x$(printf %02x $((n % 256)))"; done >bytes

case_of() { # FILE, exit code, text, options of rdnasim run...
    local file=$1 code=$2 text=$3 got=0
    shift 3
    asked[$file]=1
    [ -e "$file.hsaco" ] ||
        "$clang" --target=amdgcn-amd-amdhsa -mcpu=gfx1100 -nogpulib -O2 "$folder/$file" -o "$file.hsaco"
    "$tool" run "$file.hsaco" --print=3 "$@" >out 2>&1 || got=$?
    if [ $got -ne "$code" ] || ! grep -qF -- "$text" out; then
        echo "FAILED: $file $*: exit code $got, expected $code with '$text'"
        cat out
        failures=$((failures + 1))
    fi
}
declare -A asked

word=zeros:u32[64]
case_of aligned_over_read.ll 0 "1 f32: 7" --block 1 --arg zeros:f32[1] --arg file:floats
case_of aligned_over_read.ll 0 "1 f32: 7" --block 1 --arg zeros:f32[1] --arg file:floats --strict
case_of aligned_over_read.ll 1 "[undefined;" --block 1 --arg zeros:f32[1] --arg zeros:f32[2] --strict
case_of atomic_by_cas_loop.c 0 "1 f32: 1" --block 1 --arg zeros:f32[1]
case_of atomic_by_cas_loop.c 0 "" --grid 256 --block 64 --arg zeros:f32[1] --strict
case_of atomic_plain_mix_groups.S 0 "" --grid 64 --arg $word --strict # an exception: docs/strict.md, "Races"
case_of endless_loop.S 1 "quota"
case_of lds_without_wait.c 0 "64 u32: 96 99 102" --dynamic-lds 256 --block 64 --arg $word
case_of lds_without_wait.c 0 "64 u32: 96 99 102" --dynamic-lds 256 --block 64 --arg $word --strict=all,-lds-order
case_of lds_without_wait.c 1 "[lds-order;" --dynamic-lds 256 --block 64 --arg $word --strict
case_of permlane16_inact_old_undef.S 1 "[undefined;" --arg $word --strict
case_of permlane64_sgpr_source.S 1 "not an instruction" --block 64 --arg $word
case_of swap_sgpr_source.S 1 "not an instruction" --arg $word
case_of tbuffer_false_alarm.S 0 "" --arg $word --strict
case_of tbuffer_format_wider_than_registers.S 0 "" --arg $word --strict
case_of unaligned_by_compiler.c 0 "32 u32: 202114052 202116108 67374092" --arg file:bytes --arg zeros:u32[32] --strict
case_of unaligned_by_compiler.c 1 "[alignment;" --arg file:bytes --arg zeros:u32[32] --strict=all

for file in "$folder"/*; do
    [ "${asked[$(basename "$file")]:-}" ] || { echo "FAILED: no answer is known for $file"; failures=$((failures + 1)); }
done
[ $failures -eq 0 ]
