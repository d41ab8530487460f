"""Encoders: each probe finds what is there, and no more than that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sklearn.metrics import r2_score

from dinoscope_lab.benchmark import segmentation
from dinoscope_lab.benchmark.segmentation import SIDE, Tokens
from dinoscope_lab.benchmark.study import Study
from dinoscope_lab.replications import encoders, questions
from fixtures.tiny import drawn


@pytest.fixture
def study(encoder, public_pictures, tmp_path):
    """A study on the tiny backbone and the made-up sets."""
    return Study("encoders", "", encoder, public_pictures, tmp_path / "cache", tmp_path)


def squares(n, seed, noise=0.3):
    """Tokens whose third channel tells the lesion, a square somewhere, and its mask."""
    rng = np.random.default_rng(seed)
    masks, tokens = np.zeros((n, SIDE, SIDE), bool), rng.normal(0, noise, (n, 64, 6))
    for i in range(n):
        y, x = rng.integers(0, 5, 2)
        masks[i, 8 * y : 8 * y + 24, 8 * x : 8 * x + 24] = True
        tokens[i, :, 2] += masks[i].reshape(8, 8, 8, 8).mean((1, 3)).ravel()
    return Tokens(tokens.astype(np.float16), (8, 8), masks)


def test_dice_of_textbook_cases():
    one = np.zeros((1, 4, 4), bool)
    one[0, :2] = True
    other = np.zeros_like(one)
    other[0, 1:3] = True
    assert segmentation.dice(one, one)[0] == 1
    assert segmentation.dice(one, ~one)[0] == pytest.approx(0, abs=1e-6)
    assert segmentation.dice(one, other)[0] == pytest.approx(0.5)
    assert segmentation.dice(one & ~one, one & ~one)[0] == 1


def test_a_linear_layer_finds_a_lesion_that_the_tokens_tell_and_the_mean_shape_does_not():
    known, held, test = squares(60, 0), squares(20, 1), squares(20, 2)
    weight, mean, cut = segmentation.fit(known, held)
    found = segmentation.dice(segmentation.enlarged(test, weight, mean) > cut, test.masks).mean()
    assert found > 0.75
    assert segmentation.dice(segmentation.mean_shape(known, held, 20), test.masks).mean() < found - 0.2
    assert np.abs(weight).argmax() == 2


def test_the_brightest_share_of_a_picture(tmp_path):
    picture = Image.new("L", (96, 96), 40)
    ImageDraw.Draw(picture).rectangle((0, 0, 95, 23), fill=220)
    picture.save(tmp_path / "a.png")
    found = segmentation.brightest([tmp_path / "a.png"], bright=True, share=0.25)[0]
    assert found[:15].all()
    assert not found[17:].any()
    assert segmentation.brightest([tmp_path / "a.png"], bright=False, share=0.2)[0][:15].sum() == 0


def test_a_picture_without_a_mask_has_no_lesion(encoder, tmp_path):
    drawn("stripes", "across", 0).save(tmp_path / "a.png")
    found = segmentation.read(encoder, [tmp_path / "a.png"], [None])
    assert not found.masks.any()
    assert found.tokens.shape[1] == found.grid[0] * found.grid[1]


def test_sets_that_differ_are_told_apart_and_classes_are_guessed(study):
    pools = [study.pool("colours"), study.pool("stripes")]
    assert questions.domain(study, study.encoder, pools)[0]["value"] > 90
    (row,) = questions.classification(study, study.encoder, pools[0])
    assert row["value_low"] <= row["value"] <= row["value_high"]
    assert row["chance"] == 33.3


def told(pool, column, values):
    """The pool with metadata."""
    samples = [replace(s, metadata={column: v}) for s, v in zip(pool.samples, values, strict=True)]
    return replace(pool, samples=samples)


def test_age_is_explained_where_the_picture_tells_it(study):
    pool = study.pool("colours")
    ages = [str(20 + 30 * t) if i % 9 else "" for i, t in enumerate(pool.truth)]
    (row,) = questions.known_from(study, study.encoder, told(pool, "age", ages), "age")
    assert row["question"] == "age"
    assert row["value"] > 0.3
    assert row["pictures"] < pool.test.sum()


def test_the_other_eye_of_a_patient_does_not_choose_the_penalty():
    """Two pictures a patient, alike and of one age, which no picture tells: the guess stays near the mean age."""
    rng = np.random.default_rng(0)
    patients, ages = rng.normal(size=(150, 300)), rng.normal(50, 15, 150)
    features = np.repeat(patients, 2, 0) + 0.05 * rng.normal(size=(300, 300))
    years, fold = np.repeat(ages, 2), np.repeat(np.arange(150) % 5, 2)
    guess = questions._ridge(features, years, fold)
    assert r2_score(years[fold == 0], guess) > -0.1


def test_a_value_that_is_rare_or_unknown_is_not_guessed(study, monkeypatch):
    pool = study.pool("colours")
    views = ["unknown" if i % 10 == 0 else "odd" if i == 3 else ("PA", "AP")[t % 2] for i, t in enumerate(pool.truth)]
    monkeypatch.setattr(questions, "FEWEST", 5)
    (row,) = questions.known_from(study, study.encoder, told(pool, "view", views), "view")
    assert row["chance"] == 50
    assert row["value"] > 60
    assert questions.known_from(study, study.encoder, told(pool, "view", ["PA"] * len(views)), "view") == []


def test_every_method_is_scored_on_the_pictures_that_have_a_lesion(study, tmp_path, encoder):
    folder = tmp_path / "pictures" / "blobs"
    (folder / "lesion").mkdir(parents=True)
    (folder / "masks").mkdir()
    rng = np.random.default_rng(0)
    for i in range(40):
        picture, mask = drawn("stripes", "across", i), Image.new("L", (64, 64))
        x, y = (int(v) for v in rng.integers(4, 36, 2))
        if i % 8:
            ImageDraw.Draw(picture).ellipse((x, y, x + 22, y + 22), fill=(255, 40, 40))
            ImageDraw.Draw(mask).ellipse((x, y, x + 22, y + 22), fill=255)
        picture.save(folder / "lesion" / f"{i:02}.png")
        mask.save(folder / "masks" / f"{i:02}.png")
    (tmp_path / "pictures" / "splits").mkdir()
    rows = [f"{i:02},lesion/{i:02}.png,lesion,{i},{i % 5}" for i in range(40)]
    (tmp_path / "pictures" / "splits" / "blobs.csv").write_text("\n".join(["id,file,label,group,fold", *rows]))
    here = replace(study, images=tmp_path / "pictures")
    pool = here.pool("blobs")
    kept = np.array([s.path.parent.name == "lesion" for s in pool.samples])
    samples = [s for s, k in zip(pool.samples, kept, strict=True) if k]
    pool = replace(pool, samples=samples, truth=pool.truth[kept], fold=pool.fold[kept])
    rows = questions.segmented(here, here.encoder, pool)
    assert [r["method"] for r in rows][:2] == ["tiny", "mean shape"]
    assert all(0 <= r["value_low"] <= r["value"] <= r["value_high"] <= 1 for r in rows)
    assert rows[0]["pictures"] < pool.test.sum() + 1


def test_an_encoder_of_another_kind_is_asked_the_same_and_compared_on_the_same_pictures(study, rival):
    pool = study.pool("colours")
    rows = [r for e in (study.encoder, rival) for r in questions.classification(study, e, pool)]
    (row,) = encoders.compared(rows, ["tiny", "colours alone"])
    assert (row["set"], row["method"], row["question"]) == ("colours", "colours alone", "classification")
    assert row["ahead"] == pytest.approx(rows[0]["value"] - rows[1]["value"], abs=0.11)
    assert row["ahead_low"] <= row["ahead"] <= row["ahead_high"]


def test_the_same_probe_of_the_same_encoder_differs_by_nothing(study):
    rows = questions.classification(study, study.encoder, study.pool("colours"))
    again = [{**r, "method": "again"} for r in rows]
    (row,) = encoders.compared([*rows, *again], ["tiny", "again"])
    assert (row["ahead"], row["ahead_low"], row["ahead_high"]) == (0, 0, 0)
