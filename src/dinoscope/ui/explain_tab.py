"""Explain tab: which regions cause the score, and how faithful that picture is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from ..errors import RequestError
from ..explain.methods import METHODS
from . import markup
from .explain_view import METHOD, Explainer, ExplainView, Show, Shown, refused
from .running import EXPLAINING
from .view import updates
from .visit import FORGOTTEN, Chosen, current

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
AFTER: dict[str, Any] = {**PRIVATE, "trigger_mode": "multiple"}
"""What follows an event: by default it would be left out where it is still under way for the event before."""
CHECK = (
    "A map worth reading hardly changes with the seed, and does change when the head is replaced by one that was "
    "never fitted. Takes about twice as long as the map."
)


@dataclass(frozen=True)
class ExplainTab:
    """The tab's widgets by the names of a view, and what the page wires to a new picture."""

    widgets: dict[str, Any]
    begin: Callable
    """(chosen, *settings) -> the maps of its most likely class, whatever was explained before."""
    settings: list
    follow: Callable[[Any], Any]
    """Given the event that shows a map, measures it afterwards."""


def build(explainer: Explainer, chosen: gr.State, card: gr.HTML, first: ExplainView) -> ExplainTab:
    """Lay out the tab and wire it."""
    laid = {"card": card, **_lay_out(first)}
    shown, method, like = laid["shown"], laid["method"], laid["like"]
    calls = _Calls(explainer, {field.name: laid[field.name] for field in fields(ExplainView)})
    outputs = list(calls.widgets.values())
    pace_and_more = [laid[name] for name in ("second", "pace", "seed")]

    def follow(event: Any) -> Any:
        told: dict[str, Any] = {**AFTER, "show_progress_on": laid["curves"]}
        return event.then(calls.measure, shown, outputs, **told, **EXPLAINING)

    def asks(event: Callable, like: gr.Dropdown | gr.State) -> Any:
        asked = [chosen, shown, laid["target"], method, laid["instead"], like, *pace_and_more]
        told: dict[str, Any] = {"show_progress_on": laid["answer"], "trigger_mode": "always_last"}
        run = event(current(calls.ask), asked, outputs, **told, **PRIVATE, **EXPLAINING)
        follow(run)
        return run

    # A menu's `input` comes twice where an entry is pressed, and once more when the menu is left.
    second, pace, seed = pace_and_more
    for event in (method.select, like.select, second.select, pace.input, seed.submit):
        asks(event, like)
    better = laid["better"].click(lambda value: explainer.best(value) or gr.skip(), shown, method, **PRIVATE)
    asks(better.then, like)
    # Who chooses a class asks about classes, no longer about a case.
    for box in (laid["target"], laid["instead"]):
        asks(box.select, gr.State("")).then(lambda: "", None, like, **AFTER)
    laid["check"].click(calls.check, shown, laid["checked"], **PRIVATE, **EXPLAINING)
    laid["stop"].click(calls.halt, None, None, queue=False, **PRIVATE)
    return ExplainTab(calls.widgets, calls.begin, [method, *pace_and_more], follow)


def _lay_out(first: ExplainView) -> dict[str, Any]:
    """Every widget by its name; those that a view fills are called as its fields are."""
    laid: dict[str, Any] = {"shown": gr.State()}
    laid["answer"] = gr.HTML(first.answer, elem_id="explain-answer")
    offer = first.better.words
    laid["better"] = gr.Button(offer, visible=bool(offer), size="sm", elem_id="better")
    with gr.Row():
        laid["target"] = _menu(first.target, label="Class to explain", elem_id="target", scale=3, min_width=150)
        methods = [(m.title, name) for name, m in METHODS.items()]
        laid["method"] = gr.Dropdown(methods, value=METHOD, label="Method", elem_id="method", scale=3, min_width=150)
        laid["stop"] = gr.Button("Stop", size="sm", elem_id="stop", scale=1, min_width=64)
    laid["about"] = gr.HTML(first.about, elem_id="method-about")
    laid["curves"] = gr.HTML(first.curves, elem_classes="curves", elem_id="curves")
    with gr.Accordion("Compare and adjust", open=False):
        with gr.Row():
            laid["instead"] = _menu(first.instead, label="Why rather than", elem_id="instead", min_width=150)
            beside = [("no second method", ""), *methods]
            laid["second"] = gr.Dropdown(beside, value="", label="Beside it", elem_id="second", min_width=150)
        case = "Or: what makes it similar to this case"
        laid["like"] = _menu(first.like, label=case, elem_id="like", allow_custom_value=True)
        with gr.Row():
            laid["pace"] = gr.Radio([("full", False), ("quick", True)], value=False, label="Pace", elem_id="pace")
            laid["seed"] = gr.Number(0, label="Seed", precision=0, minimum=0, min_width=100, elem_id="seed")
    with gr.Accordion("The masks that mattered most", open=False):
        laid["masks"] = gr.HTML(first.masks, elem_id="masks")
    with gr.Accordion("Check this map", open=False):
        gr.HTML(markup.quiet(CHECK))
        laid["check"] = gr.Button("Check", size="sm", elem_id="check")
        laid["checked"] = gr.HTML(elem_id="checked")
    return laid


@dataclass(frozen=True)
class _Calls:
    """What the tab's events do: the explainer's views, as updates of the widgets that show them."""

    explainer: Explainer
    widgets: dict[str, Any]

    def begin(
        self,
        value: Chosen | None,
        method: str,
        second: str,
        pace: bool,
        seed: float | None,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ) -> dict:
        try:
            requests = self.explainer.first(value, method, second, pace, seed)
        except RequestError as fault:
            return updates(refused(str(fault)), self.widgets)
        return updates(self.explainer.ask(value, requests, visitor_of(request), _shown_on(progress)), self.widgets)

    def ask(
        self,
        value: Chosen | None,
        before: Shown | None,
        target: str | None,
        method: str,
        instead: str | None,
        like: str | None,
        second: str,
        pace: bool,
        seed: float | None,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ) -> dict:
        try:
            if value is None:
                raise RequestError(FORGOTTEN)
            requests = self.explainer.requests(value, target, method, instead, like, second, pace, seed)
        except RequestError as fault:
            return updates(refused(str(fault)), self.widgets)
        if before and before.measured and before.chosen is value and [s.request for s in before.sessions] == requests:
            return gr.skip()  # a menu was left as it was
        return updates(self.explainer.ask(value, requests, visitor_of(request), _shown_on(progress)), self.widgets)

    def measure(self, value: Shown | None, request: gr.Request, progress=gr.Progress()) -> dict:  # noqa: B008
        return updates(self.explainer.measure(value, visitor_of(request), _shown_on(progress)), self.widgets)

    def check(self, value: Shown | None, request: gr.Request, progress=gr.Progress()) -> str:  # noqa: B008
        return self.explainer.check(value, visitor_of(request), _shown_on(progress))

    def halt(self, request: gr.Request) -> None:
        self.explainer.halt(visitor_of(request))


def _menu(first: Any, **asked: Any) -> gr.Dropdown:
    return gr.Dropdown(first.choices, value=first.value, **asked)


def visitor_of(request: gr.Request) -> str:
    """Tells visits apart."""
    return request.session_hash or ""


def _shown_on(progress: gr.Progress) -> Show:
    return lambda done, total, what: progress((done, total), desc=what, unit="passes")
