# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
try() {
    code=0
    "$W4A16" "$@" 2>&1 | grep -v '^Try:' || true
    "$W4A16" "$@" >/dev/null 2>&1 || code=$?
    echo "-> $code"
}
try frobnicate
try run
try run a b
try run --m 0 x
try run --m 1,,2 x
try run --m 1,65537 x
try run --m 1x x
try run --act fp8 x
try run --device gpu x
try run --threads -1 x
try run --seed 99999999999999999999 x
try run --layer
try run --no-such-option x
try run --layer a --layer b x
try run --kernel-mask 'nothing*' x
try plan --kernel-mask w4a16_decode_f16_m1_g128_sy
try check --filter nothing
try quantize --group-size 0 in out
try quantize in
try make-model --model gpt-5 x
"$W4A16" >out.txt 2>err.txt || echo "-> $?"
[ ! -s out.txt ]
head -1 err.txt
