"""Dermoscopy phantoms: drawn again bit for bit, and each sign can be measured where its mask says it is."""

import numpy as np
import pytest
from scipy import ndimage

from dinoscope_phantoms import Phantom, dermoscopy

FEW = range(12)


def pixels(phantom: Phantom) -> np.ndarray:
    return np.asarray(phantom.picture, dtype=float) / 255


def skin(phantom: Phantom) -> np.ndarray:
    """[H, W] bool: a ring of lit skin around the lesion."""
    away = ndimage.distance_transform_edt(~phantom.mask)
    return (away > 7) & (away < 28) & (pixels(phantom).sum(axis=2) > 0.75)


def colour_shift(phantom: Phantom) -> np.ndarray:
    """Lesion divided by skin, median red, green and blue."""
    picture = pixels(phantom)
    return np.median(picture[phantom.mask], axis=0) / np.median(picture[skin(phantom)], axis=0)


def median(drawn: dict[str, list[Phantom]], label: str, name: str) -> float:
    return float(np.median([phantom.parameters[name] for phantom in drawn[label]]))


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Phantom]]:
    return {label: [dermoscopy.draw(label, seed) for seed in FEW] for label in dermoscopy.CLASSES}


@pytest.mark.parametrize("label", dermoscopy.CLASSES)
@pytest.mark.parametrize("seed", [0, 5, 11])
def test_the_same_seed_draws_the_same_picture_mask_and_parameters(label, seed, drawn):
    first, second = drawn[label][seed], dermoscopy.draw(label, seed)
    assert first.picture.tobytes() == second.picture.tobytes()
    assert np.array_equal(first.mask, second.mask)
    assert first.parameters == second.parameters


@pytest.mark.parametrize("label", dermoscopy.CLASSES)
def test_another_seed_draws_another_lesion(label, drawn):
    assert len({phantom.picture.tobytes() for phantom in drawn[label]}) == len(FEW)


@pytest.mark.parametrize("size", [112, 224, 256])
def test_picture_and_mask_have_the_size_asked_for(size):
    phantom = dermoscopy.draw("mel", 3, size)
    assert phantom.picture.size == (size, size)
    assert phantom.picture.mode == "RGB"
    assert phantom.mask.shape == (size, size)
    assert phantom.mask.dtype == bool


def test_the_size_of_the_picture_does_not_change_the_lesion():
    small, large = dermoscopy.draw("bkl", 4, 128).parameters, dermoscopy.draw("bkl", 4, 256).parameters
    assert small.pop("lesion_size") == pytest.approx(large.pop("lesion_size"), rel=0.05)
    assert small == large


@pytest.mark.parametrize("label", dermoscopy.CLASSES)
def test_every_lesion_lies_inside_the_lit_field(label, drawn):
    for phantom in drawn[label]:
        assert 0.5 < phantom.parameters["lesion_size"] < 80
        assert phantom.parameters["lesion_size"] == pytest.approx(100 * phantom.mask.mean(), abs=0.006)
        middle = np.round(ndimage.center_of_mass(phantom.mask)).astype(int)
        assert np.all(np.abs(middle - 112) < 75)
        outside = ndimage.binary_closing(pixels(phantom).sum(axis=2) < 0.25, iterations=3)
        corner = np.zeros_like(outside)
        corner[:8, :8] = corner[:8, -8:] = corner[-8:, :8] = corner[-8:, -8:] = True
        surround = ndimage.binary_propagation(outside & corner, mask=outside)
        assert (phantom.mask & surround).sum() <= 0.06 * phantom.mask.sum()


@pytest.mark.parametrize("label", dermoscopy.CLASSES)
def test_the_mask_ends_where_the_colour_changes(label, drawn):
    """Moved by a third of the picture, the mask no longer tells lesion from skin as well."""
    better = 0
    for phantom in drawn[label]:
        smooth = ndimage.gaussian_filter(pixels(phantom), (2, 2, 0))
        shifted = np.roll(phantom.mask, (75, 75), (0, 1))
        lit = pixels(phantom).sum(axis=2) > 0.75
        gaps = [
            np.linalg.norm(np.median(smooth[m & lit | m & phantom.mask], axis=0) - np.median(smooth[lit & ~m], axis=0))
            for m in (phantom.mask, shifted)
        ]
        better += gaps[0] > gaps[1]
    assert better >= 10


@pytest.mark.parametrize("label", dermoscopy.CLASSES)
def test_the_parameters_say_what_was_drawn(label, drawn):
    for phantom in drawn[label]:
        facts = phantom.parameters
        assert facts["site"]
        assert facts["pattern"]
        assert facts["frame"] in ("full", "corners", "round")
        assert 0.01 < facts["contrast"] < 1.2
        assert 0 <= facts["asymmetry"] < 0.6
    assert len({phantom.parameters["skin"] for phantom in drawn[label]}) >= 4


