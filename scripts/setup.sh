#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Installs the Debian packages that are missing. Sourced by demo.sh and test.sh; also runnable by itself.
#   setup.sh build    what the library, the kernels and the program need
#   setup.sh python   and what building the Python package in a venv needs
#   setup.sh test     and what the tests need
# What apt-get prints goes to the file that W4A16_LOG names, by default out/setup.log.
set -euo pipefail

W4A16_LOG=${W4A16_LOG:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/out/setup.log}

say() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# quietly WHAT COMMAND...: one line that says what is done; the command's own words go to the log, whose end is shown if
# it fails.
quietly() {
    say "$1"
    shift
    mkdir -p "$(dirname "$W4A16_LOG")"
    "$@" >>"$W4A16_LOG" 2>&1 </dev/null || {
        tail -n 20 "$W4A16_LOG" >&2
        die "failed: $*; all of its output is in $W4A16_LOG"
    }
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "packages are missing and can only be installed as root: run this script as root or install sudo"
    fi
}

can_install() { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }
offered() { [ -n "$(apt-cache policy "$1" | sed -n 's/^ *Candidate: [0-9]/&/p')" ]; }

# The AMDGPU compiler: version 22 (Debian 12 has it among the security updates) where it is or can be had, also beside
# a 19, which spills registers in the matrix kernels.
choose_llvm() {
    local version
    for version in 22 19; do
        if installed "clang-$version" || { offered "clang-$version" && can_install; }; then
            echo "$version"
            return
        fi
    done
    die "no package clang-22 or clang-19 in this system's package sources"
}

missing_of() { # prints those of its arguments that are not installed
    local package
    for package in "$@"; do installed "$package" || printf '%s ' "$package"; done
}

# Sets LLVM_VERSION and installs what is missing for "build", "python" or "test".
setup() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this script installs Debian packages, and this is no Debian system: install gcc, cmake >= 3.25," \
            "ninja, pkg-config, clang and lld with the AMDGPU target, jansson, libelf, pcre2, msgpack-c, zstd (tests: cmocka," \
            "mpfr, llvm, python3), then use cmake --preset release"
    local packages=(ca-certificates gcc libc6-dev cmake ninja-build pkg-config libjansson-dev libelf-dev libpcre2-dev
        libmsgpack-dev libzstd-dev)
    [ "$1" != build ] && packages+=(python3 python3-venv)
    [ "$1" = test ] && packages+=(libcmocka-dev libmpfr-dev g++ make scdoc abigail-tools
        python3-jsonschema mkdocs valgrind libnuma1 python3-dev)
    if [ -n "$(missing_of "${packages[@]}")" ] || ! { installed clang-22 || installed clang-19; }; then
        quietly "Updating the lists of packages" as_root apt-get update -q
    fi
    LLVM_VERSION=$(choose_llvm)
    packages+=("clang-$LLVM_VERSION" "lld-$LLVM_VERSION")
    [ "$1" = test ] && packages+=("llvm-$LLVM_VERSION" "libclang-rt-$LLVM_VERSION-dev" "clang-format-$LLVM_VERSION"
        "clang-tools-$LLVM_VERSION")
    local missing
    missing=$(missing_of "${packages[@]}")
    if [ -z "$missing" ]; then
        say "All packages are installed."
        return
    fi
    # shellcheck disable=SC2086
    quietly "Installing: $missing" \
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    case "${1:-build}" in
    build | python | test) setup "${1:-build}" ;;
    *) die "usage: setup.sh [build|python|test]" ;;
    esac
fi
