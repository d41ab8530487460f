"""Overlays and plots: the picture's own size, bright where the map is high, and colours that follow the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from dinoscope import figures
from dinoscope.explain.faithfulness import Curve, Curves


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


def test_class_colours_are_eight_different_ones():
    assert len(set(figures.OKABE_ITO)) == 8
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in figures.OKABE_ITO)


@pytest.fixture
def curves() -> Curves:
    share = np.linspace(0, 1, 5)
    deletion = Curve(share, np.array([0.9, 0.2, 0.1, 0.1, 0.1]), np.linspace(0.9, 0.1, 5) * np.ones((3, 1)))
    return Curves(deletion, Curve(share, deletion.score[::-1], deletion.random[:, ::-1]))


def test_the_faithfulness_plot_states_both_areas_beside_their_random_baselines(curves):
    titles = ("Deletion: salient patches blurred first", "Insertion: salient patches shown first, others blurred")
    both = (curves.deletion, curves.insertion)
    for svg, curve, title in zip(figures.faithfulness(curves, "blurred"), both, titles, strict=True):
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg")
        words = words_of(svg)
        assert title in words
        assert f"area {curve.area:.2f}, random {curve.random_area:.2f}" in words
        assert words.count("random order") == words.count("this map") == 1


def words_of(svg: str) -> str:
    texts = ("".join(e.itertext()) for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text"))
    return re.sub(r"\s+", " ", " ".join(texts))


def test_a_score_that_is_no_probability_is_drawn_over_its_own_range():
    share = np.array([0, 1.0])
    curve = Curve(share, np.array([0.95, 0.9]), np.array([[0.95, 0.91]]))
    words = words_of(figures.faithfulness(Curves(curve, curve), "blurred", "similarity")[0])
    assert "similarity" in words
    assert "0.92" in words
    assert "0.2 0.4 0.6" in words  # of the share of patches alone
    assert words.count("0.4") == 1


def test_the_plot_takes_the_text_colour_of_the_page_and_paints_no_background(curves):
    for svg in figures.faithfulness(curves, "blurred"):
        assert "currentColor" in svg
        assert figures._INK not in svg
        assert not re.search(r"fill: ?#ffffff", svg)


def test_two_plots_drawn_at_once_do_not_mix(curves):
    from concurrent.futures import ThreadPoolExecutor

    deletion, insertion = curves.deletion, curves.insertion
    turned = Curves(insertion, deletion)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda pair: figures.faithfulness(pair, "blurred"), [curves, turned] * 8))
    for svgs, area in zip(drawn, [deletion.area, insertion.area] * 8, strict=True):
        assert f"blurred first area {area:.2f}" in words_of(svgs[0])


def test_ranks_are_the_share_of_the_map_below_each_pixel(ramp):
    found = np.asarray(figures.ranks(ramp**3))
    assert found.shape == (20, 30)
    assert (found[:, 15:] >= 127).all()
    assert (found[:, :15] <= 128).all()


def test_a_mask_lets_its_part_of_the_picture_through():
    picture = Image.new("RGB", (90, 30), "white")
    mask = np.zeros((3, 9), np.float32)
    mask[:, 6:] = 1
    found = luminance(figures.let_through(picture, mask, 45))
    assert found.shape == (15, 45)
    assert found[:, 36:].min() > 250
    assert found[:, :20].max() < 60
