# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes AMDGPU code objects byte by byte, sound or with tables that no linker makes."""
import struct

PAGE = 4096
S_ENDPGM = 0xBFB00000


def pack(value):
    """msgpack of what metadata has: dictionaries, lists, texts, small numbers."""
    if isinstance(value, dict):
        return b"\xdf" + struct.pack(">I", len(value)) + b"".join(pack(k) + pack(v) for k, v in value.items())
    if isinstance(value, list):
        return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(pack, value))
    if isinstance(value, str):
        return b"\xdb" + struct.pack(">I", len(value)) + value.encode()
    return b"\xce" + struct.pack(">I", value)


def kernel_metadata(name):
    return {".name": name, ".symbol": name + ".kd", ".kernarg_segment_size": 0, ".group_segment_fixed_size": 0,
            ".private_segment_fixed_size": 0, ".wavefront_size": 32}


def note(metadata):
    return struct.pack("<III", 7, len(metadata), 32) + b"AMDGPU\0\0" + metadata + bytes(-len(metadata) % 4)


def build(names, metadata=None, notes=1, symbol_tables=1, relocation_tables=0, string_tail=b"\0", extra=b""):
    """
    A gfx1100 object with a kernel for each name, all with the same code. What is asked for more than once covers the
    same bytes each time.
    """
    code = struct.pack("<I", S_ENDPGM) * 64
    metadata = pack({"amdhsa.kernels": [kernel_metadata(n) for n in names]}) if metadata is None else metadata
    strings, symbols, descriptors = bytearray(1), bytearray(24), bytearray()
    segments = 3 + notes - 1
    at = 64 + 56 * segments
    at += -at % 64
    note_at, note_data = at, note(metadata)
    at += len(note_data)
    at += -at % 64
    descriptors_at = at
    code_at = descriptors_at + 64 * len(names)
    code_at += -code_at % PAGE
    for index, name in enumerate(names):
        address = descriptors_at + 64 * index
        descriptors += struct.pack("<IIIIq", 0, 0, 0, 0, code_at - address)
        descriptors += bytes(24) + struct.pack("<IIHHI", 3 << 20, 0, 1 << 10, 0, 0)
        for text, value, size in ((name + ".kd", address, 64), (name, code_at, len(code))):
            symbols += struct.pack("<IBBHQQ", len(strings), 0x12, 0, 1, value, size)
            strings += text.encode() + b"\0"
    strings += string_tail
    body = bytearray(code_at + len(code))
    body[note_at:note_at + len(note_data)] = note_data
    body[descriptors_at:descriptors_at + len(descriptors)] = descriptors
    body[code_at:] = code
    symbols_at = len(body) + -len(body) % 8
    body += bytes(symbols_at - len(body)) + symbols
    strings_at = len(body)
    body += strings + extra
    sections = [(0, 0, 0, 0, 0, 0), (3, 0, strings_at, len(strings), 0, 0)]
    sections += [(11, 2, symbols_at, len(symbols), 1, 24)] * symbol_tables
    sections += [(4, 2, symbols_at, len(symbols), 2, 24)] * relocation_tables
    sections_at = len(body) + -len(body) % 8
    body += bytes(sections_at - len(body))
    for kind, flags, offset, size, link, entry in sections:
        body += struct.pack("<IIQQQQIIQQ", 0, kind, flags, 0, offset, size, link, 0, 8, entry)
    body[:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01\x40\x02" + bytes(7), 3, 224, 1, 0, 64,
                            sections_at, 0x41, 64, 56, segments, 64, len(sections), 0)
    table = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, code_at, code_at, PAGE)
    table += struct.pack("<IIQQQQQQ", 1, 5, code_at, code_at, code_at, len(code), len(code), PAGE)
    table += struct.pack("<IIQQQQQQ", 4, 4, note_at, note_at, note_at, len(note_data), len(note_data), 4) * notes
    body[64:64 + len(table)] = table
    return bytes(body)
