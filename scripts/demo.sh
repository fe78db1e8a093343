#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# From nothing to a verified table: installs what is missing, builds, makes a quantised decoder block in the
# shapes of a real model, and multiplies each of its layers on a simulated RX 7900 XTX (gfx1100) by the project's
# own machine code, checked against an fp64 reference.
#   demo.sh [MODEL]   MODEL: qwen3-4b (default), llama-3.1-8b or tiny
# What apt-get, cmake and the compilers print goes to out/demo/log.
set -euo pipefail
cd "$(dirname "$0")/.."
export W4A16_LOG=$PWD/out/demo/log
. scripts/setup.sh

model=${1:-qwen3-4b}
work=out/demo/$model

setup build
quietly "Configuring" cmake --preset release -DW4A16_BUILD_TESTS=OFF -B build/demo
quietly "Building (gcc for the host, clang for the gfx11 kernels)" cmake --build build/demo
w4a16=build/demo/cli/w4a16

mkdir -p "$work"
if [ -f "$work/quantized/model.safetensors" ] && [ -f "$work/quantized/quantize_config.json" ]; then
    say "Using the quantised block of an earlier run: $work/quantized"
else
    say "Making one decoder block in the shapes of $model"
    "$w4a16" make-model --model "$model" --seed 1 "$work/model.safetensors"
    say "Quantising it (GPTQ, groups of 128, symmetric)"
    "$w4a16" quantize "$work/model.safetensors" "$work/quantized"
    rm -f "$work/model.safetensors"
fi

say "Layers"
"$w4a16" inspect "$work/quantized"
say "Running every layer on the simulated card (simulated results; nothing here ran on a GPU)"
"$w4a16" run "$work/quantized" --layer all --device sim --act both --m 1,2,3,4,5,8,12,16 --repeat 2
say "Done."
