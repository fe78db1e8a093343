#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# rdnasim's verbs: results in files against Python's arithmetic, what is printed, what is refused and how.
set -euo pipefail
tool=$1 axpy=$2 strict=$3 launch=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

check() { # what, command...
    local what=$1
    shift
    [ -e out ] && mv out last # what the command before has printed
    if ! "$@" >out 2>err; then
        echo "FAILED: $what"
        cat out err
        failures=$((failures + 1))
    fi
}
refuses() { # exit code, sentence, command...
    local code=$1 sentence=$2 got=0
    shift 2
    "$@" >out 2>err || got=$?
    if [ "$got" -ne "$code" ] || ! grep -qF -- "$sentence" err; then
        echo "FAILED: exit code $got, expected $code with '$sentence': $*"
        cat out err
        failures=$((failures + 1))
    fi
}
says() { # text: of the last command
    grep -qF -- "$1" out || { echo "FAILED: '$1' is missing from:"; cat out; failures=$((failures + 1)); }
}

# y = a x + y, from generators and files, through .npy files and back.
args=(--kernel axpy --grid 1000 --block 256)
check "run from generators" "$tool" run "$axpy" "${args[@]}" --arg 'random:f32[1000]:7=x.npy' \
    --arg 'random:f32[1000]:8=y.npy' --arg f32:0 --arg u32:0
check "run from files" "$tool" run "$axpy" "${args[@]}" --arg file:x.npy --arg file:y.npy=z.npy --arg f32:2.5 \
    --arg u32:1000 --profile
says "exact:"
says "says nothing about a card"
check "the sums are right" python3 - <<'PY'
import struct
def read(name):
    data = open(name, 'rb').read()
    assert data[:6] == b'\x93NUMPY' and b"'<f4'" in data[:128], name
    start = 10 + struct.unpack('<H', data[8:10])[0]
    assert start % 64 == 0
    return struct.unpack('<1000f', data[start:])
x, y, z = read('x.npy'), read('y.npy'), read('z.npy')
assert max(map(abs, x)) <= 1 and len(set(x)) > 990
for a, b, c in zip(x, y, z):
    assert abs(2.5 * a + b - c) <= 2e-7 * (abs(2.5 * a) + abs(b)), (a, b, c)
PY
check "a trace" "$tool" run "$axpy" --grid 64 --block 32 --arg 'zeros:f32[64]' --arg 'zeros:f32[64]' --arg f32:1 \
    --arg u32:64 --trace=trace.txt --trace-limit 5 --threads 1
check "five lines" test "$(wc -l <trace.txt)" -eq 5
check "a trace of one wave and one instruction, with its registers" "$tool" run "$axpy" --grid 128 --block 64 \
    --arg 'zeros:f32[128]' --arg 'zeros:f32[128]' --arg f32:1 --arg u32:128 --trace=one.txt --trace-group 1 --trace-wave 1 \
    --trace-pc 0 --trace-registers
check "one line of group 1 and wave 1" grep -qE '^1,0,0 wave 1  00000  exec ffffffff  [a-z_0-9]+ .*  [sv][0-9]+=[0-9a-f]{8}' one.txt
check "... alone" test "$(wc -l <one.txt)" -eq 1
check "a trace of a range" "$tool" run "$axpy" --block 32 --arg 'zeros:f32[32]' --arg 'zeros:f32[32]' --arg f32:1 --arg u32:32 \
    --trace=some.txt --trace-pc 4-1f
check "pcs within it" awk '$4 < "00004" || $4 > "0001f" { exit 1 } END { exit NR == 0 }' some.txt
refuses 2 "--trace-pc: '9-4' is no value" "$tool" run "$axpy" --trace-pc 9-4
refuses 2 "--trace-wave: '32' is no value" "$tool" run "$axpy" --trace-wave 32

