"""Explain tab: which regions cause the score, and how faithful that picture is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..errors import RequestError
from ..explain.methods import METHODS
from . import markup
from .explain_view import METHOD, Explainer, ExplainView, Show, Shown, refused
from .running import EXPLAINING
from .view import updates
from .visit import Chosen

PRIVATE: dict[str, Any] = {"api_visibility": "private"}


@dataclass(frozen=True)
class ExplainTab:
    """The tab's widgets by the names of a view, and what the page wires to a new picture."""

    widgets: dict[str, Any]
    begin: Callable
    """(chosen, method, second, pace, seed) -> the maps of its most likely class, whatever was explained before."""
    settings: list
    follow: Callable[[Any], Any]
    """Given the event that shows a map, measures it afterwards."""


def build(explainer: Explainer, chosen: gr.State, card: gr.HTML, first: ExplainView) -> ExplainTab:
    """Lay out the tab and wire it."""
    shown = gr.State(first.shown, time_to_live=3600)
    answer = gr.HTML(first.answer, elem_id="explain-answer")
    better = gr.Button(first.better.words, visible=bool(first.better.words), size="sm", elem_id="better")
    with gr.Row():
        target = _menu(first.target, label="Class to explain", elem_id="target", scale=3, min_width=150)
        method = gr.Dropdown(_methods(), value=METHOD, label="Method", elem_id="method", scale=3, min_width=150)
        stop = gr.Button("Stop", size="sm", elem_id="stop", scale=1, min_width=64)
    about = gr.HTML(first.about, elem_id="method-about")
    curves = gr.HTML(first.curves, elem_classes="curves", elem_id="curves")
    with gr.Accordion("Compare and adjust", open=False):
        with gr.Row():
            instead = _menu(first.instead, label="Why rather than", elem_id="instead", min_width=150)
            beside = [("no second method", ""), *_methods()]
            second = gr.Dropdown(beside, value="", label="Beside it", elem_id="second", min_width=150)
        case = "Or: what makes it similar to this case"
        like = _menu(first.like, label=case, elem_id="like", allow_custom_value=True)
        with gr.Row():
            pace = gr.Radio([("full", False), ("quick", True)], value=False, label="Pace", elem_id="pace")
            seed = gr.Number(0, label="Seed", precision=0, minimum=0, min_width=100, elem_id="seed")
    with gr.Accordion("The masks that mattered most", open=False):
        masks = gr.HTML(first.masks, elem_id="masks")
    with gr.Accordion("Check this map", open=False):
        gr.HTML(
            markup.quiet(
                "A map worth reading hardly changes with the seed, and does change when the head is "
                "replaced by one that was never fitted. Takes about twice as long as the map."
            )
        )
        button = gr.Button("Check", size="sm", elem_id="check")
        checked = gr.HTML(elem_id="checked")
    widgets = {
        "card": card,
        "answer": answer,
        "curves": curves,
        "masks": masks,
        "checked": checked,
        "about": about,
        "shown": shown,
        "target": target,
        "instead": instead,
        "like": like,
        "better": better,
    }
    outputs = list(widgets.values())

    def show(value: Chosen | None, *asked: Any, request: gr.Request, progress: gr.Progress) -> dict:
        try:
            requests = explainer.requests(value, *asked)
        except RequestError as fault:
            return updates(refused(str(fault)), widgets)
        return updates(explainer.ask(value, requests, _visitor(request), _shown_on(progress)), widgets)

    def begin(
        value: Chosen | None,
        method: str,
        second: str,
        pace: bool,
        seed: float | None,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ) -> dict:
        return show(value, None, method, None, None, second, pace, seed, request=request, progress=progress)

    def ask(
        value: Chosen | None,
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
        return show(value, target, method, instead, like, second, pace, seed, request=request, progress=progress)

    def measure(value: Shown | None, request: gr.Request, progress=gr.Progress()) -> dict:  # noqa: B008
        return updates(explainer.measure(value, _visitor(request), _shown_on(progress)), widgets)

    def check(value: Shown | None, request: gr.Request, progress=gr.Progress()) -> str:  # noqa: B008
        return explainer.check(value, _visitor(request), _shown_on(progress))

    def halt(request: gr.Request) -> None:
        explainer.halt(_visitor(request))

    def follow(event: Any) -> Any:
        return event.then(measure, shown, outputs, show_progress_on=curves, **PRIVATE, **EXPLAINING)

    def asks(event: Callable, like: gr.Dropdown | gr.State) -> Any:
        settings = [chosen, target, method, instead, like, second, pace, seed]
        run = event(
            ask, settings, outputs, show_progress_on=answer, trigger_mode="always_last", **PRIVATE, **EXPLAINING
        )
        follow(run)
        return run

    for event in (method.input, like.input, second.input, pace.input, seed.submit):
        asks(event, like)
    instead_of_this = better.click(lambda value: explainer.best(value) or gr.skip(), shown, method, **PRIVATE)
    asks(instead_of_this.then, like)
    # Who chooses a class asks about classes, no longer about a case.
    for box in (target, instead):
        asks(box.input, gr.State("")).then(lambda: "", None, like, **PRIVATE)
    button.click(check, shown, checked, **PRIVATE, **EXPLAINING)
    stop.click(halt, None, None, queue=False, **PRIVATE)
    return ExplainTab(widgets, begin, [method, second, pace, seed], follow)


def _menu(first: Any, **asked: Any) -> gr.Dropdown:
    return gr.Dropdown(first.choices, value=first.value, **asked)


def _methods() -> list[tuple[str, str]]:
    return [(m.title, name) for name, m in METHODS.items()]


def _visitor(request: gr.Request) -> str:
    return request.session_hash or ""


def _shown_on(progress: gr.Progress) -> Show:
    return lambda done, total, what: progress((done, total), desc=what, unit="passes")
