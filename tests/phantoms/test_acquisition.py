"""Acquisition: each parameter does what its name says, neutral ones nothing, and the mask moves with the picture."""

import json

import numpy as np
import pytest
from PIL import Image

import dinoscope_phantoms as phantoms
from dinoscope_phantoms import Phantom, acquisition

SIZE = 64
ROOM = "lung_ct"


@pytest.fixture
def phantom():
    y, x = np.mgrid[:SIZE, :SIZE]
    lesion = (y - 26) ** 2 + (x - 38) ** 2 < 64
    grey = np.full((SIZE, SIZE), 90, np.uint8)
    grey[lesion] = 200
    return Phantom(Image.fromarray(grey).convert("RGB"), lesion, "normal", 3, {"lesion_size": 4.9, "site": "left"})


def acquired(phantom, **values):
    return acquisition.acquire(ROOM, phantom, values, np.random.default_rng(0))


def levels(phantom):
    return np.asarray(phantom.picture, np.float32) / 255


def test_neutral_parameters_leave_picture_and_mask_as_drawn(phantom):
    found = acquired(phantom)
    assert np.array_equal(levels(found), levels(phantom))
    assert np.array_equal(found.mask, phantom.mask)
    assert found.label, found.seed == (phantom.label, phantom.seed)


def test_the_mask_is_where_the_narrower_view_shows_the_lesion(phantom):
    found = acquired(phantom, zoom=1.3, stretch=1.1, rise=0.1)
    shown = levels(found)[..., 0] > 145 / 255
    assert (shown != found.mask).mean() < 0.01
    assert found.mask.sum() > 1.5 * phantom.mask.sum()
    assert found.parameters == {"lesion_size": round(100 * found.mask.mean(), 2), "site": "left"}


def test_a_view_that_would_lose_the_lesion_stays_as_it_is(phantom):
    corner = np.zeros((SIZE, SIZE), bool)
    corner[:6, :6] = True
    lost = acquired(Phantom(phantom.picture, corner, "normal", 3), zoom=1.4)
    assert np.array_equal(lost.mask, corner)
    assert np.array_equal(levels(lost), levels(phantom))


@pytest.mark.parametrize(
    ("name", "value", "measure", "more"),
    [
        ("resolution", 0.4, lambda p: np.abs(np.diff(p[..., 0], axis=1)).max(), False),
        ("sharpening", -0.8, lambda p: np.abs(np.diff(p[..., 0], axis=1)).max(), False),
        ("sharpening", 2.0, lambda p: p.max(), True),
        ("noise", 0.05, lambda p: p[:16, :16].std(), True),
        ("gamma", 2.0, np.mean, False),
        ("gain", 1.3, np.mean, True),
        ("offset", 0.1, np.mean, True),
        ("vignette", 0.5, lambda p: p[0, 0].mean() - p[10, 32].mean(), False),
        ("warmth", 0.1, lambda p: (p[..., 0] - p[..., 2]).mean(), True),
        ("tint", 0.1, lambda p: (p[..., 1] - p[..., 0]).mean(), True),
        ("compression", 60, lambda p: len(np.unique(p[..., 0])), True),
        ("border", 0.1, np.mean, False),
    ],
)
def test_each_parameter_does_what_its_name_says(phantom, name, value, measure, more):
    before, after = float(measure(levels(phantom))), float(measure(levels(acquired(phantom, **{name: value}))))
    assert (after > before + 0.003) if more else (after < before - 0.003)


def test_colours_fade_to_grey_and_grey_noise_stays_grey(phantom):
    red = Phantom(Image.new("RGB", (SIZE, SIZE), (180, 60, 60)), phantom.mask, "normal", 3)
    faded = levels(acquired(red, saturation=0.5))
    assert np.ptp(faded[0, 0]) == pytest.approx(np.ptp(levels(red)[0, 0]) / 2, abs=0.01)
    noisy = levels(acquired(phantom, noise=0.05))
    assert np.array_equal(noisy[..., 0], noisy[..., 2])


def test_what_no_light_reached_stays_black(phantom):
    dark = np.asarray(phantom.picture).copy()
    dark[:, :20] = 0
    found = levels(acquired(Phantom(Image.fromarray(dark), phantom.mask, "normal", 3), offset=0.1, noise=0.08))
    assert not found[:, :18].any()
    assert found[:, 22:, 0].std() > 0.03


def test_marks_are_burnt_in_where_a_room_has_them(phantom):
    rng = np.random.default_rng(0)
    marked = acquisition.acquire("breast_ultrasound", phantom, {"marks": 1.0}, rng)
    assert (levels(marked) > levels(phantom) + 0.2).any()
    assert np.array_equal(levels(acquired(phantom, marks=1.0)), levels(phantom))


def test_what_is_shipped_is_numbers_within_bounds_and_says_what_they_were_fitted_to():
    for room, fitted in json.loads(acquisition.NUMBERS.read_text(encoding="utf-8"))["rooms"].items():
        assert "folds 2 to 4" in fitted["fitted to"]
        for found in fitted["classes"].values():
            assert set(found) <= set(acquisition.USED[room])
            for name, (mean, deviation) in found.items():
                assert acquisition.bounded(name, mean) == pytest.approx(mean, abs=1.0)
                assert deviation >= 0


def test_parameters_are_drawn_again_by_the_same_seed(monkeypatch):
    numbers = {"lung_ct": {"classes": {"normal": {"gamma": [1.2, 0.1], "noise": [0.5, 0.1]}}}}
    monkeypatch.setattr(acquisition, "numbers", lambda: numbers)
    first, again = (acquisition.settings("lung_ct", "normal", np.random.default_rng(5)) for _ in range(2))
    assert first == again
    assert first["noise"] == acquisition.PARAMETERS["noise"].high
    assert acquisition.settings("fundus", "normal", np.random.default_rng(5)) == {}
    one, other = (phantoms.draw("chest_ct", "normal", 3, 64) for _ in range(2))
    assert np.array_equal(levels(one), levels(other))
    assert not np.array_equal(levels(one), levels(phantoms.as_drawn("chest_ct", "normal", 3, 64)))
