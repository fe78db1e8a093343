#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# The report of the hip device on the HIP front has the bits of the report of the sim device.
set -euo pipefail
w4a16=$1
export W4A16_HIP_LIBRARY=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$w4a16" report --device sim --every 181 --output "$work/sim.json" --no-progress
"$w4a16" report --device hip --every 181 --output "$work/hip.json" --no-progress
python3 - "$work" <<'PY'
import json, sys
sim, hip = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("sim", "hip"))
assert hip["device"] == "hip" and hip["simulated"] and not hip["failed"] and len(hip["conformance"]) > 30
for a, b in zip(sim["conformance"], hip["conformance"], strict=True):
    assert a["case"] == b["case"] and a["bits"] == b["bits"], (a, b)
assert [t["kernel"] for t in sim["timing"]] == [t["kernel"] for t in hip["timing"]]
print("the same bits on both")
PY
