"""Overlays and plots: the picture's own size, bright where the map is high, and colours that follow the page."""

from __future__ import annotations

import re

import matplotlib
import numpy as np
import pytest
from PIL import Image

from dinoscope import figures
from dinoscope.colour_maps import OKABE_ITO


def luminance(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L")).astype(int)


@pytest.fixture
def ramp() -> np.ndarray:
    """[20, 30] rising from left to right."""
    return np.tile(np.linspace(-0.3, 0.9, 30), (20, 1)).astype(np.float32)


def test_heat_has_the_maps_shape_and_grows_brighter_with_it(ramp):
    heat = figures.heat(ramp)
    assert (heat.size, heat.mode) == ((30, 20), "RGB")
    row = luminance(heat)[0]
    assert (np.diff(row) >= 0).all()
    assert row[0] < 5
    assert row[-1] > 200


def test_heat_uses_the_whole_range_whatever_the_scale(ramp):
    expected = luminance(figures.heat(ramp))
    assert np.abs(luminance(figures.heat(ramp * 1000 + 7)) - expected).max() <= 2
    assert np.abs(luminance(figures.heat(ramp / 1000)) - expected).max() <= 2


@pytest.mark.parametrize("level", [0.0, 0.5, -3.0])
def test_a_flat_map_is_dark_all_over(level):
    assert luminance(figures.heat(np.full((8, 9), level))).max() < 5


def test_the_overlay_runs_from_the_picture_to_the_colours(ramp):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8))
    assert figures.overlay(picture, ramp, 0).tobytes() == picture.convert("RGB").tobytes()
    assert figures.overlay(picture, ramp, 1).tobytes() == figures.heat(ramp).tobytes()
    half = np.asarray(figures.overlay(picture, ramp, 0.5)).astype(float)
    both = (np.asarray(picture.convert("RGB")).astype(float) + np.asarray(figures.heat(ramp))) / 2
    assert np.abs(half - both).max() <= 1


def test_the_colours_are_inferno_to_the_bit():
    levels = np.linspace(0, 1, 999)
    expected = matplotlib.colormaps["inferno"](levels, bytes=True)[None, :, :3]
    np.testing.assert_array_equal(np.asarray(figures.heat(levels[None])), expected)


def test_class_colours_are_eight_different_ones():
    assert len(set(OKABE_ITO)) == 8
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in OKABE_ITO)


def test_ranks_are_the_share_of_the_map_below_each_pixel(ramp):
    found = np.asarray(figures.ranks(ramp**3))
    assert found.shape == (20, 30)
    assert (found[:, 15:] >= 127).all()
    assert (found[:, :15] <= 128).all()


def test_pixels_that_are_equal_have_the_same_rank(ramp):
    steps = np.floor(ramp * 3)
    found = np.asarray(figures.ranks(steps))
    for level in np.unique(steps):
        share = (steps < level).sum() / (steps.size - 1)
        assert np.unique(found[steps == level]).tolist() == [int(255 * share)]
    assert not np.asarray(figures.ranks(np.ones((4, 5)))).any()


def test_a_mask_lets_its_part_of_the_picture_through():
    picture = Image.new("RGB", (90, 30), "white")
    mask = np.zeros((3, 9), np.float32)
    mask[:, 6:] = 1
    found = luminance(figures.let_through(picture, mask, 45))
    assert found.shape == (15, 45)
    assert found[:, 36:].min() > 250
    assert found[:, :20].max() < 60
