"""Paired: the difference is the difference, its interval that of the same draws, and equals have none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, r2_score

from dinoscope.fitting.statistics import grouped_bootstrap
from dinoscope_lab.benchmark import paired
from dinoscope_lab.benchmark.paired import AHEAD


def guessed(share, seed, n=120):
    """Truth of four classes, groups of two, and guesses of which that share is right."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) // 2 % 4
    return truth, np.arange(n) // 2, np.where(rng.random(n) < share, truth, (truth + 1) % 4)


def test_the_difference_is_that_of_the_balanced_accuracies_and_its_interval_is_paired():
    truth, groups, good = guessed(0.9, 0)
    poor = guessed(0.6, 1)[2]
    found = paired.accuracies([truth], [groups], [[good]], [[poor]])
    difference = balanced_accuracy_score(truth, good) - balanced_accuracy_score(truth, poor)
    assert found[AHEAD] == pytest.approx(100 * difference, abs=0.06)
    assert 0 < found["ahead_low"] < found[AHEAD] < found["ahead_high"]
    assert paired.accuracies([truth], [groups], [[good]], [[good]]) == {AHEAD: 0.0, "ahead_low": 0.0, "ahead_high": 0.0}


def test_sets_count_alike_and_runs_of_a_set_are_averaged():
    truth, groups, good = guessed(1.0, 0)
    other, few, bad = guessed(0.0, 0, n=40)
    found = paired.accuracies([truth, other], [groups, few], [[good, good], [other]], [[good, (truth + 1) % 4], [bad]])
    assert found[AHEAD] == pytest.approx(100 * (0.5 + 1.0) / 2)


def test_any_measure_is_compared_on_the_rows_own_pictures():
    rng = np.random.default_rng(0)
    truth, groups = rng.normal(size=60), np.arange(60) // 3
    near, far = truth + rng.normal(0, 0.3, 60), truth + rng.normal(0, 0.8, 60)
    found = paired.scores(r2_score, paired.told(truth, near, groups), paired.told(truth, far, groups))
    wanted = grouped_bootstrap(lambda i: r2_score(truth[i], near[i]) - r2_score(truth[i], far[i]), groups)
    assert (found[AHEAD], found["ahead_low"]) == (round(wanted.value, 3), round(wanted.low, 3))


def test_what_rows_are_compared_by_is_not_shown():
    row = {"set": "s", "value": 1.0} | paired.told(np.zeros(2), np.ones(2), np.arange(2))
    assert paired.shown([row]) == [{"set": "s", "value": 1.0}]
