# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# The sentence itself is the reader's; here it matters that each is a failure that names the file.
. "$HERE/tiny.sh"
tiny_checkpoint good
fails() { # WHAT-TO-FIND arguments...
    local wanted=$1 code=0
    shift
    "$W4A16" "$@" >out.txt 2>err.txt || code=$?
    echo "$1: exit $code, $(grep -c -F -- "$wanted" err.txt || true) line names $wanted"
}
fails nothing-here inspect nothing-here
fails nothing-here run nothing-here
fails nothing.safetensors quantize nothing.safetensors out
printf 'not a checkpoint' >junk.safetensors
fails junk.safetensors quantize junk.safetensors out
mkdir cut && cp good/quantize_config.json cut && head -c 1000 good/model.safetensors >cut/model.safetensors
fails cut/model.safetensors inspect cut
fails no_such_layer run --layer no_such_layer good
printf 'not numpy' >x.npy
fails x.npy run --input x.npy good
fails missing.npy run --input missing.npy good
fails gfx906 run --target gfx906 good
ls out 2>/dev/null || true
