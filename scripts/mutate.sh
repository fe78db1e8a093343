#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Would the tests notice? Plants small faults, drawn by a seed, one at a time into a copy of the checkout, and runs
# the tests of the fault's folder on each. Takes minutes to hours; not a part of scripts/test.sh.
#
#     scripts/mutate.sh [--seed N] [--count N] [--folder F]... [--jobs N] [--list]
#                       [-- CMAKE OPTIONS]
#
# The copy lies in build/mutate and is used again; what it says is in build/mutate/report.txt too. --list shows the
# faults without running anything. See scripts/mutate.py for the faults, the tests of each folder and the verdicts.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$PWD/build/mutate
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    options+=("$1")
    shift
done
[ $# -gt 0 ] && shift

# Only files that differ are written, so that the copy's build is not repeated; those that are gone go.
mkdir -p "$copy"
comm -13 <(git ls-files | sort) <(cd "$copy" && find . -path ./build -prune -o -type f -printf '%P\n' | sort) |
    (cd "$copy" && xargs -r -d '\n' rm -f)
git ls-files -z | while IFS= read -r -d '' file; do
    cmp -s "$file" "$copy/$file" || install -D "$file" "$copy/$file"
done
if [[ " ${options[*]} " != *" --list "* ]]; then
    # The two builds of scripts/test.sh. In the faster one an index out of its array ends the test, too.
    for preset in release sanitize; do
        bounds=
        [ $preset = release ] && bounds=-DCMAKE_C_FLAGS="-fsanitize=bounds -fsanitize-undefined-trap-on-error"
        cmake -S "$copy" --preset $preset ${bounds:+"$bounds"} \
            -DW4A16_REFERENCE_DATA="${W4A16_REFERENCE_DATA:-$PWD/../shared/data}" "$@" >"$copy/configure-$preset.log"
    done
fi
exec python3 scripts/mutate.py "$copy" "${options[@]}"
