"""Statistics: intervals that respect groups, and how far a probability can be believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A measured value with its 95 % interval."""

    value: float
    low: float
    high: float

    def json(self, digits: int = 4) -> dict[str, float]:
        """Rounded plain values."""
        return {k: round(v, digits) for k, v in (("value", self.value), ("low", self.low), ("high", self.high))}


def grouped_bootstrap(
    statistic: Callable[[np.ndarray], float], groups: Sequence, draws: int = 1000, seed: int = 0
) -> Interval:
    """95 % percentile interval from resampling whole groups with replacement.

    Args:
        statistic: positions [M] of the drawn samples -> value; NaN draws are left out.
        groups: [N] group of each sample; samples of one group are drawn together.
    Source: Field and Welsh, "Bootstrapping clustered data", JRSS B 2007.
    """
    _, member = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    order = np.argsort(member, kind="stable")
    starts = np.searchsorted(member[order], np.arange(member.max() + 2))
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = rng.integers(member.max() + 1, size=member.max() + 1)
        values.append(statistic(np.concatenate([order[starts[g] : starts[g + 1]] for g in drawn])))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Interval(float(statistic(np.arange(len(member)))), float(low), float(high))


def balanced_accuracy(truth: np.ndarray, guess: np.ndarray) -> float:
    """Mean recall over the classes that occur in `truth`, 0 to 1."""
    return float(np.mean([np.mean(guess[truth == label] == label) for label in np.unique(truth)]))


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error of the top class in bins of equal mass.

    Args:
        probabilities: [N, C]; truth: [N] class numbers.
    Source: Nixon et al., "Measuring calibration in deep learning", CVPR workshops 2019.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == truth
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    return float(sum(len(p) / len(truth) * abs(confidence[p].mean() - correct[p].mean()) for p in parts if len(p)))
