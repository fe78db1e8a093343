# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# What stays in 16 bits and why, by itself and on request; what its configuration says; experts and transposed layers.
make() { python3 "$HERE/model.py" make "$@"; }
quantize() { "$W4A16" quantize --wide "$@" | sed 's/, in .*//' | columns 'tensors,number,layers,group,became,because'; }
. "$HERE/tiny.sh"
make decoder decoder
quantize --group-size 64 decoder q
python3 "$HERE/model.py" rules q
"$W4A16" quantize --group-size 64 --force decoder q | awk '/^[|]/ && length > 100' # lines that are too long: none
"$W4A16" inspect q | columns 'layer,group,verdict'
ls q

echo "-- on request"
quantize --group-size 32 --no-defaults --ignore 're:.*layers\.1\..*' --ignore mlp.up_proj --ignore k_proj decoder q2 |
    grep -E 'request|as one|embed|lm_head'
python3 "$HERE/model.py" rules q2
"$W4A16" quantize --ignore nothing_like_it decoder q3 2>&1 || echo "-> $?"
"$W4A16" quantize --ignore '*.gate' decoder q3 2>&1 | cut -c1-80 || echo "-> $?"

for kind in experts experts_transposed experts_alone conv1d; do
    echo "-- $kind"
    make $kind $kind
    quantize --group-size 32 $kind q_$kind
    python3 "$HERE/model.py" compare q_$kind $kind $kind
    python3 "$HERE/model.py" rules q_$kind
    "$W4A16" inspect q_$kind | columns verdict | sort | uniq -c
done
