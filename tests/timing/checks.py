# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""What the tests of this folder share that go on behind a failure."""
import sys

failures = 0


def check(what, ok, seen):
    global failures
    if not ok:
        failures += 1
        print(f"FAILED: {what}: {seen}")


def end():
    print("FAILED" if failures else "ok")
    sys.exit(failures != 0)
