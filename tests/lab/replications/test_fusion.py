"""Fusion: joined encoders know what each alone does not, and no label but the drawn ones is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from dinoscope.reading.encoder import EncoderError
from dinoscope_lab import fusion as heads
from dinoscope_lab import rivals
from dinoscope_lab.benchmark.study import Study
from dinoscope_lab.replications import fusion, others


@pytest.fixture
def study(encoder, public_pictures, tmp_path):
    """A study on the tiny backbone and the made-up sets."""
    return Study("fusion", "", encoder, public_pictures, tmp_path / "cache", tmp_path)


def halves(n, seed):
    """Two embeddings that tell one bit of the class each."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 4
    return [rng.normal(0, 0.4, (n, w)) + (truth >> i & 1)[:, None] for i, w in enumerate((12, 20))], truth


def as_float(embeddings):
    return [e.astype(np.float32) for e in embeddings]


def test_two_encoders_that_know_half_each_know_all_together():
    (known, truth), (held, wanted), (asked, right) = halves(160, 0), halves(60, 1), halves(100, 2)
    model = heads.fit(as_float(known), truth, (as_float(held), wanted))
    assert (heads.logits(model, as_float(asked)).argmax(1) == right).mean() > 0.9


def test_the_same_seed_gives_the_same_head():
    (known, truth), (held, wanted) = halves(40, 0), halves(20, 1)
    first, again = (heads.fit(as_float(known), truth, (as_float(held), wanted), epochs=3) for _ in range(2))
    assert np.array_equal(heads.logits(first, as_float(held)), heads.logits(again, as_float(held)))


def test_labels_are_a_share_of_each_class_and_never_those_of_the_validation_fold(study):
    pool = study.pool("colours")
    for share in fusion.SHARES:
        fold = fusion.drawn(pool, share, 0)
        assert np.array_equal(fold == 0, pool.test)
        assert (fold[pool.held] == -1).all()
        fitting = np.bincount(pool.truth[fold == 2], minlength=3)
        choosing = np.bincount(pool.truth[fold == 1], minlength=3)
        wanted = np.maximum(2, np.round(share * np.bincount(pool.truth[pool.known])))
        assert np.array_equal(fitting + choosing, wanted)
        assert choosing.min() >= 1


def test_kappa_is_scikit_learns_and_every_way_of_joining_is_scored(study):
    quick = replace(study, quick=True)
    pool = quick.pool("colours")
    rng = np.random.default_rng(0)
    told = rng.normal(size=(len(pool.samples), 5)) + 4 * np.eye(3, 5)[pool.truth]
    noise = rng.normal(size=(len(pool.samples), 7))
    found = fusion.compared(quick, pool, {"good": told, "poor": noise}, 1.0)
    rows = {r["method"]: r for r in found if "value" in r}
    gains = {r["method"]: r for r in found if "ahead" in r}
    assert set(gains) == set(rows) - {fusion.ATTENDED}
    for method, gain in gains.items():
        assert gain["ahead"] == pytest.approx(rows[fusion.ATTENDED]["value"] - rows[method]["value"], abs=2e-3)
        assert gain["ahead_low"] <= gain["ahead"] <= gain["ahead_high"]
    assert set(rows) == {"good, alone", "poor, alone", fusion.BEST, fusion.JOINED, fusion.AVERAGED, fusion.ATTENDED}
    assert rows[fusion.BEST] == rows["good, alone"] | {"method": fusion.BEST}
    scores = np.log(rng.dirichlet([1, 1, 1], int(pool.test.sum())))
    row = fusion._row(pool, "m", 1.0, 9, [scores])
    assert row["value"] == pytest.approx(cohen_kappa_score(pool.truth[pool.test], scores.argmax(1)), abs=5e-4)


def test_the_best_single_encoder_is_not_chosen_by_the_test_pictures(study):
    """An encoder that tells nothing but the test pictures is not called the best."""
    quick = replace(study, quick=True)
    pool = quick.pool("colours")
    rng = np.random.default_rng(0)
    told = 4 * np.eye(3, 5)[pool.truth]
    spying, honest = rng.normal(size=told.shape) + told * pool.test[:, None], rng.normal(size=told.shape) + told
    found = fusion.compared(quick, pool, {"spying": spying, "honest": honest}, 1.0)
    rows = {r["method"]: r for r in found if "value" in r}
    assert rows[fusion.BEST] == rows["honest, alone"] | {"method": fusion.BEST}


def test_the_second_encoder_has_the_shape_of_the_first_but_has_learnt_on(study, monkeypatch):
    monkeypatch.setattr(others, "LABELLED", ("colours",))
    quick = replace(study, quick=True)
    second = others.distilled_encoder(quick)
    assert (second.dim, second.size, second.patch) == (study.encoder.dim, study.encoder.size, study.encoder.patch)
    assert second.fingerprint != study.encoder.fingerprint
    assert others.distilled_encoder(quick).fingerprint == second.fingerprint


def test_no_encoder_has_seen_a_label_of_the_sets_that_are_asked():
    """With one label in a hundred, an encoder trained on all of them would win for that alone."""
    assert not set(fusion.SETS) & set(others.LABELLED)


def test_the_encoders_differ_and_what_is_not_there_says_why(study, monkeypatch, rival):
    def absent(*_, **__):
        raise EncoderError("no history here")

    monkeypatch.setattr(rivals, "earlier_backbone", absent)
    monkeypatch.setattr(
        rivals, "installed", lambda *_: rivals.Rivals((rival,), ({"encoder": rival.name, "ran": "yes", "why": ""},))
    )
    found, tried = fusion.several(replace(study, others=("nowhere/at-all",)))
    assert list(found) == ["tiny", "colours alone", "random weights"]
    assert [(r["encoder"], r["ran"]) for r in tried] == [
        ("colours alone", "yes"),
        ("earlier bundled backbone", "no"),
        ("nowhere/at-all", "no"),
    ]
    assert tried[1]["why"] == "no history here"
