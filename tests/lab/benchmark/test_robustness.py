"""Robustness: a corruption does what it says, more of it at a greater strength; groups are those of the metadata."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dinoscope.fitting.features import Labelled
from dinoscope.similar import Case
from dinoscope_lab.benchmark import robustness
from dinoscope_lab.benchmark.corruptions import CORRUPTIONS, STRENGTHS
from dinoscope_lab.benchmark.study import Study
from fixtures.tiny import drawn


@pytest.fixture
def picture():
    return drawn("stripes", "across", 0, size=(120, 96), strength=80)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_strength_gives_a_picture_and_the_same_one_for_the_same_seed(name, picture):
    for strength in STRENGTHS:
        first, again = (CORRUPTIONS[name](picture, strength, np.random.default_rng(3)) for _ in range(2))
        assert first.mode == "RGB"
        assert min(first.size) > 32
        assert np.array_equal(np.asarray(first), np.asarray(again))


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - {"crop", "rotation"}))
def test_a_greater_strength_leaves_less_of_the_picture(name, picture):
    far = [
        np.abs(np.asarray(CORRUPTIONS[name](picture, s, np.random.default_rng(0)), float) - np.asarray(picture)).mean()
        for s in (1, 3, 5)
    ]
    assert far[0] < far[1] < far[2]


def test_a_crop_loses_the_share_it_says(picture):
    assert CORRUPTIONS["crop"](picture, 5, np.random.default_rng(0)).size == (72, 58)


def test_a_small_picture_is_not_enlarged():
    tiny = Image.new("RGB", (20, 20), "red")
    assert CORRUPTIONS["resolution"](tiny, 1, np.random.default_rng(0)) is tiny


def test_strength_0_is_the_picture_as_it_is(workbench, public_pictures, tmp_path):
    study = Study("robustness", "", workbench.encoder, public_pictures, tmp_path, tmp_path, quick=True)
    study.__dict__["workbench"] = workbench
    rows = list(robustness.corrupted(study, study.pool("colours"), workbench.tasks["colours"]))
    assert len(rows) == len(CORRUPTIONS) * (1 + len(STRENGTHS))
    clean = [{k: v for k, v in r.items() if k != "corruption"} for r in rows if r["strength"] == 0]
    assert all(r == clean[0] for r in clean)
    average = robustness.means(rows)
    assert {r["set"] for r in average} == {"mean"}
    assert [r["value"] for r in average] == [r["value"] for r in rows]
    worst = robustness.losses(rows, "blur", 5)
    before, after = (next(r["value"] for r in rows if (r["corruption"], r["strength"]) == ("blur", s)) for s in (0, 5))
    assert worst["ahead"] == pytest.approx(before - after, abs=0.11)
    assert worst["ahead_low"] <= worst["ahead"] <= worst["ahead_high"]


def test_groups_are_those_of_sex_and_age_where_they_are_known(workbench):
    task = workbench.tasks["colours"]
    facts = [{"sex": "female", "age": "39"}, {"sex": "M", "age": "60.0"}, {"sex": "unknown"}, {}]
    cases = [Case(str(i), (task.head.classes[i % 3],), "public", metadata=facts[i % 4]) for i in range(120)]
    pooled = np.random.default_rng(0).normal(size=(120, task.head.weight.shape[1])).astype(np.float32)
    rows = robustness.by_group(task, Labelled(cases, pooled))
    assert {r["group"]: r["pictures"] for r in rows} == {
        "female": 30,
        "male": 30,
        "under 40 years": 30,
        "60 years and over": 30,
    }
    assert all(r["value_low"] <= r["value"] <= r["value_high"] for r in rows)


def test_groups_too_small_are_left_out(workbench):
    task = workbench.tasks["colours"]
    cases = [Case(str(i), (task.head.classes[0],), "public", metadata={"sex": "f"} if i < 5 else {}) for i in range(30)]
    pooled = np.zeros((30, task.head.weight.shape[1]), np.float32)
    assert robustness.by_group(task, Labelled(cases, pooled)) == []
    assert robustness.by_group(replace(task), Labelled([], pooled[:0])) == []


def test_a_group_in_which_a_class_is_missing_is_left_out(workbench):
    task = workbench.tasks["colours"]
    classes = [task.head.classes[i % (2 if i < 30 else 3)] for i in range(90)]
    cases = [
        Case(str(i), (c,), "public", metadata={"sex": "f" if i < 30 else "m" if i < 60 else ""})
        for i, c in enumerate(classes)
    ]
    pooled = np.random.default_rng(0).normal(size=(90, task.head.weight.shape[1])).astype(np.float32)
    assert [r["group"] for r in robustness.by_group(task, Labelled(cases, pooled))] == ["male"]
