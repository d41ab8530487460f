"""Brain MRI phantoms: the picture repeats, the mask is exact, and the sign of each tumour can be measured."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import ndimage

from dinoscope_phantoms import as_drawn
from dinoscope_phantoms.brain_mri import CLASSES
from dinoscope_phantoms.brain_mri import draw as draw_anew

draw = functools.cache(draw_anew)
TUMOURS = ("glioma_tumor", "meningioma_tumor", "pituitary_tumor")


def grey(phantom) -> np.ndarray:
    """Signal of a picture, 0 to 1."""
    return np.asarray(phantom.picture.convert("L"), dtype=float) / 255


def surroundings(mask: np.ndarray) -> np.ndarray:
    """A band round the lesion, a little away from its soft rim."""
    return ndimage.binary_dilation(mask, iterations=9) & ~ndimage.binary_dilation(mask, iterations=3)


@pytest.mark.parametrize("label", CLASSES)
def test_the_same_seed_draws_the_same_picture(label):
    one, two = draw(label, 3), as_drawn("brain_mri", label, 3)
    assert np.array_equal(np.asarray(one.picture), np.asarray(two.picture))
    assert np.array_equal(one.mask, two.mask)
    assert one.parameters == two.parameters


def test_other_seeds_draw_other_people():
    pictures = [grey(draw("no_tumor", seed, 64)) for seed in range(6)]
    differences = [np.abs(a - b).mean() for i, a in enumerate(pictures) for b in pictures[:i]]
    assert min(differences) > 0.01


@pytest.mark.parametrize("size", [96, 224, 256])
def test_picture_and_mask_have_the_size_asked_for(size):
    phantom = draw("glioma_tumor", 1, size)
    assert phantom.picture.size == (size, size)
    assert phantom.picture.mode == "RGB"
    assert phantom.mask.shape == (size, size)
    assert phantom.mask.dtype == bool


def test_a_smaller_picture_shows_the_same_lesion():
    small, large = draw("meningioma_tumor", 3, 112), draw("meningioma_tumor", 3, 224)
    halved = large.mask.reshape(112, 2, 112, 2).mean(axis=(1, 3)) > 0.5
    overlap = (small.mask & halved).sum() / (small.mask | halved).sum()
    assert overlap > 0.9


def test_a_brain_without_tumour_has_an_empty_mask_and_no_lesion_parameters():
    for seed in range(5):
        phantom = draw("no_tumor", seed)
        assert not phantom.mask.any()
        assert "lesion_size" not in phantom.parameters


@pytest.mark.parametrize("label", TUMOURS)
def test_parameters_agree_with_the_mask(label):
    for seed in range(12):
        phantom = draw(label, seed)
        rows, columns = np.nonzero(phantom.mask)
        assert min(rows.min(), columns.min()) > 0
        assert max(rows.max(), columns.max()) < 223
        assert phantom.parameters["lesion_size"] == pytest.approx(100 * phantom.mask.mean(), abs=0.01)
        assert 0.15 < phantom.parameters["lesion_size"] < 9
        assert ndimage.label(phantom.mask)[1] == 1
        if phantom.parameters["laterality"] == "left":
            assert columns.mean() > 112
        if phantom.parameters["laterality"] == "right":
            assert columns.mean() < 112


@pytest.mark.parametrize("label", ["meningioma_tumor", "pituitary_tumor"])
def test_extra_axial_tumours_enhance_evenly_and_outshine_the_brain(label):
    for seed in range(10):
        phantom = draw(label, seed)
        picture, inner = grey(phantom), ndimage.binary_erosion(phantom.mask, iterations=2)
        brain = np.median(picture[surroundings(phantom.mask) & (picture > 0.15)])
        assert np.median(picture[inner]) > 1.4 * brain


def test_a_ring_glioma_is_darker_inside_than_on_its_rim():
    rings = [p for p in (draw("glioma_tumor", seed) for seed in range(24)) if p.parameters["pattern"] == "ring"]
    large = [p for p in rings if p.parameters["lesion_size"] > 1]
    assert len(large) >= 3
    darker = []
    for phantom in large:
        picture, depth = grey(phantom), ndimage.distance_transform_edt(phantom.mask)
        shell = picture[(depth > 0.1 * depth.max()) & (depth < 0.4 * depth.max())]
        darker.append(picture[depth > 0.75 * depth.max()].mean() < np.percentile(shell, 75))
    assert np.mean(darker) > 0.8


def test_gliomas_are_more_mottled_than_meningiomas():
    def mottle(label):
        spreads = []
        for seed in range(16):
            phantom = draw(label, seed)
            values = grey(phantom)[ndimage.binary_erosion(phantom.mask, iterations=2)]
            spreads.append(values.std() / values.mean())
        return np.median(spreads)

    assert mottle("glioma_tumor") > 1.8 * mottle("meningioma_tumor")


def test_a_higher_contrast_parameter_is_a_brighter_tumour():
    phantoms = [draw("meningioma_tumor", seed) for seed in range(16)]
    drawn = [p.parameters["contrast"] for p in phantoms]
    ratios = []
    for phantom in phantoms:
        picture = grey(phantom)
        brain = np.median(picture[surroundings(phantom.mask) & (picture > 0.15)])
        ratios.append(np.median(picture[phantom.mask]) / brain)
    assert np.corrcoef(drawn, ratios)[0, 1] > 0.6


def test_pituitary_tumours_sit_in_the_middle_third_and_meningiomas_at_the_edge_of_the_brain():
    for seed in range(10):
        phantom = draw("pituitary_tumor", seed)
        row, column = ndimage.center_of_mass(phantom.mask)
        assert 75 < column < 149
        assert 70 < row < 150
    outer = [draw("meningioma_tumor", seed) for seed in range(16)]
    for phantom in (p for p in outer if p.parameters["site"] == "convexity"):
        reach = ndimage.binary_dilation(phantom.mask, iterations=12)
        # The dark table of the skull lies within a centimetre of a tumour on the dura.
        assert np.percentile(grey(phantom)[reach], 2) < 0.13
