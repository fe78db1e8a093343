#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Heads of files: every source file carries its SPDX lines, and one that begins with #! may be executed.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
folders=(common sim src torch python cli kernels include tests scripts cmake .ci examples)
missing=$(find "${folders[@]}" -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.s' -o -name '*.S' -o -name '*.py' -o -name '*.sh' \
    -o -name '*.cmake' -o -name CMakeLists.txt -o -path .ci/run \) |
    xargs grep -L 'SPDX-License-Identifier: Apache-2.0' || true)
if [ -n "$missing" ]; then
    printf 'no SPDX-License-Identifier line in:\n%s\n' "$missing"
    exit 1
fi
idle=$(find "${folders[@]}" -type f -not -executable -print0 | xargs -0 awk 'FNR == 1 && /^#!/ {print FILENAME} {nextfile}')
if [ -n "$idle" ]; then
    printf 'begins with #! and is not executable:\n%s\n' "$idle"
    exit 1
fi
echo "every source file has its SPDX line, and every script may be executed"
