# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""python -m w4a16 doctor"""

from __future__ import annotations

import argparse
import sys

from w4a16 import doctor


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m w4a16", description="W4A16 linear layers on AMD RDNA3")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("doctor", help="what is found on this machine, what is missing, and what to do about it")
    parser.parse_args()
    return doctor.main()


if __name__ == "__main__":
    sys.exit(main())
