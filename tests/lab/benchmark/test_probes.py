"""Probes: the protocol of the benchmark - what may be seen when, and that a baseline can learn at all."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from transformers import Dinov2Config, Dinov2Model

from dinoscope_lab.benchmark import baselines, probes, supervised
from dinoscope_lab.benchmark.probes import linear, neighbours
from dinoscope_lab.benchmark.study import Study
from fixtures.tiny import drawn


def clouds(n=200, seed=0):
    """Features of three classes, with folds 0 to 4."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 3
    return rng.normal(size=(n, 6)) + 3 * np.eye(3, 6)[truth], truth, (np.arange(n) // 3) % 5


def test_both_probes_tell_classes_apart():
    features, truth, fold = clouds()
    for probe in (linear, neighbours):
        assert (probe(features, truth, fold) == truth[fold == 0]).mean() > 0.9


def test_the_labels_of_the_test_fold_are_never_looked_at():
    features, truth, fold = clouds()
    hidden = np.where(fold == 0, 0, truth)
    for probe in (linear, neighbours):
        assert np.array_equal(probe(features, truth, fold), probe(features, hidden, fold))


def test_the_nearer_class_wins_a_tie():
    features = np.array([[1, 0], [1, 0.1], [1, 0.2], [1, 5], [1, 6], [-1, 1], [1, 0.0]], float)
    truth, fold = np.array([1, 1, 0, 0, 2, 2, 0]), np.array([2, 2, 2, 2, 2, 2, 0])
    assert neighbours(features, truth, fold).tolist() == [1]


def test_simple_features_have_the_pictures_in_them(tmp_path):
    files = []
    for i, label in enumerate(("across", "down")):
        files.append(tmp_path / f"{label}.png")
        drawn("stripes", label, i, strength=90).save(files[-1])
    assert baselines.pixels(files).shape == (2, 24 * 24 * 3)
    edges = baselines.edges(files).reshape(2, 64, 48)[..., :36].reshape(2, 64, 9, 4).mean((1, 3))
    # Stripes across have gradients that point down, at half the circle of directions.
    assert edges[0].argmax() == 4
    assert edges[1].argmax() in (0, 8)


SMALL = Dinov2Config(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=112, patch_size=14)
TRANSFORMER = partial(supervised.Classifier, SMALL)


@pytest.mark.parametrize("build", [TRANSFORMER, supervised.Residual])
def test_a_network_trained_on_labels_alone_learns_them(build):
    pictures = np.stack([np.asarray(drawn("colours", c, i, strength=80)) for i in range(24) for c in ("blue", "red")])
    truth = np.tile([0, 1], 24)
    model = supervised.train(
        build, pictures[:32], truth[:32], (pictures[32:], truth[32:]), steps=40, batch=8, every=10, say=lambda _: None
    )
    assert (supervised.guess(model, pictures[32:]) == truth[32:]).mean() > 0.9


def test_findings_that_occur_together_are_learnt_each_by_itself():
    kinds = [(a, b) for a in (0, 90) for b in (0, 90)] * 12
    level = np.array([[[60 + a, 60, 60 + b]] for a, b in kinds], np.uint8)[:, None]
    pictures, truth = np.broadcast_to(level, (48, 64, 64, 3)).copy(), np.array(kinds) > 0
    model = supervised.train(
        TRANSFORMER, pictures[:32], truth[:32], (pictures[32:], truth[32:]), 60, 8, every=15, say=lambda _: None
    )
    assert ((supervised.logits_of(model, pictures[32:]) > 0) == truth[32:]).mean() > 0.8


def test_training_begins_with_the_weights_it_is_given():
    start = Dinov2Model(SMALL)
    begun = supervised.Classifier(SMALL, 2, start).body.state_dict()
    assert all(np.array_equal(v, begun[k]) for k, v in start.state_dict().items())


def test_a_rivals_features_are_judged_as_the_backbones_are(encoder, public_pictures, tmp_path, rival, monkeypatch):
    monkeypatch.setattr(probes, "BASELINES", {})
    study = Study("backbone", "", encoder, public_pictures, tmp_path, tmp_path)
    pool = study.pool("colours")
    found = probes.guesses(study, pool, [rival])
    read_by = ("backbone", "colours alone", "backbone with colours alone")
    assert list(found) == [f"{name}, {probe}" for name in read_by for probe in ("linear", "kNN")]
    assert next(iter(found)) == baselines.OURS
    assert (found["colours alone, linear"] == pool.truth[pool.test]).mean() > 0.6
