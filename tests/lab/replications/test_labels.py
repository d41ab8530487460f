"""Label efficiency: who is fitted on which labels, and when a score counts as enough."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dinoscope_lab.benchmark import few_labels
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
    guess = few_labels.CLASSIFIERS[method](features[chosen], truth[chosen], features[60:])
    assert (guess == truth[60:]).mean() > (0.4 if count == 1 else 0.75)


def test_logistic_regression_in_its_rows_span_is_logistic_regression():
    features, truth = clouds(n=9)
    asked = clouds(seed=2)[0]
    wanted = LogisticRegression(C=few_labels.STRENGTHS[2], max_iter=500).fit(features, truth).predict(asked)
    assert np.array_equal(few_labels.logistic(features, truth, asked), wanted)


def test_standardising_takes_the_training_pictures_alone():
    features = np.array([[0.0], [2.0], [100.0]])
    assert few_labels.standardise(features, np.array([True, True, False])).ravel().tolist() == [-1, 1, 99]


def test_every_fifth_label_of_a_class_and_at_least_one_says_when_to_stop():
    chosen = labels.stopping(np.array([0] * 10 + [1] * 3))
    assert (chosen[:10].sum(), chosen[10:].sum()) == (2, 1)


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
    assert rows[3]["value_low"] == rows[3]["value_high"]


def test_the_mean_is_taken_of_each_number_of_labels_that_every_set_has():
    """The smaller set ends with 4 labels a class: its last row is "all", not the 5 that the other one has."""

    def of(name, method, counts):
        return [
            row(c, 10.0 * c) | {"set": name, "method": method, "value_low": 1.0, "value_high": 99.0} for c in counts
        ]

    rows = [*of("a", "kNN", (1, 2, 4)), *of("b", "kNN", (1, 2, 5, 8))]
    rows += [r for name in "ab" for r in of(name, labels.RESIDUAL, (2, 7))]
    means = labels.averaged(rows)
    assert [r["value"] for r in means] == [10, 20, 60, 20, 70]
    assert [r["labels"] for r in means] == [1, 2, 6, 2, 7]
    headings, cells = labels.tables(means, [], [])[0].laid_out()
    assert headings == ["method / labels a class", "1", "2", "6", "7"]
    assert [row[0] for row in cells] == ["kNN", labels.RESIDUAL]
    assert [cell[:4] for cell in cells[1][1:]] == ["", "20.0", "", "70.0"]


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
