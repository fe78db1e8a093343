#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Looks whether what the documentation names is there: files, options of CMake, variables, tests, verbs and their options.

    check-names.py SOURCE W4A16 RDNASIM

The programs are asked for their help. CHANGELOG.md may name what is no more.
"""
import functools
import glob
import os
import re
import subprocess
import sys

FOLDERS = "scripts|tests|src|sim|cli|kernels|common|include|torch|python|examples|docs|cmake"
CODE = re.compile(r"^```.*?^```|(?<!new: )`[^`\n]+`|^ {4}[^ ].*?$", re.M | re.S)
PATH = re.compile(rf"(?<![\w/.<>-])((?:{FOLDERS})/[\w./-]*\w)(?![\w<>{{*-])")
VARIABLE = re.compile(r"\b((?:W4A16|RDNASIM|AMDGCN)_[A-Z0-9_]+)\b(?!\()")
TARGETS = re.compile(r"cmake --build [^\n`]*?--target ((?:[\w.-]+ ?)+)")
OPTION = re.compile(r"-D((?:W4A16|AMDGCN)_[A-Z0-9_]+)=")
TESTS = re.compile(r"ctest [^\n`]*?-R (\w+)")
CALL = re.compile(r"(?<!-m )(?<![\w/.-])(w4a16|rdnasim) ([a-z][a-z-]*)((?:[ ][^\n`|#&>]*)?)")
FOLLOWED = re.compile(r"\\\n\s*") # a command that goes on in the next line


def texts_of(root, ends):
    """Name and text of the files of the checkout whose names end so."""
    for name in sorted(glob.glob("**/*", root_dir=root, recursive=True)):
        if name.endswith(ends) and not name.startswith(("build", "out/", "venv/")) and os.path.isfile(os.path.join(root, name)):
            with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
                yield name, f.read()


def words_of(texts):
    return {word for _, text in texts for word in re.findall(r"\b[A-Z][A-Z0-9_]{4,}\b", text)}


def faults_of(text, root, words, tests, help_of):
    code = [FOLLOWED.sub(" ", m[0]) for m in CODE.finditer(text)]
    for part in code:
        for path in PATH.findall(part):
            if not glob.glob(os.path.join(root, path) + "*"):
                yield f"{path}: there is no such file"
        for name in TESTS.findall(part):
            if not any(re.search(name, test) for test in tests):
                yield f"ctest -R {name}: there is no such test"
        for program, verb, rest in CALL.findall(part):
            options = re.findall(r"(?<![\w-])(--[a-z][\w-]*)", rest)
            text_of_help = help_of(program, verb)
            if text_of_help is None and (options or "`" in part[:1]):
                yield f"{program} {verb}: there is no such verb"
            for option in options if text_of_help else ():
                if not re.search(rf"{option}(?![\w-])", text_of_help):
                    yield f"{program} {verb} {option}: its help has no such option"
    for name in VARIABLE.findall(text):
        if not any(word.startswith(name) for word in words if name.endswith("_")) and name not in words:
            yield f"{name}: no source has that name"


def main():
    root, *programs = sys.argv[1:]
    programs = dict(zip(("w4a16", "rdnasim"), programs))

    @functools.cache
    def help_of(program, verb):
        run = subprocess.run([programs[program], verb, "--help"], capture_output=True, text=True)
        return run.stdout if run.returncode == 0 else None

    # As the sources add them: a build leaves out what it has no programs for.
    lists = "".join(text for name, text in texts_of(root, "CMakeLists.txt") if name.startswith("tests/"))
    tests = [re.sub(r"\$\{\w+\}", "any", name) for name in re.findall(r"w4a16_\w*test\((?:NAME )?([\w${}]+)", lists)]
    cmake = words_of(texts_of(root, ("CMakeLists.txt", ".cmake")))
    words = cmake | words_of(texts_of(root, (".c", ".h", ".py", ".sh", ".def", ".in", ".json")))
    made = re.findall(r"\badd_(?:executable|library|custom_target)\((\S+)", "".join(text for _, text in texts_of(root, ("CMakeLists.txt", ".cmake"))))
    made = [re.sub(r"\$\{\w+\}", r"\\w+", name.rstrip(")")) for name in made if not name.startswith("$")]
    pages = [(name, text) for name, text in texts_of(root, ".md") if name != "CHANGELOG.md"]
    faults = []
    for name, text in pages:
        faults += [f"{name}: {fault}" for fault in dict.fromkeys(faults_of(text, root, words, tests, help_of))]
    for name, text in [*pages, *texts_of(root, ".sh")]:
        faults += [f"{name}: -D{option}: CMake has no such option" for option in OPTION.findall(text) if option not in cmake]
        named = " ".join(TARGETS.findall(FOLLOWED.sub(" ", text))).split()
        faults += [f"{name}: --target {target}: CMake has no such target" for target in named if not any(re.fullmatch(m, target) for m in made)]
    print("\n".join(faults) if faults else f"what {len(pages)} pages name is there")
    return bool(faults) or not pages or not tests


sys.exit(main())
