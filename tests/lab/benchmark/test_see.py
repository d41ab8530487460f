"""See: the pairs keep patients apart, the point is the lesion's middle, and position finds what never moves."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from dinoscope_lab.benchmark import see
from dinoscope_lab.benchmark.study import Study


@pytest.fixture
def study(encoder, tmp_path) -> Study:
    """One set: a bright square on noise, in the middle of every picture, of ten patients with two pictures each."""
    folder = tmp_path / "pictures" / "ph2"
    (folder / "all" / "spot").mkdir(parents=True)
    (folder / "masks").mkdir()
    rows = []
    for i in range(20):
        rng = np.random.default_rng(i)
        level, mask = rng.normal(90, 12, (64, 64, 3)), np.zeros((64, 64), np.uint8)
        mask[24:40, 24:40] = 255
        level[mask > 0] += [90, -20, -20]
        Image.fromarray(level.clip(0, 255).astype(np.uint8)).save(folder / "all" / "spot" / f"{i:02}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{i:02}.png")
        rows.append([f"{i:02}", f"all/spot/{i:02}.png", "spot", f"p{i // 2}", i % 4 // 2 * 2])
    splits = tmp_path / "pictures" / "splits"
    splits.mkdir()
    with (splits / "ph2.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "file", "label", "group", "fold"], *rows])
    return Study(
        "see", "dinoscope benchmark see", encoder, tmp_path / "pictures", tmp_path / "cache", tmp_path / "assets"
    )


def test_a_pair_is_never_of_one_patient(study):
    pool = study.pool("ph2")
    pairs = see._pairs(study, pool, 0, np.random.default_rng(0))
    assert len(pairs) == 10
    assert all(pool.groups[i] != pool.groups[j] for i, j in pairs)
    assert all(pool.fold[i] == pool.fold[j] == 0 for i, j in pairs)


def test_the_point_is_the_place_of_the_lesion_that_is_nearest_to_its_middle():
    ring = np.ones((5, 5))
    ring[1:4, 1:4] = 0
    ring[0, 2] = 0.4
    row, column = see.middle(ring)
    assert ring[row, column] == 1
    assert see.middle(np.eye(5)) == (2, 2)


@pytest.mark.parametrize(("method", "describe"), [("colour", see.by_colour), ("position", see.by_position)])
def test_a_lesion_that_never_moves_is_found_by_position_and_a_red_one_by_colour(study, method, describe):
    rows = see._measured(study, "ph2", 0, method, describe)
    figures = see._figures(rows)
    assert figures["found"] == 100
    assert figures["area"] > 0.9


def test_the_backbones_rows_are_of_the_same_pairs(study):
    def by_tiny(training, files):
        return see.by_encoder(study.encoder, training, files, side=64)

    ours = see._measured(study, "ph2", 0, see.OURS, by_tiny)
    theirs = see._measured(study, "ph2", 0, see.POSITION, see.by_position)
    assert [r["pair"] for r in ours] == [r["pair"] for r in theirs]
    (row,) = see._paired([*ours, *theirs])
    assert row["ahead"] == pytest.approx(see._figures(ours)["found"] - see._figures(theirs)["found"])
