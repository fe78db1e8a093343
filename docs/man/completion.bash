# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Completion in bash for w4a16 and rdnasim: verbs and options are asked of the program itself, the rest is files.
_w4a16_complete() {
    local program=$1 word=$2 words
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=$("$program" --help 2>/dev/null | awk '/^Verbs:/ {on = 1; next} /^$/ {on = 0} on {print $1}')
    else
        words=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE '^ +--[a-z0-9-]+')
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _w4a16_complete w4a16 rdnasim
