#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# run.sh PYTHON LIBRARY MODULES [pytest arguments]: the plugin's tests; 77 (skipped) where that Python lacks one of the
# comma-separated modules.
set -euo pipefail
python=$1 library=$2 modules=$3
shift 3
"$python" -c '
import importlib.util, sys
missing = [name for name in sys.argv[1].split(",") if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"skipped: {sys.executable} has no {missing}")' "$modules" || exit 77
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
W4A16_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../../python${PYTHONPATH:+:$PYTHONPATH} \
    exec "$python" -m pytest -q -rs -p no:cacheprovider "$@"
