"""Readout: from what each token holds of each patch to what the head reads of it."""

from __future__ import annotations

import torch
from torch import Tensor


def read(relevance: Tensor, prefix: int) -> Tensor:
    """Relevance [T, T] of tokens (columns) for tokens after the last block (rows) -> [h * w] of patches.

    The head reads the CLS token and statistics of all patch tokens, so the CLS row and the mean of the patch rows,
    each scaled to sum 1, count alike.
    """
    rows = torch.stack([relevance[0, prefix:], relevance[prefix:, prefix:].mean(0)])
    return (rows / rows.sum(1, keepdim=True).clamp(min=1e-12)).sum(0)
