"""Chest radiograph phantoms: the same seed draws the same film, and each pneumonia whitens the lung it claims."""

import functools

import numpy as np
import pytest
from scipy import ndimage

from dinoscope_phantoms import chest_radiograph

SICK = [label for label in chest_radiograph.CLASSES if label != "normal"]


def grey(phantom):
    return np.asarray(phantom.picture.convert("L"), dtype=np.float32) / 255


@functools.cache
def case(label, seed):
    return chest_radiograph.draw(label, seed)


def cases(label, count=10):
    return [case(label, seed) for seed in range(count)]


@pytest.mark.parametrize("label", chest_radiograph.CLASSES)
def test_a_seed_draws_the_same_film_again(label):
    first, second = case(label, 7), chest_radiograph.draw(label, 7)
    assert np.array_equal(np.asarray(first.picture), np.asarray(second.picture))
    assert np.array_equal(first.mask, second.mask)
    assert first.parameters == second.parameters


@pytest.mark.parametrize("size", [96, 224, 256])
def test_picture_and_mask_have_the_size_asked_for(size):
    phantom = chest_radiograph.draw("pneumonia_bacteria", 3, size)
    assert phantom.picture.size == (size, size)
    assert phantom.picture.mode == "RGB"
    assert phantom.mask.shape == (size, size)
    assert phantom.mask.dtype == bool


def test_a_clear_chest_has_no_mask():
    for phantom in cases("normal"):
        assert not phantom.mask.any()
        assert phantom.parameters["lesion_size"] == 0
        assert phantom.parameters["site"] == "none"


@pytest.mark.parametrize("label", SICK)
def test_parameters_agree_with_the_mask(label):
    for phantom in cases(label, 16):
        assert phantom.parameters["lesion_size"] == pytest.approx(100 * phantom.mask.mean(), abs=0.006)
        assert 1 < phantom.parameters["lesion_size"] < 45
        assert phantom.parameters["contrast"] > 0.01


def test_bacteria_fill_the_side_that_the_site_names():
    for phantom in cases("pneumonia_bacteria", 16):
        column = ndimage.center_of_mass(phantom.mask)[1]
        on_left = phantom.parameters["site"] == "lingula" or "left" in phantom.parameters["site"]
        assert on_left == (column > 112)


def test_bacteria_whiten_one_lung_against_its_mirror_image():
    brighter = []
    for phantom in cases("pneumonia_bacteria", 24):
        if phantom.parameters["site"] in ("right upper", "left upper"):
            picture = grey(phantom)
            brighter.append(picture[phantom.mask].mean() - picture[:, ::-1][phantom.mask].mean())
    assert len(brighter) >= 3
    assert np.mean(brighter) > 0.05


def test_viruses_involve_both_lungs_alike():
    for phantom in cases("pneumonia_virus"):
        labels, count = ndimage.label(phantom.mask)
        weight = np.bincount(labels.ravel())[1:]
        columns = np.array(ndimage.center_of_mass(phantom.mask, labels, range(1, count + 1)))[:, 1]
        left = weight[columns > 112].sum() / weight.sum()
        assert 0.3 < left < 0.7


def test_viral_chests_are_overinflated():
    def inflation(label):
        return np.mean([p.parameters["inflation"] for p in cases(label)])

    assert inflation("pneumonia_virus") > inflation("normal") + 0.03


@pytest.mark.parametrize("label", SICK)
def test_disease_adds_density_where_the_mask_is(label):
    healthy = np.mean([grey(p) for p in cases("normal", 12)], axis=0)
    excess = [(grey(p) - healthy)[p.mask].mean() for p in cases(label, 16)]
    assert np.mean(excess) > 0.02
