"""Chest CT phantoms: the same seed draws the same slice, and each tumour shows its sign where the mask says."""

import functools

import numpy as np
import pytest
from scipy import ndimage

from dinoscope_phantoms import lung_ct

TUMOURS = [label for label in lung_ct.CLASSES if label != "normal"]


def grey(phantom):
    return np.asarray(phantom.picture.convert("L"), dtype=np.float32) / 255


@functools.cache
def case(label, seed):
    return lung_ct.draw(label, seed)


def cases(label, count=10):
    return [case(label, seed) for seed in range(count)]


@pytest.mark.parametrize("label", lung_ct.CLASSES)
def test_a_seed_draws_the_same_slice_again(label):
    first, second = case(label, 7), lung_ct.draw(label, 7)
    assert np.array_equal(np.asarray(first.picture), np.asarray(second.picture))
    assert np.array_equal(first.mask, second.mask)
    assert first.parameters == second.parameters


def test_two_seeds_draw_two_people():
    assert np.abs(grey(case("normal", 1)) - grey(case("normal", 2))).mean() > 0.02


@pytest.mark.parametrize("size", [96, 224, 256])
def test_picture_and_mask_have_the_size_asked_for(size):
    phantom = lung_ct.draw("squamous_cell_carcinoma", 3, size)
    assert phantom.picture.size == (size, size)
    assert phantom.picture.mode == "RGB"
    assert phantom.mask.shape == (size, size)
    assert phantom.mask.dtype == bool


def test_a_normal_slice_has_no_tumour():
    for phantom in cases("normal"):
        assert not phantom.mask.any()
        assert phantom.parameters["lesion_size"] == 0
        assert phantom.parameters["site"] == "none"


@pytest.mark.parametrize("label", TUMOURS)
def test_the_tumour_is_brighter_than_the_lung_around_it(label):
    for phantom in cases(label):
        picture = grey(phantom)
        ring = ndimage.binary_dilation(phantom.mask, iterations=6) & ~ndimage.binary_dilation(
            phantom.mask, iterations=2
        )
        dark = np.percentile(picture[ring], 25)
        assert np.percentile(picture[phantom.mask], 75) > dark + 0.1


@pytest.mark.parametrize("label", TUMOURS)
def test_parameters_agree_with_the_mask(label):
    for phantom in cases(label):
        assert phantom.mask.any()
        assert not phantom.mask[[0, -1]].any()
        assert not phantom.mask[:, [0, -1]].any()
        assert phantom.parameters["lesion_size"] == pytest.approx(100 * phantom.mask.mean(), abs=0.006)
        assert phantom.parameters["contrast"] > 0.05
        column = ndimage.center_of_mass(phantom.mask)[1]
        assert ("left" in phantom.parameters["site"]) == (column > 112)


def test_large_cell_tumours_are_larger_than_adenocarcinomas():
    def median(label):
        return np.median([p.parameters["lesion_size"] for p in cases(label, 16)])

    assert median("large_cell_carcinoma") > 1.8 * median("adenocarcinoma")


def test_hilar_squamous_tumours_lie_nearer_to_the_midline_than_adenocarcinomas():
    def distance(phantom):
        return abs(ndimage.center_of_mass(phantom.mask)[1] - 112)

    hilar = [p for p in cases("squamous_cell_carcinoma", 16) if "hilum" in p.parameters["site"]]
    assert len(hilar) >= 8
    peripheral = np.median([distance(p) for p in cases("adenocarcinoma", 16)])
    assert np.median([distance(p) for p in hilar]) < peripheral


def test_a_cavity_is_black_inside_the_tumour():
    hollow = [p for p in cases("squamous_cell_carcinoma", 16) if p.parameters["cavity"] == "yes"]
    assert len(hollow) >= 3
    for phantom in hollow:
        values = grey(phantom)[phantom.mask]
        assert np.percentile(values, 90) - values.min() > 0.2


def test_normal_slices_are_windowed_brighter():
    assert np.mean([grey(p).mean() for p in cases("normal", 16)]) > np.mean(
        [grey(p).mean() for p in cases("adenocarcinoma", 16)]
    )
