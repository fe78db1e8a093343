#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Uses an installed tree from outside: the examples by CMake and by pkg-config, from C and C++, shared and static.
#   use.sh TREE EXAMPLES OBJECT COMPILER
# EXAMPLES is a copy of the folder, OBJECT the code object of its axpy. Needs nothing but a compiler, CMake, make, pkg-config
# and the libraries of others, for it also runs in an empty Debian.
set -euo pipefail
tree=$1 examples=$2 object=$3 compiler=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
die() {
    echo "$*"
    exit 1
}

lib=$(dirname "$(find "$tree" -name libw4a16.so)")
embed=$examples/embed
right() { # PROGRAM [ARGUMENT]
    local output
    output=$("$@") || die "$1 fails: $output"
    grep -qE '(128 of 128|1000 of 1000) right' <<<"$output" || die "$1 says: $output"
}
needs() { readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'; } # the libraries that a program opens

cmake -S "$embed/find_package" -B "$work/built" -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_C_COMPILER="$compiler" >"$work/log" 2>&1 ||
    die "$(cat "$work/log")"
cmake --build "$work/built" -j2 >"$work/log" 2>&1 || die "$(cat "$work/log")"
mkdir "$work/made"
PKG_CONFIG_PATH=$lib/pkgconfig LIBRARY_PATH='' make -s -f "$embed/Makefile" CC="$compiler" OUT="$work/made"
for folder in built made; do
    for program in layer layer_cpp; do
        for device in cpu sim; do
            LD_LIBRARY_PATH=$lib right "$work/$folder/$program" $device
            right "$work/$folder/${program}_static" $device
        done
        needs "$work/$folder/$program" | grep -q '^libw4a16' || die "$folder/$program is not shared"
        ! needs "$work/$folder/${program}_static" | grep -qE '^lib(w4a16|rdnasim)' || die "$folder/${program}_static is shared"
    done
done
for program in axpy axpy_static; do LD_LIBRARY_PATH=$lib right "$work/built/$program" "$object"; done
echo "the installed libraries serve CMake and pkg-config, C and C++, shared and static"
