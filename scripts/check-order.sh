#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Checks the dependency order of the folders from their #includes: a file may include headers of its own folder
# and of the folders that its row allows, nothing else of the project.
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# folder: folders whose headers it may include (include/w4a16 is public and open to all of src and above)
declare -A allowed=(
    [common]=""
    [kernels/gfx11]="kernels"
    [kernels/cpu]="common kernels"
    [sim/isa]="sim/include"
    [sim/exec]="common sim/include sim/isa"
    [sim/machine]="common sim/include sim/isa sim/exec"
    [sim/load]="common sim/include sim/isa sim/exec sim/machine"
    [sim/observe]="common sim/include sim/isa sim/exec sim/machine"
    [sim/hip]="common sim/include"
    [sim/tool]="common sim/include sim/observe"
    [src/core]="common include"
    [src/format]="common include src/core"
    [src/layer]="common include src/core kernels"
    [src/plan]="common include src/core src/layer kernels kernels/cpu kernels/gfx11 sim/isa"
    [src/device]="common include src/core src/layer src/plan kernels/cpu sim/include"
    [src/check]="common include src/core"
    [torch]="include src/core"
    [cli]="common include src/core src/device src/check kernels/cpu sim/include"
)

status=0
headers=$(find common sim src torch cli kernels include -name '*.h' -o -name '*.def' | sort)
folder_of() { # the longest row or leaf that a path lies under
    case $1 in
    include/*) echo include ;;
    sim/*/*) echo "sim/$(echo "$1" | cut -d/ -f2)" ;;
    kernels/*/*) echo "kernels/$(echo "$1" | cut -d/ -f2)" ;;
    kernels/*) echo kernels ;;
    src/*) echo "src/$(echo "$1" | cut -d/ -f2)" ;;
    *) echo "${1%%/*}" ;;
    esac
}
while IFS=: read -r file _ name; do
    from=$(folder_of "$file")
    [ -n "${allowed[$from]+x}" ] || continue
    # Resolve like the compiler: beside the file, else by path suffix among the project's headers.
    if [ -f "$(dirname "$file")/$name" ]; then
        target=$(realpath --relative-to=. "$(dirname "$file")/$name")
    else
        target=$(printf '%s\n' "$headers" | grep -E "(^|/)$name\$" | head -1 || true)
    fi
    [ -n "$target" ] || continue
    to=$(folder_of "$target")
    [ "$to" = "$from" ] && continue
    case " ${allowed[$from]} " in
    *" $to "*) ;;
    *)
        echo "$file includes \"$name\" of $to; $from may include only: ${allowed[$from]:-nothing}"
        status=1
        ;;
    esac
done < <(grep -rnoE --include='*.c' --include='*.h' '^ *# *include +"[^"]+"' common sim src torch cli kernels |
    sed -E 's/^([^:]+):([0-9]+):.*"([^"]+)"$/\1:\2:\3/')
[ $status -eq 0 ] && echo "dependency order holds"
exit $status
