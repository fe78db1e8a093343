#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# How `rdnasim cases` judges: programs that end at once leave what `init` has put into the output, so each case says
# itself what is found. Any NaN equals any NaN, where an instruction computes with floating point; fields that may be
# absent; fields of wrong types.
set -euo pipefail
tool=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# verdict WHAT EXPECTED FIELDS: the case of the fields, beside those that it must have.
verdict() {
    local code=', "code": "0000b0bf"'
    [[ $3 == *'"code"'* ]] && code=""
    printf '{"cases": [{"id": "c", "kind": "state", "wave": 32, "n_lanes": 1, "rsrc2": 4194716,
        "lds_bytes": 65536, "scratch_per_lane": 65536, "out_bytes": 64, "ulp": 0%s%s}]}' "$code" "$3" >"$work/case.json"
    "$tool" cases "$work/case.json" >"$work/out" 2>&1 || true
    grep -qF -- "$2" "$work/out" || {
        echo "FAILED: $1: '$2' is missing from:"
        cat "$work/out"
        failures=$((failures + 1))
    }
}
# found WHAT VERDICT INSTRUCTION INIT EXPECTED: words in memory order; the expected ones from offset 8 on.
found() {
    local expected="" at=8 word
    for word in $5; do
        expected+=", \"$at\": \"$word\""
        at=$((at + 4))
    done
    verdict "$1" "$2" ", \"insts\": [\"$3\"], \"init\": \"$4\", \"init_off\": 8, \"expect_nonzero\": {${expected#, }}"
}

verdict "without optional fields" "1 exact" ""
verdict "of another target" "refused by name" ', "target": "gfx1150", "code": "040602a00000b0bf"'
found "the same word" "1 exact" v_mov_b32 01000000 01000000
found "another word" "word at byte 8 is 0x00000001, expected 0x00000002" v_add_f32 01000000 02000000
found "another NaN of 32 bits" "1 exact" v_add_f32 0100c07f 0000c0ff
found "... that is an integer" "1 wrong" v_add_nc_u32 0100c07f 0000c0ff
found "an infinity for a NaN" "1 wrong" v_add_f32 0000807f 0000c07f
found "another NaN of 16 bits" "1 exact" v_pk_add_f16 017e003c 00fe003c
found "... beside another number" "1 wrong" v_pk_add_f16 017e003c 00fe013c
found "another NaN of bf16" "1 exact" v_dot2_bf16_bf16 c17f803f c0ff803f
found "another NaN of 64 bits" "1 exact" v_add_f64 010000000000f87f "00000000 0000f8ff"
found "another number of 64 bits" "1 wrong" v_add_f64 010000000000e87f "00000000 0000e87f"
verdict "init that does not fit" "init is no hexadecimal text" ', "init": "01000000", "init_off": 62'
verdict "init that is no text of bytes" "init is no hexadecimal text" ', "init": "0g", "init_off": 0'
verdict "init without a place" "init_off is missing" ', "init": "00"'
verdict "an offset between words" "asserted[0] is 6" ', "asserted": [6]'
verdict "an offset outside" "volatile[1] is 64" ', "volatile": [0, 64]'
verdict "an offset that is a text" "asserted[0] is" ', "asserted": ["0"]'
verdict "an expected word outside" "an expected word is not 4 bytes" ', "expect_nonzero": {"64": "00000000"}'
verdict "an expected word without a place" "an expected word is not 4 bytes" ', "expect_nonzero": {"x": "00000000"}'
for field in '"asserted": {}' '"volatile": 0' '"expect_nonzero": []' '"approx_asserts": 1' '"init": 0' '"insts": [0]' \
    '"target": 0' '"doc": []' '"llvm_decodes": "no"' '"denorm_sensitive": 1'; do
    verdict "$field" "1 unreadable" ", $field"
    grep -q "c: unreadable: $(sed 's/"\([a-z_]*\)".*/\1/' <<<"$field")" "$work/out" || {
        echo "FAILED: the field is not named:"
        cat "$work/out"
        failures=$((failures + 1))
    }
done
exit $((failures > 0))
