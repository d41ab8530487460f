"""Faithfulness: does the score fall when the salient patches go, faster than when random ones do?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from . import Score

STEPS = 16


@dataclass(frozen=True)
class Curve:
    """Score against the share of patches removed (deletion) or shown (insertion).

    Attributes:
        share: [T] from 0 to 1.
        score: [T] for the saliency map.
        random: [R, T] for R random orders of the same patches.
    """

    share: np.ndarray
    score: np.ndarray
    random: np.ndarray

    @property
    def area(self) -> float:
        """Area under the curve, 0 to 1."""
        return float(np.trapezoid(self.score, self.share))

    @property
    def random_area(self) -> float:
        """Mean area under the random curves."""
        return float(np.trapezoid(self.random, self.share, axis=1).mean())


def curves(
    score: Score, pixels: Tensor, saliency: np.ndarray, patch: int, seed: int, draws: int = 5, batch: int = 64
) -> tuple[Curve, Curve]:
    """Deletion and insertion of whole patches, in order of saliency and in random orders, on a blurred baseline.

    Args:
        score: normalised pixels [B, 3, S, S] -> [B].
        pixels: [1, 3, S, S].
        saliency: [S, S].
        patch: side of a patch in pixels.
        seed: of the random orders.
        draws: number of random orders.
    Returns:
        (deletion, insertion); a faithful map has a small deletion and a large insertion area.
    Source: Petsiuk et al., "RISE: randomized input sampling for explanation", BMVC 2018.
    """
    height, width = pixels.shape[2] // patch, pixels.shape[3] // patch
    strength = saliency.reshape(height, patch, width, patch).mean((1, 3)).ravel()
    rng = np.random.default_rng(seed)
    orders = [np.argsort(-strength, kind="stable"), *(rng.permutation(height * width) for _ in range(draws))]
    count = height * width
    gone = np.unique(np.round(np.linspace(0, count, min(STEPS, count) + 1)).astype(int))
    removed = np.zeros((len(orders), len(gone), count), dtype=np.float32)
    for i, order in enumerate(orders):
        for j, n in enumerate(gone):
            removed[i, j, order[:n]] = 1
    blurred = torch.from_numpy(
        gaussian_filter(pixels[0].cpu().numpy(), (0, pixels.shape[2] / 10, pixels.shape[3] / 10))
    )
    baseline = blurred.to(pixels)
    holes = torch.from_numpy(removed.reshape(-1, 1, height, width)).to(pixels)
    holes = holes.repeat_interleave(patch, 2).repeat_interleave(patch, 3)
    deleted, inserted = [], []
    for start in range(0, len(holes), batch):
        hole = holes[start : start + batch]
        deleted.append(score(pixels * (1 - hole) + baseline * hole))
        inserted.append(score(pixels * hole + baseline * (1 - hole)))
    share = gone / count
    return tuple(  # type: ignore[return-value]
        Curve(share, y[0], y[1:])
        for y in (torch.cat(part).cpu().numpy().reshape(len(orders), -1) for part in (deleted, inserted))
    )
