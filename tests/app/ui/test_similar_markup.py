"""What the Similar cases tab writes: nothing from outside unescaped, no request to another host unless switched on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import Case, Filters, SimilarCase, thumbnails
from dinoscope.similar.regions import Box
from dinoscope.ui import similar_filters, similar_map, similar_markup
from dinoscope.ui.trail import Step, Trail
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def task(workbench):
    return workbench.tasks["colours"]


@pytest.fixture(scope="module")
def trail(workbench):
    return Trail((Step(workbench.query(drawn("colours", "red", 501, strength=60), "colours"), "your picture"),))


def public(url: str, **more) -> SimilarCase:
    return SimilarCase(Case("<b>id</b>", ("red",), "public", url=url, **more), 0.9, 0.5)


def test_names_from_outside_are_escaped(task, trail):
    page = similar_markup.found_cases([public("")], task, None, trail, False, "")
    assert "<b>id</b>" not in page
    assert "&lt;b&gt;id&lt;/b&gt;" in page


def test_an_original_is_shown_only_when_asked_for_and_without_telling_who_asks(task):
    found = public("https://example.org/a.png")
    assert "<img" not in similar_markup.card(found, task, originals=False)
    shown = similar_markup.card(found, task, originals=True)
    assert 'src="https://example.org/a.png" loading="lazy" referrerpolicy="no-referrer"' in shown


@pytest.mark.parametrize(("url", "kind"), [("https://example.org/a.tiff", "TIFF"), ("https://e.org/b.dcm", "DICOM")])
def test_an_original_that_no_browser_shows_says_so(task, url, kind):
    shown = similar_markup.card(public(url), task, originals=True)
    assert "<img" not in shown
    assert f"{kind}: open the original to see it" in shown


def test_an_address_that_is_not_of_the_web_becomes_no_link(task):
    assert "javascript" not in similar_markup.card(public("javascript:alert(1)"), task, originals=True)


def test_the_matched_region_is_outlined_where_it_lies(task):
    page = similar_markup.card(replace(public(""), matched=Box(0.25, 0.5, 0.75, 1)), task, False)
    assert "left:25.0%;top:50.0%;width:50.0%;height:50.0%" in page


def test_the_vote_is_told_beside_what_the_head_says(workbench, task, trail):
    found = workbench.similar(trail.now.query, k=5)
    assert "5 of the 5 nearest cases: <b>red</b>. The head says the same." in similar_markup.found_cases(
        found, task, "red", trail, False, ""
    )
    assert "The head says blue: the two disagree." in similar_markup.found_cases(found, task, "blue", trail, False, "")


def test_the_differential_leaves_out_the_class_that_won_the_vote(workbench, task, trail):
    rows = workbench.differential(trail.now.query)
    page = similar_markup.differential(rows, task, "red", False)
    assert [label for label in ("red", "green", "blue") if f"</span>{label}</h3>" in page] == ["green", "blue"]


def test_nothing_found_says_why(task, trail):
    page = similar_markup.found_cases([], task, None, trail, False, "The filter “Age” leaves no case.")
    assert "The filter “Age” leaves no case." in page
    assert "card" not in page


def test_a_case_without_its_picture_cannot_be_drawn_on_and_says_so(workbench, task):
    case = next(c for c in task.cases if c.origin == "public")
    step = Step(workbench.query_case(case.id), f"case {case.id}")
    assert "nothing to draw on" in similar_markup.picker(step, task, None, False)
    assert "what the index stores of this case" in similar_markup.found_cases([], task, None, Trail((step,)), False, "")


def test_the_map_marks_the_query_and_rings_its_neighbours(workbench, task, trail):
    found = workbench.similar(trail.now.query, k=4)
    page = similar_map.draw(task, trail.now.query, found)
    assert page.count("data-case=") == len(task.cases)
    ringed = page.split('<g class="near">')[1].split("</g>")[0]
    assert all(f'data-case="{s.case.id}"' in ringed for s in found)
    assert ringed.count("<circle") == 4


def test_filters_keep_what_the_next_task_has_and_drop_the_rest(workbench):
    import gradio as gr

    with gr.Blocks():
        widgets = similar_filters.build()
    empty = [[], [], *([] for _ in widgets.choices), *(None for pair in widgets.ranges for _ in range(2))]
    assert widgets.read(empty) == Filters()
    chosen = [["red", "across"], ["phantom"], *empty[2:]]
    assert widgets.kept(workbench.tasks["stripes"], False, chosen)[:2] == [["across"], ["phantom"]]
    with pytest.raises(RequestError, match="the filter age goes from 70 to 40"):
        widgets.read([*empty[:-4], 70, 40, None, None])


def test_an_own_case_is_called_own_and_shows_its_thumbnail(task):
    own = SimilarCase(Case("a.png", ("red",), "own"), 0.9, 0.5)
    card = similar_markup.card(own, task, originals=False)
    assert "own case" in card
    assert "public" not in card
    assert "no thumbnail was kept" in card
    shown = similar_markup.card(replace(own, thumbnail=thumbnails.make(drawn("colours", "red", 1))), task, False)
    assert 'src="data:image/webp;base64,' in shown
    assert 'alt="own case, red"' in shown
