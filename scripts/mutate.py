# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The engine of scripts/mutate.sh: plants faults in the copy, builds, runs tests, judges.

A fault ("mutant") is one change of one line inside a function: another relation, another operator, a constant one more
or less, a negated condition, a deleted statement, two arguments swapped. One that does not compile is discarded and
another drawn. The others are

    noticed      a test of the folder failed, or took ten times as long as usual and was ended: in the release build, or,
                 if none did there, a fast one in that with the sanitizers
    equivalent   the compiler made the same code of it, or scripts/mutate.equivalent says why nobody could notice
    SURVIVED     neither
"""
import argparse
import collections
import fnmatch
import glob
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import time

# Folder: the folders of tests/ whose tests should notice a fault in it, and a regular expression for the names of
# others. The longest folder that a file lies in counts. kernels_golden is left out: it notices that device code is
# another, not that it is wrong.
TESTS = {
    "common": ("common", "npy|golden|bad_.*|config|sim_object|cli_.*|fuzz_seeds_.*|hostile_.*|memory|faults"),
    "sim": ("sim model tool", "fuzz_seeds_(object|instruction)|hostile_(objects|guests)|example_.*|hip_(front|settings).*|memory|"
                              "batch|experts|faults"),
    "sim/hip": ("hip", "torch_hip"),
    "sim/observe/timing": ("timing", "sim_observer|tool|memory|cli_bench"),
    "sim/tool": ("tool", "tool_memcheck|timing_(validate_.*|cases)|hostile_(objects|guests)|memory|faults"),
    "kernels": ("", "padding|experts|nibbles|bits|batch|packed|kernels|parts|bound|conformance_sim_(gfx1100|tiles|strict)"),
    "kernels/cpu": ("", "cpu|interface|linear|padding|experts|bits|packed|parts|bound|conformance_cpu.*"),
    "src/check": ("", "bound|conformance_(data|cpu|sim_gfx1100)|cli_(report|tables|usage)|report_hip"),
    "src/core": ("", "golden|bad_.*|config|listing|layer_check|plan|refusals|interface|addresses|linear|cli_.*|hostile_.*"),
    "src/format": ("format", "quantize_group|pack|memory|fuzz_seeds_.*|hostile_(files|checkpoints)|faults|"
                             "cli_(bad_files|quantize.*|end_to_end|deterministic|json|errors_json|overflow|tables)"),
    "src/layer": ("layer", "parts|packed.*|nibbles|golden|classes|bits|linear|padding|experts|interface|addresses|bound|"
                           "conformance_cpu|memory|cli_(end_to_end|deterministic|overflow)"),
    "src/plan": ("plan", "linear|interface|addresses|experts|padding|nibbles|bits|parts|packed.*|classes|bound|cpu|"
                         "fuzz_seeds_problem|cli_(plan|end_to_end|tables)|conformance_sim_gfx1100|experts_cost"),
    "src/device": ("device", "batch|hip_w4a16.*|conformance_hip|memory|report_hip|cli_.*"),
    "cli": ("cli", "memory|report_hip|hostile_.*"),
    "torch": ("", "torch_(register.*|hip.*|cpu|sim)"),
}
LEFT_OUT = "kernels_golden|sim_bench|golden_reproducible|conformance_sim_gfx11(0[1-9]|5.)"
BUILDS = ("release", "full"), ("sanitize", "fast")  # and the label of the tests that run there
MOST_SURVIVORS = 0.1  # of the faults that are judged: more, and the exit code is 1
SLOWER, LEAST_SECONDS = 10, 180  # tests may take so many times as long as usual, and so long at least
MOST_AT_ONCE = 16  # tests that are built and run together

# ---- faults -----------------------------------------------------------------------------------------

RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&",
              "^": "|", "&&": "||", "||": "&&", "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "<<=": ">>=",
              ">>=": "<<="}
OPERATOR = re.compile(r"(?<= )([<>=!]=|<|>|<<=?|>>=?|[+\-*/%&|^]|&&|\|\||[+\-|&]=)(?= )")
CONSTANT = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|\d+)([uUlL]*)(?![\w.])")
ARGUMENTS = re.compile(r"\b(?!if|for|while|switch|return|sizeof|calloc|fmax|fmin)\w+\(([^(),]+), ([^(),]+)(?=[,)])")
STATEMENT = re.compile(r"^\s*(?:\*?[\w.\->\[\] ]*[\w\]] ?(?:[-+*/|&^]|<<|>>)?= .*|\w+\(.*\)|\S+(?:\+\+|--));$")
DECLARATION = re.compile(r"^\s*(?:const |static |struct |enum |unsigned |volatile )|^\s*\w+ \**\w+(?:\[.*\])? ?[=;,]")


def faults_of_line(text):
    """(operator, line with the fault) of a line without comments and strings."""
    for m in OPERATOR.finditer(text):
        for kind, table in (("relation", RELATIONS), ("arithmetic", ARITHMETIC)):
            if m[1] in table:
                yield kind, m.start(), m.end(), table[m[1]]
    for m in CONSTANT.finditer(text):
        value = int(m[1], 8 if re.match("0[0-7]", m[1]) else 0)
        room = text[:m.start()].endswith("[") and DECLARATION.match(text)  # more of it is no fault
        for other in (value - 1,) if room else (value + 1, value - 1):
            yield "constant", m.start(), m.end(), (hex(other) if m[1][:2] == "0x" and other >= 0 else str(other)) + m[2]
    for m in re.finditer(r"\b(?:if|while) \(", text):
        depth, end = 1, m.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        if not depth:
            yield "negation", m.end(), end - 1, "!(" + text[m.end():end - 1] + ")"
    for m in re.finditer(r"\breturn (true|false);", text):
        yield "negation", m.start(1), m.end(1), {"true": "false", "false": "true"}[m[1]]
    for m in ARGUMENTS.finditer(text):
        if m[1].strip() and m[2].strip() and m[1] != m[2]:
            yield "arguments", m.start(1), m.end(2), m[2] + ", " + m[1]
    if STATEMENT.match(text) and not DECLARATION.match(text):
        start = len(text) - len(text.lstrip())
        yield "deletion", start, len(text), ";"


def blanked(source):
    """The source with comments, strings and the preprocessor's lines blank, place for place."""
    blank = lambda m: re.sub(r"[^\n]", " ", m[0])
    source = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, source, flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, source, flags=re.M)