# Shapes are kept, also through a file; elements are printed by their type.
check "shapes" "$tool" run "$axpy" --block 6 --arg 'random:f32[2,3]:3=shape.npy' --arg 'zeros:f32[1,6]=sum.npy' --arg f32:2 \
    --arg u32:6 --print=2
says "argument 1, 6 f32:"
check "shapes through files" "$tool" run "$axpy" --block 6 --arg file:shape.npy=again.npy --arg file:sum.npy --arg f32:0 \
    --arg u32:6 --print
python3 - <<'PY'
import struct
def header(name):
    data = open(name, "rb").read()
    return eval(data[10:10 + struct.unpack("<H", data[8:10])[0]]), data[10 + struct.unpack("<H", data[8:10])[0]:]
(a, x), (b, y), (c, z) = header("shape.npy"), header("sum.npy"), header("again.npy")
assert a["shape"] == c["shape"] == (2, 3) and b["shape"] == (1, 6) and x == z, (a, b, c)
printed = [line for line in open("out") if line.startswith("argument 2, 6 f32:")]
assert struct.pack("<6f", *map(float, printed[0].split(":")[1].split())) == y, printed
PY
sed 's/(2, 3)/(2, 4)/' shape.npy >wrong.npy
refuses 3 "as many as its shape says" "$tool" run "$axpy" --arg file:wrong.npy
refuses 2 "at most 8 dimensions" "$tool" run "$axpy" --arg 'zeros:f32[1,1,1,1,1,1,1,1,1]'

check "JSON" "$tool" run "$axpy" --arg 'zeros:f32[32]' --arg 'zeros:f32[32]' --arg f32:1 --arg u32:32 --json
check "valid JSON" python3 -c 'import json; d = json.load(open("last")); assert d["simulated"] and d["waves"] == 1 and d["profile"]'
check "approximate is labelled" "$tool" run "$axpy" --arg 'zeros:f32[32]' --arg 'zeros:f32[32]' --arg f32:1 --arg u32:32 \
    --approximate
says "APPROXIMATE"

# Counting.
check "stats" "$tool" stats "$axpy" "${args[@]}" --arg file:x.npy --arg file:y.npy --arg f32:2.5 --arg u32:1000
says "64 loads of 8000 bytes, 32 stores of 4000 bytes"
check "stats as JSON" "$tool" stats "$axpy" "${args[@]}" --arg file:x.npy --arg file:y.npy --arg f32:2.5 --arg u32:1000 --json
check "lines are counted once" python3 -c '
import json
d = json.load(open("last"))
assert d["lines_of_launch"] == 64 and d["lines_per_instruction"] == 96, d
assert d["lds_bank_cycles"] == 0 and 0.9 < d["active_lane_share"] <= 1'
check "LDS stats" "$tool" stats "$launch" --kernel group_sum --grid 256 --block 256 --arg 'zeros:u32[256]' \
    --arg 'zeros:u32[1]' --json
check "no conflicts in a tree of sums" python3 -c '
import json
d = json.load(open("last"))
assert d["lds_bank_cycles"] == d["lds_ideal_cycles"] > 0'

# Listings.
check "info" "$tool" info "$axpy"
says "argument at   0, 8 bytes: global_buffer"
check "disasm" "$tool" disasm "$axpy" --kernel axpy
says "s_endpgm"

# Faults of the kernel.
refuses 1 "s40 holds an undefined value" "$tool" run "$strict" --kernel scalar_address_bad --arg 'zeros:u32[128]' \
    --arg 'zeros:u32[128]' --strict --block 64
check "silent without strict mode" "$tool" run "$strict" --kernel store_bad --arg 'zeros:u32[128]' \
    --arg 'zeros:u32[128]' --block 64
check "strict mode without a check" "$tool" run "$strict" --kernel store_bad --arg 'zeros:u32[128]' \
    --arg 'zeros:u32[128]' --strict=-undefined --block 64
