#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# test_faults.sh W4A16 RDNASIM AXPY.hsaco: every call by which the programs change files goes wrong in turn (faults.c is
# linked over them). Whatever fails and whichever signal comes, what was there is there, byte for byte, or the new is
# complete; nothing is left beside it; and the program says what failed, where and why.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
W4A16=$1 RDNASIM=$2 AXPY=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# All names below a directory, and the bytes of its files.
state() { (cd "$1" && find . -type d | sort && find . -type f -exec cksum {} + | sort -k3); }

# Runs a command in a copy of ./start, called ./here, with the nth call failing so.
attempt() { # FAULT N command...
    local fault=$1 n=$2
    shift 2
    rm -rf here
    cp -r start here
    code=0
    { (cd here && FAULT=$fault FAULT_AT=$n exec "$@") >stdout 2>stderr || code=$?; } 2>shell # "Terminated"
}

faults() { # NAME EXIT-CODE command...: from ./start
    local name=$1 wanted=$2 n struck calls
    shift 2
    attempt COUNT 0 "$@"
    calls=$(sed -n 's/^calls: //p' stderr)
    [ "$calls" -ge 5 ] || fail "$name: only $calls calls were counted"
    [ "$code" -eq 0 ] || fail "$name: exit $code without a fault: $(cat stderr)"
    state start >old.txt
    state here >new.txt
    cmp -s old.txt new.txt && fail "$name: changes nothing"
    attempt SHORT 0 "$@"
    state here | cmp -s - new.txt || fail "$name: short writes"
    : >struck.txt
    for fault in ERROR SIGTERM; do
        # each of the first and the last, and ever fewer of those between, which write data
        for ((n = 1; n <= calls; n += n < 12 || n + 16 > calls ? 1 : n * 2 + 16 > calls ? calls - 15 - n : n)); do
            attempt $fault $n "$@"
            struck=$(sed -n 's/^fault: //p' stderr)
            [ -n "$struck" ] || fail "$name: call $n did not come"
            echo "$struck" >>struck.txt
            state here >now.txt
            cmp -s now.txt old.txt || cmp -s now.txt new.txt || {
                fail "$name: $fault of $struck (call $n): a mixture"
                diff old.txt now.txt || true
            }
            case $fault in
            SIG*) [ "$code" -ge 128 ] || fail "$name: $fault before $struck (call $n): exit $code" ;;
            *)
                if [ "$code" -eq 0 ]; then # a call that does not matter, as the end of what was only read
                    cmp -s now.txt new.txt || fail "$name: $fault of $struck (call $n): exit 0, and not complete"
                elif [ "$code" -ne "$wanted" ]; then
                    fail "$name: $fault of $struck (call $n): exit $code"
                elif ! grep -q -e ': .*\(No space left\|Input/output error\)' stderr || grep -qF '(null)' stderr; then
                    fail "$name: $fault of $struck (call $n): $(cat stderr)"
                fi
                ;;
            esac
        done
    done
    for call in open write fsync close rename; do
        grep -q "^$call$" struck.txt || fail "$name: never calls $call"
    done
    echo "$name: $calls calls"
}

# A sudden end while files move into ./q: what a reader sees of it is the old model, or none, or the new one.
deaths() { # NAME command...
    local name=$1 n calls side configs='/(quantize_|quant_)?config.json$'
    shift
    visible() { (cd "$1/q" && find . -name '.partial*' -prune -o -type f -exec cksum {} + | sort -k3); }
    attempt COUNT 0 "$@"
    calls=$(sed -n 's/^calls: //p' stderr)
    visible start >old.txt
    visible here >new.txt
    for ((n = calls - 24; n <= calls; n++)); do
        attempt SIGKILL $n "$@"
        visible here >now.txt
        grep -E "$configs" now.txt >is.txt || continue # nobody can begin to read it
        for side in old new; do
            grep -vE "$configs" $side.txt >rest.txt
            grep -vE "$configs" now.txt | cmp -s - rest.txt && ! grep -qvxFf $side.txt is.txt && continue 2
        done
        fail "$name: killed at call $n: a mixture"
        cat now.txt
    done
}

fresh() { rm -rf start && mkdir start; }

fresh
python3 "$here/model.py" make start/model decoder
faults "quantize to a new directory" 1 "$W4A16" quantize --group-size 32 --threads 2 model out/q
(cd start && "$W4A16" quantize --group-size 64 --format gptq_v2 model q && echo mine >q/mine.txt && touch q/model-00001-of-00002.safetensors) >stdout
faults "quantize over another" 1 "$W4A16" quantize --force --group-size 32 --threads 2 model q
deaths "quantize over another" "$W4A16" quantize --force --group-size 32 --threads 2 model q
faults "quantize in place" 1 "$W4A16" quantize --force --group-size 32 --threads 2 model model

fresh
"$W4A16" make-model --model tiny --seed 2 start/m.safetensors >stdout
faults "make-model" 1 "$W4A16" make-model --model tiny m.safetensors
"$W4A16" quantize start/m.safetensors start/q >stdout
touch start/y.npy
faults "run --output" 1 "$W4A16" run --device cpu --layer k_proj --act fp16 --output y.npy q

fresh
faults "rdnasim run, a buffer" 3 "$RDNASIM" run "$AXPY" --arg 'random:f32[64]:7' --arg 'zeros:f32[64]=y.npy' --arg f32:2 \
    --arg u32:64
faults "rdnasim run, a trace" 3 "$RDNASIM" run "$AXPY" --arg 'random:f32[64]:7' --arg 'zeros:f32[64]' --arg f32:2 \
    --arg u32:64 --trace=trace.txt

attempt SIGINT 4 "$RDNASIM" run "$AXPY" --arg 'zeros:f32[64]' --arg 'zeros:f32[64]=y.npy' --arg f32:2 --arg u32:64
[ "$(ls -A here)" = "" ] || fail "SIGINT leaves $(ls -A here)"

[ $failures -eq 0 ] || exit 1
