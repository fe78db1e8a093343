#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Installs everything into a folder with a space in its name, moves that, and uses it from outside (use.sh); looks at the
# names that the libraries show, the manual pages and the completion.
#   tree.sh BUILD SOURCE COMPILER PAGES (1: scdoc is there)
set -euo pipefail
build=$1 source=$2 compiler=$3 pages=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
die() {
    echo "$*"
    exit 1
}

cmake --install "$build" --prefix "$work/first place" >/dev/null
tree="$work/where it stays"
mv "$work/first place" "$tree"
lib=$(dirname "$(find "$tree" -name libw4a16.so)")
mkdir "$work/outside"
cp -r "$source/examples" "$work/outside"
"$source/tests/install/use.sh" "$tree" "$work/outside/examples" "$build/examples/axpy.hsaco" "$compiler"
needs() { readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'; } # the libraries that a library opens

# Each library shows the names of its headers alone.
for name in w4a16 rdnasim; do
    shown() { awk 'NF == 3 && $2 != "A" {sub(/@.*/, "", $3); print $3}' | sort; }
    declared=$(cat "$source"/include/w4a16/*.h "$source/sim/include/rdnasim.h" | tr '\n' ' ' |
        grep -oE "${name^^}_API [^;(]*\(" | grep -oE "${name}_[a-zA-Z0-9_]+\(" | tr -d '(' | sort -u)
    for kind in so a; do
        file=$lib/lib$name.$kind
        [ $kind = so ] && found=$(nm -D --defined-only "$file" | shown) || found=$(nm -g --defined-only "$file" | shown)
        [ "$found" = "$declared" ] || die "lib$name.$kind shows other names than its headers:" \
            "$(diff <(echo "$declared") <(echo "$found"))"
    done
    version=$(sed -n "s/#define ${name^^}_VERSION_STRING \"\(.*\)\"/\1/p" "$tree/include/rdnasim.h" "$tree/include/w4a16/base.h")
    readelf -d "$lib/lib$name.so" | grep -qF "soname: [lib$name.so.${version%.*}]" || die "lib$name.so has another soname"
    [ "$("$tree/bin/$name" --version)" = "$name $version" ] || die "$name names another version"
    [ "$(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --modversion "$name")" = "$version" ] || die "$name.pc has another version"
    if [ "$pages" = 1 ]; then
        page=$(find "$tree" -name "$name.1")
        for verb in $("$tree/bin/$name" --help | awk '/^Verbs:/ {on = 1; next} /^$/ {on = 0} on {print $1}'); do
            grep -q "Usage: $name $verb" <(sed 's/\\//g' "$page") || die "$page does not explain $verb"
        done
    fi
done
grep -q "^version = \"$version\"" "$source/pyproject.toml" || die "pyproject.toml has another version"
LD_LIBRARY_PATH=$lib needs "$lib/libw4a16.so" | grep -q '^librdnasim.so' || die "libw4a16.so has a simulator of its own"
[ -f "$lib/rdnasim/libamdhip64.so.6" ] && [ -f "$lib/rdnasim/libamdhip64.so.7" ] || die "the HIP front is missing"
"$tree/bin/rdnasim" info "$build/examples/axpy.hsaco" | grep -q axpy

completed=$(PATH="$tree/bin:$PATH" bash -c '. "$1"; COMP_WORDS=(w4a16 q) COMP_CWORD=1; _w4a16_complete w4a16 q
    COMP_WORDS=(w4a16 quantize --gr) COMP_CWORD=2; first=${COMPREPLY[*]}; _w4a16_complete w4a16 --gr
    echo "$first ${COMPREPLY[*]}"' - "$(find "$tree" -path '*/completions/w4a16')")
[ "$completed" = "quantize --group-size" ] || die "completion gives: $completed"
echo "the installed libraries show their own names alone, and have their pages"