refuses 2 "is no check" "$tool" run "$strict" --kernel store_bad --strict=fast
refuses 1 "stores an undefined value" "$tool" run "$strict" --kernel from_memory_bad --arg 'new:u32[128]=n.npy' \
    --arg 'zeros:u32[128]' --strict --block 64
refuses 1 "past the end of buffer 'argument 2'" "$tool" run "$axpy" --arg 'zeros:f32[32]' --arg 'zeros:f32[8]' --arg f32:1 \
    --arg u32:32
refuses 1 "quota" "$tool" run "$strict" --kernel endless_bad --arg 'zeros:u32[128]' --arg 'zeros:u32[128]' --quota 1000

# All faults of a launch instead of the first one, and its results.
group=(run "$strict" --kernel last_group_bad --grid 128 --block 64 --arg 'zeros:u32[128]' --arg 'zeros:u32[128]=kept.npy')
refuses 1 "strict mode has found 2 faults" "$tool" "${group[@]}" --strict --go-on
[ "$(grep -c 'cleared by' err)" -eq 2 ] || { echo "FAILED: not two reports"; cat err; failures=$((failures + 1)); }
says "kernel last_group_bad on simulated"
[ -s kept.npy ] || { echo "FAILED: no results are kept"; failures=$((failures + 1)); }
refuses 1 "strict mode has found 2 faults" "$tool" "${group[@]}" --strict --go-on --json
python3 -c 'import json, sys
d = json.load(sys.stdin)
assert [(f["check"], f["status"], f["kernel"]) for f in d["finds"]] == 2 * [("race", "strict", "last_group_bad")], d
assert d["finds"][0]["pc"] != d["finds"][1]["pc"]' <out
refuses 1 "cleared by" "$tool" "${group[@]}" --strict --json
python3 -c 'import json, sys
r = json.load(sys.stdin)["error"]["report"]
assert r["check"] == "race" and r["instruction"].startswith("global_store_b32") and r["bytes"] == 4, r' <out
refuses 2 "--go-on is about" "$tool" "${group[@]}" --go-on

# Wrong usage and bad files.
refuses 1 "quota" "$tool" run "$axpy" "${args[@]}" --arg 'zeros:f32[1000]' --arg 'zeros:f32[1000]' --arg f32:1 --arg u32:1000 \
    --quota 1
check "no quota, the last of two options" "$tool" run "$axpy" "${args[@]}" --arg 'zeros:f32[1000]' \
    --arg 'zeros:f32[1000]' --arg f32:1 --arg u32:1000 --quota 1 --quota none
check "a null pointer that nobody follows" "$tool" run "$axpy" --arg null --arg null --arg f32:1 --arg u32:0
refuses 1 "axpy" "$tool" run "$axpy" --arg null --arg 'zeros:f32[32]' --arg f32:1 --arg u32:32
refuses 2 "is a value of 4 bytes, not a buffer" "$tool" run "$axpy" --arg null --arg null --arg null --arg u32:0
refuses 2 "takes 4 arguments, there are 1" "$tool" run "$axpy" --arg f32:1
refuses 2 "is a buffer of 8 bytes, not a value of 4" "$tool" run "$axpy" --arg f32:1 --arg f32:1 --arg f32:1 --arg u32:1
refuses 2 "is a buffer of 8 bytes, not a value of 3" "$tool" run "$axpy" --arg bytes:010203 --arg null --arg f32:1 --arg u32:1
check "the bytes of a value" "$tool" run "$axpy" --block 6 --arg file:shape.npy --arg file:shape.npy=twice.npy --arg bytes:0000803f \
    --arg bytes:06000000 --print
