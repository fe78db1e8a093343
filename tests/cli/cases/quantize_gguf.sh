# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# A GGUF file becomes a model's directory: layers of its values, kept tensors in 16 bits, configuration, tokenizer.
GOLDEN=$HERE/../golden
quantize() { "$W4A16" quantize --no-progress --group-size 32 "$@" | sed 's/, in .*//'; }
for model in llama gemma3; do
    echo "-- $model"
    quantize --wide "$GOLDEN/gguf_$model/model.gguf" $model | tail -n +3 | tr -s ' '
    ls $model
    "$W4A16" inspect $model | grep -c ' ok '
    python3 "$HERE/gguf.py" "$GOLDEN/gguf_$model/model.gguf" $model
done
echo "-- values alone: whoever keeps all gets a model of 16 bits"
quantize --scale-type bf16 --ignore 're:.*' "$GOLDEN/gguf_llama/model.gguf" values | tail -n +3 | tr -s ' '
ls values
grep -c quantization values/config.json || true
"$W4A16" quantize --no-progress --group-size 32 values again | sed 's/, in .*//' | tail -n 1
echo "-- run: three layers of a type that is read as values only; the reason once"
python3 -c 'import struct, sys
text = lambda s: struct.pack("<Q", len(s)) + s
head = b"GGUF" + struct.pack("<IQQ", 3, 3, 1) + text(b"general.architecture") + struct.pack("<I", 8) + text(b"any")
head += b"".join(text(b"%d.weight" % n) + struct.pack("<IQQIQ", 2, 32, 8, 3, 160 * n) for n in range(3))
sys.stdout.buffer.write(head + bytes(-len(head) % 32 + 3 * 160))' >three.gguf
{ "$W4A16" run --device cpu --no-progress three.gguf 2>&1 || true; } | grep -E 'three|more|verified' | sed 's/ in .*:/:/'
rm three.gguf
echo "-- refused"
"$W4A16" quantize "$GOLDEN/gguf_values/model.gguf" no 2>&1 | sed "s,$GOLDEN/,," || true
sed 's/smollm/smellm/' "$GOLDEN/gguf_llama/model.gguf" >other.gguf
"$W4A16" quantize other.gguf no 2>&1 || true
ls
