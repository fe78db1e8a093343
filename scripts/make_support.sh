#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# make_support.sh [--check]: writes the table of cards in docs/support.md anew, from the rows of sim/isa/targets.def and the
# timing model's cards, or says whether it is what would be written.
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/support.md

cards() { # one row per target: its name, a card, whether the timing model has cards of it
    awk -F'[(,] *' '
        FILENAME ~ /card.def$/ && /^CARD/ { gsub(/[")]/, ""); models[$4] = models[$4] (models[$4] ? ", " : "") $3; next }
        /^TARGET/ { gsub(/"/, ""); row[++count] = $0 }
        END {
            print "| target | a card that has it | simulator | HIP runtime of the simulator | modelled times | a real card |"
            print "| --- | --- | --- | --- | --- | --- |"
            for (i = 1; i <= count; i++) {
                split(row[i], field, /[(,] */)
                printf "| %s | %s, %d compute units | tested | tested | %s | never |\n", field[2], field[9], field[10],
                       models[field[2]] ? models[field[2]] : "-"
            }
        }' sim/observe/timing/card.def sim/isa/targets.def
}

written() {
    awk -v table="$(cards)" '/^<!-- cards -->$/ {print; print table; skip = 1} /^<!-- end -->$/ {skip = 0} !skip' "$page"
}

if [ "${1:-}" = --check ]; then
    diff "$page" <(written) || { echo "$page: run scripts/make_support.sh" && exit 1; }
else
    text=$(written)
    printf '%s\n' "$text" >"$page"
fi
