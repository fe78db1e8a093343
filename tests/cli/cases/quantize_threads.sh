# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# The same bytes for every number of threads, and an old file stays if the new one fails.
. "$HERE/tiny.sh"
tiny_checkpoint one --threads 1 --asymmetric
tiny_checkpoint three --threads 3 --asymmetric
cmp one/model.safetensors three/model.safetensors
cmp one/quantize_config.json three/quantize_config.json
code=0
"$W4A16" quantize --force --group-size 24 tiny.safetensors one >/dev/null 2>err.txt || code=$?
echo "exit $code"
sed 's/layers\.[0-9]*\.[a-z_.]*/LAYER/' err.txt
cmp one/model.safetensors three/model.safetensors
ls one
"$W4A16" make-model --model tiny --seed 2 other.safetensors >/dev/null
cmp -s tiny.safetensors other.safetensors || echo "another seed, other bytes"
cksum <tiny.safetensors
