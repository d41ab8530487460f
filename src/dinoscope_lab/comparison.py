"""Comparison: is one score better than another on the same pictures - areas, paired differences, p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm


def area(truth: np.ndarray, score: np.ndarray) -> float:
    """ROC-AUC: the share of pairs of a present and an absent case in which the present one scores higher."""
    return float(_pairs(truth, score).mean())


def drawn_area(times: np.ndarray, truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """ROC-AUC in each draw of `statistics.group_draws`: [draws]; NaN where a draw lacks one kind.

    Args:
        times: [draws, N] how often each case was drawn; truth: [N] bool; score: [N].
    """
    present, absent = times[:, truth], times[:, ~truth]
    total = present.sum(1) * absent.sum(1)
    won = ((present @ _pairs(truth, score)) * absent).sum(1)
    return np.where(total > 0, won / np.maximum(total, 1), np.nan)


def paired_p(difference: np.ndarray) -> float:
    """Two-sided p-value of a paired difference from its bootstrap draws, NaN draws left out.

    Never 0: with B draws the least is 2 / (B + 1).
    Source: Davison and Hinkley, "Bootstrap methods and their application", 1997, chapter 4.
    """
    drawn = difference[np.isfinite(difference)]
    beyond = min((drawn <= 0).sum(), (drawn >= 0).sum())
    return float(min(1.0, 2 * (beyond + 1) / (len(drawn) + 1)))


def delong_p(truth: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """Two-sided p-value that two ROC-AUCs on the same independent cases differ; 1 where the scores rank alike.

    Source: DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves: a nonparametric approach", Biometrics 1988.
    """
    first, second = _pairs(truth, one), _pairs(truth, other)
    present, absent = (first - second).mean(1), (first - second).mean(0)
    variance = present.var(ddof=1) / len(present) + absent.var(ddof=1) / len(absent)
    if variance <= 1e-15:
        return 1.0
    return float(2 * norm.sf(abs(present.mean()) / np.sqrt(variance)))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, in the order given.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(order) - np.arange(len(order))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p_values, float)[order] * factors))
    return corrected.tolist()


def _pairs(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """[present, absent]: 1 where the present case scores higher, 0.5 on a tie."""
    present, absent = score[truth][:, None], score[~truth][None]
    return (present > absent) + 0.5 * (present == absent)
