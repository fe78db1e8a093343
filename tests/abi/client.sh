#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Clients compiled with the recorded headers, and with still older ones whose structs end sooner, run with this build's
# libraries: client.sh COMPILER LIBW4A16 LIBRDNASIM CODE_OBJECT
set -euo pipefail
compiler=$1 w4a16=$2 rdnasim=$3 object=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/older.py" "$here/0.1" "$work/older"
for headers in "$here/0.1" "$work/older"; do
    "$compiler" -std=gnu11 -Wall -Wextra -Werror -I"$headers" "$here/client.c" "$w4a16" "$rdnasim" \
        -Wl,-rpath,"$(dirname "$w4a16")" -Wl,-rpath,"$(dirname "$rdnasim")" -o "$work/client"
    "$work/client" "$object"
done

# The older structs are shorter indeed, and a struct that has changed in the middle is noticed.
sizes() { printf '#include "rdnasim.h"\n#include "w4a16/w4a16.h"\nint main(void){return sizeof(w4a16_run_args) + sizeof(rdnasim_observer);}' |
    "$compiler" -x c -I"$1" - -o "$work/sizes" && { "$work/sizes" && echo 0 || echo $?; }; }
[ "$(sizes "$here/0.1")" != "$(sizes "$work/older")" ]
cp -r "$here/0.1" "$work/changed"
sed -i 's/^    w4a16_address out; /    w4a16_address other, out; /' "$work/changed/w4a16/linear.h"
! cmp -s "$work/changed/w4a16/linear.h" "$here/0.1/w4a16/linear.h"
"$compiler" -std=gnu11 -I"$work/changed" "$here/client.c" "$w4a16" "$rdnasim" -Wl,-rpath,"$(dirname "$w4a16")" \
    -Wl,-rpath,"$(dirname "$rdnasim")" -o "$work/client"
if "$work/client" "$object" 2>/dev/null; then
    echo "a changed struct is not noticed"
    exit 1
fi
