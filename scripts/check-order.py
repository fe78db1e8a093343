#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Holds the tables of docs/architecture.md against the #includes: a file may include headers of its own folder and of
the folders that its row allows, nothing else of the project; and headers include each other in no circle.

    check-order.py [FOLDER]      the checkout; default: the one that this file lies in

A row is | `folder/`, ... | what it holds | what it may include |, the last a list of folders and files in backquotes.
Behind "and" it is what the row above may include, and that row's folder, and the list. A folder without a row is its parent's.
"""
import os
import re
import sys

SOURCE = re.compile(r"\.(?:[ch]|def)$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def read_rows(path):
    """folder: what it may include"""
    allowed, above = {}, set()
    with open(path, encoding="utf-8") as f:
        for line in f:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            folders = re.findall(r"`([\w/]+)/`", cells[0])
            if len(cells) < 3 or not folders:
                continue
            may = set(re.findall(r"`([\w./]+)`", cells[-1]))
            if cells[-1].startswith("and "):
                may |= above
            allowed.update((folder, may) for folder in folders)
            above = may | set(folders)
    return allowed


def row_of(path, allowed):
    """The longest folder with a row that a path lies under, or None."""
    return max((folder for folder in allowed if path.startswith(folder + "/")), key=len, default=None)


def read_includes(files):
    """file: the project's files that it may mean by each #include. One beside it is meant, else any whose path ends so."""
    known, includes = set(files), {}
    for file in files:
        with open(file, encoding="utf-8") as f:
            names = INCLUDE.findall(f.read())
        beside = [os.path.normpath(os.path.join(os.path.dirname(file), name)) for name in names]
        includes[file] = [[path] if path in known else [other for other in files if other.endswith("/" + name)]
                          for name, path in zip(names, beside)]
    return includes


def circle_of(includes):
    """A circle of headers, or None."""
    done, path = set(), []

    def visit(file):
        if file in path:
            return path[path.index(file):] + [file]
        if file in done:
            return None
        path.append(file)
        for files in includes[file]:
            found = len(files) == 1 and visit(files[0])
            if found:
                return found
        done.add(path.pop())
        return None

    return next(filter(None, map(visit, includes)), None)


def main():
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)) + "/..")
    allowed = read_rows("docs/architecture.md")
    files = sorted(os.path.join(folder, name) for top in {folder.split("/")[0] for folder in allowed}
                   for folder, _, names in os.walk(top) for name in names if SOURCE.search(name))
    includes, wrong = read_includes(files), []
    for file in files:
        row = row_of(file, allowed)
        for targets in includes[file]:
            rows = {row_of(target, allowed) for target in targets}
            if row is None:
                wrong.append(f"{file} lies in a folder that docs/architecture.md has no row for")
            elif targets and row not in rows and not allowed[row] & (rows | set(targets)):
                may = ", ".join(sorted(allowed[row])) or "nothing"
                wrong.append(f"{file} includes {' or '.join(targets)}; {row} may include only: {may}")
    circle = circle_of(includes)
    if circle:
        wrong.append("headers include each other: " + " > ".join(circle))
    print("\n".join(wrong) or "dependency order holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
