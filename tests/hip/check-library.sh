#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# A library of the HIP front shows the calls of its list and nothing else, and has the soname that programs ask for:
# check-library.sh LIBRARY NM READELF CALLS.DEF
set -euo pipefail
shown=$("$2" -D --defined-only "$1" | awk '{print $3}' | LC_ALL=C sort)
listed=$(sed -nE 's/^(WHOLE|PARTLY|REFUSED)\(([A-Za-z0-9_]+),.*/\2/p' "$4" | LC_ALL=C sort)
if [ "$shown" != "$listed" ]; then
    echo "$1 shows other calls than $4 lists (< shown, > listed):" >&2
    diff <(echo "$shown") <(echo "$listed") >&2
    exit 1
fi
"$3" -d "$1" | grep -qF "soname: [$(basename "$1")]"
