#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes sim/isa/*.def by asking llvm-mc which opcodes exist and which of their optional bits are legal.

Run by hand when the instruction set of a target is added; the build needs only the committed tables:
    scripts/isa-tables.py sim/isa
Every opcode number of every format is offered with a few operand patterns, the first one that is accepted names
the operation and shows its operands' widths. What a width does not show (signedness, packing) is in SIGNATURES, where
an operand may lie (vector or scalar register, constant) in places(), and every other column of ops.def in the function of
its name; HEAD says what the columns mean. tests/model/test_model_facts.c holds those columns against what is executed.
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
                   lambda o: [0xF0000014 | o << 18 | 15 << 8 | 1 << 15, 4 << 8 | 2 << 16 | 4 << 26 | 1 << 23],
                   # without a sampler; rays
                   lambda o: [0xF0000004 | o << 18 | 15 << 8, 4 << 8 | 2 << 16],
                   lambda o: [0xF0000080 | o << 18 | 15 << 8 | 1 << 15, 9 | 4 << 8 | 1 << 16]]),
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
    address = none if "addtid" in name else "B32"
    if "lds" in name.split("_"):
        return [none, address, none]
    if "load" in name:
        return [width, address, none]
    if "store" in name:
        return [none, address, width]
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
    if form == "SMEM": # the loaded registers, and the base address or resource
        base = "B128" if "buffer" in name else "B64"
        return [types[-1], base] if types else ["NONE", base] if "probe" in name else ["NONE"]
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
            return "SL"[n == 0] if form == "SMEM" else "S" if n == 0 or REGISTERS_ONLY.match(name) else "C"
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
def port(name, form):
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


def latency(name, kind, types):
    """Operations that the hardware takes equally long for."""
    if kind not in ("VALU", "TRANS", "WMMA"):
        return kind
    if kind == "WMMA":
        return "WMMA16" if "iu4" in name else "WMMA32"
    if kind == "TRANS":
        return "TRANS64" if "F64" in types else "TRANS"
    if name.startswith("v_dot"):
        return "DOT"
    if re.match(r"v_mul_(lo|hi)_[ui]32$|v_mad_[iu]64|v_m?qsad", name):
        return "MUL32"
    if re.match(r"v_(lsh[lr]rev|ashrrev)_[bi]64|v_swap", name) or (
            name.startswith("v_cmp") and types[1] in ("F64", "I64", "U64")):
        return "ALU64"
    return "F64" if "F64" in types else "ALU32"


def counter(name, form, kind):
    if name.startswith("s_waitcnt_") and "depctr" not in name:
        return name[10:-3].upper().replace("VSCNT", "VS")
    if name in ("s_waitcnt", "s_wait_idle"):
        return "VM|LGKM|EXP" if name == "s_waitcnt" else "VM|VS|LGKM|EXP"
    if name.startswith("s_sendmsg") or kind == "SMEM" or form == "DS":
        return "LGKM"
    if form in ("EXP", "LDSDIR"):
        return "EXP"
    if kind != "VMEM" or "_inv" in name:
        return "0"
    vector = "VM|VS" if "atomic" in name else "VS" if "store" in name else "VM"
    return vector + "|LGKM" if form == "FLAT" else vector


WHOLE_WAVE = re.compile(r"v_(readlane|readfirstlane|writelane|permlane64)|ds_(append|consume|ordered_count)")
CROSSING = re.compile(r"v_(permlanex?16|wmma|interp)|ds_b?permute|ds_swizzle")


def lanes(name, kind):
    if kind not in ("VALU", "TRANS", "WMMA", "VMEM", "LDS") or re.match(r"v_(nop|pipeflush)|ds_(nop|gws)|buffer_gl", name):
        return "0"
    return "WAVE" if WHOLE_WAVE.match(name) else "CROSS" if CROSSING.match(name) else "HALF"


def executes(name, kind):
    """The column EXEC."""
    if re.search(r"saveexec|wrexec|v_cmpx|subvector_loop", name):
        return "RW"
    if "cbranch_exec" in name:
        return "R"
    return "0" if lanes(name, kind) == "0" or re.match(r"v_(read|write)lane|v_wmma", name) else "R"


SCC_WRITERS = re.compile(r"s_(add|sub|addc|subb|absdiff|lsh[lr]|lshl[1-4]_add|ashr|min|max|and|or|xor|nand|nor|xnor|and_not[01]|"
                         r"or_not[01]|bfe|abs|bcnt[01]|quadmask|wqm|not|addk|cmpk?|bitcmp[01])_"
                         r"([a-z]+_)?([a-z]+exec_)?([iub](32|64)(_b32|_b64)?|f16|f32)$")
