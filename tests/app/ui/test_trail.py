"""The steps of a visitor's search: on, back, forward, and what a new step forgets."""

from __future__ import annotations

import numpy as np

from dinoscope.similar.search import Query
from dinoscope.ui.trail import Step, Trail

START = Step(Query("colours", np.ones(2), None, (1, 1)), "your picture")


def test_back_and_forward_walk_the_steps_and_stop_at_their_ends():
    trail = Trail((START,)).to(START.more("a")).to(START.more("b"))
    assert trail.now.liked == ("b",)
    assert (trail.can_go_back, trail.can_go_forward) == (True, False)
    back = trail.back().back().back()
    assert back.now == START
    assert (back.can_go_back, back.can_go_forward) == (False, True)
    assert back.forward().forward().forward() == trail


def test_a_new_step_forgets_those_that_were_gone_back_from():
    trail = Trail((START,)).to(START.more("a")).back().to(START.less("b"))
    assert [s.disliked for s in trail.steps] == [(), ("b",)]
    assert not trail.can_go_forward


def test_a_case_is_liked_or_disliked_but_never_both_and_can_be_forgotten():
    step = START.more("a").more("b").less("a")
    assert (step.liked, step.disliked) == (("b",), ("a",))
    assert step.more("b").liked == ("b",)
    assert step.without("a").without("b") == START
