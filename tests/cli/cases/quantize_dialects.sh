# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Whatever the quantiser writes, Python finds close to the original, the reader reads and the cpu multiplies.
. "$HERE/tiny.sh"
for version in 1 2; do
    for options in "--group-size 128" "--group-size 128 --search" "--group-size 128 --asymmetric --search" \
        "--group-size 32 --scale-type bf16" "--group-size -1 --asymmetric" \
        "--group-size 64 --asymmetric --scale-type bf16 --threads 3"; do
        format=gptq
        [ $version = 2 ] && format=gptq_v2
        echo "$format $options"
        tiny_checkpoint q --format $format $options
        group=$(echo "$options" | cut -d' ' -f2)
        python3 "$HERE/product.py" error q/model.safetensors model.layers.0.self_attn.k_proj "$group" $version \
            tiny.safetensors
        "$W4A16" inspect --wide q | columns 'format,group,scales,zeros,act-order,verdict' | tail -n +2 | sort | uniq -c
        "$W4A16" run q --device cpu --m 3 | columns 'type,verdict' | tail -n +2 | sort | uniq -c
    done
done
