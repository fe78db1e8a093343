#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Every source file carries its SPDX lines.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"
missing=$(find common sim src torch python cli kernels include tests scripts cmake .ci bench examples -type f \
    \( -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.s' -o -name '*.S' -o -name '*.py' -o -name '*.sh' \
    -o -name '*.cmake' -o -name CMakeLists.txt -o -path .ci/run \) 2>/dev/null |
    xargs grep -L 'SPDX-License-Identifier: Apache-2.0' || true)
if [ -n "$missing" ]; then
    printf 'no SPDX-License-Identifier line in:\n%s\n' "$missing"
    exit 1
fi
echo "every source file has its SPDX line"