SCC_READERS = re.compile(r"s_(addc|subb|cselect|cmov|cmovk|cbranch_scc[01])(_|$)")


def scc(name, types):
    writes = SCC_WRITERS.match(name) and (name.startswith("s_cmp") or types[0] not in ("F16", "F32"))
    return "R" * bool(SCC_READERS.match(name)) + "W" * bool(writes) or "0"


MOVING = re.compile(
    r"s_((add|sub)_[ui]32|addc|subb|lsh[lr]_|ashr_|lshl[1-4]_add|(and|or|xor|nand|nor|xnor)_|(and|or)_not[01]_|bfe_|bfm_|mul_i32|"
    r"cselect|pack_|mov_|cmov|brev|sext|bitset|bitrep|not_|quadmask|wqm|addk|mulk|bitcmp)|"
    r"v_(cndmask|mov_|readlane|readfirstlane|(lsh[lr]rev|ashrrev)_|(and|or|xor)_b|xnor_|not_|bfrev|bf[eim]_|align|perm_|xor3|or3|"
    r"and_or|lshl_|add_lshl|add3|xad|(add|sub|subrev)_(nc_[ui]32|co_)|mul_lo_u32|mul_[ui]32_[ui]24|mad_[ui]32_[ui]24|mad_[ui]64|"
    r"pack_b32|pk_(lsh[lr]|ashr|(add|sub)_[ui]|mul_lo)|mbcnt|cvt_[ui]32_[ui]16|cvt_f32_ubyte)|ds_b?permute|ds_swizzle")
MERGING = re.compile(r"v_(swap_|writelane|permlane)")
INDEXED = re.compile(r"[sv]_(movrel|swaprel)")


def bits(name, kind, types):
    found = [tag for tag, names in (("INDEXED", INDEXED), ("MERGES", MERGING), ("MOVES", MOVING)) if names.match(name)]
    if found:
        return found[0]
    if kind in ("SMEM", "VMEM", "LDS"):
        return "MEMORY"
    nothing = kind == "IMMEDIATE" or set(types) == {"NONE"}
    return "MATRIX" if kind == "WMMA" else "0" if nothing else "MIXES"


IMMEDIATES = {name: tag for tag, names in (row.split(": ") for row in """
0: s_wait_idle s_code_end s_endpgm_saved s_endpgm_ordered_ps_done s_wakeup s_ttracedata s_icache_inv s_barrier ds_nop
OPTIONAL: s_endpgm
HEX: s_set_inst_prefetch_distance s_clause s_wait_event s_round_mode s_ttracedata_imm
WAITCNT: s_waitcnt
DEPCTR: s_waitcnt_depctr
DELAY: s_delay_alu
MESSAGE: s_sendmsg s_sendmsghalt
LABEL: s_call_b64 s_subvector_loop_begin s_subvector_loop_end
HWREG: s_getreg_b32 s_setreg_b32 s_setreg_imm32_b32
SWIZZLE: ds_swizzle_b32
ATTRIBUTE: lds_param_load
""".strip().splitlines()) for name in names.split()}


def immediate(name, form):
    if name in IMMEDIATES:
        return IMMEDIATES[name]
    if form == "DS":
        return "OFFSETS" if "2addr" in name else "OFFSET"
    if form == "SOPP":
        return "LABEL" if "branch" in name else "DECIMAL"
    return "HEX" if form == "SOPK" else "OFFSET" if form in ("SMEM", "FLAT", "GLOBAL", "SCRATCH", "MUBUF", "MTBUF") else "0"


FLAGS = (("IDLE", r"s_(nop|delay_alu|clause|waitcnt)"), ("WAITS", r"s_(waitcnt(?!_depctr)|wait_idle)"),
         ("READS_VCC", r"s_cbranch_vcc|v_div_fmas"), ("ACCUMULATES", r"[vs]_(pk_)?fmac_|v_dot2acc"),
         ("MASK_RESULT", r"v_(add|sub|subrev)_co_|v_div_scale|v_mad_[iu]64_"), ("ADDS_LITERAL", r"[vs]_fmaak_"),
         ("SCALES_LITERAL", r"[vs]_fmamk_"), ("FILLS_HALVES", r"v_dot2(acc|_f32_bf16|_f16|_bf16)"),
         ("F32_CONSTANTS", r"v_dot2_f32_f16"), ("LOWER_HALF", r"v_fma_mixlo|\w+_d16(_[bui]\d+|_format_x)?$|\w+_store_b(8|16)$"),
         ("UPPER_HALF", r"v_fma_mixhi|\w+_d16_hi"),
         ("OWN_OP_SEL", r"v_permlanex?16"), ("GDS", r"ds_(gws_|\w+_gs_reg|ordered_count)"),
         ("SWAPS", r"\w+_cmp(swap|store)_"))


