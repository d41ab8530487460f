"""How familiar a picture is: identities of distances and percentiles."""

from itertools import pairwise

import numpy as np
import pytest

from dinoscope.reading.scope import Scope, distances, familiar, measure, unit


@pytest.fixture
def cases() -> np.ndarray:
    return unit(np.random.default_rng(0).normal(size=(40, 6)))


def test_unit_vectors_have_length_one_and_a_null_vector_stays_null():
    vectors = unit(np.array([[3.0, 4.0], [0.0, 0.0], [1e-6, 0.0]]))
    assert vectors.tolist() == pytest.approx(np.array([[0.6, 0.8], [0, 0], [1, 0]]))
    assert vectors.dtype == np.float32


def test_the_distance_is_the_mean_over_the_nearest(cases):
    queries = unit(np.random.default_rng(1).normal(size=(7, 6)))
    by_hand = [np.mean(sorted(1 - float(q @ c) for c in cases)[:5]) for q in queries]
    assert np.allclose(distances(queries, cases), by_hand, atol=1e-6)


def test_every_case_counts_when_there_are_as_many_as_are_asked_for(cases):
    assert distances(cases[:1], cases[:5])[0] == pytest.approx(1 - (cases[:5] @ cases[0]).mean(), abs=1e-6)


def test_distances_run_from_zero_to_two(cases):
    twins = np.repeat(cases[:1], 5, axis=0)
    assert distances(cases[:1], twins)[0] == pytest.approx(0, abs=1e-6)
    assert distances(-cases[:1], twins)[0] == pytest.approx(2, abs=1e-6)


def test_turning_all_vectors_changes_no_distance(cases):
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))
    turned = (cases @ turn).astype(np.float32)
    assert np.allclose(distances(turned[:3], turned), distances(cases[:3], cases), atol=1e-5)


def test_too_few_cases_are_refused_with_their_number(cases):
    with pytest.raises(ValueError, match="4 cases are too few to judge by the 5 nearest; add cases to the task"):
        distances(cases[:1], cases[:4])


def test_the_percentile_is_the_share_of_known_cases_at_least_as_far_off():
    query, cases = np.array([1.0, 0.0], np.float32), np.array([[0.6, 0.8]] * 5, np.float32)
    distance = float(distances(query[None], cases)[0])
    reference = np.array([0.1, 0.2, 0.3, distance, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert distance == pytest.approx(0.4)
    assert measure(query, cases, reference) == Scope(distance, 70.0, True)


@pytest.mark.parametrize(
    ("reference", "percentile", "familiar"),
    [
        ([0.5] * 100, 100, True),
        ([0.3] * 99 + [0.5], 1, True),
        ([0.3] * 199 + [0.5], 0.5, False),
        ([0.3] * 99, 0, False),
        ([0.3], 0, False),
    ],
)
def test_one_in_a_hundred_is_where_familiar_ends(reference, percentile, familiar):
    query, cases = np.array([1.0, 0.0], np.float32), np.array([[0.6, 0.8]] * 5, np.float32)
    scope = measure(query, cases, np.array(reference))
    assert (scope.percentile, scope.familiar) == (pytest.approx(percentile), familiar)


@pytest.mark.parametrize("held_out", [99, 114, 200, 1000])
def test_of_the_tasks_own_pictures_no_more_than_one_in_a_hundred_is_called_unfamiliar(held_out):
    rng = np.random.default_rng(4)
    alarms = [(~familiar(rng.random(50), np.sort(rng.random(held_out)))).mean() for _ in range(2000)]
    assert 0.004 < np.mean(alarms) < 0.011


def test_farther_is_never_more_familiar(cases):
    reference = np.sort(distances(unit(np.random.default_rng(3).normal(size=(200, 6))), cases))
    found = [measure(unit(cases[:1] * (1 - t) - cases[:1] * t + 0.01)[0], cases, reference) for t in (0, 1)]
    found += [measure(q, cases, reference) for q in cases]
    ranked = sorted(found, key=lambda s: s.distance)
    assert all(a.percentile >= b.percentile for a, b in pairwise(ranked))
