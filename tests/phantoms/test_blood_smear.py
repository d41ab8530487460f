"""Smear phantoms: reproducible, masked exactly, and telling of the class they were drawn for."""

import numpy as np
import pytest
from scipy import ndimage

from dinoscope_phantoms import as_drawn, blood_smear
from dinoscope_phantoms.blood_smear.slides import RED_CELL_UM, SLIDES

SEEDS = range(8)


@pytest.fixture(scope="module")
def phantoms():
    return {label: [blood_smear.draw(label, seed) for seed in SEEDS] for label in blood_smear.CLASSES}


def mean_parameter(phantoms, label, key):
    return np.mean([p.parameters[key] for p in phantoms[label]])


def pixels(phantom):
    return np.asarray(phantom.picture, dtype=np.float32)


def test_the_classes_are_the_folders_of_the_real_set():
    assert blood_smear.CLASSES == ("benign", "early", "pre", "pro")
    assert set(SLIDES) == set(blood_smear.CLASSES)


@pytest.mark.parametrize("label", blood_smear.CLASSES)
def test_the_same_seed_draws_the_same_picture_bit_for_bit(phantoms, label):
    first, again = phantoms[label][7], as_drawn("leukemia_all", label, 7)
    assert first.picture.tobytes() == again.picture.tobytes()
    assert np.array_equal(first.mask, again.mask)
    assert first.parameters == again.parameters


def test_seeds_and_labels_draw_different_pictures(phantoms):
    seen = {p.picture.tobytes() for row in phantoms.values() for p in row}
    assert len(seen) == len(blood_smear.CLASSES) * len(SEEDS)


@pytest.mark.parametrize("size", [128, 224, 256])
def test_picture_and_mask_have_the_asked_size(size):
    phantom = as_drawn("leukemia_all", "pre", 3, size)
    assert phantom.picture.size == (size, size)
    assert phantom.picture.mode == "RGB"
    assert phantom.mask.shape == (size, size)
    assert phantom.mask.dtype == bool


@pytest.mark.parametrize("label", blood_smear.CLASSES)
def test_every_field_holds_masked_cells_and_free_plasma(phantoms, label):
    for phantom in phantoms[label]:
        assert 0.003 < phantom.mask.mean() < 0.6


@pytest.mark.parametrize("label", blood_smear.CLASSES)
def test_masked_cells_are_violet_where_red_cells_are_grey_blue_and_plasma_is_nearly_white(phantoms, label):
    for phantom in phantoms[label]:
        rgb = pixels(phantom)
        inside = rgb[ndimage.binary_erosion(phantom.mask)].mean(axis=0)
        plasma = np.percentile(rgb[~phantom.mask], 80, axis=0)
        assert inside[1] < inside[0] < inside[2]
        assert (plasma > 195).all()
        assert plasma[1] - inside[1] > 40


@pytest.mark.parametrize("label", blood_smear.CLASSES)
def test_the_mask_ends_where_the_stain_ends(phantoms, label):
    for phantom in phantoms[label]:
        green = pixels(phantom)[..., 1]
        rim = phantom.mask & ~ndimage.binary_erosion(phantom.mask, iterations=2, border_value=1)
        beyond = ndimage.binary_dilation(phantom.mask, iterations=3) & ~ndimage.binary_dilation(phantom.mask)
        assert green[beyond].mean() - green[rim].mean() > 15


@pytest.mark.parametrize("label", blood_smear.CLASSES)
def test_parameters_agree_with_the_mask(phantoms, label):
    for phantom in phantoms[label]:
        parameters = phantom.parameters
        assert parameters["lesion_size"] == pytest.approx(100 * phantom.mask.mean(), abs=0.006)
        assert ndimage.label(phantom.mask)[1] <= parameters["cell_count"]
        assert parameters["site"] == "peripheral blood"
        assert parameters["contrast"] > 0.05
        assert parameters["nucleus_to_cytoplasm"] > 1
        assert parameters["stain"] in {slide.stain for slide in SLIDES[label]}


def test_keys_are_the_same_for_every_class(phantoms):
    assert len({tuple(p.parameters) for row in phantoms.values() for p in row}) == 1


def test_the_mean_diameter_is_what_a_ruler_finds_in_fields_whose_cells_lie_apart():
    """Pro fields: a red cell (7.5 micrometres) is 6.2 % of the side; cells are 1.27 times as tall as wide."""
    pixels_per_um = 0.062 * 224 / RED_CELL_UM
    measured = 0
    for seed in range(40):
        phantom = blood_smear.draw("pro", seed)
        mask = phantom.mask
        rim = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        if rim or ndimage.label(mask)[1] != phantom.parameters["cell_count"]:
            continue
        measured += 1
        area = mask.sum() / phantom.parameters["cell_count"] / 1.27
        assert 2 * np.sqrt(area / np.pi) / pixels_per_um == pytest.approx(phantom.parameters["mean_diameter"], rel=0.15)
        if measured == 3:
            return
    pytest.fail(f"only {measured} fields have cells that lie apart")


def test_haematogones_are_smaller_than_blasts(phantoms):
    benign = mean_parameter(phantoms, "benign", "mean_diameter")
    for label in ("early", "pre", "pro"):
        assert mean_parameter(phantoms, label, "mean_diameter") > 1.15 * benign


def test_pre_fields_are_the_most_crowded_and_pro_cells_the_palest(phantoms):
    for label in ("benign", "early", "pro"):
        assert mean_parameter(phantoms, "pre", "cell_count") > 1.5 * mean_parameter(phantoms, label, "cell_count")
    for label in ("benign", "early", "pre"):
        assert mean_parameter(phantoms, "pro", "contrast") < 0.8 * mean_parameter(phantoms, label, "contrast")


def test_nucleoli_mark_pre_and_are_absent_from_haematogones(phantoms):
    assert mean_parameter(phantoms, "pre", "nucleoli") > 0.5
    assert mean_parameter(phantoms, "benign", "nucleoli") < 0.15


def test_early_blasts_have_less_cytoplasm_than_pre_blasts(phantoms):
    key = "nucleus_to_cytoplasm"
    assert mean_parameter(phantoms, "early", key) > mean_parameter(phantoms, "pre", key)


def test_smudge_cells_and_other_decoys_are_left_out_of_the_mask(phantoms):
    """Some pink-violet stain must lie well outside the mask of benign fields, where large cells are drawn."""
    shares = []
    for phantom in phantoms["benign"]:
        rgb = pixels(phantom)
        far = ~ndimage.binary_dilation(phantom.mask, iterations=3)
        shares.append((far & (rgb[..., 0] - rgb[..., 1] > 30) & (rgb[..., 1] < 170)).mean())
    assert np.mean(shares) > 0.01
