#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Every C file is what clang-format makes of it. Versions differ, so one of them counts; 77 (skipped) where it is not
# installed. The rule above a section, which clang-format leaves alone, is one line. check-format.sh [FOLDER]
set -euo pipefail
version=22
cd "${1:-$(dirname "$0")/..}"
broken=$(grep -rlPz --include='*.[ch]' '/\* ---- [^\n]*\n \*( -+ \*)?/' common sim src torch cli kernels include tests examples || true)
[ -z "$broken" ] || {
    echo "the rule above a section takes two lines in: $broken" >&2
    exit 1
}
for program in "clang-format-$version" clang-format; do
    [[ $("$program" --version 2>/dev/null) =~ "version $version." ]] || continue
    find common sim src torch cli kernels include tests examples -type f -name '*.[ch]' -print0 |
        xargs -0 "$program" --dry-run -Werror || {
        echo "run $program -i on these files" >&2
        exit 1
    }
    echo "every C file is as $program writes it"
    exit 0
done
echo "skipped: clang-format $version is not installed"
exit 77
