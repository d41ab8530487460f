"""The steps of a visitor's search: on, back, forward, and what a new step forgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dinoscope.errors import RequestError
from dinoscope.similar import Query, SearchRequest
from dinoscope.ui.trail import MOST_STEPS, Step, Trail

START = Step(Query("colours", np.ones(2)), "your picture")


def liking(case_id: str) -> Step:
    return replace(START, request=START.request.more(case_id))


def test_back_and_forward_walk_the_steps_and_stop_at_their_ends():
    trail = Trail((START,)).to(liking("a")).to(liking("b"))
    assert trail.now.request.liked == ("b",)
    assert (trail.can_go_back, trail.can_go_forward) == (True, False)
    back = trail.back().back().back()
    assert back.now == START
    assert (back.can_go_back, back.can_go_forward) == (False, True)
    assert back.forward().forward().forward() == trail


def test_a_new_step_forgets_those_that_were_gone_back_from():
    trail = Trail((START,)).to(liking("a")).back().to(liking("b"))
    assert [s.request.liked for s in trail.steps] == [(), ("b",)]
    assert not trail.can_go_forward


def test_a_case_is_liked_or_disliked_but_never_both_and_can_be_forgotten():
    request = SearchRequest().more("a").more("b").less("a")
    assert (request.liked, request.disliked) == (("b",), ("a",))
    assert request.more("b").liked == ("b",)
    assert request.without("a").without("b") == SearchRequest()


def test_a_search_has_a_last_step():
    trail = Trail((START,))
    for i in range(MOST_STEPS - 1):
        trail = trail.to(liking(str(i)))
    with pytest.raises(RequestError, match=f"This search has {MOST_STEPS} steps"):
        trail.to(liking("more"))
    assert trail.back().to(liking("other")).now == liking("other")