def lines_of(source):
    """(number, text) of the lines inside functions: what a brace behind a ')' at the outermost level opens."""
    depth, inside = 0, False
    for number, text in enumerate(blanked(source).split("\n")):
        if inside and depth:
            yield number, text.rstrip()
        if not depth and "{" in text:
            inside = re.search(r"\)\s*\{", text) is not None
        depth += text.count("{") - text.count("}")


def folder_of(path):
    return max((folder for folder in TESTS if path.startswith(folder + "/")), key=len)


def draw(root, folders, seed):
    """Without end: (file, line number, kind, old line, new line)."""
    places = []
    files = {os.path.relpath(file, root) for folder in TESTS for file in glob.glob(f"{root}/{folder}/**/*.[ch]",
                                                                                   recursive=True)}
    for path in sorted(file for file in files if folder_of(file) in folders):
        with open(f"{root}/{path}", encoding="utf-8") as f:
            source = f.read()
        real = source.split("\n")
        for number, text in lines_of(source):
            kinds = {}
            for kind, start, end, new in faults_of_line(text):
                kinds.setdefault(kind, []).append(real[number][:start] + new + real[number][end:])
            if kinds:
                places.append((path, number, real[number], kinds))
    chance, used = random.Random(seed), set()
    while True:
        path, number, old, kinds = chance.choice(places)
        kind = chance.choice(sorted(kinds))
        new = chance.choice(kinds[kind])
        if (path, number, new) not in used:
            used.add((path, number, new))
            yield path, number, kind, old, new


# ---- building and running -----------------------------------------------------------------------------

