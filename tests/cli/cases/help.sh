# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"$W4A16" --help
"$W4A16" run --help
for verb in info inspect quantize make-model plan report run check bench; do
    "$W4A16" $verb --help >help.txt
    head -1 help.txt
    grep -c -- '^  --' help.txt
done
for verb in "" info inspect quantize make-model plan report run check bench; do
    "$W4A16" $verb --help | awk -v verb="$verb" 'length > 100 { print verb ": longer than 100 columns: " $0 }'
done
