"""Faithfulness: does the score fall when the salient patches go, faster than when random ones do?

Patches go in two ways: they are not read at all (by tokens), as in the network's own pre-training, or the picture is
blurred where they were (by pixels), as the literature has it. Neither alone is above suspicion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from . import Progress, Subject

SHARES, QUICK_SHARES = (1 / 4, 3 / 4), (1 / 2,)
"""Shares of the patches at which curves are read between their ends. On fold 1 a quarter and three quarters agree with
curves of twelve steps as often as four even steps do, in two thirds of the time."""
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
class Curves:
    """Deletion and insertion in one of the two ways."""

    deletion: Curve
    insertion: Curve

    @property
    def beaten(self) -> tuple[int, int]:
        """Random orders whose score falls more slowly than the map's, and whose score rises more slowly."""
        falls = (self.deletion.random_areas > self.deletion.area).sum()
        return int(falls), int((self.insertion.random_areas < self.insertion.area).sum())

    @property
    def difference(self) -> float:
        """Insertion area minus deletion area; 0 on the mean for a map that knows nothing."""
        return self.insertion.area - self.deletion.area


@dataclass(frozen=True)
class Verdict:
    """How many of the random orders a map beats, on each of four curves.

    Attributes:
        deletion_tokens, insertion_tokens, deletion_pixels, insertion_pixels: random orders that are beaten.
        of: number of random orders.
    """

    deletion_tokens: int
    insertion_tokens: int
    deletion_pixels: int
    insertion_pixels: int
    of: int

    @property
    def passed(self) -> tuple[str, ...]:
        """The curves on which the map beats at least nine in ten random orders."""
        counts = {k: v for k, v in vars(self).items() if k != "of"}
        return tuple(name for name, count in counts.items() if count >= 0.9 * self.of)

    @property
    def faithful(self) -> bool:
        """Whether it beats chance on all four curves."""
        return len(self.passed) == 4

    @property
    def chance(self) -> bool:
        """Whether it is no better than chance: one curve of four is passed by luck now and then."""
        return len(self.passed) < 2


def verdict(tokens: Curves, pixels: Curves) -> Verdict:
    """Weigh all curves against their random orders."""
    return Verdict(*tokens.beaten, *pixels.beaten, len(tokens.deletion.random))


def agreement(a: np.ndarray, b: np.ndarray, patch: int) -> float:
    """Spearman's rank correlation of two maps [S, S], patch by patch; 0 where one of them is flat."""
    first, second = strengths(a, patch), strengths(b, patch)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    from scipy.stats import spearmanr  # takes a quarter of a second, which a start need not wait for

    return float(spearmanr(first, second).statistic)


def strengths(saliency: np.ndarray, patch: int) -> np.ndarray:
    """Mean saliency of each patch, in reading order: [S, S] -> [h * w]."""
    height, width = (side // patch for side in saliency.shape)
    return saliency.reshape(height, patch, width, patch).mean((1, 3)).ravel()


def by_tokens(
    subject: Subject,
    saliency: np.ndarray,
    seed: int,
    draws: int = DRAWS,
    shares: Sequence[float] = SHARES,
    progress: Progress | None = None,
) -> Curves:
    """Deletion and insertion of patches that are not read at all.

    A picture without any patch cannot be read, so that at the bare end the last one stays. Half the patches are there
    on the mean, so that it takes half the time of `by_pixels`.

    Args: as for `by_pixels`.
    Source: Englebert et al., "Explaining through transformer input sampling", ICCV workshops 2023.
    """
    orders = _orders(saliency, subject.patch, seed, draws)
    counts = _counts(orders.shape[1], shares)
    gone = _gone(orders, np.minimum(counts, orders.shape[1] - 1)[1:])
    scored = subject.through(~gone, subject.target.value, progress).numpy()
    return _curves(counts, subject.value, scored.reshape(len(orders), -1))


def by_pixels(
    subject: Subject,
    saliency: np.ndarray,
    seed: int,
    draws: int = DRAWS,
    shares: Sequence[float] = SHARES,
    progress: Progress | None = None,
) -> Curves:
    """Deletion and insertion of patches in a picture that is blurred where they are missing.

    Args:
        subject: the picture and its score.
        saliency: [S, S].
        seed: of the random orders.
        draws: number of random orders.
        shares: of the patches that are gone, between none and all.
        progress: told (done, total); may raise to cancel.
    Source: Petsiuk et al., "RISE: randomized input sampling for explanation", BMVC 2018.
    """
    orders = _orders(saliency, subject.patch, seed, draws)
    counts = _counts(orders.shape[1], shares)
    gone = _gone(orders, counts[1:-1])
    # All orders end with the bare baseline, which is scored once.
    every = np.concatenate([np.ones((1, orders.shape[1]), dtype=bool), gone])
    scored = subject.beside(_blurred(subject.pixels), every, progress).numpy()
    bare = np.repeat(scored[0], len(orders))
    return _curves(counts, subject.value, np.column_stack([scored[1:].reshape(len(orders), -1), bare]))


def _orders(saliency: np.ndarray, patch: int, seed: int, draws: int) -> np.ndarray:
    """[2 + draws, h * w]: the patches from the most salient on, from the least salient on, and in random orders."""
    salient = np.argsort(-strengths(saliency, patch), kind="stable")
    rng = np.random.default_rng(seed)
    return np.stack([salient, salient[::-1], *(rng.permutation(len(salient)) for _ in range(draws))])


def _counts(patches: int, shares: Sequence[float]) -> np.ndarray:
    """How many patches are gone at each point of the curves, from none to all; the same read backwards."""
    gone = np.unique(np.round(patches * np.array([0, *shares, 1])).astype(int))
    return np.union1d(gone, patches - gone)


def _gone(orders: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """[orders * counts, h * w] bool: which patches are gone when the first few of each order are."""
    place = np.argsort(orders, axis=1)
    return (place[:, None] < counts[:, None]).reshape(-1, orders.shape[1])


def _curves(counts: np.ndarray, whole: float, deleted: np.ndarray) -> Curves:
    """Score of the whole picture, and scores [2 + draws, T - 1] as it goes in each order -> both curves.

    Showing patches in some order is removing them in the reverse order, read backwards; and the reverse of a random
    order is random too, so that one set of random orders serves both curves.
    """
    deleted = np.column_stack([np.full(len(deleted), whole), deleted])
    share, shown = counts / counts[-1], deleted[:, ::-1]
    return Curves(Curve(share, deleted[0], deleted[2:]), Curve(share, shown[1], shown[2:]))


def _blurred(pixels: Tensor) -> Tensor:
    """Pixels [1, 3, S, S], blurred with a tenth of their side."""
    rows, columns = (torch.from_numpy(_blur(side)).to(pixels) for side in pixels.shape[2:])
    return rows @ pixels @ columns.T


@lru_cache(maxsize=4)
def _blur(side: int) -> np.ndarray:
    """[side, side]: a Gaussian filter as a matrix, whose product takes a tenth of the filter's time."""
    return gaussian_filter1d(np.eye(side), side / 10, axis=0)
