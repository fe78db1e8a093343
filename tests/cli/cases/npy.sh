# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# .npy in, .npy out, against a product computed by Python from the checkpoint's bytes.
. "$HERE/tiny.sh"
python3 "$HERE/product.py" input 5 256
tiny_checkpoint q --asymmetric --group-size 64
for device in cpu sim; do
    for input in f2 f4 u2; do
        act=fp16
        [ $input = u2 ] && act=bf16
        "$W4A16" run q --device $device --layer k_proj --act $act --input $input.npy --output y.npy |
            columns 'type,M,verdict' | tail -n +2
        python3 "$HERE/product.py" check q/model.safetensors model.layers.0.self_attn.k_proj 64 $input.npy y.npy
    done
done
code=0
"$W4A16" run q --layer down_proj --input f2.npy >/dev/null || code=$?
"$W4A16" run q --layer k_proj --act bf16 --input f2.npy >/dev/null || code=$?
"$W4A16" run q --layer k_proj --m 6 --input f2.npy >/dev/null || code=$?
"$W4A16" run q --output y.npy >/dev/null || code=$?
echo $code
