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
    statistic: Callable[[np.ndarray], float],
    groups: Sequence | np.ndarray,
    draws: int = 1000,
    seed: int = 0,
    biased: bool = False,
) -> Interval:
    """95 % percentile interval from resampling whole groups with replacement.

    Args:
        statistic: positions [M] of the drawn samples -> value; NaN draws are left out.
        groups: [N] group of each sample; samples of one group are drawn together.
        biased: the statistic grows with noise, so that draws, which repeat samples, lie above it: the interval is
            moved back by as much as their mean lies off, not below 0.
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
    value = float(statistic(np.arange(len(member))))
    if biased:
        shift = np.nanmean(values) - value
        low, high = max(low - shift, 0.0), high - shift
    return Interval(value, float(low), float(high))


def group_draws(groups: Sequence | np.ndarray, draws: int = 1000, seed: int = 0) -> np.ndarray:
    """How often each sample occurs in each draw of whole groups with replacement: [draws, N] float32.

    Two methods that are compared on the same samples share these draws, which makes their comparison paired.
    """
    _, member = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    count = member.max() + 1
    rng = np.random.default_rng(seed)
    times = np.stack([np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(draws)])
    return times[:, member].astype(np.float32)


def drawn_balanced_accuracy(times: np.ndarray, truth: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Balanced accuracy in each draw of `group_draws`: [draws], 0 to 1.

    Args:
        times: [draws, N]; truth, guess: [N].
    """
    right = times * (truth == guess)
    members = np.stack([truth == label for label in np.unique(truth)], axis=1).astype(np.float32)
    total = times @ members
    recall = np.where(total > 0, right @ members / np.maximum(total, 1), np.nan)
    return np.nanmean(recall, axis=1)


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
    parts = _equal_parts(confidence, bins)
    return float(sum(len(p) / len(truth) * abs(float(confidence[p].mean()) - float(correct[p].mean())) for p in parts))


@dataclass(frozen=True)
class Bin:
    """One point of a reliability diagram: what was claimed, and how often it was right.

    Attributes:
        confidence: mean claimed probability; right: share that was right, with its 95 % interval `low` to `high`.
        pictures: how many there are in the bin.
    """

    confidence: float
    right: float
    low: float
    high: float
    pictures: int

    def json(self, digits: int = 4) -> dict[str, float]:
        """Rounded plain values."""
        return {k: round(v, digits) for k, v in vars(self).items()}


def reliability(confidence: np.ndarray, correct: np.ndarray, bins: int = 10) -> list[Bin]:
    """Bins of equal mass, from the least to the most confident; empty ones are left out.

    Args:
        confidence: [N] claimed probabilities; correct: [N] bool.
    Source: DeGroot and Fienberg, "The comparison and evaluation of forecasters", The Statistician 1983.
    """
    return [
        Bin(float(confidence[p].mean()), float(correct[p].mean()), *wilson(int(correct[p].sum()), len(p)), len(p))
        for p in _equal_parts(confidence, bins)
    ]


def _equal_parts(confidence: np.ndarray, bins: int) -> list[np.ndarray]:
    """Positions of as many samples in each, from the least to the most confident; empty parts are left out."""
    return [p for p in np.array_split(np.argsort(confidence, kind="stable"), bins) if len(p)]


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, which holds for few trials, too.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    from scipy.stats import binomtest  # takes half a second, which only a measurement needs

    interval = binomtest(right, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def expected_calibration_error(
    probabilities: np.ndarray, groups: Sequence | np.ndarray, bins: int = 10, draws: int = 200, seed: int = 0
) -> float:
    """The calibration error that a perfectly calibrated head would show on as many pictures of as many groups.

    Args:
        probabilities: [N, C]; whether each top class is right is drawn from its own probability.
        groups: [N]; pictures of one patient, lesion or near-duplicate group share their luck.
    """
    rng = np.random.default_rng(seed)
    n, top = np.arange(len(probabilities)), probabilities.argmax(axis=1)
    _, member = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    errors = []
    for _ in range(draws):
        lucky = rng.random(member.max() + 1)[member] < probabilities[n, top]
        errors.append(calibration_error(probabilities, np.where(lucky, top, -1), bins))
    return float(np.mean(errors))
