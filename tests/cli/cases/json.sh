# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Keys and their order are an interface.
. "$HERE/tiny.sh"
tiny_checkpoint q
keys() { python3 "$HERE/keys.py"; }
"$W4A16" make-model --json --model tiny x.safetensors | keys
"$W4A16" quantize --json x.safetensors x | keys
"$W4A16" inspect --json q | keys
"$W4A16" run --json --layer k_proj --act fp16 --m 2 q >run.json
keys <run.json
python3 "$HERE/figures.py" run.json
"$W4A16" info --json | keys
"$W4A16" info --kernels --target gfx1100 --json | keys
