# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Linear layers with 4-bit weights and 16-bit activations on AMD RDNA3.

    import w4a16.ops                                     # registers torch.ops.w4a16.*
    packed = torch.ops.w4a16.pack(q, scales, zeros, perm, group_size)
    y = torch.ops.w4a16.linear(x, packed, bias)

Importing w4a16 itself loads nothing. `python -m w4a16 doctor` says what is found on this machine.
"""
