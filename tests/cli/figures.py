# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Holds the figures of `w4a16 run --json` against each other; one layer ran at one M."""
import json
import math
import sys

document = json.load(sys.stdin)
for one in document["rows"] + document["totals"]:
    wrong = [key for key in ("violations", "non_finite", "overflows") if one[key] != 0]
    assert not wrong, (wrong, one)
    assert one["outputs"] == sum(row["n"] * row["m"] for row in document["rows"]), one
    off = one["outputs"] * (1 - one["within_1ulp_percent"] / 100)
    assert 0 <= off < one["outputs"] / 100 and abs(off - round(off)) < 1e-6, one
    assert 0 <= one["worst_ulp"] < 16 and 0 < one["worst_excess"] < 1, one
    rate = 1e-6 * one["sim_wave_instructions"] / one["sim_host_s"]
    assert math.isclose(rate, one["sim_mega_wave_instructions_per_host_s"], rel_tol=1e-6), one
