"""Similar cases through the workbench: any case as query, feedback, regions, the differential, every mistake."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import Filters, SimilarCase, search
from dinoscope.similar.regions import Box
from fixtures.tiny import drawn


@pytest.fixture(scope="module")
def red():
    return drawn("colours", "red", 501, strength=60)


@pytest.fixture(scope="module")
def query(workbench, red):
    return workbench.query(red, "colours")


def ids(found) -> list[str]:
    return [s.case.id for s in found]


def said(call, *arguments, **named) -> str:
    with pytest.raises(RequestError) as caught:
        call(*arguments, **named)
    return str(caught.value)


def test_a_query_made_once_finds_what_the_picture_finds(workbench, red, query):
    once, anew = workbench.similar(query, k=8), workbench.similar(red, "colours", k=8)
    assert ids(once) == ids(anew)
    assert [s.similarity for s in once] == pytest.approx([s.similarity for s in anew], abs=1e-5)


def test_a_case_searches_by_its_id_without_its_task(workbench):
    assert ids(workbench.similar_to_case("phantom_red_1")) == ids(workbench.similar_to_case("phantom_red_1", "colours"))
    assert workbench.query_case("phantom_across_2").task == "stripes"


def test_a_public_case_searches_by_what_is_stored_of_it(workbench):
    case = next(c for c in workbench.tasks["colours"].cases if c.origin == "public")
    asked = workbench.query_case(case.id)
    assert asked.case == case
    assert not asked.pixels_here
    assert workbench.query_case("phantom_red_1").pixels_here
    found = workbench.similar(asked, k=50)
    assert case.id not in ids(found)
    assert case.group not in [s.case.group for s in found]


def test_what_is_neither_a_case_nor_a_picture_is_told_as_a_missing_picture(workbench):
    with pytest.raises(RequestError, match="nobody"):
        workbench.similar_to_case("nobody")


def test_liked_and_disliked_cases_leave_the_list_and_turn_it(workbench, query):
    plain = workbench.similar(query, k=50)
    blue = [s.case.id for s in plain if s.case.labels == ("blue",)]
    turned = workbench.similar(query, k=50, liked=tuple(blue[:3]), disliked=(plain[0].case.id,))
    assert not {*blue[:3], plain[0].case.id} & set(ids(turned))

    def mean_rank(found):
        return np.mean([i for i, s in enumerate(found) if s.case.labels == ("blue",)])

    assert mean_rank(turned) < mean_rank(plain)
    known = {s.case.id: s.similarity for s in plain}
    assert all(s.similarity == pytest.approx(known[s.case.id], abs=1e-4) for s in turned)


def test_how_near_a_case_is_grows_with_its_similarity(workbench, query):
    found = workbench.similar(query, k=30)
    shares = [s.closer_than for s in found]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)


def test_how_near_a_case_is_can_be_said_in_words():
    case = SimilarCase(None, 0.9, 0.62)
    assert search.in_words(case) == "closer than 62 % of cases are to their nearest"
    assert search.in_words(replace(case, closer_than=1.0)) == "closer than any known case is to its nearest"
    assert search.in_words(replace(case, closer_than=0.0)) == "farther than any known case is from its nearest"
    assert search.in_words(replace(case, closer_than=None)) == "of the outlined region"


def test_the_differential_holds_the_nearest_of_every_class(workbench, query):
    rows = workbench.differential(query, k=2)
    assert next(iter(rows)) == "red"
    assert set(rows) == {"red", "green", "blue"}
    for label, cases in rows.items():
        assert ids(cases) == ids(workbench.similar(query, k=2, filters=Filters(labels=(label,))))


def test_a_region_is_found_where_a_case_has_it(workbench):
    # Half across, half down: the region's half is matched on the left or right of the other task's pictures.
    case = workbench.tasks["stripes"].case("phantom_down_1")
    asked = workbench.query_case(case.id)
    box = Box(0.5, 0.5, 1, 1)
    found = workbench.similar(asked, k=5, region=box, one_a_group=False)
    assert {s.case.labels for s in found} == {("down",)}
    for s in found:
        assert (s.matched.right - s.matched.left, s.matched.bottom - s.matched.top) == pytest.approx((0.5, 0.5))
        assert s.closer_than is None


def test_the_filter_that_leaves_nothing_is_named_in_a_sentence(workbench):
    sentence = workbench.why_empty("colours", Filters(("red",), ("own",)))
    assert sentence == "The filter “Origin” leaves no case; widen or remove it."


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"liked": ("x",)}, "Colours has no case “x”"),
        ({"disliked": ("y",)}, "Colours has no case “y”"),
        ({"liked": ("phantom_red_1",), "disliked": ("phantom_red_1",)}, "is both liked and disliked; choose one"),
        ({"k": 0}, "0 cases were asked for; choose from 1 to 50"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_words(workbench, query, named, sentence):
    assert sentence in said(workbench.similar, query, **named)


def test_a_region_of_a_task_without_patch_vectors_is_refused_with_the_remedy(workbench, query):
    bare = replace(query, patches=None)
    sentence = said(workbench.similar, bare, region=Box(0, 0, 0.5, 0.5))
    assert sentence.startswith("Colours was fitted without patch vectors")
    assert "`dinoscope fit`" in sentence


def test_the_map_places_a_case_where_it_lies(workbench):
    task = workbench.tasks["colours"]
    for i in (0, 7):
        np.testing.assert_allclose(task.map.place(task.vectors[i]), task.map.points[i], atol=1e-5)
    assert 0 < task.map.share <= 1
