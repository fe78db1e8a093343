#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# run.sh PYTHON LIBRARY PROGRAM GGUF [pytest arguments]: vLLM's server with the model of a GGUF file, quantised by
# PROGRAM into the directory of models that W4A16_SERVE_MODELS names (default: ./models); 77 (skipped) where that Python
# lacks vLLM's build for the CPU, or the file is not there.
set -euo pipefail
python=$1 library=$2 program=$3 gguf=$4
shift 4
"$python" -c '
import importlib.util, sys
missing = [name for name in ("pytest", "torch", "vllm", "vllm._C") if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"skipped: {sys.executable} has no {missing}")' || exit 77
[ -f "$gguf" ] || {
    echo "skipped: no model ${gguf:-(-DW4A16_SERVE_GGUF= names one)}; scripts/serve-test.sh fetches it"
    exit 77
}
here=$(cd "$(dirname "$0")" && pwd)
export W4A16_SERVE_MODELS=${W4A16_SERVE_MODELS:-$PWD/models} W4A16_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1
mkdir -p "$W4A16_SERVE_MODELS"
"$program" quantize --no-progress --force --group-size 64 "$gguf" "$W4A16_SERVE_MODELS/gptq"
cd "$here"
exec "$python" -m pytest -q -rs -p no:cacheprovider "$@"
