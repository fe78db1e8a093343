#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Installs what is missing, builds, and runs every test: first clang with AddressSanitizer and
# UndefinedBehaviorSanitizer (30 to 60 s of fuzzing per parser included), then gcc, optimised.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh

setup test
for preset in sanitize release; do
    say "Building: $preset"
    compiler=gcc
    [ $preset = sanitize ] && compiler=clang-$LLVM_VERSION
    cmake --preset "$preset" -DCMAKE_C_COMPILER="$compiler"
    cmake --build --preset "$preset"
    say "Testing: $preset"
    ctest --preset "$preset" -j "$(nproc)"
    if [ $preset = sanitize ]; then cat build/sanitize/tests/fuzz/*.summary; fi
done
