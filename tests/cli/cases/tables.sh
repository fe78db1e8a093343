# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# The tables that people read, to the letter; what depends on the host or its speed is left out.
. "$HERE/tiny.sh"
export W4A16_CPU_LEVEL=portable
rows() { grep '^|'; }
"$W4A16" make-model --model tiny tiny.safetensors >/dev/null
"$W4A16" quantize --group-size 64 tiny.safetensors q | rows
cat q/config.json
mkdir model
cp tiny.safetensors model/model.safetensors
echo '{"model_type": "llama", "quantization_config": null, "sizes": {"a": [1, 2]}}' >model/config.json
"$W4A16" quantize --group-size 64 model out >/dev/null
cat out/config.json
"$W4A16" inspect q | rows | sed -n 1,4p
"$W4A16" plan --n 512 --k 256 --m 1,64,512 | rows
"$W4A16" run q --layer k_proj --device cpu --m 3 --act fp16 | rows
"$W4A16" check --device cpu --filter "m3 n200 k1024 g32" | rows
"$W4A16" info --kernels | rows | sed -n 1,2p
"$W4A16" check --list >list
"$W4A16" check --list --json >list.json
python3 - <<'PY'
import json
cases = open('list').read().splitlines()
print(len(cases), len(set(cases)), cases[0], [row['case'] for row in json.load(open('list.json'))['rows']] == cases, sep=' | ')
PY
"$W4A16" check --list --filter "m3 n200 k1024 g32"
