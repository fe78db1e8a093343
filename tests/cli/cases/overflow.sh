# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Outputs beyond fp16 are Inf by right rounding: counted and said, not "ok". bf16 holds them.
. "$HERE/tiny.sh"
python3 "$HERE/weights.py" make w.safetensors 100 # one large weight
"$W4A16" quantize --group-size 32 w.safetensors q >/dev/null
python3 "$HERE/product.py" input 2 64 12000
for input in f2 u2; do
    code=0
    "$W4A16" run --wide q --layer wide --input $input.npy >out || code=$?
    columns 'type,M,overflows,verdict' <out
    sed -n '/outputs are\|all verified/{s/ in [0-9.]* s//;p}' out
    echo "exit $code"
done
code=0
"$W4A16" run q --layer wide --input f2.npy --json >json || code=$?
python3 - "$code" <<'EOF'
import json, sys
run = json.load(open("json"))
row, total = run["rows"][0], run["totals"][0]
print(sys.argv[1], row["overflows"], row["non_finite"], row["violations"], row["verdict"], total["overflows"], total["verdict"])
EOF
