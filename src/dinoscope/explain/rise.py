"""RISE: keep random halves of the picture, and average the halves by the score each leaves.

Source: Petsiuk, Das, Saenko, "RISE: randomized input sampling for explanation", BMVC 2018, arXiv 1806.07421. There
the rest is greyed out; here it is not read at all.
"""

from __future__ import annotations

import numpy as np
import torch

from . import Progress, Saliency, Subject

FULL, QUICK = 160, 64
"""Halves drawn."""
CELLS = 5
"""A half is where a random field of so many cells a side, enlarged smoothly, is highest."""


def explain(subject: Subject, seed: int, quick: bool = False, progress: Progress | None = None) -> Saliency:
    """Mean of the log-odds over the halves that hold a patch, less that over those that do not."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(QUICK if quick else FULL, 1, CELLS, CELLS, generator=generator)
    fields = torch.nn.functional.interpolate(coarse, size=subject.grid, mode="bicubic", align_corners=False)
    kept = highest(fields.flatten(1).numpy(), 0.5)
    scores = subject.through(kept, subject.target.log_odds, progress).numpy()
    held = kept.sum(axis=0)
    with_it, without = scores @ kept, scores @ ~kept
    found = with_it / np.maximum(held, 1) - without / np.maximum(len(kept) - held, 1)
    return Saliency(subject.enlarge(torch.from_numpy(found.astype(np.float32))[None])[0].numpy())


def highest(values: np.ndarray, share: float) -> np.ndarray:
    """[N, h * w] -> bool, true at this share of each row: where it is highest, at least one patch."""
    count = max(1, round(share * values.shape[1]))
    kept = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(kept, np.argsort(-values, axis=1, kind="stable")[:, :count], True, axis=1)
    return kept
