"""Label efficiency: who is fitted on which labels, and when a score counts as enough."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dinoscope_lab.benchmark import few_labels, paired
from dinoscope_lab.benchmark.study import Study
from dinoscope_lab.replications import labels


@pytest.fixture
def study(encoder, public_pictures, tmp_path):
    """A study on the tiny backbone and the made-up sets."""
    return Study("labels", "dinoscope", encoder, public_pictures, tmp_path / "cache", tmp_path / "assets")


def clouds(n=120, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 3
    return rng.normal(size=(n, 40)) + 3 * np.eye(3, 40)[truth], truth


def test_each_class_gives_as_many_labels_or_all_it_has():
    truth, allowed = np.array([0] * 10 + [1] * 10 + [2] * 3), np.arange(23) != 0
    chosen = few_labels.draw(truth, allowed, 5, np.random.default_rng(0))
    assert np.bincount(truth[chosen]).tolist() == [5, 5, 3]
    assert 0 not in chosen
    assert len(set(chosen)) == len(chosen)


@pytest.mark.parametrize("method", few_labels.CLASSIFIERS)
@pytest.mark.parametrize("count", [1, 20])
def test_each_classifier_learns_from_one_label_and_more_from_twenty(method, count):
    features, truth = clouds()
    chosen = few_labels.draw(truth, np.arange(120) < 60, count, np.random.default_rng(1))
    guess = few_labels.CLASSIFIERS[method](features[chosen], truth[chosen], chosen, features[60:])
    assert (guess == truth[60:]).mean() > (0.4 if count == 1 else 0.75)


def test_logistic_regression_in_its_rows_span_is_logistic_regression():
    features, truth = clouds(n=9)
    asked = clouds(seed=2)[0]
    wanted = LogisticRegression(C=few_labels.STRENGTHS[2], max_iter=500).fit(features, truth).predict(asked)
    assert np.array_equal(few_labels.logistic(features, truth, np.arange(9), asked), wanted)


def test_standardising_takes_the_training_pictures_alone():
    features = np.array([[0.0], [2.0], [100.0]])
    assert few_labels.standardise(features, np.array([True, True, False])).ravel().tolist() == [-1, 1, 99]


@pytest.mark.parametrize("seed", range(5))
def test_of_each_class_a_share_is_set_aside_and_no_patient_is_on_both_sides(seed):
    rng = np.random.default_rng(seed)
    truth, groups = np.repeat([0, 1, 2], (40, 20, 4)), np.array([f"p{i // 2}" for i in range(64)])
    aside = few_labels.set_aside(truth, groups, 5, rng)
    assert np.bincount(truth[aside]).tolist() == [8, 4, 2]
    assert not set(groups[aside]) & set(groups[~aside])


def test_a_patient_with_two_diseases_stays_on_one_side():
    truth, groups = np.array([0, 1] * 20), np.repeat(np.arange(20), 2)
    aside = few_labels.set_aside(truth, groups, 4, np.random.default_rng(0))
    assert not set(groups[aside]) & set(groups[~aside])
    assert np.bincount(truth[aside]).tolist() == [5, 5]


def test_a_class_of_one_patient_is_divided_and_one_of_one_picture_is_not_set_aside():
    truth, groups = np.array([0, 0, 1, 1, 1, 2]), np.array(list("aabbbc"))
    aside = few_labels.set_aside(truth, groups, 4, np.random.default_rng(0))
    assert np.bincount(truth[aside], minlength=3).tolist() == [1, 1, 0]


def test_thirds_that_choose_keep_patients_whole_unless_a_class_would_be_missing():
    truth, groups = np.array([0, 1] * 30), np.repeat(np.arange(15), 4)
    part = few_labels.thirds(truth, groups)
    assert all(len(set(part[groups == g])) == 1 for g in range(15))
    assert sorted(np.unique(part)) == [0, 1, 2]
    alone = few_labels.thirds(truth, np.where(truth == 0, "everything", groups.astype(str)))
    assert all(np.bincount(alone[truth == label]).tolist() == [10, 10, 10] for label in (0, 1))


def row(count, score):
    return {"labels": count, "value": score}


def test_labels_needed_lie_between_two_counts_by_the_logarithm():
    found = labels.needed([row(1, 50.0), row(10, 90.0), row(100, 98.0), row(1000, 100.0)], "s", "m")
    assert found["labels"] == pytest.approx(10 * 10 ** (5 / 8), abs=0.1)
    assert found["wanted"] == 95.0


def test_a_curve_that_begins_high_enough_needs_its_first_count():
    assert labels.needed([row(1, 99.0), row(10, 100.0)], "s", "m")["labels"] == 1


def test_frozen_features_are_scored_for_every_method_and_count(study):
    rows = [r for m in few_labels.CLASSIFIERS for r in labels.frozen(study, study.pool("colours"), m)]
    assert {r["method"] for r in rows} == set(few_labels.CLASSIFIERS)
    assert [r["labels"] for r in rows[:4]] == [1, 2, 5, 9]
    assert all(r["value_low"] <= r["value"] <= r["value_high"] for r in rows)


def test_the_mean_is_taken_of_each_number_of_labels_that_every_set_has(study):
    """What one set ends with is "all", not the number that the other one has, and its interval is of the mean."""
    pools = [study.pool("colours"), study.pool("stripes")]
    rows = []
    for pool, counts in zip(pools, ((1, 2, 0), (1, 2, 5, 0)), strict=True):
        truth = pool.truth[pool.test]
        for count in counts:
            guesses = [(truth if right else (truth + 1) % len(pool.classes)).tolist() for right in (count > 1, True)]
            rows.append(labels._row(pool, "kNN", [count or 9.0], guesses, count))
    means = labels.averaged(rows, pools)
    assert [r["labels"] for r in means] == [1, 2, 9]
    assert [r["value"] for r in means] == [50, 100, 50]
    assert means[1]["value_low"] == means[1]["value_high"] == 100
    assert labels.tables(paired.shown(means), [], [])[0].laid_out()[0] == ["method / labels a class", "1", "2", "9"]


def test_a_network_trained_on_the_same_labels_is_compared_over_the_draws_that_both_have(study):
    pool = study.pool("colours")
    truth = pool.truth[pool.test]
    wrong = ((truth + 1) % len(pool.classes)).tolist()
    rows = [
        labels._row(pool, labels.BEST, [9.0], [truth.tolist()], 0),
        labels._row(pool, labels.RESIDUAL, [9.0], [wrong, wrong, truth.tolist()], 0),
    ]
    assert [r["ahead"] for r in labels.compared(rows, [pool])] == [66.7]


def test_a_rival_gets_the_same_labels_and_is_compared_with_each_number_of_them(study, rival):
    pool = study.pool("colours")
    rows = [r for m in few_labels.CLASSIFIERS for e in (None, rival) for r in labels.frozen(study, pool, m, e)]
    assert {r["method"] for r in rows} == {m for c in few_labels.CLASSIFIERS for m in (c, f"{c}, colours alone")}
    found = labels.compared(rows, [pool])
    assert len(found) == len(rows) / 2
    for row in found:
        mine, theirs = (
            next(r["value"] for r in rows if r["method"] == m and r[labels.ASKED] == row["labels"])
            for m in (row["method"], f"{row['method']}, colours alone")
        )
        assert row["ahead"] == pytest.approx(mine - theirs, abs=0.11)
