"""Localisation figures of maps whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from dinoscope.explain.localisation import centred_blob, locate


@pytest.fixture
def lesion() -> np.ndarray:
    """[20, 30] with a lesion of 5 x 6 pixels."""
    mask = np.zeros((20, 30), bool)
    mask[2:7, 10:16] = True
    return mask


def test_a_map_that_is_the_lesion_scores_full_marks(lesion):
    found = locate(lesion.astype(np.float32), lesion)
    assert (found.hit, found.overlap, found.inside) == (True, 1, 1)
    assert found.area == pytest.approx(30 / 600)


def test_a_map_that_points_elsewhere_scores_nothing(lesion):
    found = locate(np.roll(lesion, 10, axis=0).astype(np.float32), lesion)
    assert (found.hit, found.overlap, found.inside) == (False, 0, 0)


def test_a_map_that_covers_half_of_the_lesion(lesion):
    saliency = np.roll(lesion, 3, axis=1).astype(np.float32)
    found = locate(saliency, lesion)
    assert found.inside == pytest.approx(0.5)
    assert found.overlap == pytest.approx(15 / 45)


def test_a_flat_map_has_as_much_inside_as_the_lesion_is_large(lesion):
    assert locate(np.ones((20, 30)), lesion).inside == pytest.approx(30 / 600)


def test_scale_and_offset_of_a_map_do_not_matter(lesion):
    saliency = np.random.default_rng(0).random((20, 30))
    first, second = locate(saliency, lesion), locate(7 * saliency - 100, lesion)
    assert first.overlap == second.overlap
    assert first.inside == pytest.approx(second.inside)


def test_the_blob_is_highest_in_the_middle():
    blob = centred_blob((21, 31))
    assert np.unravel_index(blob.argmax(), blob.shape) == (10, 15)
    assert np.array_equal(blob, blob[::-1, ::-1])


def test_maps_and_lesions_of_different_sizes_are_refused(lesion):
    with pytest.raises(ValueError, match=r"the map is \(20, 31\) and the lesion \(20, 30\)"):
        locate(np.ones((20, 31)), lesion)
    with pytest.raises(ValueError, match="the outline is empty"):
        locate(np.ones((20, 30)), np.zeros((20, 30), bool))
