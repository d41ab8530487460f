"""Linear heads: probabilities that add up, sets that keep their promise, files that come back bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dinoscope.reading.heads import Head, HeadError, conformal_threshold

PRINT = "a" * 64


@pytest.fixture
def head() -> Head:
    rng = np.random.default_rng(0)
    return Head(
        classes=("ant", "bee", "cow"),
        weight=rng.normal(size=(3, 8)).astype(np.float32),
        bias=rng.normal(size=3).astype(np.float32),
        temperature=1.7,
        threshold=0.2,
        coverage=0.9,
        fingerprint=PRINT,
    )


@pytest.fixture
def pooled() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(20, 8)).astype(np.float32)


def test_probabilities_are_the_softmax_of_the_tempered_logits(head, pooled):
    by_hand = []
    for row in pooled.astype(float):
        logits = [
            (sum(w * x for w, x in zip(ws, row, strict=True)) + b) / 1.7
            for ws, b in zip(head.weight, head.bias, strict=True)
        ]
        by_hand.append([np.exp(value) / sum(np.exp(v) for v in logits) for value in logits])
    assert np.allclose(head.probabilities(pooled), by_hand, atol=1e-7)


def test_probabilities_sum_to_one_however_large_the_features(head, pooled):
    for scale in (0, 1, 1e4):
        probabilities = head.probabilities(pooled * scale)
        assert np.isfinite(probabilities).all()
        assert np.allclose(probabilities.sum(axis=1), 1)


def test_a_higher_temperature_flattens_and_keeps_the_order(head, pooled):
    hot, cold = replace(head, temperature=10.0).probabilities(pooled), head.probabilities(pooled)
    assert (hot.max(axis=1) < cold.max(axis=1)).all()
    assert np.array_equal(hot.argsort(axis=1), cold.argsort(axis=1))


@pytest.mark.parametrize("target", ["ant", "bee", "cow"])
def test_the_score_of_a_class_is_its_probability(head, pooled, target):
    score = head.score(torch.from_numpy(pooled), target)
    assert score.dtype == torch.float32
    assert np.allclose(score.numpy(), head.probabilities(pooled)[:, head.classes.index(target)], atol=1e-6)


def test_an_unknown_class_is_refused_with_those_there_are(head, pooled):
    with pytest.raises(ValueError, match="this task has no class 'dog'; choose one of ant, bee, cow"):
        head.score(torch.from_numpy(pooled), "dog")


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.25, 0.6, 0.15], ("bee", "ant")),
        ([0.3, 0.3, 0.4], ("cow", "ant", "bee")),
        ([0.1, 0.8, 0.1], ("bee",)),
        ([0.2, 0.6, 0.2], ("bee", "ant", "cow")),
    ],
)
def test_the_prediction_set_holds_what_cannot_be_ruled_out_most_likely_first(head, probabilities, expected):
    assert head.prediction_set(np.array(probabilities)) == expected


def test_the_prediction_set_is_never_empty(head):
    assert replace(head, threshold=0.99).prediction_set(np.array([0.3, 0.3, 0.4])) == ("cow",)


def test_a_saved_head_comes_back_bit_for_bit(head, pooled, tmp_path):
    exact = replace(head, temperature=0.1 + 0.2, threshold=1 / 3)
    exact.save(tmp_path / "head.safetensors")
    back = Head.load(tmp_path / "head.safetensors", PRINT)
    assert (back.classes, back.fingerprint, back.coverage) == (head.classes, PRINT, 0.9)
    assert (back.temperature, back.threshold) == (0.1 + 0.2, 1 / 3)
    assert np.array_equal(back.weight, head.weight)
    assert np.array_equal(back.bias, head.bias)
    assert np.array_equal(back.probabilities(pooled), exact.probabilities(pooled))


def test_a_head_of_another_backbone_is_refused_with_both_fingerprints(head, tmp_path):
    folder: Path = tmp_path / "brain_mri"
    folder.mkdir()
    head.save(folder / "head.safetensors")
    sentence = "brain_mri: the head was fitted on backbone aaaaaaaa, not on bbbbbbbb; fit it again with `dinoscope fit`"
    with pytest.raises(HeadError) as caught:
        Head.load(folder / "head.safetensors", "b" * 64)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("known", "coverage"), [(19, 0.9), (50, 0.9), (199, 0.9), (60, 0.8)])
def test_the_threshold_covers_as_many_new_pictures_as_promised(known, coverage):
    rng = np.random.default_rng(known)
    draws = 4000
    held = rng.beta(3, 1, size=(draws, known + 1))
    covered = np.mean([row[-1] >= conformal_threshold(row[:-1], coverage) for row in held])
    # Never below the promise, and above it by at most 1 / (N + 1), up to four standard errors of the simulation.
    slack = 4 * np.sqrt(coverage * (1 - coverage) / draws)
    assert coverage - slack <= covered <= coverage + 1 / (known + 1) + slack


@pytest.mark.parametrize(("known", "threshold"), [(0, 0.0), (1, 0.0), (8, 0.0), (9, 0.1), (18, 0.1), (19, 0.2)])
def test_too_few_held_out_pictures_rule_nothing_out(known, threshold):
    assert conformal_threshold(np.arange(1, known + 1)[::-1] / 10, 0.9) == threshold
