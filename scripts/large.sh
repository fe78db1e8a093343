#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Products with more than 2^31 weights or results, on the simulator: some 8 GB of memory and a few minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
setup test >&2
cmake --preset release >&2
cmake --build --preset release --target test_large >&2
exec build/release/tests/device/test_large
