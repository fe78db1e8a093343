#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# A library of the HIP front shows hip* symbols alone, and has the soname that programs ask for:
# check-library.sh LIBRARY NM READELF
set -euo pipefail
others=$("$2" -D --defined-only "$1" | awk '$3 !~ /^hip[A-Z]/ {print $3}')
if [ -n "$others" ]; then
    echo "$1 also shows: $others" >&2
    exit 1
fi
"$3" -d "$1" | grep -qF "soname: [$(basename "$1")]"
