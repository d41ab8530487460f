"""Breast ultrasound phantoms: the same seed draws the same picture, and each mass shows its BI-RADS signs."""

import functools

import numpy as np
import pytest
from scipy import ndimage, spatial

from dinoscope_phantoms import breast_ultrasound

MASSES = [label for label in breast_ultrasound.CLASSES if label != "normal"]


def grey(phantom):
    return np.asarray(phantom.picture.convert("L"), dtype=np.float32) / 255


@functools.cache
def case(label, seed):
    return breast_ultrasound.draw(label, seed)


def cases(label, count=10):
    return [case(label, seed) for seed in range(count)]


def flanks(mask, width=12):
    """Tissue beside a mass at its own depth, a few pixels away from the margin."""
    ring = ndimage.binary_dilation(mask, iterations=width) & ~ndimage.binary_dilation(mask, iterations=3)
    ring[~mask.any(1)] = False
    return ring


def behind_minus_beside(phantom):
    """Brightness under the middle of a mass minus that under the columns beside it, at the same depth."""
    rows, columns = np.nonzero(phantom.mask)
    depth = slice(rows.max() + 4, rows.max() + 24)
    third = max(1, np.ptp(columns) // 3)
    picture = grey(phantom)
    beside = np.r_[max(columns.min() - 18, 0) : max(columns.min() - 6, 1), columns.max() + 6 : columns.max() + 18]
    beside = beside[beside < picture.shape[1]]
    return picture[depth, columns.min() + third : columns.max() - third + 1].mean() - picture[depth][:, beside].mean()


@pytest.mark.parametrize("label", breast_ultrasound.CLASSES)
@pytest.mark.parametrize("seed", [0, 7, 4321])
def test_a_seed_draws_the_same_picture_again(label, seed):
    first, second = case(label, seed), breast_ultrasound.draw(label, seed)
    assert np.array_equal(np.asarray(first.picture), np.asarray(second.picture))
    assert np.array_equal(first.mask, second.mask)
    assert first.parameters == second.parameters


def test_two_seeds_draw_two_people():
    assert np.abs(grey(case("normal", 1)) - grey(case("normal", 2))).mean() > 0.05


@pytest.mark.parametrize("size", [96, 224, 256])
def test_picture_and_mask_have_the_size_asked_for(size):
    phantom = breast_ultrasound.draw("malignant", 3, size)
    assert phantom.picture.size == (size, size)
    assert phantom.picture.mode == "RGB"
    assert phantom.mask.shape == (size, size)
    assert phantom.mask.dtype == bool


def test_a_normal_breast_has_no_mass():
    for phantom in cases("normal"):
        assert not phantom.mask.any()
        assert phantom.parameters["lesion_size"] == 0
        assert phantom.parameters["site"] == "none"


def test_the_picture_is_grey_and_spans_the_scale():
    for label in breast_ultrasound.CLASSES:
        for phantom in cases(label):
            pixels = np.asarray(phantom.picture)
            assert (pixels == pixels[..., :1]).all()
            assert np.percentile(pixels, 99) - np.percentile(pixels, 1) > 110


def test_the_far_field_is_darker_than_the_near_field():
    profile = np.mean([grey(p).mean(1) for p in cases("normal")], axis=0)
    assert profile[:8].mean() > profile[30:110].mean() > 1.5 * profile[180:].mean()


def test_speckle_is_coarser_across_the_beam_than_along_it():
    picture = np.mean([np.abs(np.fft.fft2(grey(p) - ndimage.gaussian_filter(grey(p), 3))) for p in cases("normal")], 0)
    fine = slice(40, 80)
    assert picture[fine, :20].mean() > 1.5 * picture[:20, fine].mean()


@pytest.mark.parametrize("label", MASSES)
def test_the_mass_is_darker_than_the_tissue_beside_it(label):
    drops = [grey(p)[flanks(p.mask)].mean() - grey(p)[p.mask].mean() for p in cases(label, 24)]
    assert min(drops) > 0.02
    assert np.median(drops) > 0.12


@pytest.mark.parametrize("label", MASSES)
def test_parameters_agree_with_the_mask(label):
    for phantom in cases(label, 24):
        assert phantom.mask.any()
        assert not phantom.mask[[0, -1]].any()
        assert not phantom.mask[:, [0, -1]].any()
        assert phantom.parameters["lesion_size"] == pytest.approx(100 * phantom.mask.mean(), abs=0.006)
        assert phantom.parameters["contrast"] > 0.02
        row, column = (np.ptp(where) + 1 for where in np.nonzero(phantom.mask))
        assert phantom.parameters["width_to_height"] == pytest.approx(column / row, abs=0.006)
        third = int(3 * np.nonzero(phantom.mask)[0].mean() / len(phantom.mask))
        assert phantom.parameters["site"] == ("anterior", "middle", "posterior")[third]


def test_malignant_margins_are_less_smooth_than_benign_ones():
    def solidity(phantom):
        return phantom.mask.sum() / spatial.ConvexHull(np.argwhere(phantom.mask)).volume

    benign = [solidity(p) for p in cases("benign", 24) if p.parameters["lesion_size"] > 3]
    assert np.median(benign) > 0.97 > 0.95 > np.median([solidity(p) for p in cases("malignant", 24)])


def test_only_malignant_masses_are_taller_than_wide():
    assert min(p.parameters["width_to_height"] for p in cases("benign", 24)) > 0.9
    assert sum(p.parameters["width_to_height"] < 1 for p in cases("malignant", 24)) >= 4


def test_cysts_are_black_with_bright_tissue_behind_them():
    cysts = [p for p in cases("benign", 24) if p.parameters["kind"] == "cyst"]
    assert len(cysts) >= 5
    core = [grey(p)[ndimage.binary_erosion(p.mask, iterations=4)].mean() for p in cysts]
    assert np.median(core) < 0.08
    assert np.median([behind_minus_beside(p) for p in cysts]) > 0.04


def test_shadowing_masses_are_dark_behind():
    shadowing = [p for p in cases("malignant", 24) if p.parameters["posterior"] == "shadowing"]
    reachable = [p for p in shadowing if np.nonzero(p.mask)[0].max() < 190]
    assert len(reachable) >= 5
    assert np.median([behind_minus_beside(p) for p in reachable]) < -0.04
