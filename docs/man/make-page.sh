#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Makes a manual page: make-page.sh SOURCE PROGRAM SCDOC PAGE. The line @VERBS@ of the source becomes what the program
# itself says of its verbs.
set -euo pipefail
source=$1 program=$2 scdoc=$3 page=$4
verbs() {
    local verb
    for verb in $("$program" --help | awk '/^Verbs:/ {on = 1; next} /^$/ {on = 0} on {print $1}'); do
        printf '## %s\n\n```\n%s\n```\n\n' "$verb" "$("$program" "$verb" --help)"
    done
}
while IFS= read -r line; do
    if [ "$line" = @VERBS@ ]; then verbs; else printf '%s\n' "$line"; fi
done <"$source" | SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} "$scdoc" >"$page.part"
mv "$page.part" "$page"
