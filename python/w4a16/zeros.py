# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""What the zeros that GPTQ checkpoints store mean."""

from __future__ import annotations

import torch


def gptq_zeros(stored: torch.Tensor, v2: bool, sym: bool) -> torch.Tensor | None:
    """Stored zeros, one per column and group, to those that are subtracted; None: 8 everywhere.

    Version 1 stores one less than it means. Where the configuration says that the layer is symmetric, 8 is meant
    whatever the version: some writers store 7 then, some 8.
    """
    if not sym:
        return stored + (0 if v2 else 1)
    if not any(bool((stored == value).all()) for value in (7, 8)):
        values = stored.unique().tolist()
        raise RuntimeError(f"qzeros of a symmetric layer hold {values}; accepted is 8 everywhere, or 7")
    return None
