#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# The installed tree in a Debian 12 that has nothing but a compiler, CMake, make, pkg-config and the libraries of others; there
# also a program without any shared library.
#   debian.sh BUILD SOURCE
# 77 (skipped) without debootstrap, root or the archives of Debian.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "skipped: no debootstrap, or not root"
    exit 77
fi
root=$work/root
packages=g++,cmake,make,pkg-config,libjansson-dev,libpcre2-dev,libelf-dev,libmsgpack-dev
if ! debootstrap --variant=minbase --include=$packages bookworm "$root" >"$work/log" 2>&1; then
    tail -n 5 "$work/log"
    grep -qE "Failed getting release file|Couldn't download" "$work/log" && exit 77
    exit 1
fi
cmake --install "$build" --prefix "$root/opt/w4a16" >/dev/null
cp -r "$source/examples" "$build/examples/axpy.hsaco" "$source/tests/install/use.sh" "$root/opt"
chroot "$root" /opt/use.sh /opt/w4a16 /opt/examples /opt/axpy.hsaco gcc
chroot "$root" sh -ec 'export PKG_CONFIG_PATH=$(dirname "$(find /opt/w4a16 -name w4a16.pc)")
    gcc -static /opt/examples/embed/layer.c $(pkg-config --static --cflags --libs w4a16-static) -o /opt/layer 2>/dev/null
    for device in cpu sim; do /opt/layer $device; done' | tee "$work/static"
[ "$(grep -c '128 of 128 right' "$work/static")" = 2 ]