def run(command, seconds):
    """Exit code, or None: it took too long. Its whole group of processes is ended then."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                          start_new_session=True) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None


class Tests:
    def __init__(self, build, jobs, label):
        self.build, self.jobs, self.name = build, jobs, os.path.basename(build)
        outputs = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], check=True, capture_output=True,
                                 text=True).stdout
        outputs = set(re.findall(r"^(\S+): ", outputs, re.M))
        # What a test's command names is built for it; scripts find more beside those. ctest itself would not list the
        # commands of programs that are not built yet.
        self.targets, self.folders, self.seconds = {}, {}, {}
        for path in glob.glob(f"{build}/**/CTestTestfile.cmake", recursive=True):
            with open(path, encoding="utf-8") as f:
                text = f.read()
                labels = dict(re.findall(r"^set_tests_properties\((?:\[=*\[)?(.+?)(?:\]=*\])? PROPERTIES .*LABELS \"(.*?)\"",
                                         text, re.M))
                for name, command in re.findall(r"^add_test\((?:\[=*\[)?(.+?)(?:\]=*\])? (\".*)\)$", text, re.M):
                    if label not in labels[name].split(";"):
                        continue
                    words = re.findall(r'"([^"]*)"', command)
                    names = [os.path.relpath(word, build) for word in words if word.startswith(build + "/")]
                    self.targets[name] = [name for name in names if name in outputs]
                    self.folders[name] = os.path.basename(os.path.dirname(path))
        self.sound = {}  # name: whether the test passes without a fault

    def read_costs(self):
        """How long each took when it last ran, from ctest's own notes."""
        costs = {}
        for path in (f"{self.build}/../../../{self.name}", self.build):
            try:
                with open(path + "/Testing/Temporary/CTestCostData.txt", encoding="utf-8") as f:
                    for line in f:
                        words = line.split()
                        if len(words) == 3 and float(words[2]) > 0:
                            costs[words[0]] = float(words[2])
            except OSError:
                pass
        return costs

    def of(self, path):
        folders, others = TESTS[folder_of(path)]
        names = [name for name in self.targets
                 if (self.folders[name] in folders.split() or re.fullmatch(others, name))
                 and not re.fullmatch(LEFT_OUT, name)]
        self.seconds = self.read_costs()
        return sorted(names, key=lambda name: (self.seconds.get(name, 10), name))

    def check_table(self):
        """Ends the program if an alternative of TESTS is no test any more."""
        for folder, (folders, tests) in TESTS.items():
            if missing := set(folders.split()) - set(self.folders.values()):
                sys.exit(f"mutate.py: {missing} in TESTS of {folder} is no folder of tests")
            for one in re.sub(r"\([^()]*\)", lambda m: m[0].replace("|", "\0"), tests).split("|"):
                if not any(re.fullmatch(one.replace("\0", "|"), name) for name in self.targets):
                    sys.exit(f"mutate.py: {one} in TESTS of {folder} is the name of no test")

    def compile(self, names):
        targets = sorted({target for name in names for target in self.targets[name]})
        return not targets or run(["ninja", "-j", str(self.jobs), "-C", self.build, *targets], 1800) == 0

    def passes(self, *names):
        """All passed or were skipped, and in time."""
        seconds = [self.seconds.get(name, 30) for name in names]
        limit = max(LEAST_SECONDS, SLOWER * max(seconds)) + sum(seconds)
        code = run(["ctest", "--test-dir", self.build, "-j", str(self.jobs), "--stop-on-failure", "-R",
                    f"^({'|'.join(map(re.escape, names))})$"], limit)
        return code == 0


def objects_of(build):
    """A hash of everything that the compilers made."""
    digest = hashlib.sha256()
    for kind in ("o", "hsaco"):
        for name in sorted(glob.glob(f"{build}/**/*.{kind}", recursive=True)):
            with open(name, "rb") as f:
                digest.update(hashlib.file_digest(f, "sha256").digest())
    return digest.digest()


def known_equivalents(path):
    """[(files, lines, reason)]: patterns of shell's kind and of re's. The file's lines are FILES: LINE # REASON, LINE the new
    line or - and the deleted one, as it stands or as /an expression for all of it/."""
    known = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            m = re.match(r"([\w./*]+): (.*?) # (.*)$", line)
            if m:
                new = m[2].strip()
                pattern = new[1:-1] if new[0] == new[-1] == "/" else re.escape(new)
                known.append((m[1], pattern, m[3]))
    return known


