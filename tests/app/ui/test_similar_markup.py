"""What the Similar cases tab writes: nothing from outside unescaped, and no picture from another host."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import Case, Filters, SearchRequest, SimilarCase, thumbnails
from dinoscope.similar.regions import Box
from dinoscope.ui import cards, similar_filters, similar_map, similar_markup
from dinoscope.ui.similar_markup import Told
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
    page = similar_markup.found_cases([public("")], task, trail, "")
    assert "<b>id</b>" not in page
    assert "&lt;b&gt;id&lt;/b&gt;" in page


def test_an_original_is_a_link_and_never_a_picture_from_elsewhere(task):
    page = similar_markup.card(public("https://example.org/a.png"), task)
    assert 'href="https://example.org/a.png" target="_blank" rel="noreferrer"' in page
    assert "<img" not in page
    assert 'class="card row"' in page


def test_an_address_that_is_not_of_the_web_becomes_no_link(task):
    assert "javascript" not in similar_markup.card(public("javascript:alert(1)"), task)


def test_the_matched_region_is_outlined_where_it_lies(task):
    page = similar_markup.card(replace(public(""), matched=Box(0.25, 0.5, 0.75, 1)), task)
    assert "left:25.0%;top:50.0%;width:50.0%;height:50.0%" in page


def test_the_vote_is_told_beside_what_the_head_says(workbench, task, trail):
    found = workbench.similar(trail.now.query, k=5)
    assert "5 of the 5 nearest cases: <b>red</b>. The head says the same." in similar_markup.found_cases(
        found, task, trail, "", Told("red")
    )
    assert "The head says blue: the two disagree." in similar_markup.found_cases(found, task, trail, "", Told("blue"))


@pytest.mark.parametrize("decided", ["the class filter", "what you liked and disliked"])
def test_a_vote_that_was_decided_beforehand_confirms_nothing(decided, workbench, task, trail):
    found = workbench.similar(trail.now.query, k=5)
    told = Told("red", decided)
    for page in (similar_markup.found_cases(found, task, trail, "", told), cards.similar(found, task, told)):
        assert "no vote" in page.lower()
        assert "head says" not in page
        assert "5 of" not in page


def test_cases_of_a_picture_that_is_like_none_say_little(workbench, task, trail):
    found = workbench.similar(trail.now.query, k=5)
    page = similar_markup.found_cases(found, task, trail, "", Told("red", strange=True))
    assert "None is really near" in page
    assert "The head says the same" not in page


def test_a_region_and_its_match_stand_side_by_side_at_one_scale(workbench, task):
    picture = drawn("colours", "red", 501, (200, 100))
    step = Step(workbench.query(picture, "colours"), "your picture", SearchRequest(region=Box(0, 0, 0.25, 0.5)))
    found = workbench.similar(step.query, k=8, region=Box(0, 0, 0.25, 0.5))
    page = similar_markup.found_cases(found, task, Trail((step,)), "", Told(picture=picture))
    seen = [s for s in found if s.case.image]
    assert seen
    assert page.count('alt="the region you searched with"') == len(seen)
    assert "patches of the picture" in page
    pair = similar_markup.card(seen[0], task, region=Box(0, 0, 0.25, 0.5), picture=picture)
    heights = [int(h) for h in re.findall(r'style="height:(\d+)px"', pair)]
    place = seen[0].matched
    assert max(heights) == similar_markup.PAIRED
    assert heights[1] / heights[0] == pytest.approx((place.bottom - place.top) / 0.5, abs=0.05)


def test_the_differential_leaves_out_the_class_that_won_the_vote(workbench, task, trail):
    rows = workbench.differential(trail.now.query)
    page = similar_markup.differential(rows, task, "red")
    assert [label for label in ("red", "green", "blue") if f"</span>{label}</h3>" in page] == ["green", "blue"]


def test_nothing_found_says_why(task, trail):
    page = similar_markup.found_cases([], task, trail, "The filter “Age” leaves no case.")
    assert "The filter “Age” leaves no case." in page
    assert "card" not in page


def test_a_case_without_its_picture_cannot_be_drawn_on_and_says_so(workbench, task):
    case = next(c for c in task.cases if c.origin == "public")
    step = Step(workbench.query_case(case.id), f"case {case.id}")
    assert "nothing to draw on" in similar_markup.picker(step, None)
    assert "what the index stores of this case" in similar_markup.found_cases([], task, Trail((step,)), "")


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
    card = similar_markup.card(own, task)
    assert "own case" in card
    assert "public" not in card
    assert "no thumbnail was kept" in card
    shown = similar_markup.card(replace(own, thumbnail=thumbnails.make(drawn("colours", "red", 1))), task)
    assert 'src="data:image/webp;base64,' in shown
    assert 'alt="own case, red"' in shown


def test_a_range_that_the_browser_shows_empty_as_zero_excludes_no_case():
    import gradio as gr

    with gr.Blocks():
        widgets = similar_filters.build()
    nothing: list = [[], [], *([] for _ in widgets.choices)]
    numbers = [0] * (2 * len(widgets.ranges))
    assert widgets.read([*nothing, *numbers]) == widgets.read([*nothing, *(None for _ in numbers)])


def test_the_differential_names_cases_without_a_picture_after_those_that_can_be_seen(workbench, task):
    unseen = next(c for c in task.cases if c.origin == "public")
    seen = next(c for c in task.cases if c.image)
    page = similar_markup.differential({"red": [SimilarCase(unseen, 0.75), SimilarCase(seen, 0.5)]}, task, None)
    assert "not here" not in page
    assert page.count("<img") == 1
    assert page.index(f'data-case="{seen.id}"') < page.index(f'data-case="{unseen.id}"')
    assert f'<span class="id">{unseen.id}</span><span class="similarity">0.750</span>' in page


def test_every_finding_of_a_case_counts_in_the_vote(task, trail):
    labels = [("blue", "red"), ("green", "red"), ("red",)]
    found = [SimilarCase(Case(str(i), own, "public"), 0.9 - 0.1 * i, 0.5) for i, own in enumerate(labels)]
    assert "3 of the 3 nearest cases: <b>red</b>" in similar_markup.found_cases(found, task, trail, "", Told("red"))
