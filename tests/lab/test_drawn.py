"""Drawn beside real: the columns say what they claim, and the search finds the acquisition that real pictures had."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dinoscope.cli import main
from dinoscope.explain.localisation import Localisation
from dinoscope.reading.heads import Head
from dinoscope.reading.projection import Projection
from dinoscope.settings import ROOT
from dinoscope_lab.benchmark import phantoms
from dinoscope_lab.drawn import fit, likeness, maps, sheets
from dinoscope_lab.drawn.reals import Reals
from dinoscope_phantoms import acquisition

WIDTH, EACH = 6, 40


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def pool(rows, labels, fold):
    return SimpleNamespace(pooled=rows, labels=labels, folds=np.full(len(rows), fold))


@pytest.fixture(scope="module")
def reals():
    rng = np.random.default_rng(0)
    labels = np.repeat(["left", "right"], EACH)
    middle = np.zeros((2 * EACH, WIDTH))
    middle[:EACH, 0], middle[EACH:, 0] = -3, 3
    known, held = (pool((middle + rng.standard_normal(middle.shape)).astype(np.float32), labels, f) for f in (2, 1))
    weight = np.zeros((2, WIDTH), np.float32)
    weight[:, 0] = -1, 1
    head = Head(("left", "right"), weight, np.zeros(2, np.float32), 1.0, 0.0, 0.9, "f")
    return Reals("sides", known, held, head, Projection.plain(WIDTH, "f"), Path(), {})


def like(reals, label, shift=0.0, count=30, seed=1):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, WIDTH)).astype(np.float32)
    rows[:, 0] += -3 if label == "left" else 3
    rows[:, 1] += shift
    return rows


def test_cases_like_real_ones_pass_in_every_column(reals):
    pooled = np.concatenate([like(reals, "left"), like(reals, "right", seed=2)])
    rows = likeness.rows(reals, np.repeat(["left", "right"], 30), pooled)
    assert [r["class"] for r in rows] == ["left", "right", likeness.OVERALL]
    for row in rows:
        assert row["read"] > 0.95
        assert row["near"] > 0.95
        assert 0.35 < row["rank"] < 0.65
        assert row["apart_low"] < 0.6
        assert row["distance"] < 0.05
        assert row["read_low"] <= row["read"] <= row["read_high"]


def test_cases_that_are_unlike_are_told_apart_and_rank_last_though_they_are_read_as_drawn(reals):
    pooled = np.concatenate([like(reals, "left", 12), like(reals, "right", 12, seed=2)])
    row = likeness.rows(reals, np.repeat(["left", "right"], 30), pooled)[-1]
    assert row["read"] > 0.95
    assert row["rank"] < 0.05
    assert row["apart"] > 0.95
    assert row["distance_low"] > 0.1


def test_cases_drawn_as_the_other_class_are_not_read_as_drawn(reals):
    row = likeness.rows(reals, np.repeat(["left", "right"], 30), np.concatenate([like(reals, "right")] * 2))[-1]
    assert row["read"] == pytest.approx(0.5, abs=0.02)
    assert row["near"] == pytest.approx(0.5, abs=0.02)


def test_a_resampled_distance_stays_unbiased():
    rng = np.random.default_rng(3)
    found = likeness.distance(unit(rng.standard_normal((80, 5))), unit(rng.standard_normal((40, 5))))
    assert abs(found.value) < 0.02
    assert abs((found.low + found.high) / 2) < 0.03


def test_sheets_of_real_pictures_stay_out_of_the_repository(tmp_path):
    with pytest.raises(ValueError, match="inside the repository; the sheets show real pictures, so name a folder"):
        sheets.outside(ROOT / "docs" / "sheets")
    assert sheets.outside(tmp_path / "sheets").is_dir()


def test_the_search_finds_the_shift_that_makes_drawn_cases_real(reals):
    rng = np.random.default_rng(4)
    latent = rng.standard_normal((200, 2))
    rows = rng.standard_normal((200, WIDTH)) * 0.5
    rows[:, 0] -= 3
    rows[:, 1] += 3 * (latent[:, 0] - 1)  # real ones have latent 0 near 1; latent 1 does nothing
    found, before, after = fit.search(reals, "left", latent, rows.astype(np.float32))
    assert 0.5 < found[0] < 1.5
    assert abs(found[1]) < 0.5
    assert after < 0.8 * before


def test_a_case_costs_what_it_is_read_as_and_how_far_it_lies(reals):
    usual, far = (fit.costs(reals, "left", like(reals, "left", shift)).mean() for shift in (0.0, 12.0))
    other = fit.costs(reals, "left", like(reals, "right")).mean()
    assert usual < 1
    assert far > usual + 1
    assert other > usual + 3


def test_numbers_are_kept_class_by_class_with_what_they_were_fitted_to(tmp_path, monkeypatch):
    monkeypatch.setattr(acquisition, "NUMBERS", tmp_path / "acquisition.json")
    fit.write("lung_ct", "chest_ct", {"normal": {"gamma": (1.23456, 0.1), "border": (0.0, 0.0)}}, 450, "f" * 64)
    try:
        kept = acquisition.numbers()["lung_ct"]
        drawn = acquisition.settings("lung_ct", "normal", np.random.default_rng(0))
        assert kept["fitted to"] == "chest_ct, folds 2 to 4, 450 pictures"
        assert kept["classes"]["normal"]["gamma"] == [1.2346, 0.1]
        assert drawn["border"] == 0
        assert acquisition.settings("lung_ct", "another", np.random.default_rng(0)) == {}
    finally:
        acquisition.numbers.cache_clear()


def test_what_is_left_without_the_lesion_is_read_from_every_other_patch():
    asked = []
    worth = np.array([0.1, 0.2, 0.4, 0.1])  # of each patch to the class

    def through(kept, score):
        asked.append(kept[0])
        return [float(worth[kept[0]].sum())]

    subject = SimpleNamespace(
        grid=(2, 2), patch=4, value=worth.sum(), target=SimpleNamespace(value=None), through=through
    )
    lesion = np.zeros((8, 8), bool)
    lesion[4:, :3] = True  # three fourths of the third patch
    lesion[0, 0] = True  # a corner of the first
    assert maps.without(subject, lesion) == pytest.approx(0.5)
    assert asked[0].tolist() == [True, True, False, True]
    small = np.zeros((8, 8), bool)
    small[0, 5] = True  # however small, it lies somewhere
    assert maps.without(subject, small) == pytest.approx(0.75)
    assert maps.without(subject, np.ones((8, 8), bool)) == 0


def test_a_map_of_tokens_points_to_a_lesion_whose_patch_it_is_highest_in():
    saliency, lesion = np.zeros((8, 8)), np.zeros((8, 8), bool)
    saliency[1, 6] = 1
    lesion[3, 4] = True  # the other corner of the same patch
    assert maps.touches(saliency, lesion, 4)
    assert not maps.locate(saliency, lesion).hit
    lesion[3, 4], lesion[3, 3] = False, True  # a pixel further, and in the next
    assert not maps.touches(saliency, lesion, 4)


def test_maps_are_told_class_by_class_and_where_nothing_is_left_to_point_at():
    def one(label, hit, touching, left):
        return maps._Located(label, Localisation(hit, 0.5, 0.5, 0.1), touching, left)

    located = [one("a", True, True, 0.2), one("a", False, True, 0.3), one("b", False, False, 0.99)]
    rows = [maps._row("busi", maps.MAP, label, [o for o in located if label in ("all", o.label)]) for label in "ab"]
    assert [(r["hit"], r["patch"], r["left"]) for r in rows] == [(0.5, 1, 25), (0, 0, 99)]
    (told,) = phantoms._pointing([maps._row("busi", maps.MAP, "all", located), *rows])
    assert "highest pixel in the drawn lesion in 33 %" in told
    assert "touches it in 67 %" in told
    assert "in 1 class of which 90 % and more is left without it, the highest pixel is in it in 0 %" in told


def test_a_verb_of_two_words_is_one_of_the_commands(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["phantoms", "compare", "--help"])
    assert "outside the repository" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["phantoms", "compare"])
    assert "--images" in capsys.readouterr().err
