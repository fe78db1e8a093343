#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The timing model against the recorded thread traces, by rdnasim validate.

    validate.py bars RDNASIM       what must hold of each trace
    validate.py ablation RDNASIM   that the score falls where a rule is switched off
    validate.py files RDNASIM      traces made up here: right ones, and what is refused and how

Exit code 77: skipped, for there are no traces.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

# Of the file's name: least percent exact and within 1 cycle of issue gaps, largest mean and worst error of lifetimes in
# percent (None: kernels that sleep at barriers of waves which the traces lack, and a sweep that is no kernel).
BARS = {
    "2026-01-20*E_32_32_4*": (97.5, 100, 0.1, 0.1),
    "2026-01-20*E_8_8_16_4*": (98, 98.5, 0.1, 0.1),
    "2026-02-02*E_32_32_4*": (88, 99, 0.1, 0.1),
    "2026-03-05*r_2_8_16_4_4_16_4*": (97.5, 99.5, 0.1, 0.1),
    "2026-03-14*2e9eed96*r_32_32_16_2*": (86, 93, 0.5, 1),
    "2026-03-14*discover_ops*": (86.5, 95.5, None, None),
    "2026-03-14*E_3*": (100, 100, 0.1, 0.1),
    "2026-03-15*10f14dcf*wave_sync*": (94, 96, None, None),
    "2026-03-15*6f23d3bf*wave_sync*": (96, 96, None, None),
    "2026-03-15*heavy_sync*": (89, 89, None, None),
    "2026-03-25*lds_sync*": (90, 100, 0.5, 1),
    "2026-03-27*lds_sync*": (85, 100, 0.5, 1),
}
# Together: the seven that the rules were fitted to, of which 95 and 98 percent are asked.
CALIBRATION = ["2026-01-20*E_32_32_4*", "2026-01-20*E_8_8_16_4*", "2026-03-05*", "2026-03-14*discover_ops*", "2026-03-14*E_3*",
               "2026-03-15*6f23d3bf*", "2026-03-27*"]
# Figures without which fewer issue gaps are exact, in all traces together.
NEEDED = ["banks", "bank_cache", "bank_cache_hit=9", "bank_writes=2", "bank_overlap", "immediate", "valu_queue", "valu_queue=11",
          "valu_queue=13", "wmma_queue", "lds_queue", "lds_load_more",
          "valu_to_memory", "valu_to_memory=8", "mask_fifo", "mask_limit", "mask_then_salu",
          "salu_to_valu", "valu_to_scalar", "delay_valu", "delay_late", "vmem_to_valu", "salu_to_smem", "trans_then_wide",
          "branch_taken=26", "branch_passed", "barrier_pair", "valu_raw=4", "valu_raw=6", "vcc_raw=5"]


def traces(patterns):
    folder = os.path.join(os.environ.get("W4A16_REFERENCE_DATA", ""), "traces")
    found = [path for pattern in patterns for path in sorted(glob.glob(os.path.join(folder, pattern)))]
    if not found:
        print("skipped: no recorded traces: W4A16_REFERENCE_DATA must name the directory that has traces/*.json")
        sys.exit(77)
    return found


