#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Runs every verb under valgrind, of both programs or of one:
#   programs.sh W4A16 RDNASIM CODE_OBJECT [w4a16|rdnasim]
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
w4a16=$1 rdnasim=$2 object=$3 only=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0
checked() { # PROGRAM [options of run.sh] VERB [arguments]
    local program=$1 code=0
    shift
    while [[ $1 = --* ]]; do shift; done
    rm -rf here
    mkdir here
    (cd here && exec "$HERE/memcheck.sh" "$program" "$@") >stdout 2>stderr || code=$?
    if [ "$code" -eq 77 ]; then
        cat stdout
        exit 77
    elif [ "$code" -gt 1 ]; then
        echo "$(basename "$program") $*: exit code $code"
        cat stderr
        status=1
    fi
}
w4a16() { [ "$only" = rdnasim ] || checked "$w4a16" "$@"; }
rdnasim() { [ "$only" = w4a16 ] || checked "$rdnasim" "$@"; }
. "$HERE/verbs.sh"
for checkpoint in "$HERE"/../golden/*/; do w4a16 inspect "$checkpoint"; done
for model in llama gemma3 values; do w4a16 quantize --threads 1 --group-size 32 "$HERE/../golden/gguf_$model/model.gguf" q; done
w4a16 run --device cpu --threads 1 --m 1,5 "$work/order"
w4a16 bench --device cpu --threads 1 --n 64 --k 128 --m 1,20 --time 1 --csv rows.csv --plot rows.svg
w4a16 bench --device sim --n 64 --k 128 --m 1,17 --act fp16 --range
rdnasim run "$object" --threads 1 --timing "7900 XTX" --block 32 --arg new:u32[4096]
for trace in $(find "${W4A16_REFERENCE_DATA:-/nowhere}/traces" -name '*.json' 2>/dev/null | sort | head -3); do
    rdnasim validate --list "$trace"
done
exit $status
