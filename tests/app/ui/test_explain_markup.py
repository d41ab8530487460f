"""What the Explain tab says, given what was found."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dinoscope.explain.faithfulness import Curve, Curves
from dinoscope.explain.localisation import Localisation
from dinoscope.explain.session import ExplainRequest
from dinoscope.notice import NOTICE
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


def curves(deletion: float, insertion: float) -> Curves:
    """A map with these areas beside random orders from 0.3 to 0.6."""
    share, random = np.array([0, 1.0]), np.linspace(0.3, 0.6, 10)[:, None] * np.ones(2)
    return Curves(*(Curve(share, np.full(2, area), random) for area in (deletion, insertion)))


GOOD, BAD = curves(0.1, 0.9), curves(0.9, 0.1)
ON = Localisation(hit=True, overlap=0.25, inside=0.4, area=0.1)
OFF = Localisation(hit=False, overlap=0.1, inside=0.1, area=0.1)


@pytest.mark.parametrize(
    ("tokens", "pixels", "where", "sentence"),
    [
        (GOOD, GOOD, None, "The bright regions cause the score for <b>red</b>"),
        (GOOD, GOOD, None, "The map is <b>faithful</b>: without them"),
        (GOOD, GOOD, ON, "<b>faithful, and on the lesion</b>"),
        (GOOD, GOOD, OFF, "<b>faithful, but not on the lesion</b>"),
        (GOOD, BAD, None, "<b>half faithful</b>: no better than chance on deletion by pixels and insertion by pixels"),
        (BAD, GOOD, OFF, "<b>half faithful, but not on the lesion</b>"),
        (curves(0.1, 0.1), BAD, ON, "<b>This map is no better than chance</b>, so do not read it"),
    ],
)
def test_all_curves_and_the_outline_are_weighed_in_one_sentence(found, picture, task, tokens, pixels, where, sentence):
    measured = replace(found, by_tokens=tokens, by_pixels=pixels, localisation=where)
    page = explain_markup.answer([measured], picture, task)
    assert sentence in page
    if tokens is not GOOD or pixels is not GOOD:
        assert "cause the score" not in page


def test_a_map_no_better_than_chance_is_pale_and_begins_with_that(found, picture, task):
    page = explain_markup.answer([replace(found, by_tokens=BAD, by_pixels=BAD)], picture, task)
    assert page.startswith('<p class="answer"')
    assert page.split(">", 1)[1].startswith("<b>This map is no better than chance</b>")
    assert 'class="stages pale"' in page
    good = explain_markup.answer([replace(found, by_tokens=GOOD, by_pixels=GOOD)], picture, task)
    assert "pale" not in good


@pytest.mark.parametrize("measured", [GOOD, BAD])
def test_a_random_map_is_a_baseline_and_never_said_to_cause_anything(found, picture, task, measured):
    drawn = replace(found, method="random", by_tokens=measured, by_pixels=measured, localisation=ON)
    page = explain_markup.answer([drawn], picture, task)
    assert "A random map, drawn without looking at the picture: a baseline" in page
    for claim in ("cause", "faithful", "pale"):
        assert claim not in page


def test_before_it_is_measured_nothing_is_claimed(found, picture, task):
    page = explain_markup.answer([replace(found, by_tokens=None, by_pixels=None)], picture, task)
    assert "How faithful that is, is still being measured" in page
    assert "cause" not in page
    assert explain_markup.curves([replace(found, by_tokens=None, by_pixels=None)]).count("<svg") == 0


def test_each_kind_of_question_is_answered_in_its_own_words(workbench, picture, task):
    case = task.cases[0]
    for question, sentence in (
        (ExplainRequest("red"), "the score for <b>red</b> ("),
        (ExplainRequest("red", instead_of="blue"), "the score for <b>red</b> rather than <b>blue</b>"),
        (ExplainRequest(like=case.id), f"the similarity to case <b>{case.id}</b>"),
    ):
        found = workbench.ask(picture, "colours", question).explain()
        assert sentence in explain_markup.answer([found], picture, task)


def test_the_similarity_to_an_operators_own_case_is_told_without_its_label(found, picture, task):
    page = explain_markup.answer([replace(found, like="own <case>")], picture, task)
    assert "the similarity to case <b>own &lt;case&gt;</b> (" in page


def test_two_methods_stand_side_by_side_under_one_set_of_sliders(workbench, found, picture, task):
    other = workbench.explain(picture, "colours", target="red", method="gradcam")
    page = explain_markup.answer([found, other], picture, task)
    assert page.count('class="stage"') == 2
    assert page.count('id="opacity-slider"') == page.count('id="contour-slider"') == 1
    assert "<b>Grad-CAM" in page
    assert explain_markup.curves([found, other]).count("<svg") == 8


def test_a_known_lesion_is_compared_with_the_map(found, picture, task):
    located = replace(found, localisation=ON)
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
    figures = json.loads(base64.b64decode(urls["json"]))
    assert figures.pop("notice") == NOTICE
    assert figures == json.loads(json.dumps(found.json()))
    with Image.open(io.BytesIO(base64.b64decode(urls["png"]))) as overlay:
        assert overlay.width == picture.width
        assert overlay.height > picture.height  # the notice stands below


def test_what_is_taken_along_of_a_visits_own_head_names_no_secret(found, picture):
    own = replace(found, task="own-0123456789abcdef")
    page = explain_markup.downloads(picture, own)
    assert f'download="dinoscope_own_{own.target}' in page
    assert "own-" not in page
    figures = json.loads(base64.b64decode(re.search(r'\.json" href="data:[^;]+;base64,([^"]+)"', page).group(1)))
    assert figures["task"] == "own"


def test_a_large_map_is_offered_smaller(found):
    wide = replace(found, saliency=np.zeros((700, 2100), np.float32))
    page = explain_markup.downloads(drawn("colours", "red", 3, size=(2100, 700)), wide)
    npy = re.search(r'\.npy" href="data:[^;]+;base64,([^"]+)"', page).group(1)
    assert np.load(io.BytesIO(base64.b64decode(npy))).shape == (341, 1024)
