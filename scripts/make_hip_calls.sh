#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Writes docs/hip-calls.md, the table of the HIP front's calls, from the list that the front itself is built from.
# With --check it writes nothing, and fails if the file says something else.
set -euo pipefail
cd "$(dirname "$0")/.."
table() {
    cat <<'HEAD'
# The calls of the HIP front

What `libamdhip64` of this project ([hip-front.md](hip-front.md)) exports: a call that is *whole* does what HIP's
documentation says; of one that is *partly* here, what is missing is named; one that is *refused* returns
`hipErrorNotSupported`, and the reason goes to `RDNASIM_HIP_LOG`. "Asked for by" names those of our clients that look the
call up or are linked to it: our own hip device, C++ that clang has compiled, Triton's driver, tinygrad's HIP backend, the
ROCm library of bitsandbytes. A call that is not in the table does not exist.

Written by `scripts/make_hip_calls.sh` from `sim/hip/calls.def`; a test compares.

| call | state | asked for by | note |
| --- | --- | --- | --- |
HEAD
    # Rows may be wrapped; all their fields are strings.
    awk '
        /^(WHOLE|PARTLY|REFUSED)\(/ { row = "" }
        { row = row " " $0 }
        /\)$/ && row ~ /(WHOLE|PARTLY|REFUSED)\(/ {
            state = row; sub(/\(.*/, "", state); gsub(/ /, "", state)
            name = row; sub(/^[^(]*\(/, "", name); sub(/,.*/, "", name)
            count = split(row, field, "\"")
            printf "| `%s` | %s | %s | %s |\n", name, tolower(state), field[2], (count > 3 ? field[4] : "")
            row = ""
        }' sim/hip/calls.def
}
if [ "${1:-}" = --check ]; then
    diff <(table) docs/hip-calls.md || {
        echo "docs/hip-calls.md is not what sim/hip/calls.def says: run scripts/make_hip_calls.sh" >&2
        exit 1
    }
else
    table >docs/hip-calls.md
fi
