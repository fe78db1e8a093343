#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Installs the Debian packages that are missing. Sourced by demo.sh and test.sh; also runnable by itself.
#   setup.sh build   what the library, the kernels and the program need
#   setup.sh test    and what the tests need
set -euo pipefail

say() { printf '== %s\n' "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
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

# The AMDGPU compiler: version 22 where Debian has it, else 19.
llvm_version() {
    if [ -n "$(apt-cache policy clang-22 2>/dev/null | sed -n 's/.*Candidate: \([0-9].*\)/\1/p')" ]; then
        echo 22
    else
        echo 19
    fi
}

setup() {
    local what=$1 missing=() package
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this script installs Debian packages, and this is no Debian system: install gcc, cmake >= 3.25," \
            "ninja, pkg-config, clang and lld with the AMDGPU target, jansson, libelf, msgpack-c (tests: cmocka," \
            "llvm, python3), then use cmake --preset release"
    local base=(ca-certificates gcc libc6-dev cmake ninja-build pkg-config libjansson-dev libelf-dev
        libmsgpack-dev)
    [ "$what" = test ] && base+=(libcmocka-dev python3)
    for package in "${base[@]}"; do installed "$package" || missing+=("$package"); done
    if ! command -v clang-22 >/dev/null || [ "$what" = test ] || [ ${#missing[@]} -gt 0 ]; then
        local version tools
        installed clang-22 || { say "apt-get update"; as_root apt-get update -q; }
        version=$(llvm_version)
        tools=("clang-$version" "lld-$version")
        [ "$what" = test ] && tools+=("llvm-$version" "libclang-rt-$version-dev")
        for package in "${tools[@]}"; do installed "$package" || missing+=("$package"); done
    fi
    if [ ${#missing[@]} -eq 0 ]; then
        say "All packages are installed."
        return
    fi
    say "Installing: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install ${missing[*]}; see its message above"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    case "${1:-build}" in
    build | test) setup "${1:-build}" ;;
    *) die "usage: setup.sh [build|test]" ;;
    esac
fi
