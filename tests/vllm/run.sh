#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# run.sh PYTHON LIBRARY [pytest arguments]: the plugin's tests; 77 (skipped) if that Python lacks pytest or torch.
set -euo pipefail
python=$1 library=$2
shift 2
"$python" -c 'import pytest, torch' 2>/dev/null || {
    echo "skipped: $python has no pytest or no torch"
    exit 77
}
here=$(cd "$(dirname "$0")" && pwd)
W4A16_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../python exec "$python" -m pytest -q -rs \
    -p no:cacheprovider "$here" "$@"
