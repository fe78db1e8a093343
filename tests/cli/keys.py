# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Prints the keys of a JSON document in order, those of list elements once."""
import json
import sys


def show(value, indent):
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        for key, item in value.items():
            fixed = f" = {item}" if key in ("schema_version", "verb") else ""
            print(f"{indent}{key}{fixed}")
            show(item, indent + "  ")


show(json.load(sys.stdin), "")
