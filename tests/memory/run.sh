#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Lets each allocation of every verb fail in turn:
#   run.sh W4A16 RDNASIM FAILING_W4A16 FAILING_RDNASIM CODE_OBJECT [every]
# Of the calls from one place, in all verbs together, the first is tried; with "every" all of them: some minutes.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
w4a16=$1 failing_w4a16=$3 failing_rdnasim=$4 object=$5 every=${6:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0
fails() { "$@" || status=1; } # a program and what goes before its verb
places() { [ "$every" ] || echo "--places $work/places.$1"; }
w4a16() { fails "$failing_w4a16" $(places w4a16) "$@"; }
rdnasim() { fails "$failing_rdnasim" $(places rdnasim) "$@"; }
. "$HERE/verbs.sh"
exit $status
