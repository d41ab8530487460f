"""The report: every sentence is made of its numbers, and the page holds all it shows."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from dinoscope import report
from dinoscope.errors import RequestError
from dinoscope.notice import NOTICE
from dinoscope.reading import images
from dinoscope.reading.scope import Scope
from dinoscope.ui import markup, report_button, report_markup
from dinoscope.ui.visit import Chosen
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def found(workbench):
    return report.gather(workbench, drawn("colours", "red", 501, strength=60), method="gradcam", name="mine.png")


def text(found) -> str:
    return " ".join(report.paragraph(found))


def test_the_paragraph_says_what_each_room_says(found):
    said, reading = text(found), found.reading
    assert f"the head answers red ({report.percent(reading.probabilities['red'])})" in said
    assert "(a guess from the nearest cases)" in said
    votes = [s.case.labels[0] for s in found.cases].count("red")
    every = votes == len(found.cases)
    assert (f"All {votes} nearest known cases are red" if every else f"{votes} are red") in said
    assert "The map by Grad-CAM of the score for red" in said
    metrics = found.task.facts["metrics"]
    assert f"On {metrics['pictures']} real test pictures that nothing was fitted on" in said
    assert found.reading.agreement is not None
    assert "head and cases together give" in said


def test_every_finding_of_the_nearest_cases_is_counted(found):
    first, *others = found.cases
    both = replace(first, case=replace(first.case, labels=("blue", "red")))
    said = text(replace(found, cases=[both, *(replace(s, case=replace(s.case, labels=("red",))) for s in others)]))
    assert f"Of the {len(found.cases)} nearest known cases, {len(found.cases)} are red and 1 is blue" in said


def test_a_head_measured_by_cross_validation_claims_no_test(found):
    metrics = found.task.facts["metrics"] | {"split": "cross-validation in five parts"}
    crossed = replace(found, task=replace(found.task, facts=found.task.facts | {"metrics": metrics}))
    said = text(crossed)
    assert f"By cross-validation on the {metrics['pictures']} pictures it was fitted on, the head reached" in said
    assert "that nothing was fitted on" not in said
    assert "test pictures" not in words_of_classification(crossed)


def words_of_classification(found) -> str:
    return markup.classification(replace(found.reading, agreement=None), found.task)


def test_an_unfamiliar_picture_is_told_first(found):
    strange = replace(found, reading=replace(found.reading, scope=Scope(0.9, 0.0, False)))
    assert report.paragraph(strange)[0].startswith("This picture is unlike every case")
    edge = replace(found, reading=replace(found.reading, scope=Scope(0.5, 4.0, True)))
    assert "at the edge of what the head knows: 4 %" in text(edge)
    assert "The picture is familiar" not in text(edge)


def test_a_map_no_better_than_chance_is_not_placed(found):
    verdict = replace(found.explanation.verdict, **dict.fromkeys(vars(found.explanation.verdict), 1) | {"of": 10})

    class Poor(type(found.explanation)):
        @property
        def verdict(self):
            return verdict

    poor = Poor(**vars(found.explanation))
    assert "no better than chance (beating 1 to 1 of 10 random orders" in text(replace(found, explanation=poor))
    assert "mostly in" not in text(replace(found, explanation=poor))
    page = report_markup.page(replace(found, explanation=poor))
    assert "No better than chance, so shown pale: do not read it." in page
    assert "What moves the score" not in page


@pytest.mark.parametrize(
    ("rows", "columns", "place"),
    [
        (slice(0, 10), slice(0, 10), "upper left"),
        (slice(40, 50), slice(40, 50), "middle"),
        (slice(80, 90), slice(45, 55), "lower middle"),
        (slice(45, 55), slice(85, 95), "right of the middle"),
    ],
)
def test_the_place_of_a_map_is_where_half_of_its_weight_is(rows, columns, place):
    saliency = np.zeros((90, 100), np.float32)
    saliency[rows, columns] = 1
    assert report.lies(saliency) == f"mostly in the {place} (half of its weight on < 1 % of the picture)"


def test_a_map_without_a_place_says_so():
    assert report.lies(np.zeros((9, 9), np.float32)) == "nowhere in particular"
    assert report.lies(np.random.default_rng(0).random((40, 40), np.float32)).startswith("in several places")


def test_two_places_far_apart_are_not_the_middle_between_them():
    saliency = np.zeros((90, 100), np.float32)
    saliency[40:50, 0:10] = saliency[40:50, 90:100] = 1
    assert report.lies(saliency) == "in several places (half of its weight on 1 % of the picture)"
    saliency[40:50, 90:100] = 0.2
    assert report.lies(saliency).startswith("mostly in the left of the middle")


def test_each_sentence_is_a_paragraph_of_its_own(found):
    page = report_markup.page(found)
    said = page.split('<section class="said')[1].split("</section>")[0]
    assert said.count("<p>") == len(report.paragraph(found))


def test_the_page_holds_everything_itself(found):
    page = report_markup.page(found)
    assert page.count(NOTICE) == 2
    assert re.findall(r'(?:src|href)="(?!data:image/|https://)', page) == []
    assert "<script" not in page
    assert page.count("<figure>") == 3  # the picture, its map, its features as colours
    assert "together" in page
    assert "mine.png" in page
    assert found.fingerprint[:16] in page
    assert all(s.case.id in page for s in found.cases)
    assert "@media print" in page
    assert "&#34;" not in page.split("</style>")[0]


def test_names_from_outside_are_text_in_it(found):
    page = report_markup.page(replace(found, name='<script>alert(1)</script>" onerror="x'))
    assert "<script" not in page
    assert '" onerror' not in page


def test_the_numbers_go_with_the_notice(found):
    plain = json.loads(json.dumps(found.json()))
    assert plain["notice"] == NOTICE
    assert plain["reading"]["label"] == "red"
    assert plain["explanation"]["verdict"]["of"] > 0
    assert len(plain["cases"]) == len(found.cases)


def test_the_button_reports_the_map_that_is_shown(workbench):
    from dinoscope.explain.session import ExplainRequest
    from dinoscope.ui.explain_view import Shown

    decoded = images.read(drawn("colours", "red", 501, strength=60))
    chosen = Chosen(decoded, "mine.png", reading=workbench.classify(decoded, "colours"), task="colours")
    asked = workbench.ask(decoded, "colours", ExplainRequest("blue", method="gradcam"))
    shown = Shown(chosen, (asked,), (asked.explain(),))
    made = json.loads(report_button.make(workbench, chosen, shown))
    assert re.fullmatch(r"dinoscope_colours_\d{4}-\d\d-\d\d\.html", made["name"])
    assert "The map by Grad-CAM of the score for blue" in made["page"]
    with pytest.raises(RequestError, match="Choose the picture again"):
        report_button.make(workbench, None, None)
