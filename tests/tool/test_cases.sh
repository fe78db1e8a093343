#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# All recorded instruction cases at one SIMD level: none wrong, refused or crashed. 77: skipped.
set -euo pipefail
tool=$1 level=$2
shopt -s nullglob
files=("${W4A16_REFERENCE_DATA:-}"/isa/*.json)
if [ ${#files[@]} -eq 0 ]; then
    echo "skipped: no recorded cases: W4A16_REFERENCE_DATA must name the directory that has isa/*.json"
    exit 77
fi
if ! grep -qw "$([ "$level" = avx512 ] && echo avx512f || echo "$level")" /proc/cpuinfo && [ "$level" != portable ]; then
    echo "skipped: this host has no $level"
    exit 77
fi
"$tool" cases --simd "$level" "${files[@]}"
