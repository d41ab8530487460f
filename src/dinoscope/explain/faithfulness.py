"""Faithfulness: does the score fall when the salient patches go, faster than when random ones do?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr
from torch import Tensor

from . import Progress, Score

STEPS, QUICK_STEPS = 5, 4
"""Into how many parts the curves divide the patches."""
DRAWS = 10
"""Random orders beside every map."""


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
    def random_areas(self) -> np.ndarray:
        """[R] areas under the random curves."""
        return np.trapezoid(self.random, self.share, axis=1)

    @property
    def random_area(self) -> float:
        """Mean area under the random curves."""
        return float(self.random_areas.mean())


@dataclass(frozen=True)
class Verdict:
    """How many of the random orders the map beats, on each curve.

    Attributes:
        deletion: random orders whose score falls more slowly than the map's.
        insertion: random orders whose score rises more slowly than the map's.
        of: number of random orders.
    """

    deletion: int
    insertion: int
    of: int

    @property
    def passed(self) -> tuple[str, ...]:
        """The curves on which the map beats at least nine in ten random orders."""
        counts = (("deletion", self.deletion), ("insertion", self.insertion))
        return tuple(name for name, count in counts if count >= 0.9 * self.of)


def verdict(deletion: Curve, insertion: Curve) -> Verdict:
    """Weigh both curves against their random orders."""
    return Verdict(
        int((deletion.random_areas > deletion.area).sum()),
        int((insertion.random_areas < insertion.area).sum()),
        len(deletion.random),
    )


def agreement(a: np.ndarray, b: np.ndarray, patch: int) -> float:
    """Spearman's rank correlation of two maps [S, S], patch by patch; 0 where one of them is flat."""
    first, second = strengths(a, patch), strengths(b, patch)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first, second).statistic)


def strengths(saliency: np.ndarray, patch: int) -> np.ndarray:
    """Mean saliency of each patch, in reading order: [S, S] -> [h * w]."""
    height, width = (side // patch for side in saliency.shape)
    return saliency.reshape(height, patch, width, patch).mean((1, 3)).ravel()


def curves(
    score: Score,
    pixels: Tensor,
    saliency: np.ndarray,
    patch: int,
    seed: int,
    draws: int = DRAWS,
    steps: int = STEPS,
    batch: int = 8,
    progress: Progress | None = None,
) -> tuple[Curve, Curve]:
    """Deletion and insertion of whole patches, in order of saliency and in random orders, on a blurred baseline.

    Args:
        score: normalised pixels [B, 3, S, S] -> [B].
        pixels: [1, 3, S, S].
        saliency: [S, S].
        patch: side of a patch in pixels.
        seed: of the random orders.
        draws: number of random orders.
        steps: into how many parts the patches are divided.
        progress: told (done, total); may raise to cancel.
    Returns:
        (deletion, insertion); a faithful map has a small deletion and a large insertion area.
    Source: Petsiuk et al., "RISE: randomized input sampling for explanation", BMVC 2018.
    """
    height, width = pixels.shape[2] // patch, pixels.shape[3] // patch
    count = height * width
    salient = np.argsort(-strengths(saliency, patch), kind="stable")
    rng = np.random.default_rng(seed)
    orders = [salient, salient[::-1], *(rng.permutation(count) for _ in range(draws))]
    gone = np.unique(np.round(np.linspace(0, count, min(steps, count) + 1)).astype(int))
    gone = np.union1d(gone, count - gone)
    holes = np.zeros((len(orders), len(gone), count), dtype=np.float32)
    for i, order in enumerate(orders):
        for j, n in enumerate(gone):
            holes[i, j, order[:n]] = 1
    # All orders begin with the whole picture and end with the bare baseline: those two are scored once.
    inner = holes[:, 1:-1].reshape(-1, count)
    every = np.concatenate([holes[0, [0, -1]], inner])
    scored = _score_holes(score, pixels, every, (height, width), patch, batch, progress)
    middle = scored[2:].reshape(len(orders), -1)
    deleted = np.stack([np.concatenate([scored[:1], row, scored[1:2]]) for row in middle])
    # Showing patches in some order is removing them in the reverse order, read backwards; and the reverse of a
    # random order is random too, so one set of random orders serves both curves.
    shown = deleted[:, ::-1]
    share = gone / count
    return Curve(share, deleted[0], deleted[2:]), Curve(share, shown[1], shown[2:])


def _score_holes(
    score: Score,
    pixels: Tensor,
    holes: np.ndarray,
    grid: tuple[int, int],
    patch: int,
    batch: int,
    progress: Progress | None,
) -> np.ndarray:
    """Scores [B] of the picture with the patches of `holes` [B, h * w] replaced by its blurred self."""
    sigma = (0, pixels.shape[2] / 10, pixels.shape[3] / 10)
    baseline = torch.from_numpy(gaussian_filter(pixels[0].cpu().numpy(), sigma)).to(pixels)
    parts = []
    for start in range(0, len(holes), batch):
        hole = torch.from_numpy(holes[start : start + batch]).to(pixels).reshape(-1, 1, *grid)
        hole = hole.repeat_interleave(patch, 2).repeat_interleave(patch, 3)
        parts.append(score(torch.where(hole > 0, baseline, pixels)))
        if progress is not None:
            progress(min(start + batch, len(holes)), len(holes))
    return torch.cat(parts).float().cpu().numpy()
