"""Charts: what is drawn stands where its number says, and tells it on hover."""

from __future__ import annotations

import re

import pytest

from dinoscope.ui import charts
from dinoscope.ui.charts import HEIGHT, Dot, Series


def places(markup: str, kind: str) -> list[float]:
    return [float(x) for x in re.findall(rf'class="{kind}" style="left:([\d.]+)%', markup)]


def test_a_dot_stands_where_its_value_lies_between_the_ends():
    drawn = charts.dots([Dot("ours", 75.0, 70.0, 80.0, ours=True), Dot("pixels", 50.0)], 0, 100, " %", chance=25.0)
    assert places(drawn, "point") == [75, 50]
    assert places(drawn, "whisker") == [70]
    assert "width:10.0%" in drawn
    assert places(drawn, "chance") == [25, 25]
    assert 'title="ours: 75 %, 95 % interval 70 to 80"' in drawn
    assert "25 % by guessing" in drawn


def test_a_value_beyond_the_ends_stays_on_the_rail():
    assert places(charts.dots([Dot("low", 0.3), Dot("high", 1.2)], 0.4, 1), "point") == [0, 100]


def test_a_confusion_matrix_says_who_was_called_what():
    drawn = charts.confusion([[8, 2], [0, 5]], ["benign", "<b>"])
    assert 'title="benign called &lt;b&gt;: 2 of 10 (20 %)">2</td>' in drawn
    assert "<b>" not in drawn
    assert drawn.count('class="right"') == drawn.count('class="wrong"') == 2


def test_a_class_without_test_pictures_is_an_empty_row():
    assert "0 of 0 (0 %)" in charts.confusion([[0, 0], [1, 1]], ["a", "b"])


def test_a_reliability_diagram_has_its_points_on_the_axes():
    bins = [{"confidence": 0.0, "right": 0.0, "low": 0.0, "high": 0.2, "pictures": 12}]
    drawn = charts.reliability(bins)
    assert f'<circle cx="{charts.LEFT:.1f}" cy="{HEIGHT - charts.BOTTOM:.1f}"' in drawn
    assert "claimed 0 %, right 0 % (95 % interval 0 to 20 %), 12 answers" in drawn


def test_curves_rise_when_their_numbers_do():
    drawn = charts.curves(
        [Series("kNN", ((1, 40.0), (10, 60.0), (100, 80.0)), ((35, 45), (55, 65), (75, 85)))], "n", "y"
    )
    points = [(float(a), float(b)) for a, b in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)]
    assert [p[0] for p in points] == sorted(p[0] for p in points)
    assert [p[1] for p in points] == sorted((p[1] for p in points), reverse=True)
    assert "<title>kNN, n 10: 60 (55 to 65)</title>" in drawn


def test_a_logarithmic_axis_gives_each_factor_of_ten_the_same_room():
    drawn = charts.curves([Series("a", ((1, 0.0), (10, 1.0), (100, 2.0)))], "n", "y", logarithmic=True)
    a, b, c = (float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawn))
    assert b - a == pytest.approx(c - b, abs=0.2)


@pytest.mark.parametrize("values", [(3.0, 3.0), (0.0, 0.0), (1e-6, 2e-6), (0.0, 99.0)])
def test_any_span_of_values_can_be_drawn(values):
    drawn = charts.curves([Series("a", ((0, values[0]), (5, values[1])))], "strength", "y")
    heights = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', drawn)]
    assert all(0 <= y <= HEIGHT for y in heights)
    assert "nan" not in drawn


def test_a_single_point_is_a_curve_too():
    assert "<circle" in charts.curves([Series("a", ((7, 1.0),))], "n", "y", logarithmic=True)
