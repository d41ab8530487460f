"""Fundus phantoms: drawn again bit for bit, and each sign can be measured where its mask says it is."""

import numpy as np
import pytest
from scipy import ndimage

from dinoscope_phantoms import Phantom, fundus

FEW = range(8)


def pixels(phantom: Phantom) -> np.ndarray:
    return np.asarray(phantom.picture, dtype=float) / 255


def detail(phantom: Phantom) -> float:
    """Deviation of the fine structure in the green channel, away from the field's rim."""
    green = pixels(phantom)[..., 1]
    inside = ndimage.binary_erosion(pixels(phantom).sum(axis=2) > 0.12, iterations=10)
    return float((green - ndimage.gaussian_filter(green, 3))[inside].std())


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Phantom]]:
    return {label: [fundus.draw(label, seed) for seed in FEW] for label in fundus.CLASSES}


@pytest.mark.parametrize("label", fundus.CLASSES)
def test_the_same_seed_draws_the_same_picture_mask_and_parameters(label, drawn):
    first, second = drawn[label][7], fundus.draw(label, 7)
    assert first.picture.tobytes() == second.picture.tobytes()
    assert np.array_equal(first.mask, second.mask)
    assert first.parameters == second.parameters


@pytest.mark.parametrize("label", fundus.CLASSES)
def test_another_seed_draws_another_eye(label, drawn):
    assert len({phantom.picture.tobytes() for phantom in drawn[label]}) == len(FEW)


@pytest.mark.parametrize("size", [112, 224, 256])
def test_picture_and_mask_have_the_size_asked_for(size):
    phantom = fundus.draw("glaucoma", 3, size)
    assert phantom.picture.size == (size, size)
    assert phantom.picture.mode == "RGB"
    assert phantom.mask.shape == (size, size)
    assert phantom.mask.dtype == bool


def test_the_parameters_do_not_depend_on_the_size_beyond_rounding():
    small, large = fundus.draw("glaucoma", 4, 160), fundus.draw("glaucoma", 4, 256)
    assert small.parameters["cup_to_disc"] == large.parameters["cup_to_disc"]
    assert small.parameters["frame"] == large.parameters["frame"]
    assert small.parameters["lesion_size"] == pytest.approx(large.parameters["lesion_size"], rel=0.15)


def test_a_normal_eye_has_no_lesion(drawn):
    for phantom in drawn["normal"]:
        assert not phantom.mask.any()
        assert phantom.parameters["lesion_size"] == 0
        assert phantom.parameters["haze"] == 0
        assert "site" not in phantom.parameters


@pytest.mark.parametrize("label", ["cataract", "diabetic_retinopathy", "glaucoma"])
def test_a_diseased_eye_has_its_lesion_inside_the_lit_field(label, drawn):
    for phantom in drawn[label]:
        assert phantom.mask.any()
        lit = pixels(phantom).sum(axis=2) > 0.06
        assert (phantom.mask & ~lit).sum() <= 0.02 * phantom.mask.sum()
        assert phantom.parameters["lesion_size"] == pytest.approx(100 * phantom.mask.mean(), abs=0.006)
        assert phantom.parameters["site"]
        assert 0 < phantom.parameters["contrast"] <= 1.1


def test_diabetic_lesions_differ_from_the_retina_around_them(drawn):
    for phantom in drawn["diabetic_retinopathy"]:
        green = pixels(phantom)[..., 1]
        around = ndimage.median_filter(green, 15)
        relative = np.abs(green - around) / (around + 0.05)
        near = ndimage.binary_dilation(phantom.mask, iterations=6) & ~ndimage.binary_dilation(
            phantom.mask, iterations=2
        )
        assert relative[phantom.mask].mean() > 2 * relative[near].mean()


def test_a_graver_grade_has_more_lesions(drawn):
    counts = {grade: [] for grade in ("mild", "moderate", "severe")}
    for seed in range(20):
        facts = fundus.draw("diabetic_retinopathy", seed, 160).parameters
        counts[facts["grade"]].append(facts["lesion_count"])
    assert np.mean(counts["mild"]) < np.mean(counts["moderate"]) < np.mean(counts["severe"])
    assert min(counts["mild"]) >= 5


def test_the_lesion_count_is_the_number_of_patches_in_the_mask(drawn):
    for phantom in drawn["diabetic_retinopathy"]:
        assert phantom.parameters["lesion_count"] == ndimage.label(phantom.mask)[1]


def test_the_glaucomatous_cup_is_larger_than_any_normal_one(drawn):
    normal = [phantom.parameters["cup_to_disc"] for phantom in drawn["normal"]]
    glaucoma = [phantom.parameters["cup_to_disc"] for phantom in drawn["glaucoma"]]
    assert max(normal) < 0.6 < min(glaucoma)


def test_the_cup_mask_fills_the_disc_as_the_ratio_says(drawn):
    for phantom in drawn["glaucoma"]:
        facts = phantom.parameters
        assert np.sqrt(facts["lesion_size"] / facts["disc_size"]) == pytest.approx(facts["cup_to_disc"], abs=0.08)


def test_the_cup_is_one_patch_brighter_than_the_retina_beside_the_disc(drawn):
    for phantom in drawn["glaucoma"]:
        green = pixels(phantom)[..., 1]
        assert ndimage.label(phantom.mask)[1] == 1
        lit = pixels(phantom).sum(axis=2) > 0.12
        beside = ndimage.binary_dilation(phantom.mask, iterations=24) & ~ndimage.binary_dilation(
            phantom.mask, iterations=14
        )
        assert green[phantom.mask].mean() > 1.15 * green[beside & lit].mean()


def test_haze_takes_the_detail_away(drawn):
    hazy = np.median([detail(phantom) for phantom in drawn["cataract"]])
    clear = np.median([detail(phantom) for phantom in drawn["normal"]])
    assert hazy < 0.6 * clear
    ordered = sorted(drawn["cataract"], key=lambda phantom: phantom.parameters["haze"])
    assert np.mean([detail(p) for p in ordered[-4:]]) < np.mean([detail(p) for p in ordered[:4]])


def test_the_disc_lies_on_the_nasal_side(drawn):
    """A right eye's disc lies to the right of the picture's middle, a left eye's to the left."""
    for phantom in drawn["glaucoma"]:
        column = ndimage.center_of_mass(phantom.mask)[1] / phantom.mask.shape[1]
        assert column > 0.45 if phantom.parameters["laterality"] == "right" else column < 0.55
