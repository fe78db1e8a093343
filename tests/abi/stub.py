#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""stub.py FOLDER: C with an empty definition of each function that the headers in a folder declare."""

import re
import sys
from pathlib import Path

folder = Path(sys.argv[1])
print('#include "rdnasim.h"\n#include "w4a16/w4a16.h"')
for header in sorted(folder.rglob("*.h")):
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    for declaration in re.findall(r"^(?:W4A16|RDNASIM)_API ([^;]+);", text, flags=re.M):
        print(" ".join(declaration.split()) + " { __builtin_trap(); }")
