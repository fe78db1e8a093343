#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Installs what is missing, builds, and runs every test: first clang with AddressSanitizer and
# UndefinedBehaviorSanitizer, with kernels for gfx1100 alone (15 to 30 s of fuzzing per parser included), then gcc,
# optimised. The tests of the PyTorch operators and of the vLLM plugin run with the system's PyTorch and vLLM, else with
# those that are installed into build/venv; W4A16_PYTHON chooses.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
. scripts/serve-setup.sh

# The Python for the bindings' tests. Without a network they are skipped, and ctest says so.
has_torch() {
    "$1" -c 'import pytest, torch; assert tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 10)' 2>/dev/null
}
choose_python() {
    local venv=$PWD/build/venv python
    for python in ${W4A16_PYTHON:-} python3; do
        if has_torch "$python"; then
            echo "$python"
            return
        fi
    done
    python=$venv/bin/python
    install_server "$venv" || say "vLLM could not be installed: the tests with it will be skipped" >&2
    if ! has_torch "$python"; then
        "$venv/bin/pip" install -q "torch==$TORCH" numpy pytest >&2 ||
            say "PyTorch could not be installed: its tests will be skipped" >&2
    fi
    if has_torch "$python" && ! "$python" -c 'import mypy' 2>/dev/null; then
        "$venv/bin/pip" install -q mypy >&2 || say "mypy could not be installed: its test will be skipped" >&2
    fi
    if has_torch "$python"; then echo "$python"; else echo python3; fi
}

# Prints its name, and that of the model's file for vLLM's server.
find_python() {
    local python
    python=$(choose_python)
    fetch_model "$PWD/build/smollm2" "$python" ||
        say "no model could be fetched: the test with vLLM's server will be skipped" >&2
    printf '%s\n' "$python" "$SERVE_GGUF"
}

setup test
mkdir -p build
find_python >build/python & # which the sanitizers' tests can do without
finding=$!
trap 'kill "$finding" 2>/dev/null || true' EXIT
for preset in sanitize release; do
    say "Building: $preset"
    # The other targets' kernels have the same host code to run.
    options=(-DCMAKE_C_COMPILER="clang-$LLVM_VERSION" -DW4A16_TARGETS=gfx1100)
    if [ $preset = release ]; then
        wait "$finding"
        { read -r python && read -r model; } <build/python
        options=(-DCMAKE_C_COMPILER=gcc -DW4A16_PYTHON="$python" -DW4A16_SERVE_GGUF="$model")
    fi
    cmake --preset "$preset" "${options[@]}"
    cmake --build --preset "$preset"
    say "Testing: $preset"
    ctest --preset "$preset" -L full -j "$(nproc)"
    if [ $preset = sanitize ]; then cat build/sanitize/tests/fuzz/*.summary; fi
done
