#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Compares the interface that the headers declare with the recorded one, by abidiff: functions may be new, structs that may
# grow may have grown at their end. diff.sh COMPILER; 77 (skipped) without abidiff.
set -euo pipefail
compiler=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
command -v abidiff >/dev/null || {
    echo "skipped: there is no abidiff (Debian: abigail-tools)"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A library that has every function of the headers in a folder, empty: its debug information has their types.
stub() { # FOLDER NAME
    python3 "$here/stub.py" "$1" >"$work/$2.c"
    "$compiler" -g -fPIC -shared -w -I"$1" "$work/$2.c" -o "$work/$2.so"
}
compare() { # NAME
    abidiff --no-added-syms --suppressions "$here/may-grow.ini" "$work/recorded.so" "$work/$1.so" >"$work/$1.txt"
}
stub "$here/0.1" recorded
mkdir "$work/now" "$work/changed"
cp -r "$source/include/w4a16" "$source/sim/include/rdnasim.h" "$work/now"
stub "$work/now" now
compare now || {
    cat "$work/now.txt"
    echo "this interface does not serve clients of the recorded one"
    exit 1
}

# It would have noticed.
changes=('s/^    w4a16_address out; /    w4a16_address other, out; /' 's/uint64_t schedule_seed; /uint32_t schedule_seed; /'
    's/w4a16_plan_workspace(const/w4a16_plan_space(const/' 's/    int64_t slots; /    int32_t slots; /'
    's/W4A16_IO = -6/W4A16_IO = -7/')
for change in "${changes[@]}"; do
    rm -r "$work/changed"
    cp -r "$work/now" "$work/changed"
    sed -i "$change" "$work"/changed/w4a16/*.h
    ! diff -rq "$work/now" "$work/changed" >/dev/null || { echo "changes nothing: $change"; exit 1; }
    stub "$work/changed" changed
    if compare changed; then
        echo "not noticed: $change"
        exit 1
    fi
done
