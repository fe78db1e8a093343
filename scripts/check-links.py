#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Follows the links of the documentation to files of the checkout and to their headings, and finds pages without a link.

    check-links.py [FOLDER]      the checkout; default: the one that this file lies in
    check-links.py --site FOLDER the site that scripts/site.sh has made: its links, and the places on pages that they name

A page of docs/ must be reached from README.md, by one link or several.
"""
import glob
import html
import os
import re
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)", re.M)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)


def anchor(heading):
    """As GitHub names it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def check(root):
    texts = {}
    for name in sorted(glob.glob("*.md", root_dir=root) + glob.glob("docs/**/*.md", root_dir=root, recursive=True)):
        with open(os.path.join(root, name), encoding="utf-8") as f:
            texts[name] = f.read()
    faults, links = [], {name: set() for name in texts}
    for name, text in texts.items():
        for target in LINK.findall(CODE.sub("", text)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, part = target.partition("#")
            to = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
            if not os.path.exists(os.path.join(root, to)):
                faults.append(f"{name}: {target}: there is no such file")
            elif part and part not in map(anchor, HEADING.findall(texts.get(to, ""))):
                faults.append(f"{name}: {target}: {to} has no such heading")
            links[name].add(to)
    reached, left = set(), ["README.md"]
    while left:
        page = left.pop()
        if page not in reached:
            reached.add(page)
            left.extend(links.get(page, ()))
    faults += [f"{name}: no page leads there from README.md"
               for name in texts if name.startswith("docs/") and name not in reached]
    return faults, sum(map(len, links.values()))


def check_site(root):
    faults, count, marks = [], 0, {}
    pages = sorted(glob.glob("**/*.html", root_dir=root, recursive=True))
    texts = {}
    for name in pages:
        with open(os.path.join(root, name), encoding="utf-8") as f:
            texts[name] = f.read()
        marks[name] = set(re.findall(r'\bid="([^"]*)"', texts[name]))
    for name in pages:
        for target in map(html.unescape, re.findall(r'(?:href|src)="([^"]*)"', texts[name])):
            if re.match(r"[a-z]+:|/", target):
                continue
            path, _, part = target.partition("#")
            to = os.path.normpath(os.path.join(os.path.dirname(name), path.partition("?")[0])) if path else name
            count += 1
            if os.path.isdir(os.path.join(root, to)):
                to = os.path.normpath(os.path.join(to, "index.html"))
            if not os.path.exists(os.path.join(root, to)):
                faults.append(f"{name}: {target}: there is no such file")
            elif part and part not in marks.get(to, ()):
                faults.append(f"{name}: {target}: {to} has no such place")
    return faults, count


def main():
    if sys.argv[1:2] == ["--site"]:
        faults, count = check_site(sys.argv[2])
        print("\n".join(faults) if faults else f"{count} links of the site lead somewhere")
        return bool(faults) or not count
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    faults, count = check(sys.argv[1] if len(sys.argv) > 1 else here)
    print("\n".join(faults) if faults else f"{count} links lead somewhere")
    return bool(faults) or not count


sys.exit(main())
