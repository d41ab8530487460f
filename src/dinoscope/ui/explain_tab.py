"""Explain tab: which regions cause the score, and how faithful that picture is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import gradio as gr

from ..errors import RequestError
from ..explain.methods import METHODS
from ..explain.session import ExplainRequest
from ..results import Reading
from . import markup
from .explain_view import METHOD, Explainer, ExplainView, Show, Shown, refused
from .running import EXPLAINING
from .view import Shared, updates
from .visit import FORGOTTEN, Chosen, current

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
AFTER: dict[str, Any] = {**PRIVATE, "trigger_mode": "multiple"}
"""What follows an event: by default it would be left out where it is still under way for the event before."""
CHOOSING: dict[str, Any] = {
    **PRIVATE,
    "show_progress": "hidden",
    "trigger_mode": "always_last",
    "concurrency_id": "choosing",
    "concurrency_limit": 1,
}
"""What a widget says when it is used, which is twice or too often: one after the other, so that each knows what the one
before made of it, and the last counts."""
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

    # A menu's `input` comes twice where an entry is pressed, and once more when the menu is left; its `select` never
    # comes from a keyboard. So what is asked is put here first, and answered where it has changed.
    asked = gr.State()
    menus = [asked, chosen, shown, laid["target"], method, laid["instead"], like, *pace_and_more]
    second, pace, seed = pace_and_more
    for event in (method.input, like.input, second.input, pace.input, seed.submit):
        event(calls.choose, menus, asked, **CHOOSING)
    for box in (laid["target"], laid["instead"]):
        box.input(calls.choose_class, menus, [asked, like], **CHOOSING)
    better = laid["better"].click(lambda value: explainer.best(value) or gr.skip(), shown, method, **PRIVATE)
    better.then(calls.choose, menus, asked, **CHOOSING)
    told: dict[str, Any] = {"show_progress_on": laid["answer"], "trigger_mode": "always_last"}
    follow(asked.change(current(calls.ask), [chosen, asked], outputs, **told, **PRIVATE, **EXPLAINING))
    laid["check"].click(calls.check, shown, laid["checked"], **PRIVATE, **EXPLAINING)
    laid["stop"].click(calls.halt, [chosen, shown, asked], outputs, queue=False, show_progress="hidden", **PRIVATE)
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


@dataclass(frozen=True, eq=False)
class _Asked(Shared):
    """What was asked last; no two are equal, so that the same can be asked again.

    Attributes:
        reading: of the picture that it is about.
        wanted: raises once it is not wanted any more; why: it cannot be asked.
    """

    reading: Reading | None
    requests: list[ExplainRequest] = field(default_factory=list)
    wanted: Callable[[], None] | None = None
    why: str = ""


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
        wanted = value.explaining if value else None
        view = self.explainer.ask(value, requests, visitor_of(request), _shown_on(progress), wanted)
        return updates(view, self.widgets)

    def choose(
        self, request: gr.Request, last: _Asked | None, value: Chosen | None, before: Shown | None, *menus: Any
    ) -> Any:
        """What the menus ask for, where that is something else than before, or was stopped."""
        if value is None:
            return _Asked(None, why=FORGOTTEN)
        if value.reading is None:
            return gr.skip()
        try:
            requests = self.explainer.requests(value, *menus)
        except RequestError as fault:
            return _Asked(value.reading, why=str(fault))
        answered = _drawn(before, value) == requests and before is not None and before.measured
        if requests == _now(last, before, value) and (answered or self.explainer.running.busy(visitor_of(request))):
            return gr.skip()
        return _Asked(value.reading, requests, self.explainer.running.begin(visitor_of(request)))

    def choose_class(
        self,
        request: gr.Request,
        last: _Asked | None,
        value: Chosen | None,
        before: Shown | None,
        target: str | None,
        method: str,
        instead: str | None,
        like: str | None,
        *more: Any,
    ) -> tuple:
        """The same of who chooses a class: they ask about classes, no longer about a case."""
        now = _now(last, before, value)
        same = bool(now) and (now[0].target, now[0].instead_of) == (target, instead or None)
        case = like if same else ""
        asked = self.choose(request, last, value, before, target, method, instead, case, *more)
        return asked, gr.skip() if same else ""

    def ask(
        self,
        value: Chosen | None,
        asked: _Asked | None,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ) -> dict:
        if asked is None or (value is not None and asked.reading is not value.reading):
            return gr.skip()
        if asked.why:
            return updates(refused(asked.why), self.widgets)
        show = _shown_on(progress)
        return updates(self.explainer.ask(value, asked.requests, visitor_of(request), show, asked.wanted), self.widgets)

    def measure(self, value: Shown | None, request: gr.Request, progress=gr.Progress()) -> dict:  # noqa: B008
        return updates(self.explainer.measure(value, visitor_of(request), _shown_on(progress)), self.widgets)

    def check(self, value: Shown | None, request: gr.Request, progress=gr.Progress()) -> Any:  # noqa: B008
        return self.explainer.check(value, visitor_of(request), _shown_on(progress)) or gr.skip()

    def halt(self, value: Chosen | None, before: Shown | None, last: _Asked | None, request: gr.Request) -> dict:
        drawn = _drawn(before, value)
        there = bool(drawn) and drawn == _now(last, before, value)
        return updates(self.explainer.halt(visitor_of(request), there), self.widgets)


def _drawn(before: Shown | None, value: Chosen | None) -> list[ExplainRequest]:
    """What the maps answer that are shown of a picture; nothing where they are of another one."""
    if before is None or value is None or before.chosen.reading is not value.reading:
        return []
    return [s.request for s in before.sessions]


def _now(last: _Asked | None, before: Shown | None, value: Chosen | None) -> list[ExplainRequest]:
    """What was asked last of a picture; nothing where its first map is still to come."""
    if last is not None and value is not None and last.reading is value.reading:
        return last.requests
    return _drawn(before, value)


def _menu(first: Any, **asked: Any) -> gr.Dropdown:
    return gr.Dropdown(first.choices, value=first.value, **asked)


def visitor_of(request: gr.Request) -> str:
    """Tells visits apart."""
    return request.session_hash or ""


def _shown_on(progress: gr.Progress) -> Show:
    return lambda done, total, what: progress((done, total), desc=what, unit="passes")
