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
echo "-- refused"
"$W4A16" quantize "$GOLDEN/gguf_values/model.gguf" no 2>&1 | sed "s,$GOLDEN/,," || true
sed 's/smollm/smellm/' "$GOLDEN/gguf_llama/model.gguf" >other.gguf
"$W4A16" quantize other.gguf no 2>&1 || true
ls