def reason_of(known, path, old, new):
    line = new.strip() if new.strip() != ";" else "-" + old.strip()
    for files, pattern, reason in known:
        if fnmatch.fnmatch(path, files) and re.fullmatch(pattern, line):
            return reason
    return None


def batches(names):
    """The quickest alone, then more and more of them side by side."""
    at = 0
    while at < len(names):
        count = max(1, min(at, MOST_AT_ONCE))
        yield names[at:at + count]
        at += count


def judge(root, builds, known, path, number, new):
    """(verdict, by or why)"""
    file = f"{root}/{path}"
    with open(file, encoding="utf-8") as f:
        source = f.read()
    lines = source.split("\n")
    reason = reason_of(known, path, lines[number], new)
    if reason:
        return "equivalent", reason
    lines[number] = new

    def put(text):
        with open(file, "w", encoding="utf-8") as f:
            f.write(text)

    def is_sound(tests, name):
        put(source)
        sound = tests.compile([name]) and tests.passes(name)
        put("\n".join(lines))
        if not sound:
            print(f"  {name} in {tests.name} fails without a fault too: left out", flush=True)
        return sound

    def is_same_code(tests, names):
        with_fault = objects_of(tests.build)
        put(source)
        tests.compile(names)
        put("\n".join(lines))
        return with_fault == objects_of(tests.build)

    put("\n".join(lines))
    try:
        for tests in builds:
            names = [name for name in tests.of(path) if tests.sound.get(name) is not False]
            for some in batches(names):
                if not tests.compile(some):
                    return "discarded", "it does not compile"
                if tests.passes(*some):
                    continue
                for name in some:
                    if tests.passes(name):
                        continue
                    if name not in tests.sound:  # is it the fault's doing?
                        tests.sound[name] = is_sound(tests, name)
                    if tests.sound[name]:
                        return "noticed", f"{name}, {tests.name}"
            if tests is builds[0] and is_same_code(tests, names):
                return "equivalent", "the compiler makes the same code of it"
    finally:
        put(source)
    return "SURVIVED", ""


def main():
    parser = argparse.ArgumentParser(prog="mutate.sh")
    parser.add_argument("copy", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60, help="faults that compile (default 60)")
    parser.add_argument("--folder", action="append", choices=sorted(TESTS), help="default: all")
    parser.add_argument("--list", action="store_true", help="only show the first faults of the seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="for building (default: one per processor)")
    options = parser.parse_args()
    root = options.copy
    faults = draw(root, options.folder or TESTS, options.seed)
    if options.list:
        for _, (path, number, kind, old, new) in zip(range(options.count), faults):
            print(f"{path}:{number + 1}: {kind}\n    - {old.strip()}\n    + {new.strip()}")
        return 0
    builds = [Tests(f"{root}/build/{name}", options.jobs, label) for name, label in BUILDS]
    builds[0].check_table()
    known = known_equivalents(os.path.dirname(os.path.abspath(__file__)) + "/mutate.equivalent")
    counts = collections.Counter()
    with open(options.copy + "/report.txt", "w", encoding="utf-8") as report:
        def say(text):
            print(text, flush=True)
            print(text, file=report, flush=True)

        while counts.total() < options.count:
            path, number, kind, old, new = next(faults)
            began = time.time()
            verdict, why = judge(root, builds, known, path, number, new)
            if verdict == "discarded":
                continue
            counts[verdict] += 1
            say(f"{verdict} {why} ({time.time() - began:.0f} s)\n  {path}:{number + 1}: {kind}\n"
                f"    - {old.strip()}\n    + {new.strip()}")
        judged = counts["noticed"] + counts["SURVIVED"]
        say(f"seed {options.seed}: {options.count} faults, {counts['noticed']} noticed, {counts['equivalent']} "
            f"equivalent, {counts['SURVIVED']} survived ({100 * counts['SURVIVED'] / max(judged, 1):.0f} %)")
    return 0 if counts["SURVIVED"] <= MOST_SURVIVORS * judged else 1


if __name__ == "__main__":
    sys.exit(main())
