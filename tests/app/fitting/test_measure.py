"""Measure: a head's metrics are those of scikit-learn, and what it promises is counted as it promises it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, roc_auc_score

from dinoscope.fitting.features import Labelled
from dinoscope.fitting.measure import in_words, measure
from dinoscope.reading.heads import Head
from dinoscope.similar import Case


@pytest.fixture
def pooled():
    return np.random.default_rng(0).normal(size=(120, 4)).astype(np.float32)


def head(**more):
    weight = np.eye(3, 4, dtype=np.float32) * 2
    return Head(("a", "b", "c"), weight, np.zeros(3, np.float32), 1.0, 0.2, 0.9, "f", **more)


def test_exclusive_classes(pooled):
    rng = np.random.default_rng(1)
    probabilities = head().probabilities(pooled)
    truth = np.array([rng.choice(3, p=p) for p in probabilities])
    cases = [Case(str(i), ("abc"[k],), "public", group=f"g{i // 2}") for i, k in enumerate(truth)]
    found = measure(head(), Labelled(cases, pooled))
    guess = probabilities.argmax(1)
    assert found["balanced_accuracy"]["value"] == pytest.approx(balanced_accuracy_score(truth, guess), abs=1e-4)
    assert found["macro_f1"]["value"] == pytest.approx(f1_score(truth, guess, average="macro"), abs=1e-4)
    wanted = roc_auc_score(truth, probabilities, multi_class="ovr")
    assert found["roc_auc"]["value"] == pytest.approx(wanted, abs=1e-4)
    assert found["confusion"] == confusion_matrix(truth, guess).tolist()
    sets = probabilities >= 0.2
    assert found["coverage"]["value"] == pytest.approx(np.mean(sets[np.arange(120), truth]), abs=1e-4)
    assert found["set_size"] == pytest.approx(sets.sum(1).mean(), abs=1e-3)
    # Labels drawn from the head's own probabilities: there is nothing to find fault with.
    assert abs(found["calibration_error"]["excess"]) < 0.05
    assert all(v["low"] <= v["value"] <= v["high"] for v in (found["balanced_accuracy"], found["coverage"]))


def test_a_head_that_is_always_sure_has_an_excess(pooled):
    sure = Head(
        ("a", "b"), np.array([[9, 0, 0, 0], [-9, 0, 0, 0]], np.float32), np.zeros(2, np.float32), 0.1, 0, 0.9, "f"
    )
    labels = np.random.default_rng(2).integers(2, size=120)
    cases = [Case(str(i), ("ab"[k],), "public") for i, k in enumerate(labels)]
    assert measure(sure, Labelled(cases, pooled))["calibration_error"]["excess"] > 0.3


def test_findings(pooled):
    truth = np.random.default_rng(3).random((120, 3)) < 0.4
    cases = [Case(str(i), tuple(np.array(list("abc"))[row]), "public") for i, row in enumerate(truth)]
    found = measure(head(thresholds=(0.5, 0.6, 0.4)), Labelled(cases, pooled))
    probabilities = head(thresholds=(0.5,) * 3).probabilities(pooled)
    areas = [roc_auc_score(truth[:, k], probabilities[:, k]) for k in range(3)]
    assert list(found["findings_roc_auc"].values()) == pytest.approx(areas, abs=1e-4)
    assert found["roc_auc"]["value"] == pytest.approx(np.mean(areas), abs=1e-4)
    called = probabilities >= [0.5, 0.6, 0.4]
    wanted = np.mean([balanced_accuracy_score(truth[:, k], called[:, k]) for k in range(3)])
    assert found["balanced_accuracy"]["value"] == pytest.approx(wanted, abs=1e-4)
    assert "coverage" not in found
    assert sum(b["pictures"] for b in found["reliability"]) == 360
    assert np.average([b["right"] for b in found["reliability"]], weights=[36] * 10) == pytest.approx(
        truth.mean(), abs=1e-3
    )


@pytest.mark.parametrize("labels", ["aabb", "a", "aaaa", "ab"])
def test_what_these_pictures_do_not_give_is_absent_and_said(pooled, labels):
    """With a class missing, the mean over the others would be another metric under the same name."""
    cases = [Case(str(i), (labels[i % len(labels)],), "own") for i in range(12)]
    found = measure(head(), Labelled(cases, pooled[:12]))
    assert not {"balanced_accuracy", "macro_f1", "roc_auc"} & found.keys()
    assert found["unseen"] == sorted({"a", "b", "c"} - set(labels))
    assert "NaN" not in json.dumps(found)
    assert in_words(found).startswith(f"no test picture tells {', '.join(found['unseen'])}, so balanced accuracy")


def test_findings_that_nobody_or_everybody_has_are_left_out(pooled):
    cases = [Case(str(i), ("a", "b") if i % 2 else ("a",), "own") for i in range(12)]
    found = measure(head(thresholds=(0.5,) * 3), Labelled(cases, pooled[:12]))
    assert list(found["findings_roc_auc"]) == ["b"]
    assert found["roc_auc"]["value"] == found["findings_roc_auc"]["b"]
    assert found["unseen"] == ["a", "c"]
    same = measure(head(thresholds=(0.5,) * 3), Labelled([Case("x", ("a",), "own")] * 3, pooled[:3]))
    assert not {"balanced_accuracy", "roc_auc"} & same.keys()
    assert "NaN" not in json.dumps([found, same])


def test_a_figure_is_told_with_its_interval(pooled):
    cases = [Case(str(i), ("abc"[i % 3],), "own", group=f"p{i // 4}") for i in range(60)]
    figure = r"balanced accuracy 0\.\d{3} \(95 % interval 0\.\d{3} to 0\.\d{3}\), 60 test pictures in 15 groups"
    said = in_words(measure(head(), Labelled(cases, pooled[:60])))
    assert re.fullmatch(figure + r" \(fold 0\); so few say little", said)
    assert in_words({}) == "no picture is kept back for a test (fold 0), so nothing is measured"
