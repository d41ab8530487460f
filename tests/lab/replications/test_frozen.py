"""Frozen: the table's scores are the textbook's, its splits are what they are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, roc_auc_score

from dinoscope_lab.benchmark.study import Study
from dinoscope_lab.replications import frozen


@pytest.fixture
def study(encoder, public_pictures, tmp_path):
    """A study on the tiny backbone and the made-up sets."""
    return Study("frozen", "", encoder, public_pictures, tmp_path / "cache", tmp_path, quick=True)


def test_the_scores_are_scikit_learns(study):
    pool = study.pool("colours")
    logits = np.random.default_rng(0).normal(size=(int(pool.test.sum()), 3))
    row, *pairs = frozen.scored(pool, "m", logits)
    truth, guess = pool.truth[pool.test], logits.argmax(1)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert row["accuracy"] == pytest.approx(100 * (truth == guess).mean(), abs=0.05)
    assert row["balanced_accuracy"] == pytest.approx(100 * balanced_accuracy_score(truth, guess), abs=0.05)
    assert row["f1"] == pytest.approx(100 * f1_score(truth, guess, average="macro"), abs=0.05)
    assert row["area"] == pytest.approx(roc_auc_score(truth, probabilities, multi_class="ovr"), abs=5e-4)
    assert [p["pictures"] for p in pairs] == confusion_matrix(truth, guess, labels=range(3)).ravel().tolist()


def test_what_is_frozen_learns_and_every_method_answers(study):
    pool = study.pool("colours")
    found = {name: frozen.scored(pool, name, guess())[0] for name, _, guess in frozen.methods(study, pool)}
    assert found[frozen.OURS]["balanced_accuracy"] > 50
    assert set(found) == {frozen.OURS, *frozen.BASELINES}


def test_the_official_split_tests_on_the_sets_own_test_pictures_alone(study):
    pool = study.pool("colours")
    samples = [replace(s, official="test" if i % 5 == 0 else "train") for i, s in enumerate(pool.samples)]
    split = frozen.official(replace(pool, samples=samples))
    assert np.array_equal(split.test, np.arange(len(samples)) % 5 == 0)
    assert split.known.any()
    assert split.held.any()
    row = frozen.scored(split, "m", np.eye(3)[split.truth[split.test]])[0]
    assert (row["set"], row["split"], row["accuracy"]) == ("colours", "official", 100)


def test_an_encoder_that_cannot_be_had_says_why(study):
    rows, entry = frozen.hub(study, "microsoft/resnet-50", [])
    assert rows == []
    assert entry["ran"] == "no"
    assert "no backbone is called" in entry["why"]


def test_a_rival_stands_in_the_table_and_is_compared_on_the_same_pictures(study, rival):
    pools = [study.pool("colours"), study.pool("stripes")]
    rows = [
        frozen.scored(p, m, guess())[0]
        for p in pools
        for m, _, guess in frozen.methods(study, p, [rival])
        if m == frozen.OURS or m.startswith(rival.name)
    ]
    overall, *each = frozen.compared(rows, pools)
    assert (overall["method"], overall["set"]) == ("colours alone, linear", "mean")
    right = {(r["set"], r["method"]): r["balanced_accuracy"] for r in rows}
    for row in each:
        difference = right[row["set"], frozen.OURS] - right[row["set"], row["method"]]
        assert row["ahead"] == pytest.approx(difference, abs=0.11)
        assert row["ahead_low"] <= row["ahead"] <= row["ahead_high"]
    assert overall["ahead"] == pytest.approx(np.mean([r["ahead"] for r in each]), abs=0.11)
