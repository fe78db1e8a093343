#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# run.sh PYTHON LIBRARY [pytest arguments]: the operators' tests; 77 (skipped) where that Python lacks pytest or a
# PyTorch of 2.10 or newer.
set -euo pipefail
python=$1 library=$2
shift 2
"$python" -c '
import sys
try:
    import pytest, torch
except ImportError as error:
    sys.exit(f"skipped: {sys.executable}: {error}")
if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 10):
    sys.exit(f"skipped: torch {torch.__version__} is older than 2.10")' || exit 77
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
W4A16_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../python${PYTHONPATH:+:$PYTHONPATH} \
    exec "$python" -m pytest -q -rs -p no:cacheprovider "$@"
