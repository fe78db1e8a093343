#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# The sources as a part of another project, without the simulator and without a compiler for the GPU: read-only sources in
# a folder with a space in its name, code objects of this build.
#   embedded.sh BUILD SOURCE COMPILER LAUNCHER
set -euo pipefail
build=$1 source=$2 compiler=$3 launcher=$4
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
die() {
    echo "$*"
    exit 1
}

cmake --install "$build" --component kernels --prefix "$work/code objects" >/dev/null
mkdir "$work/read only"
(cd "$source" && git ls-files -z -co --exclude-standard 2>/dev/null || find . -type f -not -path './build/*' -print0) |
    (cd "$source" && tar --null --files-from=- -cf - 2>/dev/null) | tar -xf - -C "$work/read only"
chmod -R a-w "$work/read only"
configure() { # BUILD OPTIONS...
    local into=$1
    shift
    cmake -S "$work/read only/examples/embed/fetch_content" -B "$into" -DCMAKE_C_COMPILER="$compiler" \
        -DCMAKE_C_COMPILER_LAUNCHER="$launcher" -DAMDGCN_CLANG=/nowhere -DCMAKE_BUILD_TYPE=Debug \
        -DW4A16_TARGETS=gfx1100 "$@"
}
configure "$work/its build" -DW4A16_PREBUILT_KERNELS="$work/code objects" >/dev/null
cmake --build "$work/its build" -j2 >"$work/log" 2>&1 || die "$(tail -n 30 "$work/log")"
for program in layer layer_static layer_cpp layer_cpp_static; do
    output=$("$work/its build/$program") && grep -q '128 of 128 right' <<<"$output" || die "$program: $output"
done
! output=$("$work/its build/layer" sim 2>&1) && grep -q 'built without the simulator' <<<"$output" ||
    die "without the simulator the device sim says: $output"
[ -z "$(find "$work/its build" -name '*rdnasim*' -o -name 'test_*')" ] || die "more was built than is linked"

# Code objects of other sources are refused.
chmod u+w "$work/read only/kernels/layout.h"
echo '/* another */' >>"$work/read only/kernels/layout.h"
if configure "$work/refused" -DW4A16_PREBUILT_KERNELS="$work/code objects" >"$work/log" 2>&1; then die "old kernels are taken"; fi
grep -q "made of other" "$work/log" || die "$(cat "$work/log")"
echo "the sources serve another project, with prebuilt kernels"
