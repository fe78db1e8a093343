#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# run.sh TARGET_PROGRAM SECONDS WORK SEEDS [libFuzzer option...]
# Fuzzes for that long, growing the corpus in WORK, and prints the edges covered; the line is also kept in
# WORK.summary, and an input that breaks the target in WORK.crash-*. libFuzzer's own exit code for that, 77, would say that the
# test was skipped.
set -euo pipefail
program=$1 seconds=$2 work=$3 seeds=$4
shift 4
mkdir -p "$work"
rm -f "$work.summary"
status=0
"$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 -verbosity=1 \
    -error_exitcode=1 -artifact_prefix="$work." "$@" "$work" "$seeds" >"$work.log" 2>&1 || status=$?
tail -n 30 "$work.log"
edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work.log" | tail -n 1)
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log")
echo "${program##*/}: ${runs:-?} inputs in $seconds s, edges covered: ${edges:-none}" | tee "$work.summary"
if [ "${edges:-0}" -eq 0 ]; then
    echo "no coverage: the target was built without -fsanitize=fuzzer-no-link" >&2
    exit 1
fi
exit $status
