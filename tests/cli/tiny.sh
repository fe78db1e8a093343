# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Sourced by cases: makes a quantised checkpoint $1 from the seeded tiny model, with the options that follow.
tiny_checkpoint() {
    local out=$1
    shift
    [ -f tiny.safetensors ] || "$W4A16" make-model --model tiny tiny.safetensors >/dev/null
    "$W4A16" quantize --force "$@" tiny.safetensors "$out" >/dev/null
}

# Keeps the named columns of a table, without the padding.
columns() {
    awk -F' *[|] *' -v wanted="$1" '
        BEGIN { count = split(wanted, names, ",") }
        /^[|] / && !found { for (i = 1; i <= NF; i++) at[$i] = i; found = 1 }
        /^[|] / && !/^[|] --/ {
            line = ""
            for (i = 1; i <= count; i++) line = line (i > 1 ? " " : "") $(at[names[i]])
            print line
        }'
}
