#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes sim/src/isa/*.def by asking llvm-mc which opcodes exist and which of their optional bits are legal.

Run by hand when the instruction set of a target is added; the build needs only the committed tables:
    scripts/isa-tables.py sim/src/isa
Every opcode number of every format is offered with a few operand patterns, the first one that is accepted names
the operation and shows its operands' widths. What a width does not show (signedness, packing) is in SIGNATURES, and where
an operand may lie (vector or scalar register, constant) in places().
"""
import re
import subprocess
import sys

COMMON, RDNA35 = "gfx1100", "gfx1150"
MARK = 0xB0630000  # s_movk_i32 s99: tells where one candidate's text ends


def disassemble(candidates, cpu):
    """First line of text of every candidate (a list of dwords), or None where llvm-mc refuses it."""
    lines = []
    for n, words in enumerate(candidates):
        lines += [words + [MARK], [MARK | n % 30000 + 1]]
    text = "\n".join(" ".join("0x%02x" % b for w in ws for b in w.to_bytes(4, "little")) for ws in lines)
    done = subprocess.run(["llvm-mc-22", "-triple=amdgcn-amd-amdhsa", "-mcpu=" + cpu, "-mattr=+wavefrontsize32",
                           "--disassemble", "--show-encoding"], input=text + "\n", capture_output=True, text=True)
    refused = {int(m) for m in re.findall(r"<stdin>:(\d+):1: warning", done.stderr)}
    segments, current = [], []
    for line in done.stdout.splitlines():
        if "encoding:" not in line:
            continue
        name = line.split(";")[0].strip()
        end = re.match(r"s_movk_i32 s99, (0x[0-9a-f]+)$", name)
        if end and int(end.group(1), 0) == len(segments) % 30000 + 1:
            segments.append(current)
            current = []
        else:
            current.append(name)
    assert len(segments) == len(candidates)
    return [None if 2 * n + 1 in refused or not s or "Invalid" in s[0] else s[0] for n, s in enumerate(segments)]


def v(n):
    return 256 + n


def vop3(head):
    return [lambda o: [head(o), v(8) | v(10) << 9 | v(12) << 18], lambda o: [head(o), v(8) | v(10) << 9 | 4 << 18],
            lambda o: [head(o), v(8) | v(10) << 9], lambda o: [head(o), v(8)], lambda o: [head(o), v(8) | 4 << 9],
            lambda o: [head(o), 4 | 6 << 9], lambda o: [head(o), v(8) | 4 << 9 | 4 << 18],
            lambda o: [head(o) & ~255, 0], lambda o: [head(o) & ~255 | 126, v(8) | v(10) << 9]]


def flat(segment):
    head = lambda o: 0xDC000000 | o << 18 | segment << 16
    return [lambda o: [head(o), 2 | 0x7C << 16 | 8 << 24], lambda o: [head(o), 2 | 4 << 8 | 0x7C << 16],
            lambda o: [head(o), 2 | 4 << 8 | 0x7C << 16 | 8 << 24],
            lambda o: [head(o) | 1 << 14, 2 | 4 << 8 | 0x7C << 16 | 8 << 24],
            lambda o: [head(o), 0x7C << 16 | 8 << 24], lambda o: [head(o), 4 << 8 | 0x7C << 16],
            lambda o: [head(o), 2 << 16 | 8 << 24], lambda o: [head(o), 2 << 16 | 4 << 8]]


def ds(o):
    return 0xD8000000 | o << 18


def sop2(o):
    return 0x80000000 | o << 23 | 2 << 16 | 6 << 8 | 4


FORMATS = {  # opcodes, operand patterns
    "SOP2": (96, [lambda o: [sop2(o)], lambda o: [sop2(o), 0x12345678]]),
    "SOPK": (28, [lambda o: [0xB0000000 | o << 23 | 2 << 16 | 5], lambda o: [0xB0000000 | o << 23 | 2 << 16 | 5, 0x1234]]),
    "SOP1": (256, [lambda o: [0xBE800000 | 2 << 16 | o << 8 | 4], lambda o: [0xBE800000 | 2 << 16 | o << 8],
                   lambda o: [0xBE800000 | o << 8 | 4], lambda o: [0xBE800000 | o << 8 | 0x80 | 2 << 16]]),
    "SOPC": (128, [lambda o: [0xBF000000 | o << 16 | 6 << 8 | 4]]),
    "SOPP": (128, [lambda o: [0xBF800000 | o << 16 | 1], lambda o: [0xBF800000 | o << 16]]),
    "SMEM": (256, [lambda o: [0xF4000000 | o << 18 | 8 << 6 | 2, 0xF8000010],
                   lambda o: [0xF4000000 | o << 18, 0xF8000000], lambda o: [0xF4000000 | o << 18, 0]]),
    "VOP2": (62, [lambda o: [o << 25 | 6 << 17 | 6 << 9 | v(8)], lambda o: [o << 25 | 6 << 17 | 6 << 9 | v(8), 0x12345678]]),
    "VOP1": (128, [lambda o: [0x7E000000 | 6 << 17 | o << 9 | v(8)], lambda o: [0x7E000000 | 6 << 17 | o << 9 | 4],
                   lambda o: [0x7E000000 | o << 9]]),
    "VOPC": (256, [lambda o: [0x7C000000 | o << 17 | 6 << 9 | v(8)]]),
    "VOP3": (1024, vop3(lambda o: 0xD4000000 | o << 16 | 6)),
    "VOP3P": (128, [lambda o: [0xCC004006 | o << 16, v(8) | v(10) << 9 | v(12) << 18 | 3 << 27],
                    lambda o: [0xCC004006 | o << 16, v(8) | v(10) << 9 | 3 << 27],
                    lambda o: [0xCC004006 | o << 16, v(16) | v(24) << 9 | v(32) << 18 | 3 << 27]]),
    "VINTERP": (128, [lambda o: [0xCD000006 | o << 16, v(8) | v(10) << 9 | v(12) << 18]]),
    "LDSDIR": (4, [lambda o: [0xCE000006 | o << 20]]),
    "DS": (256, [lambda o: [ds(o), 1 | 2 << 8 | 4 << 16 | 8 << 24], lambda o: [ds(o), 1 | 2 << 8 | 8 << 24],
                 lambda o: [ds(o), 1 | 8 << 24], lambda o: [ds(o), 1 | 2 << 8 | 4 << 16],
                 lambda o: [ds(o), 1 | 2 << 8], lambda o: [ds(o), 1], lambda o: [ds(o), 8 << 24],
                 lambda o: [ds(o), 0], lambda o: [ds(o) | 1 << 17, 1 | 2 << 8], lambda o: [ds(o) | 1 << 17, 0],
                 lambda o: [ds(o) | 1 << 17, 1], lambda o: [ds(o) | 1 << 17, 8 << 24],
                 lambda o: [ds(o), 2 << 8 | 8 << 24], lambda o: [ds(o), 2 << 8]]),
    "FLAT": (128, flat(0)), "SCRATCH": (128, flat(1)), "GLOBAL": (128, flat(2)),
    "MUBUF": (256, [lambda o: [0xE0000000 | o << 18, 4 << 8 | 2 << 16 | 0x80 << 24],
                    lambda o: [0xE0000000 | o << 18 | 1 << 14, 4 << 8 | 2 << 16 | 0x80 << 24],
                    lambda o: [0xE0000000 | o << 18, 0]]),
    "MTBUF": (16, [lambda o: [0xE8000000 | o << 15 | 14 << 19, 4 << 8 | 2 << 16 | 0x80 << 24]]),
    "EXP": (1, [lambda o: [0xF800000F, 0]]),
    "MIMG": (256, [lambda o: [0xF0000004 | o << 18 | 1 << 8, 4 << 8 | 2 << 16 | 4 << 26],
                   lambda o: [0xF0000004 | o << 18 | 15 << 8, 4 << 8 | 2 << 16 | 4 << 26],
                   lambda o: [0xF0000004 | o << 18 | 3 << 8, 4 << 8 | 2 << 16 | 4 << 26],
                   lambda o: [0xF0000014 | o << 18 | 15 << 8 | 1 << 15, 4 << 8 | 2 << 16 | 4 << 26 | 1 << 23]]),
}
VOPD = {0: "v_fmac_f32", 1: "v_fmaak_f32", 2: "v_fmamk_f32", 3: "v_mul_f32", 4: "v_add_f32", 5: "v_sub_f32",
        6: "v_subrev_f32", 7: "v_mul_dx9_zero_f32", 8: "v_mov_b32", 9: "v_cndmask_b32", 10: "v_max_f32",
        11: "v_min_f32", 12: "v_dot2acc_f32_f16", 13: "v_dot2acc_f32_bf16", 16: "v_add_nc_u32",
        17: "v_lshlrev_b32", 18: "v_and_b32"}

# name: destination and source types, where the name's last type is not all there is to know
SIGNATURES = {name: types.split() for name, types in (row.split(": ") for row in """
v_mad_u64_u32: U64 U32 U32 U64
v_mad_i64_i32: I64 I32 I32 I64
v_mad_u32_u16: U32 U16 U16 U32
v_mad_i32_i16: I32 I16 I16 I32
v_sad_u16: U32 U32 U32 U32
v_qsad_pk_u16_u8: B64 B64 B32 B64
v_mqsad_pk_u16_u8: B64 B64 B32 B64
v_mqsad_u32_u8: B128 B64 B32 B128
v_ldexp_f32: F32 F32 I32
v_ldexp_f64: F64 F64 I32
v_ldexp_f16: F16 F16 I16
v_trig_preop_f64: F64 F64 I32
v_lshlrev_b64: B64 B32 B64
v_lshrrev_b64: B64 B32 B64
v_ashrrev_i64: I64 B32 I64
v_pack_b32_f16: B32 F16 F16
v_cvt_pk_rtz_f16_f32: B32 F32 F32
v_cvt_pk_norm_i16_f16: B32 F16 F16
v_cvt_pk_norm_u16_f16: B32 F16 F16
v_cvt_pk_norm_i16_f32: B32 F32 F32
v_cvt_pk_norm_u16_f32: B32 F32 F32
v_cvt_pk_i16_f32: B32 F32 F32
v_cvt_pk_u16_f32: B32 F32 F32
v_cvt_pk_u16_u32: B32 U32 U32
v_cvt_pk_i16_i32: B32 I32 I32
v_alignbit_b32: B32 B32 B32 B16
v_alignbyte_b32: B32 B32 B32 B16
v_cvt_pk_u8_f32: B32 F32 B32 B32
v_sat_pk_u8_i16: B16 B32
v_dot2_f16_f16: F16 PK_F16 PK_F16 F16
v_dot2_bf16_bf16: BF16 PK_BF16 PK_BF16 BF16
v_dot2_f32_f16: F32 PK_F16 PK_F16 F32
v_dot2_f32_bf16: F32 PK_BF16 PK_BF16 F32
v_dot2acc_f32_f16: F32 PK_F16 PK_F16 F32
v_dot2acc_f32_bf16: F32 PK_BF16 PK_BF16 F32
v_dot4_i32_iu8: I32 PK_IU8 PK_IU8 I32
v_dot4_u32_u8: U32 B32 B32 U32
v_dot8_i32_iu4: I32 PK_IU4 PK_IU4 I32
v_dot8_u32_u4: U32 B32 B32 U32
v_fma_mix_f32: F32 MIX MIX MIX
v_fma_mixlo_f16: B32 MIX MIX MIX
v_fma_mixhi_f16: B32 MIX MIX MIX
v_wmma_f32_16x16x16_f16: V8_F32 V16_F16 V16_F16 V8_F32
v_wmma_f32_16x16x16_bf16: V8_F32 V16_BF16 V16_BF16 V8_F32
v_wmma_f16_16x16x16_f16: V16_F16 V16_F16 V16_F16 V16_F16
v_wmma_bf16_16x16x16_bf16: V16_BF16 V16_BF16 V16_BF16 V16_BF16
v_wmma_i32_16x16x16_iu8: V8_I32 V16_IU8 V16_IU8 V8_I32
v_wmma_i32_16x16x16_iu4: V8_I32 V16_IU4 V16_IU4 V8_I32
v_fmac_f32: F32 F32 F32 F32
v_fmac_dx9_zero_f32: F32 F32 F32 F32
v_fmac_f16: F16 F16 F16 F16
v_pk_fmac_f16: PK_F16 PK_F16 PK_F16 PK_F16
v_cndmask_b32: B32 F32 F32 MASK
v_cndmask_b16: B16 F16 F16 MASK
v_add_co_u32: U32 U32 U32
v_sub_co_u32: U32 U32 U32
v_subrev_co_u32: U32 U32 U32
v_add_co_ci_u32: U32 U32 U32 MASK
v_sub_co_ci_u32: U32 U32 U32 MASK
v_subrev_co_ci_u32: U32 U32 U32 MASK
v_cvt_off_f32_i4: F32 B32
v_bfe_i32: I32 I32 U32 U32
v_bcnt_u32_b32: U32 B32 U32
v_mbcnt_lo_u32_b32: U32 B32 U32
v_mbcnt_hi_u32_b32: U32 B32 U32
v_interp_p10_f16_f32: F32 F16 F32 F16
v_interp_p2_f16_f32: F16 F16 F32 F32
v_interp_p10_rtz_f16_f32: F32 F16 F32 F16
v_interp_p2_rtz_f16_f32: F16 F16 F32 F32
v_nop: NONE
v_pipeflush: NONE
s_lshl_b64: B64 B64 B32
s_lshr_b64: B64 B64 B32
s_ashr_i64: I64 I64 B32
s_bfe_u64: U64 U64 B32
s_bfe_i64: I64 I64 B32
s_bfm_b64: B64 B32 B32
s_bitcmp0_b64: NONE B64 B32
s_bitcmp1_b64: NONE B64 B32
s_bitset0_b64: B64 B32
s_bitset1_b64: B64 B32
s_bitreplicate_b64_b32: B64 B32
s_pack_ll_b32_b16: B32 B32 B32
s_pack_lh_b32_b16: B32 B32 B32
s_pack_hh_b32_b16: B32 B32 B32
s_pack_hl_b32_b16: B32 B32 B32
s_sext_i32_i8: I32 B32
s_sext_i32_i16: I32 B32
s_cvt_pk_rtz_f16_f32: B32 F32 F32
s_cvt_hi_f32_f16: F32 B32
s_fmac_f32: F32 F32 F32 F32
s_fmac_f16: F16 F16 F16 F16
s_sendmsg_rtn_b32: B32 MSG
s_sendmsg_rtn_b64: B64 MSG
s_getpc_b64: B64
s_setpc_b64: NONE B64
s_swappc_b64: B64 B64
s_rfe_b64: NONE B64
s_version: NONE
s_call_b64: B64
s_getreg_b32: B32
s_setreg_b32: NONE B32
s_setreg_imm32_b32: NONE B32
s_subvector_loop_begin: B32
s_subvector_loop_end: B32
s_waitcnt_vscnt: NONE B32
s_waitcnt_vmcnt: NONE B32
s_waitcnt_expcnt: NONE B32
s_waitcnt_lgkmcnt: NONE B32
ds_bvh_stack_rtn_b32: B32 B32 B32 B128
ds_condxchg32_rtn_b64: B64 B32 B64 NONE
ds_ordered_count: B32 B32 NONE NONE
""".strip().splitlines())}

SUFFIX = {"u24": "U32", "i24": "I32", "u8": "U32", "i8": "I32", "u4": "U32", "i4": "I32", "b8": "B32"}
SUFFIX.update({"ubyte%d" % n: "U32" for n in range(4)})
SUFFIX.update({t.lower(): t for t in "F16 BF16 F32 F64 B16 I16 U16 B32 I32 U32 B64 I64 U64 B96 B128 B256 B512".split()})
MEMORY = {**{p + n: "B%d" % (32 if int(n) < 32 else int(n)) for p in "bui" for n in ("8", "16", "32", "64")},
          "f32": "B32", "f64": "B64", "b96": "B96", "b128": "B128", "b256": "B256", "b512": "B512",
          "x": "B32", "xy": "B64", "xyz": "B96", "xyzw": "B128"}
DOUBLE = {"B32": "B64", "B64": "B128"}


def memory_signature(name):
    """returned data, address, data, second data"""
    width = next((MEMORY[x] for x in reversed(name.split("_")) if x in MEMORY), "B32")
    if "d16_format" in name:
        width = {"B32": "B32", "B64": "B32"}.get(width, "B64")
    if name.startswith(("image_", "exp", "buffer_gl")) or "_inv" in name or "gws" in name or name == "ds_nop":
        return ["NONE"] * 4
    if name.startswith("lds_"):
        return ["B32"]
    double, none = DOUBLE.get(width, width), "NONE"
    if name.startswith("ds_"):
        address = none if "addtid" in name or name in ("ds_append", "ds_consume") else "B32"
        if "gs_reg" in name:
            return [width if "rtn" in name else none, none, "B32", none]
        if "load" in name or name in ("ds_append", "ds_consume", "ds_swizzle_b32"):
            return [double if "2addr" in name else width, address, none, none]
        if "storexchg_2addr" in name:
            return [double, address, width, width]
        two = "2addr" in name or "cmpstore" in name or "mskor" in name or "wrap" in name
        returns = "rtn" in name or "permute" in name
        return [width if returns else none, address, width, width if two else none]
    if "lds" in name.split("_"):
        return [none, "B32", none]
    if "load" in name:
        return [width, "B32", none]
    if "store" in name:
        return [none, "B32", width]
    return [width, "B32", double if "cmpswap" in name else width]


def signature(name, text, form):
    if name in SIGNATURES:
        return SIGNATURES[name]
    types = []
    for part in reversed(name.split("_")):
        if part not in SUFFIX:
            break
        types.insert(0, SUFFIX[part])
    operands = text.count(",") + 1 if " " in text else 0
    if form in ("DS", "FLAT", "GLOBAL", "SCRATCH", "MUBUF", "MTBUF", "MIMG", "EXP", "LDSDIR"):
        return memory_signature(name)
    if form == "SMEM":
        return [types[-1]] if types else ["NONE"]
    if form == "SOPP":
        return ["NONE"]
    if form == "SOPC" or "s_cmpk" in name:
        return ["NONE", types[-1], types[-1]][: 2 if "cmpk" in name else 3]
    if form == "SOPK":
        return [types[-1]]
    if name.startswith("v_cmp"):
        second = {"F16": "B16"}.get(types[-1], "B32") if "class" in name else types[-1]
        return ["MASK", types[-1], second]
    if name.startswith("v_pk_"):
        return ["PK_" + ("F16" if types[-1] == "F16" else "U16" if types[-1] == "B16" else types[-1])] * operands
    if not types:
        return ["B32"] * operands
    if form in ("VOP1", "SOP1"):
        return [types[0], types[-1]]
    return [types[0]] + [types[-1]] * (operands - (2 if "div_scale" in name else 1))


LANE_MOVES = re.compile(r"v_(swap|permlane|movrels|read)")  # what they read lies in VGPRs
SCALAR_SOURCES = {"v_readlane_b32": {1}, "v_writelane_b32": {0, 1}, "v_permlane16_b32": {1, 2},
                  "v_permlanex16_b32": {1, 2}}
REGISTERS_ONLY = re.compile(r"s_(movrels|setpc|rfe|cmpk|setreg_b32|waitcnt_)")


def places(name, form, types):
    """Every type with where its operand may lie: V(F32) and so on, see isa.h."""
    def place(n, kind):  # n: 0 destination, 1.. sources
        if form in ("SOP1", "SOP2", "SOPK", "SOPC", "SMEM"):
            return "L" if form == "SMEM" else "S" if n == 0 or REGISTERS_ONLY.match(name) else "C"
        if n == 0 and name.startswith("v_read"):
            return "R"
        if kind == "MASK":
            return "S"
        if n == 0 or form not in ("VOP1", "VOP2", "VOPC", "VOP3", "VOP3P", "VINTERP"):
            return "V"
        if n - 1 in SCALAR_SOURCES.get(name, ()):
            return "C"
        if "wmma" in name:
            return "K" if n == 3 else "V"
        return "V" if LANE_MOVES.match(name) or (name == "v_mqsad_u32_u8" and n == 3) else "A"
    return [kind if kind == "NONE" else "%s(%s)" % (place(n, kind), kind) for n, kind in enumerate(types)]


TRANS = re.compile(r"v_(exp|log|rcp|rsq|sqrt|sin|cos|rcp_iflag)_f")
UNITS = {"SOP1": "SALU", "SOP2": "SALU", "SOPC": "SALU", "SOPK": "SALU", "SMEM": "SMEM", "DS": "LDS",
         "LDSDIR": "LDS", "FLAT": "VMEM", "GLOBAL": "VMEM", "SCRATCH": "VMEM", "MUBUF": "VMEM", "MTBUF": "VMEM",
         "MIMG": "VMEM", "EXP": "VMEM"}
ONCE = {"v_readlane_b32", "v_readfirstlane_b32", "v_writelane_b32", "v_nop", "v_pipeflush", "v_permlane64_b32"}
IDLE = ("s_nop", "s_delay_alu", "s_clause", "s_waitcnt")


def unit(name, form):
    if "branch" in name or name in ("s_setpc_b64", "s_swappc_b64", "s_call_b64", "s_rfe_b64"):
        return "BRANCH"
    if form == "SOPP" or name.startswith("s_waitcnt"):
        return "IMMEDIATE"
    return "WMMA" if "wmma" in name else "TRANS" if TRANS.match(name) else UNITS.get(form, "VALU")


def fidelity(name, kind):
    if name.startswith(("v_dot2_f32", "v_dot2acc")):
        return "CAPTURED"
    if name.startswith(("v_dot2", "v_wmma_f", "v_wmma_bf")) or "buffer_" in name and "format" in name:
        return "MODELLED"
    return "APPROXIMATE" if kind == "TRANS" else "EXACT"


def flags(name, kind, types):
    found = []
    if kind in ("VALU", "TRANS", "WMMA") and name not in ONCE:
        found.append("PER_HALF")
    if name.startswith(IDLE):
        found.append("IDLE")
    if re.match(r"[vs]_(pk_)?fmac_|v_dot2acc", name):
        found.append("ACCUMULATES")
    if re.match(r"v_(add|sub|subrev)_co_|v_div_scale|v_mad_[iu]64_", name):
        found.append("MASK_RESULT")
    return "|".join(found) or "0"


def name_of(text):
    return re.sub(r"_(e32|e64)$", "", text.split(" ")[0])


VOP3_BITS = [8, 9, 10, 11, 12, 13, 14, 15, 59, 60, 61, 62, 63]


def optional_bits(form, opcode_pattern, cpu_of):
    """Which modifier bits (as bit n of a mask) and which DPP kinds (bits 13, 14) llvm-mc accepts."""
    probes, rows = [], []
    for (opcode, pattern), cpu in zip(opcode_pattern, cpu_of):
        words = FORMATS[form][1][pattern](opcode)
        # the third source is not a register in some forms: keep whatever the pattern gave
        for n, bit in enumerate(VOP3_BITS):
            changed = list(words)
            changed[bit // 32] ^= 1 << bit % 32
            probes.append(changed)
            rows.append((opcode, 1 << n))
        for n, (source, control) in enumerate(((250, 0xFF00E408), (233, 0x05397708))):
            changed = words[:1] + [words[1] & ~0x1FF | source, control]
            probes.append(changed)
            rows.append((opcode, 1 << 13 + n))
    masks = {opcode: 0 for opcode, _ in opcode_pattern}
    for (opcode, bit), text in zip(rows, disassemble(probes, COMMON)):
        if text:
            masks[opcode] |= bit
    return masks


def dpp_32bit(form, opcodes):
    heads = {"VOP1": lambda o: 0x7E000000 | 6 << 17 | o << 9, "VOP2": lambda o: o << 25 | 6 << 17 | 6 << 9,
             "VOPC": lambda o: 0x7C000000 | o << 17 | 6 << 9}
    masks = {o: 0 for o in opcodes}
    for bit, source, control in ((13, 250, 0xFF00E408), (14, 233, 0x05397708)):
        for o, text in zip(opcodes, disassemble([[heads[form](o) | source, control] for o in opcodes], COMMON)):
            if text and ("dpp" in text or "row_mask" in text):
                masks[o] |= 1 << bit
    return masks


def main(directory):
    operations, encodings = {}, []
    for form, (count, patterns) in FORMATS.items():
        found = {}
        for cpu in (COMMON, RDNA35):
            for n, pattern in enumerate(patterns):
                opcodes = [o for o in range(count) if o not in found]
                for o, text in zip(opcodes, disassemble([pattern(o) for o in opcodes], cpu)):
                    if text:
                        found[o] = (text, n, "ALL" if cpu == COMMON else "RDNA35")
        if form in ("VOP1", "VOP2", "VOPC"):
            masks = dpp_32bit(form, sorted(found))
        elif form in ("VOP3", "VOP3P", "VINTERP"):
            rows = [(o, found[o][1]) for o in sorted(found)]
            masks = optional_bits(form, rows, [COMMON] * len(rows))
        else:
            masks = {}
        for o in sorted(found):
            text, _, targets = found[o]
            name = name_of(text)
            if name not in operations:
                kind, types = unit(name, form), signature(name, text, form)
                operations[name] = (kind, fidelity(name, kind), flags(name, kind, types), places(name, form, types))
            encodings.append((form, o, name, targets, masks.get(o, 0)))
        print(form, len(found), file=sys.stderr)
    operations["v_dot2acc_f32_bf16"] = ("VALU", "CAPTURED", "PER_HALF|ACCUMULATES",
                                        places("v_dot2acc_f32_bf16", "VOP2", SIGNATURES["v_dot2acc_f32_bf16"]))
    encodings += [("VOPD", o, name, "ALL", 0) for o, name in VOPD.items()]
    header = "/* SPDX-License-Identifier: Apache-2.0 */\n/* SPDX-FileCopyrightText: The w4a16 authors */\n"
    with open(directory + "/ops.def", "w") as f:
        f.write(header + "/* OP(mnemonic, unit, fidelity, flags, destination, sources): PLACE(TYPE), see isa.h */\n")
        for name, (kind, tag, flag, types) in operations.items():
            types = (list(types) + ["NONE"] * 4)[:4]
            f.write("OP(%s, %s, %s, %s, %s)\n" % (name, kind, tag, flag, ", ".join(types)))
    with open(directory + "/encodings.def", "w") as f:
        f.write(header + "/* ENC(format, opcode, operation, targets, optional bits: see enum optional in decoder.h) */\n")
        for form, o, name, targets, mask in sorted(encodings):
            f.write("ENC(%s, 0x%x, %s, %s, 0x%x)\n" % (form, o, name, targets, mask))


main(sys.argv[1])