def validate(tool, files, *options):
    run = subprocess.run([tool, "validate", "--json", *options, *files], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def percent(score, key):
    return 100 * score[key] / score["gaps"]


def bars(tool):
    wrong = []
    for pattern, (exact, within_1, mean, worst) in BARS.items():
        for trace in validate(tool, traces([pattern]))["traces"]:
            score = trace["issue"]
            print(f'{trace["file"]}: {percent(score, "exact"):.1f} {percent(score, "within_1"):.1f}')
            if percent(score, "exact") < exact or percent(score, "within_1") < within_1:
                wrong.append(f'{trace["file"]}: less than {exact} exact or {within_1} within 1')
            if mean and (trace["lifetime_error_mean"] > mean / 100 or trace["lifetime_error_worst"] > worst / 100):
                wrong.append(f'{trace["file"]}: lifetimes {trace["lifetime_error_mean"]} {trace["lifetime_error_worst"]}')
    total = validate(tool, traces(CALIBRATION))["total"]["issue"]
    print(f'together: {percent(total, "exact"):.1f} {percent(total, "within_1"):.1f}')
    if percent(total, "exact") < 95 or percent(total, "within_1") < 98:
        wrong.append("the traces that the rules were fitted to: less than 95 exact or 98 within 1")
    return wrong


def ablation(tool):
    wrong, files = [], traces(BARS)
    whole = validate(tool, files)["total"]["issue"]["exact"]
    for figure in NEEDED:
        change = figure if "=" in figure else figure + "=off"
        score = validate(tool, files, "--set", change)["total"]["issue"]
        print(f'{change}: {percent(score, "exact"):.2f}')
        if score["exact"] >= whole:
            wrong.append(f"with {change} no fewer gaps are exact: {score['exact']} of {whole}")
    return wrong


def instruction(pc, op, t, execute=None):
    return {"pc": pc, "op": op, "t": t, "exec": execute}


def made_up():
    """What the rules say of two waves of a program, in cycles; memory takes 500."""
    program = [[0, "F4040000 F8000000", "s_load_b64 s[0:1], s[0:1], null"], [8, "BF89FC07", "s_waitcnt lgkmcnt(0)"],
               [12, "7E020281", "v_mov_b32_e32 v1, 1"], [16, "BF870001", "s_delay_alu instid0(VALU_DEP_1)"],
               [20, "06020301", "v_add_f32_e32 v1, v1, v1"], [24, "BFBD0000", "s_barrier"], [28, "BFB00000", "s_endpgm"]]
    waves = [{"wave": w, "start": 100 + w, "insts": [
        instruction(0, "SMEM_RD", 300 + 100 * w, 304 + 100 * w), instruction(8, "IMMEDIATE", 800 + 100 * w),
        instruction(12, "VALU", 801 + 100 * w, 807 + 100 * w), instruction(16, None, None),
        instruction(20, "VALU", 806 + 100 * w, 815 + 100 * w), instruction(24, "BARRIER", 809 + 100 * w),
        instruction(28, None, 923)]} for w in range(2)]
    return {"target": "gfx1100", "kernel": {"name": "made_up"}, "simd": 0, "shader_clock_hz": 2.5e9,
            "launch_regs": {"COMPUTE_NUM_THREAD_X": 64}, "program": program, "waves": waves}


def files(tool):
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        def run(trace, *options):
            path = os.path.join(folder, "trace.json")
            with open(path, "w", encoding="utf-8") as f:
                f.write(trace if isinstance(trace, str) else json.dumps(trace))
            return subprocess.run([tool, "validate", *options, path], capture_output=True, text=True, timeout=10)

        def refused(what, sentence, change, code=3):
            trace = made_up()
            result = run(change(trace) or trace)
            if result.returncode != code or sentence not in result.stderr:
                wrong.append(f"{what}: exit code {result.returncode}, {result.stderr.strip()}")

        def put(*path_and_value):
            def change(trace):
                *path, value = path_and_value
                for key in path[:-1]:
                    trace = trace[key]
                trace[path[-1]] = value
            return change

        # The first wave waits for the second one at the barrier: 13 cycles behind its arrival, a cycle more for s_endpgm.
        result = run(made_up(), "--json")
        trace = json.loads(result.stdout)["traces"][0]
        if trace["issue"] != {"gaps": 8, "exact": 8, "within_1": 8, "within_2": 8}:
            wrong.append(f'a right trace: {trace["issue"]}')
        if trace["memory_given"] != 2 or trace["lifetimes"] != 2 or trace["lifetime_error_worst"] > 0.01:
            wrong.append(f"a right trace: {trace}")
        late = made_up()
        late["waves"][1]["insts"][4]["t"] += 2
        if json.loads(run(late, "--json").stdout)["traces"][0]["issue"]["exact"] >= trace["issue"]["exact"]:
            wrong.append("an instruction that issues later than it could is not seen")
        # Waves elsewhere: the release is scored apart. What is not recorded may be missing.
        unseen = made_up()
        unseen["launch_regs"]["COMPUTE_NUM_THREAD_Y"] = 2
        unseen["other_waves"] = [{"simd": 2, "wgp_sel": 0, "start": 100 + n} for n in range(2)]
        apart = json.loads(run(unseen, "--json").stdout)["traces"][0]
        if apart["issue"]["gaps"] != 6 or apart["unseen_barriers"]["gaps"] != 2:
            wrong.append(f"a barrier with unseen waves: {apart}")
        bare = {key: value for key, value in made_up().items() if key in ("target", "program", "waves")}
        if run(bare).returncode:
            wrong.append("fields that may be missing")
        # A time that runs back is left out, and so are instructions in front of a wave's first time.
        back = made_up()
        back["waves"][0]["insts"][2]["t"] = 700
        back["waves"][1]["insts"].insert(0, instruction(0, None, None))
        trace = json.loads(run(back, "--json").stdout)["traces"][0]
        if trace["left_out"] != 1 or trace["issue"]["gaps"] != 7 or trace["issue"]["exact"] != 7:
            wrong.append(f"a time that runs back: {trace}")
        # More waves than a SIMD holds, of a work-group that cannot be right: all of them run.
        many = made_up()
        many["launch_regs"]["COMPUTE_NUM_THREAD_X"] = 1024
        many["waves"] = [dict(many["waves"][0], wave=n) for n in range(20)]
        if json.loads(run(many, "--json").stdout)["traces"][0]["lifetimes"] != 20:
            wrong.append("more waves than a SIMD holds")
        # An encoding that is none is modelled by its packet.
        odd = made_up()
        odd["program"][4][1] = "FFFFFFFF"
        if json.loads(run(odd, "--json").stdout)["traces"][0]["issue"]["gaps"] != 8:
            wrong.append("an encoding that is none")
        # Two runs of one kernel are compared.
        for name in "ab":
            with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as f:
                json.dump(made_up() if name == "a" else late, f)
        repeats = validate(tool, [os.path.join(folder, name + ".json") for name in "ab"])["repeats"]
        if len(repeats) != 1 or repeats[0]["issue"]["gaps"] != 8 or repeats[0]["issue"]["exact"] != 6:
            wrong.append(f"two runs: {repeats}")
        # One that is refused does not take the others with it.
        with open(os.path.join(folder, "b.json"), "w", encoding="utf-8") as f:
            json.dump(dict(made_up(), target="gfx1201"), f)
        paths = [os.path.join(folder, name + ".json") for name in ("b", "missing", "a")]
        mixed = subprocess.run([tool, "validate", "--json", *paths], capture_output=True, text=True, check=False)
        document = json.loads(mixed.stdout or "{}")
        if mixed.returncode != 3 or [one["file"] for one in document.get("traces", [])] != ["a.json"] or \
                [(one["file"], one["problem"][:21]) for one in document.get("refused", [])] != \
                [("b.json", "target gfx1201 is not"), ("missing.json", "cannot be read")]:
            wrong.append(f"among others: {mixed}")

        refused("gfx12", "target gfx1201 is not modelled", put("target", "gfx1201"))
        refused("no target", "target: is missing", lambda t: {k: v for k, v in t.items() if k != "target"})
        refused("no JSON", "trace.json: ", lambda t: "{")
        refused("no program", "program: is missing", put("program", []))
        refused("no words", "an entry has no words", put("program", 0, [4000, "", ""]))
        refused("half a word", "no list of words of 8", put("program", 0, [0, "F404", ""]))
        refused("a pc between", "multiples of 4", put("program", 0, [2, "BFB00000", ""]))
        refused("a far pc", "multiples of 4 below", put("program", 0, [1 << 40, "BFB00000", ""]))
        refused("no waves", "waves: none has instructions", put("waves", []))
        refused("a pc outside", "the program has no instruction", put("waves", 0, "insts", 3, "pc", 4000))
        refused("a text for a time", "t", put("waves", 0, "insts", 2, "t", "soon"))
        refused("a number for a list", "waves", put("waves", 5))
        for options, sentence in ((["--set", "nothing=1"], "--set nothing=1"), (["--set", "banks=65"], "up to 64"),
                                  (["--nonsense"], "lists the options")):
            result = run(made_up(), *options)
            if result.returncode != 2 or sentence not in result.stderr:
                wrong.append(f"{options}: exit code {result.returncode}, {result.stderr.strip()}")
        if subprocess.run([tool, "validate"], capture_output=True, check=False).returncode != 2:
            wrong.append("no traces")
    return wrong


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("bars", "ablation", "files"):
        sys.exit(__doc__)
    failures = {"bars": bars, "ablation": ablation, "files": files}[sys.argv[1]](sys.argv[2])
    print("\n".join(failures))
    sys.exit(1 if failures else 0)
