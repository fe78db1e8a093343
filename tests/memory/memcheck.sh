#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# memcheck.sh PROGRAM [arguments]: runs it under valgrind, and fails where it reads what nobody has written or what is not
# its own, or ends without having given back memory that it has lost.
set -euo pipefail
command -v valgrind >/dev/null || { echo "valgrind is not here: accesses to memory are not checked"; exit 77; }
exec valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect \
    --errors-for-leak-kinds=definite,indirect --error-exitcode=99 "$@"
