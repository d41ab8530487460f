"""Boxes, patches and where a region is matched: identities on small fixed grids."""

from __future__ import annotations

import numpy as np
import pytest

from dinoscope.errors import RequestError
from dinoscope.fitting import regions as fitting
from dinoscope.reading.scope import unit
from dinoscope.similar import regions
from dinoscope.similar.regions import Box


def test_a_box_covers_the_patches_whose_centre_it_holds():
    assert regions.inside(Box(0, 0, 1, 1), (3, 4)).tolist() == list(range(12))
    assert regions.inside(Box(0, 0, 0.5, 0.5), (4, 4)).tolist() == [0, 1, 4, 5]
    assert regions.inside(Box(0.5, 0.75, 1, 1), (4, 4)).tolist() == [14, 15]


def test_a_box_smaller_than_a_patch_is_the_patch_below_it():
    assert regions.inside(Box(0.26, 0.01, 0.3, 0.05), (4, 4)).tolist() == [1]
    assert regions.inside(Box(0.97, 0.97, 1, 1), (4, 4)).tolist() == [15]


@pytest.mark.parametrize("sides", [(0.5, 0, 0.5, 1), (0, 0.6, 1, 0.4), (-0.1, 0, 1, 1), (0, 0, 1, 1.01)])
def test_an_empty_box_or_one_outside_the_picture_is_refused_with_its_sides(sides):
    with pytest.raises(RequestError, match=r"the region is \(.*as shares of the picture"):
        Box(*sides)


def test_the_overlap_with_a_mask_is_the_share_of_the_mask_inside():
    mask = np.zeros((10, 10), bool)
    mask[2:6, 4:8] = True
    assert Box(0.4, 0.2, 0.8, 0.6).overlap(mask) == 1
    assert Box(0.4, 0.2, 0.6, 0.6).overlap(mask) == 0.5
    assert Box(0, 0.7, 1, 1).overlap(mask) == 0
    assert Box(0, 0, 1, 1).overlap(np.zeros((10, 10), bool)) == 0


def test_cells_are_the_means_of_the_tokens_in_them_also_where_the_grid_does_not_divide():
    tokens = np.arange(36.0).reshape(1, 36, 1)
    pooled = regions.pool(tokens, (6, 6), cells=2)[0, :, 0]
    square = tokens.reshape(6, 6)
    assert pooled.tolist() == [
        square[:3, :3].mean(),
        square[:3, 3:].mean(),
        square[3:, :3].mean(),
        square[3:, 3:].mean(),
    ]
    assert regions.pool(np.ones((2, 35, 3)), (5, 7)).shape == (2, 16, 3)


def test_a_region_is_matched_where_the_case_holds_it():
    rng = np.random.default_rng(0)
    patches = unit(rng.normal(size=(64, 16)))
    asked = patches.reshape(8, 8, 16)[2:4, 5:8].reshape(-1, 16)
    found = regions.locate(asked, patches, (8, 8), Box(0, 0, 3 / 8, 2 / 8))
    assert found == Box(5 / 8, 2 / 8, 1, 4 / 8)


def test_eight_bits_keep_the_direction_of_a_vector():
    rows = unit(np.random.default_rng(0).normal(size=(500, 32)))
    again = unit(regions.quantize(rows).astype(np.float32))
    assert (rows * again).sum(axis=1).min() > 0.9995


def test_patch_vectors_survive_their_file_and_are_refused_by_another_backbone(tmp_path):
    rng = np.random.default_rng(0)
    cells, fine = rng.normal(size=(30, 16, 24)), {"b": rng.normal(size=(9, 24)), "a": rng.normal(size=(9, 24))}
    fitted = fitting.fit(cells, np.arange(30) < 20, fine, (3, 3), size=8)
    fitted.save(tmp_path, "f" * 64, "cases")
    again = regions.load(tmp_path, "f" * 64, 30, "cases")
    np.testing.assert_array_equal(again.cells, fitted.cells)
    np.testing.assert_array_equal(again.in_detail("b"), fitted.in_detail("b"))
    assert again.in_detail("c") is None
    assert regions.load(tmp_path, "0" * 64, 30, "cases") is None
    assert regions.load(tmp_path, "f" * 64, 31, "cases") is None
    assert regions.load(tmp_path, "f" * 64, 30, "others") is None
    assert regions.load(tmp_path / "elsewhere", "f" * 64, 30, "cases") is None


def test_the_axes_are_those_along_which_the_training_cells_differ_most():
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(40, 16, 6)) * [5, 0.1, 3, 0.1, 0.1, 0.1] + 7
    fitted = fitting.fit(cells, np.ones(40, bool), {}, (4, 4), size=2)
    np.testing.assert_allclose(np.abs(fitted.axes), np.eye(6)[:, [0, 2]], atol=0.1)
    np.testing.assert_allclose(fitted.mean, cells.reshape(-1, 6).mean(axis=0), atol=1e-5)
