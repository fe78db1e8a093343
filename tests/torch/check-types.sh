#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# check-types.sh PYTHON: mypy over the package, as pyproject.toml sets it up; 77 (skipped) without mypy or PyTorch.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! "$1" -c 'import mypy, torch' 2>/dev/null; then
    echo "skipped: $1 has no mypy or no torch"
    exit 77
fi
exec "$1" -m mypy --cache-dir=/dev/null
