"""What the Explain tab says, given what was found."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from dinoscope.explain.faithfulness import Curve
from dinoscope.explain.localisation import Localisation
from dinoscope.explain.session import Question
from dinoscope.results import MapCheck
from dinoscope.ui import explain_markup
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def picture():
    return drawn("colours", "red", 3, size=(90, 60))


@pytest.fixture(scope="module")
def found(workbench, picture):
    return workbench.explain(picture, "colours", target="red")


@pytest.fixture(scope="module")
def task(workbench):
    return workbench.tasks["colours"]


def curves(deletion: float, insertion: float) -> dict[str, Curve]:
    """A map with these areas beside random orders from 0.3 to 0.6."""
    share, random = np.array([0, 1.0]), np.linspace(0.3, 0.6, 10)[:, None] * np.ones(2)
    areas = {"deletion": deletion, "insertion": insertion}
    return {name: Curve(share, np.full(2, area), random) for name, area in areas.items()}


@pytest.mark.parametrize(
    ("deletion", "insertion", "sentence"),
    [
        (0.1, 0.9, "The map is faithful"),
        (0.1, 0.1, "half faithful: without them the score falls"),
        (0.9, 0.9, "half faithful: they alone raise the score"),
        (0.9, 0.1, "It is no more faithful than chance"),
    ],
)
def test_both_curves_are_weighed_in_one_sentence(found, picture, task, deletion, insertion, sentence):
    page = explain_markup.answer([replace(found, **curves(deletion, insertion))], picture, task)
    assert sentence in page


def test_before_it_is_measured_nothing_is_said_of_faithfulness(found, picture, task):
    page = explain_markup.answer([replace(found, deletion=None, insertion=None)], picture, task)
    assert "faithful" not in page


def test_each_kind_of_question_is_answered_in_its_own_words(workbench, picture, task):
    case = task.cases[0]
    for question, sentence in (
        (Question("red"), "cause the score for <b>red</b>"),
        (Question("red", instead_of="blue"), "speak for <b>red</b> rather than <b>blue</b>"),
        (Question(like=case.id), f"similar to case <b>{case.id}</b>"),
    ):
        found = workbench.ask(picture, "colours", question).explain()
        assert sentence in explain_markup.answer([found], picture, task)


def test_two_methods_stand_side_by_side_under_one_set_of_sliders(workbench, found, picture, task):
    other = workbench.explain(picture, "colours", target="red", method="gradcam")
    page = explain_markup.answer([found, other], picture, task)
    assert page.count('class="stage"') == 2
    assert page.count('id="opacity-slider"') == page.count('id="contour-slider"') == 1
    assert "<b>Grad-CAM" in page
    assert explain_markup.curves([found, other]).count("<svg") == 4


def test_a_known_lesion_is_compared_with_the_map(found, picture, task):
    located = replace(found, localisation=Localisation(hit=True, overlap=0.25, inside=0.4, area=0.1))
    page = explain_markup.answer([located], picture, task)
    assert "fills 10 % of the picture" in page
    assert "highest point is in it" in page
    assert "holds 40 % of the positive saliency (overlap 0.25)" in page


def test_the_masks_with_the_highest_scores_are_shown_best_first(found, picture):
    page = explain_markup.masks(found, picture)
    shown = [float(x) for x in re.findall(r"<figcaption>(-?[\d.]+)</figcaption>", page)]
    assert shown == sorted(shown, reverse=True)
    assert len(shown) == min(explain_markup.MATTERED, len(found.mask_scores))
    assert "uses no masks" in explain_markup.masks(replace(found, mask_scores=np.zeros(0)), picture)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (MapCheck(0.95, 0.1), ("hardly matters", "explains this score")),
        (MapCheck(0.4, 0.9), ("read it with care", "would be there for any score")),
        (MapCheck(0.95, -0.9), ("hardly matters", "would be there for any score")),
    ],
)
def test_a_check_says_what_its_figures_mean(check, words):
    page = explain_markup.check(check)
    assert all(w in page for w in words)
    assert f"{check.second_seed:.2f}" in page


def test_downloads_hold_overlay_map_and_figures(found, picture):
    page = explain_markup.downloads(picture, found)
    urls = dict(re.findall(r'download="[^"]+\.(\w+)" href="data:[^;]+;base64,([^"]+)"', page))
    assert set(urls) == {"png", "npy", "json"}
    assert np.array_equal(np.load(io.BytesIO(base64.b64decode(urls["npy"]))), found.saliency)
    assert json.loads(base64.b64decode(urls["json"])) == json.loads(json.dumps(found.json()))


def test_a_large_map_is_offered_smaller(found):
    wide = replace(found, saliency=np.zeros((700, 2100), np.float32))
    page = explain_markup.downloads(drawn("colours", "red", 3, size=(2100, 700)), wide)
    npy = re.search(r'\.npy" href="data:[^;]+;base64,([^"]+)"', page).group(1)
    assert np.load(io.BytesIO(base64.b64decode(npy))).shape == (341, 1024)
