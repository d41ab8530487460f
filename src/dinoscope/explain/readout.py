"""Readout: from what each token holds of each patch to a map, as the head reads it."""

from __future__ import annotations

import torch
from torch import Tensor

from . import Saliency, Subject


def patch_map(subject: Subject, relevance: Tensor, prefix: int) -> Saliency:
    """Relevance [T, T] of tokens (columns) for tokens after the last block (rows) -> saliency.

    The head reads the CLS token and statistics of all patch tokens, so the CLS row and the mean of the patch rows,
    each scaled to sum 1, count alike.
    """
    rows = torch.stack([relevance[0, prefix:], relevance[prefix:, prefix:].mean(0)])
    read = (rows / rows.sum(1, keepdim=True).clamp(min=1e-12)).sum(0)
    return Saliency(subject.enlarge(read[None])[0].cpu().numpy())
