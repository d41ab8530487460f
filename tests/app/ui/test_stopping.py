"""What is no longer wanted stops, before its turn and after it, and never stands beside what was asked for since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dinoscope.explain.session import ExplainRequest
from dinoscope.reading import images
from dinoscope.ui.answers import Reader
from dinoscope.ui.explain_view import STOPPED, Explainer, ExplainView
from dinoscope.ui.running import Running
from dinoscope.ui.visit import Chosen
from fixtures.tiny import drawn


def chosen(label: str = "red", task: str | None = None) -> Chosen:
    return Chosen(images.read(drawn("colours", label, 9)), "mine.png", task=task)


def quiet(done: int, total: int, what: str) -> None:
    """Nobody waits."""


@pytest.mark.parametrize("method", ["vitcx", "vitcx_published", "rise"])
def test_a_map_that_is_no_longer_wanted_is_stopped(workbench, method):
    explainer = Explainer(workbench, {}, Running(), Running())
    last = Reader.of(workbench, {}).read(chosen(task="colours"))

    def stop(done: int, total: int, what: str) -> None:
        explainer.halt("anna")

    view = explainer.ask(last.chosen, [ExplainRequest("red", method=method)], "anna", stop)
    assert "Stopped" in view.answer
    assert view.shown is None


def test_measuring_a_map_never_takes_the_place_of_one_asked_for_since(workbench):
    """The page measures a map after it is drawn, by which time its visitor may have chosen another method."""
    explainer = Explainer(workbench, {}, Running(), Running())
    last = Reader.of(workbench, {}).read(chosen(task="colours"))
    request = ExplainRequest("red", method="gradcam")
    before = explainer.ask(last.chosen, [request], "anna", quiet).shown

    def meanwhile(done: int, total: int, what: str) -> None:
        assert explainer.measure(before, "anna", quiet) == ExplainView()

    newer = explainer.ask(last.chosen, [replace(request, method="rise")], "anna", meanwhile)
    assert newer.shown is not None
    assert newer.method == "rise"
    assert explainer.measure(newer.shown, "anna", quiet).curves


def test_the_check_of_a_map_says_nothing_of_the_next_one(workbench):
    reader = Reader.of(workbench, {})
    explainer, last = reader.explainer, reader.read(reader.take(chosen(task="colours"), "anna"))
    request = ExplainRequest("red", method="rise", quick=True)
    shown = explainer.ask(last.chosen, [request], "anna", quiet).shown

    def another(done: int, total: int, what: str) -> None:
        explainer.ask(last.chosen, [replace(request, target="blue")], "anna", quiet)

    def picture(done: int, total: int, what: str) -> None:
        reader.take(chosen("blue"), "anna")

    for meanwhile in (another, picture):
        assert explainer.check(shown, "anna", meanwhile) is None
    assert "seed" in explainer.check(shown, "anna", quiet)


def test_a_map_that_waits_for_its_turn_can_be_stopped(workbench):
    reader = Reader.of(workbench, {})
    explainer, last = reader.explainer, reader.read(reader.take(chosen(task="colours"), "anna"))
    assert explainer.halt("anna") is STOPPED
    view = explainer.ask(last.chosen, [ExplainRequest("red", method="gradcam")], "anna", quiet, last.chosen.explaining)
    assert "Stopped" in view.answer
    assert explainer.halt("anna") == ExplainView(), "there is nothing left to stop"
    drawn = explainer.ask(last.chosen, [ExplainRequest("red", method="gradcam")], "anna", quiet)
    assert explainer.halt("anna", drawn=True) == ExplainView(), "the map that is there stays"
    assert "Stopped" in explainer.measure(drawn.shown, "anna", quiet).curves