def test_a_round_field_is_black_in_the_corners(drawn):
    rounds = [p for phantoms in drawn.values() for p in phantoms if p.parameters["frame"] == "round"]
    fulls = [p for phantoms in drawn.values() for p in phantoms if p.parameters["frame"] == "full"]
    assert len(rounds) >= 2
    assert all(pixels(phantom)[:5, :5].mean() < 0.2 for phantom in rounds)
    assert all(pixels(phantom)[:5, :5].mean() > 0.2 for phantom in fulls)


def test_melanomas_are_less_symmetric_and_more_many_coloured_than_naevi(drawn):
    assert median(drawn, "mel", "asymmetry") > 1.25 * median(drawn, "nv", "asymmetry")
    assert median(drawn, "mel", "colour_spread") > 1.15 * median(drawn, "nv", "colour_spread")


@pytest.mark.parametrize("label", ["nv", "mel"])
def test_melanin_takes_more_blue_than_red(label, drawn):
    shifts = np.array([colour_shift(phantom) for phantom in drawn[label]])
    assert np.all(shifts.mean(axis=1) < 0.97)
    assert np.mean(shifts[:, 0] > shifts[:, 2]) > 0.8


def test_blood_takes_green_most(drawn):
    """A lacuna is red to purple; only clotted blood is black."""
    for phantom in drawn["vasc"]:
        red, green, _ = colour_shift(phantom)
        assert green < 0.65
        assert green < red
    violet = [shift[1] < shift[2] for shift in map(colour_shift, drawn["vasc"])]
    assert np.mean(violet) > 0.5


def test_vascular_lesions_are_sharper_than_dermatofibromas(drawn):
    def steepness(phantom):
        green = ndimage.gaussian_filter(pixels(phantom)[..., 1], 1)
        distance = ndimage.distance_transform_edt(~phantom.mask) - ndimage.distance_transform_edt(phantom.mask)
        inner, outer = green[(distance < -2) & (distance > -6)].mean(), green[(distance > 2) & (distance < 6)].mean()
        far = green[skin(phantom)].mean()
        return (outer - inner) / far

    # The collar of a pyogenic granuloma is as pale as the skin, and belongs to the lesion.
    pools = [phantom for phantom in drawn["vasc"] if phantom.parameters["pattern"] != "collarette"]
    assert min(map(steepness, pools)) > 0.1
    assert np.median([*map(steepness, pools)]) > 3 * np.median([*map(steepness, drawn["df"])])


def test_most_dermatofibromas_are_paler_in_the_middle_than_at_the_rim(drawn):
    """In real ones the white patch is the commonest pattern, not the only one."""
    paler = []
    for phantom in drawn["df"]:
        depth = ndimage.distance_transform_edt(phantom.mask)
        depth /= depth.max()
        grey = pixels(phantom).mean(axis=2)
        paler.append(np.median(grey[depth > 0.75]) > np.median(grey[(depth > 0.2) & (depth < 0.45)]))
    assert np.mean(paler) > 0.5


def test_actinic_keratoses_are_redder_than_the_skin_around_them(drawn):
    shifts = np.array([colour_shift(phantom) for phantom in drawn["akiec"]])
    assert np.all(shifts[:, 0] > shifts[:, 1])


def test_basal_cell_carcinomas_hold_spots_darker_than_their_ground(drawn):
    """Nests, clots and brown leaves: the darkest hundredth stands out from the lesion's own median."""
    for phantom in drawn["bcc"]:
        grey = ndimage.gaussian_filter(pixels(phantom).mean(axis=2), 1)[phantom.mask]
        assert np.percentile(grey, 1) < 0.92 * np.median(grey)


def test_milia_like_cysts_are_bright_dots_in_a_dark_plaque():
    seen = 0
    for seed in range(16):
        phantom = dermoscopy.draw("bkl", seed)
        if phantom.parameters["pattern"] != "milia-like cysts":
            continue
        seen += 1
        grey = pixels(phantom).mean(axis=2)
        dots = grey - ndimage.median_filter(grey, 9)
        inside = ndimage.binary_erosion(phantom.mask, iterations=4)
        assert np.percentile(dots[inside], 99.5) > 1.5 * np.percentile(dots[skin(phantom)], 99)
    assert seen >= 3


def test_most_lesions_differ_from_one_another_in_size(drawn):
    for label in dermoscopy.CLASSES:
        sizes = [phantom.parameters["lesion_size"] for phantom in drawn[label]]
        assert max(sizes) > 2 * min(sizes)