def flags(name):
    return "|".join(flag for flag, names in FLAGS if re.match(names, name)) or "0"


def row(name, form, types):
    """The columns of ops.def behind the name."""
    kind = port(name, form)
    types = (types + ["NONE"] * 4)[:4]
    return [kind, latency(name, kind, types), fidelity(name, kind), counter(name, form, kind), lanes(name, kind),
            executes(name, kind), scc(name, types), bits(name, kind, types), immediate(name, form), flags(name)] + places(
                name, form, types)


LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n/* SPDX-FileCopyrightText: The w4a16 authors */\n"
HEAD = """/*
 * All that is known of an operation, whatever its encoding. scripts/isa-tables.py writes this file. 0 and NONE: nothing.
 *
 * name       LLVM's mnemonic without _e32 and _e64
 * port       the issue port of the SIMD: RDNASIM_PORT_*
 * latency    operations of one class take the hardware equally long: RDNASIM_LATENCY_*
 * fidelity   whether the card's bits are known: RDNASIM_EXACT, ...
 * counter    what counts it until it is done, or what it waits for (flag WAITS). VM: only if it returns something; VM|VS: an
 *            atomic operation, counted by VM if it does, else by VS: COUNTER_*
 * lanes      0: no lane takes part; HALF: each lane for itself, 32 at a time; CROSS: so, but lanes see each other's operands;
 *            WAVE: once for all lanes, 64 too: LANES_*
 * EXEC, SCC  read (R) or written (W) without being an operand. EXEC: lanes that are not active do not count
 * bits       what it makes of undefined bits, see observe/strict/value.c: BITS_*
 * immediate  how its 16 bits of immediate are written: IMMEDIATE_*. 0: they are not there, and must be zero
 * flags      OP_*
 * operands   the destination and up to three sources: where each may lie (PLACES_*) and its type (TYPE_*)
 */
"""
TITLES = ["name", "port", "latency", "fidelity", "counter", "lanes", "EXEC", "SCC", "bits", "immediate", "flags", "to", "from"]


def write_operations(path, operations):
    rows = [[name] + columns for name, columns in operations.items()]
    widths = [max(len(x[n]) for x in rows + [TITLES + [""] * 2]) + 2 for n in range(len(rows[0]))]
    def aligned(cells, comma):
        return "".join((cell + comma * (n + 1 < len(cells))).ljust(widths[n]) for n, cell in enumerate(cells)).rstrip()
    with open(path, "w") as f:
        f.write(LICENCE + HEAD + "\n/* " + aligned(TITLES, "") + " */\n")
        for x in rows:
            f.write("OP(" + aligned(x, ",") + ")\n")


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
                        found[o] = (text, n, "0" if cpu == COMMON else "SALU_FLOAT")
        if form in ("VOP1", "VOP2", "VOPC"):
            masks = dpp_32bit(form, sorted(found))
        elif form in ("VOP3", "VOP3P", "VINTERP"):
            rows = [(o, found[o][1]) for o in sorted(found)]
            masks = optional_bits(form, rows, [COMMON] * len(rows))
        else:
            masks = {}
        for o in sorted(found):
            text, _, features = found[o]
            name = name_of(text)
            if name not in operations:
                operations[name] = row(name, form, signature(name, text, form))
            encodings.append((form, o, name, features, masks.get(o, 0)))
        print(form, len(found), file=sys.stderr)
    operations["v_dot2acc_f32_bf16"] = row("v_dot2acc_f32_bf16", "VOP2", SIGNATURES["v_dot2acc_f32_bf16"])
    encodings += [("VOPD", o, name, "0", 0) for o, name in VOPD.items()]
    write_operations(directory + "/ops.def", operations)
    with open(directory + "/gfx11/encodings.def", "w") as f:
        f.write(LICENCE + "/* ENC(format, opcode, operation, features that a target must have, optional bits: see enum optional in "
                "decoder.h) */\n")
        for form, o, name, features, mask in sorted(encodings):
            f.write("ENC(%s, 0x%x, %s, %s, 0x%x)\n" % (form, o, name, features, mask))


main(sys.argv[1])