check "once itself and itself" python3 - <<'PY'
before, after = (open(name, 'rb').read()[-24:] for name in ('shape.npy', 'twice.npy'))
import struct
before, after = struct.unpack('<6f', before), struct.unpack('<6f', after)
assert any(before) and after == tuple(2 * x for x in before), (before, after)
PY
refuses 2 "expected two hexadecimal digits" "$tool" run "$axpy" --arg bytes:0g
refuses 2 "no value of that type" "$tool" run "$axpy" --arg u8:256
refuses 2 "no value of that type" "$tool" run "$axpy" --arg i8:-129
refuses 2 "is no shape" "$tool" run "$axpy" --arg 'zeros:f32[4,'
refuses 2 "is no shape" "$tool" run "$axpy" --arg 'zeros:f32[1152921504606846976]' # 16 bytes each are too many
echo '{"cases": [' >damaged.json
refuses 3 "damaged.json: " "$tool" cases damaged.json
grep -q 'out of memory' err && { echo "FAILED: a damaged file is no lack of memory"; failures=$((failures + 1)); }
refuses 2 "should begin like" "$tool" run "$axpy" --arg 'zeros:f33[4]'
refuses 2 "expected TYPE:VALUE" "$tool" run "$axpy" --arg nothing
refuses 2 "no kernel nobody" "$tool" run "$axpy" --kernel nobody
refuses 2 "kernels: choose one" "$tool" run "$strict"
refuses 2 "unknown verb" "$tool" fly
refuses 2 "unknown verb" "$tool" 'f"ly' --json
says '"verb": "f\"ly", "error": {"status": "wrong usage", "message": "unknown verb f\"ly;'
refuses 2 "--grid: '0' is no value for this option" "$tool" run "$axpy" --grid 0
refuses 2 "not simulated" "$tool" run "$axpy" --target gfx906
refuses 3 "cannot open" "$tool" run missing.hsaco
refuses 3 "cannot open" "$tool" run "$axpy" --arg file:missing.npy
printf '\x93NUMPY\x01\x00\xff\xff' >short.npy
refuses 3 "not an .npy file" "$tool" run "$axpy" --arg file:short.npy
head -c 200 "$axpy" >cut.hsaco
refuses 3 "cut.hsaco" "$tool" info cut.hsaco

# Cases: a right one, and what becomes of damaged ones.
echo '{"cases": [{"id": "empty"}, {"id": "odd", "target": "gfx1100", "kind": "state", "wave": 32, "n_lanes": 1,
    "rsrc2": 4, "lds_bytes": 65536, "scratch_per_lane": 65536, "out_bytes": 4, "ulp": 0, "code": "abc"},
    {"id": "nothing", "target": "gfx1100", "kind": "state", "wave": 32, "n_lanes": 1, "rsrc2": 4, "lds_bytes": 65536,
    "scratch_per_lane": 65536, "out_bytes": 4, "ulp": 0, "code": "0000b0bf"},
    {"id": "differs", "target": "gfx1100", "kind": "x", "wave": 32, "n_lanes": 1, "rsrc2": 4, "lds_bytes": 65536,
    "scratch_per_lane": 65536, "out_bytes": 4, "ulp": 0, "code": "0000b0bf", "expect_nonzero": {"0": "01000000"}}]}' >cases.json
got=0; "$tool" cases cases.json >out 2>err || got=$?
[ $got -eq 1 ] || { echo "FAILED: cases: exit code $got"; failures=$((failures + 1)); }
says "empty: unreadable: wave is missing"
says "odd: unreadable"
says "differs: wrong: word at byte 0 is 0x00000000, expected 0x00000001"
says "1 exact,   0 within tolerance,   1 wrong,   0 refused,   0 crashed, 2 unreadable"
echo '{}' >none.json
refuses 3 "cases is missing; accepted is a list" "$tool" cases none.json

for verb in run stats disasm info cases; do
    check "$verb --help" "$tool" $verb --help
    says "Usage: rdnasim $verb"
    awk 'length > 100 { wide = 1 } END { exit wide }' out ||
        { echo "FAILED: $verb --help is wider than 100 columns"; failures=$((failures + 1)); }
    check "$verb --version" "$tool" $verb --version
    says "rdnasim 0."
done
[ "$failures" -eq 0 ] && echo "all of rdnasim's verbs behave"
exit $((failures != 0))
