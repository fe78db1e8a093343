# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Holds the figures of JSON documents against each other: `w4a16 run` of one layer at one M, `w4a16 bench` of dense
symmetric layers."""
import json
import math
import sys

GROUP = 128
MOST_ERROR = {"fp16": (5e-5, 1e-3), "bf16": (5e-4, 5e-3)}  # relative to the results: of roundings like 2^-12 and 2^-9


def close(a, b):
    assert math.isclose(a, b, rel_tol=1e-6), (a, b)


def run(document):
    for one in document["rows"] + document["totals"]:
        wrong = [key for key in ("violations", "non_finite", "overflows") if one[key] != 0]
        assert not wrong, (wrong, one)
        assert one["outputs"] == sum(row["n"] * row["m"] for row in document["rows"]), one
        off = one["outputs"] * (1 - one["within_1ulp_percent"] / 100)
        assert 0 <= off < one["outputs"] / 100 and abs(off - round(off)) < 1e-6, one
        assert 0 <= one["worst_ulp"] < 16 and 0 < one["worst_excess"] < 1, one
        close(1e-6 * one["sim_wave_instructions"] / one["sim_host_s"], one["sim_mega_wave_instructions_per_host_s"])


def bytes_of(row):
    return row["n"] * row["k"] / 2 + row["n"] * row["k"] / GROUP * 2


def work_of(row):
    return 2 * row["m"] * row["n"] * row["k"]


def same(total, row):
    return (total["m"], total["type"]) == (row["m"], row["type"])


def check_accuracy(row):
    least, most = MOST_ERROR[row["type"]]
    assert least < row["relative_error"] < most and 0 < row["worst_excess"] < 1, row


def bench_cpu(document):
    machine = document["machine"]
    peaks = {"cpu_linear_avx2": "fma_256_gflops", "cpu_linear_avx512": "fma_512_gflops",
             "cpu_linear_avx512bf16": "bf16_dots_gflops"}

    def check(one, bytes_, work):
        close(one["gb_per_s"] * one["least_us"], 1e-3 * bytes_)
        close(one["gflops"] * one["least_us"], 1e-3 * work)
        close(one["stream_percent"] * machine["stream_gb_per_s"], 100 * one["gb_per_s"])

    for row in document["rows"]:
        check(row, bytes_of(row), work_of(row))
        check_accuracy(row)
        assert 0 < row["least_us"] <= row["median_us"] and row["runs"] >= 5, row
        if row["kernel"] in peaks:
            close(row["peak_percent"] * machine[peaks[row["kernel"]]], 100 * row["gflops"])
    for total in document["totals"]:
        rows = [row for row in document["rows"] if same(total, row)]
        check(total, sum(map(bytes_of, rows)), sum(map(work_of, rows)))
        close(total["least_us"], sum(row["least_us"] for row in rows))
        close(total["tokens_per_s"] * total["least_us"] * total["layers"], 1e6 * total["m"])
        shares = [row["gflops"] / row["peak_percent"] for row in document["rows"]
                  if row["type"] == total["type"] and row["peak_percent"] is not None]
        if shares:
            close(total["peak_percent"] * max(shares), total["gflops"])


def bench_sim(document):
    def check(one, rows):
        us = one["modelled_us"]
        close(one["modelled_gb_per_s"] * us, 1e-3 * sum(map(bytes_of, rows)))
        close(one["modelled_tflops"] * us, 1e-6 * sum(map(work_of, rows)))
        least = sum(max((bytes_of(row) + 2 * row["m"] * (row["n"] + row["k"])) / document["assumed_gb_per_s"] * 1e-3,
                        work_of(row) / document["assumed_tflops"] * 1e-6) for row in rows)
        close(one["roofline_percent"] * us, 100 * least)

    for row in document["rows"]:
        check(row, [row])
        check_accuracy(row)
        assert row["launches"] >= 1 and row["modelled_us_with_gaps"] >= row["modelled_us"], row
        if row["variants"]:
            times = [row["modelled_us"]] + [one["modelled_us"] for one in row["variants"]]
            assert row["range_us"] == f"{min(times):.2f}-{max(times):.2f}" and times[-1] == max(times), row
            assert len({one["axis"] for one in row["variants"]}) == len(row["variants"]) > 5, row
    for total in document["totals"]:
        rows = [row for row in document["rows"] if same(total, row)]
        check(total, rows)
        for key in "modelled_us", "modelled_us_with_gaps":
            close(total[key], sum(row[key] for row in rows))
        close(total["modelled_tokens_per_s"] * total["modelled_us"] * document["layers"], 1e6 * total["m"])
        assert total["modelled_tokens_per_s_with_gaps"] < total["modelled_tokens_per_s"], total


for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as f:
        document = json.load(f)
    kind = document["verb"] + ("_" + document["device"] if document["verb"] == "bench" else "")
    {"run": run, "bench_cpu": bench_cpu, "bench_sim": bench_sim}[kind](document)
