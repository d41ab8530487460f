"""Faithfulness chart: both areas beside their random baselines, on axes that suit the score, in the page's colours."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from dinoscope.explain.faithfulness import Curve, Curves
from dinoscope.ui.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from dinoscope.ui.faithfulness_chart import faithfulness


@pytest.fixture
def curves() -> Curves:
    share = np.linspace(0, 1, 5)
    deletion = Curve(share, np.array([0.9, 0.2, 0.1, 0.1, 0.1]), np.linspace(0.9, 0.1, 5) * np.ones((3, 1)))
    return Curves(deletion, Curve(share, deletion.score[::-1], deletion.random[:, ::-1]))


def words_of(drawn: str) -> str:
    return re.sub(r"\s+", " ", " ".join(ElementTree.fromstring(drawn).itertext()))


def test_each_plot_states_its_area_beside_that_of_random_orders(curves: Curves):
    titles = ("Deletion: salient patches blurred first", "Insertion: salient patches shown first, others blurred")
    both = (curves.deletion, curves.insertion)
    for drawn, curve, title in zip(faithfulness(curves, "blurred"), both, titles, strict=True):
        words = words_of(drawn)
        assert title in words
        assert f"area {curve.area:.2f}, random {curve.random_area:.2f}" in words
        assert words.count("random order") == words.count("this map") == 1


def test_a_score_stands_where_its_axes_say(curves: Curves):
    line = re.findall(r'd="M([^"Z]+)" fill="none"[^>]*stroke-width="2"', faithfulness(curves, "blurred")[0])[0]
    first, *_, last = (tuple(map(float, corner.split())) for corner in line.split("L"))
    deep = HEIGHT - BOTTOM - TOP
    assert first == pytest.approx((LEFT, TOP + 0.1 * deep), abs=0.1)
    assert last == pytest.approx((WIDTH - RIGHT, TOP + 0.9 * deep), abs=0.1)


def test_a_score_that_is_no_probability_is_drawn_over_its_own_range():
    curve = Curve(np.array([0, 1.0]), np.array([0.95, 0.9]), np.array([[0.95, 0.91]]))
    words = words_of(faithfulness(Curves(curve, curve), "blurred", "similarity")[0])
    assert "similarity" in words
    assert "0.92" in words
    assert "0.4" not in words


def test_a_flat_score_can_be_drawn():
    curve = Curve(np.array([0, 1.0]), np.array([0.5, 0.5]), np.array([[0.5, 0.5]]))
    assert "nan" not in faithfulness(Curves(curve, curve), "blurred", "difference")[0]


def test_the_plot_takes_the_text_colour_of_the_page(curves: Curves):
    assert 'class="plot"' in faithfulness(curves, "blurred")[0]
