# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Structs and enums of the C interface for ctypes: made by scripts/make_structs.py, do not edit."""

import ctypes

# w4a16_status
OK = 0
INVALID_ARGUMENT = -1
BAD_FILE = -2
UNSUPPORTED = -3
NO_DEVICE = -4
OUT_OF_MEMORY = -5
IO = -6
DEVICE_FAULT = -7
MISMATCH = -8

# w4a16_dtype
F16 = 1
BF16 = 2
F32 = 3

# w4a16_device_kind
DEVICE_SIM = 1
DEVICE_CPU = 2
DEVICE_HIP = 3

# w4a16_zero_mode
ZEROS_NONE = 0
ZEROS_STORED = 1
ZEROS_LESS_ONE = 2

# w4a16_packing
PACKED_WHOLE = 0
PACKED_NIBBLES = 1

# w4a16_combine
COMBINE_NONE = 0
COMBINE_ADD = 1
COMBINE_WEIGH = 2

# Of the headers that this was made from
VERSION = "0.1.0"


class Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("message", ctypes.c_char * 1024),
    ]


class DeviceOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("kind", ctypes.c_int),
        ("target", ctypes.c_char_p),
        ("index", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("schedule_seed", ctypes.c_uint64),
        ("strict", ctypes.c_int),
        ("kernel_mask", ctypes.c_char_p),
        ("parallel_for", ctypes.c_void_p),
        ("parallel_state", ctypes.c_void_p),
        (" timing_card", ctypes.c_char_p),
        ("timing_axes", ctypes.c_uint32),
        ("timing_warm", ctypes.c_int),
        ("timing_whole", ctypes.c_int),
    ]


class Layer(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("N", ctypes.c_int64),
        ("K", ctypes.c_int64),
        ("group_size", ctypes.c_int64),
        ("q", ctypes.c_void_p),
        ("scale_type", ctypes.c_int),
        ("scale", ctypes.c_void_p),
        ("zero", ctypes.c_void_p),
        ("perm", ctypes.c_void_p),
        ("padded_K", ctypes.c_int64),
        ("bias_type", ctypes.c_int),
        ("bias", ctypes.c_void_p),
    ]


class LayerInfo(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("format", ctypes.c_char_p),
        ("N", ctypes.c_int64),
        ("K", ctypes.c_int64),
        ("group_size", ctypes.c_int64),
        ("scale_type", ctypes.c_int),
        ("symmetric", ctypes.c_int),
        ("act_order", ctypes.c_int),
        ("has_bias", ctypes.c_int),
        ("wrapped_zeros", ctypes.c_int64),
        ("problem", ctypes.c_char_p),
    ]


class Shape(ctypes.Structure):
    _fields_ = [
        ("M", ctypes.c_int64),
        ("N", ctypes.c_int64),
        ("K", ctypes.c_int64),
        ("group_size", ctypes.c_int64),
        ("padded_K", ctypes.c_int64),
        ("lda", ctypes.c_int64),
        ("ldo", ctypes.c_int64),
    ]


class WeightsKind(ctypes.Structure):
    _fields_ = [
        ("scale_type", ctypes.c_int),
        ("zeros", ctypes.c_int),
        ("packing", ctypes.c_int),
        ("act_order", ctypes.c_int),
    ]


class Mixture(ctypes.Structure):
    _fields_ = [
        ("experts", ctypes.c_int64),
        ("top_k", ctypes.c_int64),
        ("sorted_block", ctypes.c_int64),
        ("sorted_count", ctypes.c_int64),
    ]


class Epilogue(ctypes.Structure):
    _fields_ = [
        ("combine", ctypes.c_int),
        ("has_bias", ctypes.c_int),
    ]


class Problem(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("act", ctypes.c_int),
        ("batch_invariant", ctypes.c_int),
        ("shape", Shape),
        ("weights", WeightsKind),
        ("mixture", Mixture),
        ("epilogue", Epilogue),
    ]


class RunArgs(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("a", ctypes.c_uint64),
        ("out", ctypes.c_uint64),
        ("workspace", ctypes.c_uint64),
        ("stream", ctypes.c_void_p),
        ("expert_ids", ctypes.c_uint64),
        ("gates", ctypes.c_uint64),
        ("weights", ctypes.c_uint64),
        ("bias", ctypes.c_uint64),
        ("scales", ctypes.c_uint64),
        ("zeros", ctypes.c_uint64),
        ("order", ctypes.c_uint64),
        ("sorted_slots", ctypes.c_uint64),
        ("sorted_used", ctypes.c_uint64),
    ]


# Targets: generation and family
TARGETS = {
    "gfx1100": ("gfx11", "gfx110x"),
    "gfx1101": ("gfx11", "gfx110x"),
    "gfx1102": ("gfx11", "gfx110x"),
    "gfx1103": ("gfx11", "gfx110x"),
    "gfx1150": ("gfx11", "gfx115x"),
    "gfx1151": ("gfx11", "gfx115x"),
    "gfx1152": ("gfx11", "gfx115x"),
    "gfx1153": ("gfx11", "gfx115x"),
}
