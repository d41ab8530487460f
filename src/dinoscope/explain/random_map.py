"""Random map: what a method that knows nothing would draw; every figure stands beside it."""

from __future__ import annotations

import torch

from . import Progress, Saliency, Subject


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """Independent uniform values, one a patch."""
    values = torch.rand(1, *subject.grid, generator=torch.Generator().manual_seed(seed))
    return Saliency(subject.enlarge(values)[0].numpy())
