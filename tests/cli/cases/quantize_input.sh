# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Every input type; what is copied; what is refused.
python3 "$HERE/weights.py" make w.safetensors
"$W4A16" quantize --group-size 32 --asymmetric w.safetensors deep/er/q | sed 's/, in .*//'
python3 "$HERE/weights.py" copies w.safetensors deep/er/q/model.safetensors
for layer in wide half brain; do
    python3 "$HERE/product.py" error deep/er/q/model.safetensors model.layers.0.$layer 32 1 w.safetensors
done
for weight in nan inf 1e6; do
    python3 "$HERE/weights.py" make w.safetensors $weight
    "$W4A16" quantize --group-size 32 w.safetensors $weight 2>&1 || echo "-> $?"
    [ ! -e $weight ] || ls -A $weight
done
"$W4A16" quantize --group-size 32 --scale-type bf16 w.safetensors bf16 | sed 's/, in .*//'
"$W4A16" quantize deep/er/q/model.safetensors again 2>&1 || echo "-> $?"
touch file
"$W4A16" quantize --group-size 32 w.safetensors file/q 2>&1 || echo "-> $?"
