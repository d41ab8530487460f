"""Comparison: areas are scikit-learn's, p-values are right as often as they promise, corrections are the textbook's."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from dinoscope.fitting.statistics import group_draws
from dinoscope_lab.comparison import area, delong_p, drawn_area, holm, paired_p


def scores(n, gap, seed, shared=0.0):
    """Truth and two scores whose present cases lie `gap` higher, correlated through a shared part."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2 == 0
    common = shared * rng.normal(size=n)
    return truth, rng.normal(size=n) + common + truth, rng.normal(size=n) + common + truth * (1 + gap)


@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_scikit_learns_ties_included(seed):
    truth, one, _ = scores(60, 0, seed)
    for score in (one, np.round(one)):
        assert area(truth, score) == pytest.approx(roc_auc_score(truth, score))


def test_the_area_in_a_draw_is_that_of_the_drawn_cases():
    truth, one, _ = scores(40, 0, 1)
    times = group_draws(np.arange(40) // 2, draws=15)
    for row, value in zip(times.astype(int), drawn_area(times, truth, one), strict=True):
        assert value == pytest.approx(roc_auc_score(np.repeat(truth, row), np.repeat(one, row)), abs=1e-6)


def test_a_draw_without_a_present_case_has_no_area():
    assert np.isnan(drawn_area(np.array([[0.0, 2.0]]), np.array([True, False]), np.array([0.9, 0.1]))[0])


def test_delong_against_its_closed_form_for_a_score_without_worth():
    """Beside a constant score (area exactly 1/2) the test is that of one area, with Hanley's variance components."""
    truth, one, _ = scores(80, 0, 3)
    pairs = (one[truth][:, None] > one[~truth][None]).astype(float)
    variance = pairs.mean(1).var(ddof=1) / 40 + pairs.mean(0).var(ddof=1) / 40
    wanted = 2 * norm.sf(abs(pairs.mean() - 0.5) / np.sqrt(variance))
    assert delong_p(truth, one, np.zeros(80)) == pytest.approx(wanted)


def test_delong_of_the_same_ranking_is_1():
    truth, one, _ = scores(40, 0, 0)
    assert delong_p(truth, one, 3 * one + 2) == 1


def test_delong_is_wrong_in_about_5_of_100_studies_of_equal_scores():
    false = [delong_p(*scores(100, 0, seed, shared=0.7)) < 0.05 for seed in range(400)]
    assert 0.02 <= np.mean(false) <= 0.09


def test_the_paired_bootstrap_agrees_with_delong_where_cases_are_independent():
    for seed in range(5):
        truth, one, other = scores(160, 0.5, seed, shared=1.0)
        times = group_draws(np.arange(160), draws=2000, seed=seed)
        bootstrap = paired_p(drawn_area(times, truth, other) - drawn_area(times, truth, one))
        assert bootstrap == pytest.approx(delong_p(truth, other, one), abs=0.06)


def test_the_least_p_value_depends_on_the_draws():
    assert paired_p(np.ones(999)) == pytest.approx(2 / 1000)
    assert paired_p(np.zeros(999)) == 1
    assert paired_p(np.array([1.0, np.nan, 1.0])) == pytest.approx(2 / 3)


def test_holm_of_the_textbook():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([]) == []
