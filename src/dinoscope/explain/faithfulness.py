"""Faithfulness: does the score fall when the salient patches go, faster than when random ones do?

Patches go in two ways: they are not read at all (by tokens), as in the network's own pre-training, or the picture is
blurred where they were (by pixels), as the literature has it. Neither alone is above suspicion.

Empty background never goes, neither for a map nor in a random order: every map is made low there, so that to spare it
would be a gain that no method earned, and a map of noise would beat orders that spend their removals on air.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    Shares are of the patches that are not empty background: at one end all of them are there, at the other none is, or
    the last one by tokens in a picture without background. Background is there all along.

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


def agreement(subject: Subject, a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two maps [S, S], by patches that are not empty; 0 where one of them is flat."""
    first, second = strengths(subject, a), strengths(subject, b)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    from scipy.stats import spearmanr  # takes a quarter of a second, which a start need not wait for

    return float(spearmanr(first, second).statistic)


def strengths(subject: Subject, saliency: np.ndarray) -> np.ndarray:
    """Mean saliency [n] of each patch that is not empty background, in reading order; saliency [S, S]."""
    height, width = subject.grid
    return saliency.reshape(height, subject.patch, width, subject.patch).mean((1, 3)).ravel()[~subject.empty]


def by_tokens(
    subject: Subject,
    saliency: np.ndarray,
    seed: int,
    draws: int = DRAWS,
    shares: Sequence[float] = SHARES,
    progress: Progress | None = None,
) -> Curves:
    """Deletion and insertion of patches that are not read at all.

    A picture without any patch cannot be read, so that at the bare end the last one stays where there is no background
    to be read. Half the patches are there on the mean, so that it takes half the time of `by_pixels`, or a little more
    the more background there is.

    Args: as for `by_pixels`.
    Source: Englebert et al., "Explaining through transformer input sampling", ICCV workshops 2023.
    """
    spared = 0 if subject.empty.any() else 1

    def read(gone: np.ndarray) -> Tensor:
        return subject.through(~gone, subject.target.value, progress)

    return _curves(subject, _orders(subject, saliency, seed, draws), shares, read, spared)


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
        shares: of the patches that are gone, empty background not counted, between none and all.
        progress: told (done, total); may raise to cancel.
    Source: Petsiuk et al., "RISE: randomized input sampling for explanation", BMVC 2018.
    """
    blurred = _blurred(subject.pixels)

    def read(gone: np.ndarray) -> Tensor:
        return subject.beside(blurred, gone, progress)

    return _curves(subject, _orders(subject, saliency, seed, draws), shares, read)


def _orders(subject: Subject, saliency: np.ndarray, seed: int, draws: int) -> np.ndarray:
    """[2 + draws, n]: patches that are not empty, from the most salient on, from the least salient on, and at random.

    They are numbered among themselves, in reading order.
    """
    salient = np.argsort(-strengths(subject, saliency), kind="stable")
    rng = np.random.default_rng(seed)
    return np.stack([salient, salient[::-1], *(rng.permutation(len(salient)) for _ in range(draws))])


def _counts(patches: int, shares: Sequence[float]) -> np.ndarray:
    """How many patches are gone at each point of the curves, from none to all; the same read backwards."""
    gone = np.unique(np.round(patches * np.array([0, *shares, 1])).astype(int))
    return np.union1d(gone, patches - gone)


def _gone(orders: np.ndarray, counts: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """[orders * counts, h * w] bool: which patches are gone when the first few of each order are; no empty one."""
    place = np.argsort(orders, axis=1)
    gone = np.zeros((len(orders) * len(counts), len(empty)), dtype=bool)
    gone[:, ~empty] = (place[:, None] < counts[:, None]).reshape(-1, orders.shape[1])
    return gone


def _curves(
    subject: Subject, orders: np.ndarray, shares: Sequence[float], read: Callable[[np.ndarray], Tensor], spared: int = 0
) -> Curves:
    """Both curves of the orders [2 + draws, n].

    Showing patches in some order is removing them in the reverse order, read backwards; and the reverse of a random
    order is random too, so that one set of random orders serves both curves.

    Args:
        read: patches that are gone [N, h * w] bool -> scores [N]; asked once of those that several orders share.
        spared: so many patches stay at the bare end.
    """
    patches = orders.shape[1]
    counts = _counts(patches, shares)
    gone = _gone(orders, np.minimum(counts[1:], patches - spared), subject.empty)
    every, where = np.unique(gone, axis=0, return_inverse=True)
    scored = read(every).numpy()[where.ravel()].reshape(len(orders), -1)
    deleted = np.column_stack([np.full(len(scored), subject.value), scored])
    share, shown = counts / patches, deleted[:, ::-1]
    return Curves(Curve(share, deleted[0], deleted[2:]), Curve(share, shown[1], shown[2:]))


def _blurred(pixels: Tensor) -> Tensor:
    """Pixels [1, 3, S, S], blurred with a tenth of their side."""
    rows, columns = (torch.from_numpy(_blur(side)).to(pixels) for side in pixels.shape[2:])
    return rows @ pixels @ columns.T


@lru_cache(maxsize=4)
def _blur(side: int) -> np.ndarray:
    """[side, side]: a Gaussian filter as a matrix, whose product takes a tenth of the filter's time."""
    return gaussian_filter1d(np.eye(side), side / 10, axis=0)
