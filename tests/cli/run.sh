#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Runs one case of cases/ in an empty directory and compares its output:
#   NAME.sh      the commands; $W4A16 is the program, $HERE this directory
#   NAME.stdout  what it must print (nothing if there is no such file)
#   NAME.stderr  the same for stderr
#   NAME.exit    its exit code (0 if there is no such file)
#   run.sh PROGRAM NAME [--update]   --update writes what was printed as the new expectation, to be reviewed
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
W4A16=$1
case=$HERE/cases/$2
export HERE W4A16 LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/in"

code=0
(cd "$work/in" && exec bash -euo pipefail "$case.sh") >"$work/stdout" 2>"$work/stderr" </dev/null || code=$?
if [ "$code" -eq 77 ]; then
    cat "$work/stdout" "$work/stderr"
    exit 77
fi
echo "$code" >"$work/exit"

status=0
for part in stdout stderr exit; do
    expected=$work/expected
    if [ "${3:-}" = --update ]; then
        printf '0\n' >"$expected"
        [ "$part" = exit ] || : >"$expected"
        rm -f "$case.$part"
        cmp -s "$expected" "$work/$part" || cp "$work/$part" "$case.$part"
        continue
    fi
    if [ -f "$case.$part" ]; then
        cp "$case.$part" "$expected"
    elif [ "$part" = exit ]; then
        echo 0 >"$expected"
    else
        : >"$expected"
    fi
    if ! diff -u --label "expected $part" --label "$part" "$expected" "$work/$part"; then status=1; fi
done
exit $status
