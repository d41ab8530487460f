"""Similar cases, the verb: the nearest ones, never the picture itself, by filters and by id."""

from __future__ import annotations

import pytest

from dinoscope.results import Vote, vote, votes
from dinoscope.similar import Case, Filters, SimilarCase
from fixtures.asking import said
from fixtures.tiny import drawn


def test_similar_cases_are_of_the_class_and_nearest_first(workbench, red):
    found = workbench.similar(red, k=5)
    assert len(found) == 5
    assert {s.case.labels for s in found} == {("red",)}
    assert [s.similarity for s in found] == sorted((s.similarity for s in found), reverse=True)
    assert all(0.5 < s.similarity <= 1 for s in found)


def test_a_picture_that_is_itself_a_case_is_not_shown_to_itself(workbench, public_pictures):
    case = next(c for c in workbench.tasks["colours"].cases if c.origin == "public" and c.labels == ("red",))
    found = workbench.similar(public_pictures / "colours" / case.id, "colours", k=50)
    assert found
    assert case.id not in [s.case.id for s in found]


def test_cases_like_a_known_case_are_found_by_its_id(workbench):
    found = workbench.similar_to_case("phantom_red_1", "colours", k=3)
    assert "phantom_red_1" not in [s.case.id for s in found]
    assert {s.case.labels for s in found} == {("red",)}


def test_filters_reach_the_index(workbench, red):
    found = workbench.similar(red, k=50, filters=Filters(labels=("blue",), origins=("phantom",)))
    assert sorted(s.case.id for s in found) == [f"phantom_blue_{i}" for i in range(4)]


def test_no_test_picture_is_among_the_cases(workbench):
    assert all(case.fold != 0 for task in workbench.tasks.values() for case in task.cases)


def test_the_vote_is_the_majority_and_on_a_tie_the_nearest(workbench, red):
    found = workbench.similar(red, k=5)
    assert vote(found) == Vote("red", 5, 5)
    blue, green = (workbench.similar(drawn("colours", c, 77, strength=60), k=2) for c in ("blue", "green"))
    assert vote([*blue, *green, *found[:1]]) == Vote("blue", 2, 5)
    assert vote([*green, *blue]) == Vote("green", 2, 4)
    assert vote([]) is None


def test_every_finding_of_a_case_counts_and_not_only_the_first_in_the_order_of_the_classes():
    several = [("cataract", "myopia"), ("glaucoma", "myopia"), ("normal",), ("normal",), ("hypertension", "myopia")]
    found = [SimilarCase(Case(str(i), labels, "public"), 0.9 - 0.1 * i) for i, labels in enumerate(several)]
    assert vote(found) == Vote("myopia", 3, 5)
    assert [(v.label, v.count) for v in votes(found)[:3]] == [("myopia", 3), ("normal", 2), ("cataract", 1)]


@pytest.mark.parametrize("k", [0, -3, 51])
def test_a_number_of_cases_out_of_range_is_refused_with_its_value(workbench, red, k):
    assert said(workbench.similar, red, k=k) == f"{k} cases were asked for; choose from 1 to 50"
