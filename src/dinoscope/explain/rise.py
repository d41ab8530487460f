"""RISE: keep random halves of the picture, and average the halves by the score each leaves.

Source: Petsiuk, Das, Saenko, "RISE: randomized input sampling for explanation", BMVC 2018, arXiv 1806.07421.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from . import Progress, Saliency, Subject

CELLS, KEPT = 7, 0.5
"""The random masks are drawn on so many cells a side, each kept with this probability."""
FULL, QUICK = 500, 120
"""Masks drawn."""


@torch.inference_mode()
def explain(
    subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None, batch: int = 20
) -> Saliency:
    """S(x) = sum_i s_i M_i(x) / (N E[M]), hidden parts filled with the data's mean colour."""
    generator = torch.Generator().manual_seed(seed)
    count, (height, width) = QUICK if quick else FULL, subject.size
    cell = -(-max(height, width) // CELLS)
    total = torch.zeros(subject.size)
    for start in range(0, count, batch):
        number = min(batch, count - start)
        coarse = (torch.rand(number, 1, CELLS + 1, CELLS + 1, generator=generator) < KEPT).float()
        large = F.interpolate(coarse, scale_factor=cell, mode="bilinear", align_corners=False)
        shifts = torch.randint(cell, (number, 2), generator=generator).tolist()
        masks = torch.stack([m[:, y : y + height, x : x + width] for m, (y, x) in zip(large, shifts, strict=True)])
        scores = subject.score(subject.pixels * masks.to(subject.pixels)).float().cpu()
        total += torch.einsum("n,nhw->hw", scores, masks[:, 0])
        if progress is not None:
            progress(start + number, count)
    return Saliency((total / (count * KEPT)).numpy())
