#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""older.py FROM TO: headers as an older version would have had them: structs whose last fields are not there yet."""

import re
import sys
from pathlib import Path

LAST = {  # the field that an older struct ends with
    "w4a16_device_options": "kind",
    "w4a16_run_args": "stream",
    "w4a16_quantize_options": "keep_usual",
    "w4a16_stored": "version",
    "rdnasim_options": "target",
    "rdnasim_launch": "observer",
    "rdnasim_observer": "after",
}
source, target = map(Path, sys.argv[1:])
found = set()
for header in source.rglob("*.h"):
    text = header.read_text()
    for name, field in LAST.items():
        struct = rf"(typedef struct {name} {{.*?\W\(?\*?{field}\)?(?:\([^;]*\))?;[^\n]*\n).*?(}} {name};)"
        text, count = re.subn(struct, r"\1\2", text, count=1, flags=re.S)
        if count:
            found.add(name)
    path = target / header.relative_to(source)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
if missing := LAST.keys() - found:
    sys.exit(f"older.py: not found: {', '.join(sorted(missing))}")
