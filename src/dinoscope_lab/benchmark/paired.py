"""Paired: by how much the backbone is ahead of a rival on the same test pictures, with the interval of drawn groups.

Rows that are to be compared carry their guesses below keys that begin with `HIDDEN`; `shown` takes these away again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dinoscope.evidence import Column
from dinoscope.fitting.statistics import balanced_accuracy, drawn_balanced_accuracy, group_draws, grouped_bootstrap

from ..evidence import number, percent

HIDDEN = "_"
TRUTH, GUESS, GROUPS = f"{HIDDEN}truth", f"{HIDDEN}guess", f"{HIDDEN}groups"
AHEAD = "ahead"
"""The column of a difference: positive where the backbone is better."""
POINTS: Column = percent(AHEAD, "the backbone is ahead by", signed=True)
"""That column, in percent points."""


def ahead(title: str = "the backbone is ahead by", unit: str = "", digits: int = 3) -> Column:
    """That column, in another unit."""
    return number(AHEAD, title, unit, digits, interval=True, signed=True)


def level(truths: Sequence[np.ndarray], groups: Sequence[np.ndarray], guesses: Sequence[list]) -> dict:
    """Balanced accuracy in percent: mean over sets, and in each set over runs.

    Args:
        truths: of each set, [M] class numbers; groups: of each set, [M]; guesses: of each set, [M] of each of its runs.
    Returns:
        `value`, with the ends of its 95 % interval from 1,000 draws of whole groups.
    """
    found, draws = [], []
    for i, (truth, group, runs) in enumerate(zip(truths, groups, guesses, strict=True)):
        times = group_draws(group, seed=i)
        found.append(np.mean([balanced_accuracy(truth, np.asarray(g)) for g in runs]))
        draws.append(np.mean([drawn_balanced_accuracy(times, truth, np.asarray(g)) for g in runs], axis=0))
    low, high = np.percentile(np.mean(draws, axis=0), [2.5, 97.5])
    figures = {"value": np.mean(found), "value_low": low, "value_high": high}
    return {k: round(100 * float(v), 1) for k, v in figures.items()}


def accuracies(
    truths: Sequence[np.ndarray], groups: Sequence[np.ndarray], ours: Sequence[list], theirs: Sequence[list]
) -> dict:
    """Difference in balanced accuracy, in percent points: mean over sets, and in each set over runs.

    Args:
        truths: of each set, [M] class numbers; groups: of each set, [M].
        ours, theirs: of each set, guesses [M] of each of its runs; both in the same runs.
    Returns:
        the difference, and its 95 % interval from 1,000 draws of whole groups.
    """
    values, draws = [], []
    for i, (truth, group, mine, other) in enumerate(zip(truths, groups, ours, theirs, strict=True)):
        times = group_draws(group, seed=i)  # draws of different sets have nothing to do with one another
        runs = [(np.asarray(a), np.asarray(b)) for a, b in zip(mine, other, strict=True)]
        values.append(np.mean([balanced_accuracy(truth, a) - balanced_accuracy(truth, b) for a, b in runs]))
        drawn = [drawn_balanced_accuracy(times, truth, a) - drawn_balanced_accuracy(times, truth, b) for a, b in runs]
        draws.append(np.mean(drawn, axis=0))
    low, high = np.percentile(np.mean(draws, axis=0), [2.5, 97.5])
    return difference(float(np.mean(values)), float(low), float(high), 100, 1)


def scores(measure: Callable[[np.ndarray, np.ndarray], float], ours: dict, theirs: dict) -> dict:
    """Difference in any measure of (truth, guess) between two rows that hold these of the same pictures."""
    truth, mine, other = (np.asarray(v) for v in (ours[TRUTH], ours[GUESS], theirs[GUESS]))
    groups = np.asarray(ours[GROUPS])
    found = grouped_bootstrap(lambda i: measure(truth[i], mine[i]) - measure(truth[i], other[i]), groups)
    return difference(found.value, found.low, found.high)


def values(
    ours: Sequence[float], theirs: Sequence[float], groups: Sequence, factor: float = 1, digits: int = 3
) -> dict:
    """Mean difference of one value a picture between two methods, on the same pictures."""
    gain = np.asarray(ours, float) - np.asarray(theirs, float)
    found = grouped_bootstrap(lambda i: float(gain[i].mean()), groups)
    return difference(found.value, found.low, found.high, factor, digits)


def difference(value: float, low: float, high: float, factor: float = 1, digits: int = 3) -> dict:
    """As three numbers of a row."""
    figures = {AHEAD: value, f"{AHEAD}_low": low, f"{AHEAD}_high": high}
    return {k: round(factor * v, digits) + 0.0 for k, v in figures.items()}


def told(truth: np.ndarray, guess: np.ndarray, groups: np.ndarray) -> dict:
    """What a row is compared by: of its M pictures what is true, what was guessed, and their groups."""
    return {TRUTH: truth.tolist(), GUESS: guess.tolist(), GROUPS: groups.tolist()}


def shown(rows: Sequence[Mapping]) -> list[dict]:
    """The rows without what was only needed to compare them."""
    return [{k: v for k, v in row.items() if not k.startswith(HIDDEN)} for row in rows]


def multiplicity(comparisons: int) -> str:
    """The sentence on many intervals at once."""
    return (
        f"{comparisons} differences stand in this file, each with its own 95 % interval, paired (the same draws of "
        "whole groups for both) and not corrected for their number: of differences that are none, about one in twenty "
        "would still seem to be one."
    )
