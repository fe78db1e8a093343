#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# with_python.sh WORD PYTHON LIBRARY GGUF RUN PAGE NAME=PATH...: the page's blocks with that word, in an environment where
# PYTHON finds the package with this build's library; 77 (skipped) where PYTHON lacks what they need, or GGUF is no file.
set -euo pipefail
word=$1 python=$2 library=$3 gguf=$4
shift 4
options=(--only "$word")
needs=(torch)
if [ "$word" = server ]; then
    needs+=(vllm vllm._C)
    [ -f "$gguf" ] || { echo "skipped: no model (-DW4A16_SERVE_GGUF= names one)" && exit 77; }
    options+=(--file "$gguf" "vllm=$(dirname "$(command -v "$python")")/vllm")
fi
"$python" -c '
import importlib.util, sys
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"skipped: {sys.executable} has no {missing}")' "${needs[@]}" || exit 77
# As tests/serve has it: the package's entry point is found in a folder that stands for site-packages.
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
ln -s "$(cd "$(dirname "$0")/../../python" && pwd)/w4a16" "$site/w4a16"
mkdir "$site/w4a16-0.dist-info"
printf '[vllm.general_plugins]\nw4a16 = w4a16.vllm_plugin:register\n' >"$site/w4a16-0.dist-info/entry_points.txt"
printf 'Metadata-Version: 2.1\nName: w4a16\nVersion: 0\n' >"$site/w4a16-0.dist-info/METADATA"
export VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1 VLLM_NO_USAGE_STATS=1 HF_HUB_OFFLINE=1
PYTHONPATH=$site W4A16_LIBRARY=$library PYTHONDONTWRITEBYTECODE=1 "$@" "${options[@]}"
