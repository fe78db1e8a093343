#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# scripts/wheel.sh, with the code objects of this build: twice, from two folders and with the libraries of others built in
# two, for the same bytes; then the wheel in an empty Debian 12 that has Python and PyTorch and nothing of ours.
#   wheel.sh BUILD SOURCE PYTHON
# 77 (skipped) without the network, or what installs Debian's packages.
set -euo pipefail
build=$1 source=$2 python=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
die() {
    echo "$*"
    exit 1
}
skip() {
    echo "skipped: $*"
    exit 77
}
command -v apt-get >/dev/null || skip "no apt-get, which fetches the sources of the libraries"
"$python" -m pip download -q --no-deps -d "$work" scikit-build-core==1.1.2 2>/dev/null || skip "PyPI cannot be reached"

cmake --install "$build" --component kernels --prefix "$work/kernels" >/dev/null
export W4A16_PREBUILT_KERNELS=$work/kernels
W4A16_TARGETS=$(cd "$work/kernels" && ls combine.*.hsaco | cut -d. -f2 | paste -sd ';')
export W4A16_TARGETS SOURCE_DATE_EPOCH=1700000000
W4A16_WHEEL_KEPT=$build/wheel "$source/scripts/wheel.sh" "$work/first"
mkdir "$work/elsewhere"
(cd "$source" && git ls-files -z -co --exclude-standard 2>/dev/null || find . -type f -not -path './build/*' -print0) |
    (cd "$source" && tar --null --files-from=- -cf - 2>/dev/null) | tar -xf - -C "$work/elsewhere"
W4A16_WHEEL_KEPT=$work/kept "$work/elsewhere/scripts/wheel.sh" "$work/second"
cmp "$work"/first/*.whl "$work"/second/*.whl || die "two builds differ"

"$python" -m pip install -q --no-deps --target "$work/site" "$work"/first/*.whl
[ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null || skip "the empty Debian 12 (the rest passed): no debootstrap, or not root"
root=$work/root
if ! debootstrap --variant=minbase --include=python3 bookworm "$root" >"$work/log" 2>&1; then
    grep -qE "Failed getting release file|Couldn't download" "$work/log" || die "debootstrap: $(tail -n 5 "$work/log")"
    skip "the empty Debian 12 (the rest passed): $(tail -n 1 "$work/log")"
fi
cp -r "$work/site" "$root/opt/w4a16"
doctor() { chroot "$root" env PYTHONPATH=/opt/w4a16:/opt/torch python3 -m w4a16 doctor 2>/dev/null; }
report=$(doctor) && die "without PyTorch the doctor is content: $report"
grep -q '^library *yes' <<<"$report" || die "$report"
"$python" -m pip install -q --python-version 3.11 --only-binary :all: --target "$root/opt/torch" torch==2.13.0 2>/dev/null ||
    skip "PyTorch in the empty Debian 12 (the rest passed)"
report=$(doctor) && grep -q '^product *yes *right on cpu' <<<"$report" || die "in an empty Debian 12: $report"
echo "the wheel is the same from two folders, and computes in an empty Debian 12"
