#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Installs the simulator and builds the examples against it, outside the tree.
#   simulator.sh BUILD SOURCE COMPILER
set -euo pipefail
build=$1 source=$2 compiler=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --component simulator --prefix "$work/installed" >/dev/null
mkdir "$work/outside"
cp "$source"/tests/install/consumer/CMakeLists.txt "$source"/examples/axpy.c "$source"/examples/loops.c "$work/outside"

check() { # PROGRAM EXAMPLE
    output=$("$1" "$build/examples/$2.hsaco")
    case $2 in
    axpy) expected="1000 of 1000 right" ;;
    loops) expected="repeated 18 times: VALU" ;;
    esac
    grep -q "$expected" <<<"$output" || { echo "$1 says: $output"; exit 1; }
}

cmake -S "$work/outside" -B "$work/built" -DCMAKE_PREFIX_PATH="$work/installed" -DCMAKE_C_COMPILER="$compiler" >/dev/null
cmake --build "$work/built" >/dev/null
for example in axpy loops; do check "$work/built/$example" $example; done

pc=$(find "$work/installed" -name rdnasim.pc -printf '%h\n')
read -ra flags < <(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$work/installed" --cflags --libs rdnasim)
for example in axpy loops; do
    "$compiler" -Wall -Wextra -Werror "$work/outside/$example.c" "${flags[@]}" -Wl,-rpath,"$(dirname "$pc")" -o "$work/$example"
    check "$work/$example" $example
done

# Nothing but the interface can be seen.
library=$(find "$work/installed" -name 'librdnasim.so')
strange=$(nm -D --defined-only "$library" | awk '{print $3}' | grep -v '^rdnasim_' || true)
[ -z "$strange" ] || { echo "librdnasim.so also exports: $strange"; exit 1; }
"$work/installed/bin/rdnasim" info "$build/examples/axpy.hsaco" | grep -q axpy
echo "the installed simulator serves CMake and pkg-config"
