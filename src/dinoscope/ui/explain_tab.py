"""Explain tab: which regions cause the score, and how faithful that picture is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..errors import RequestError
from ..evidence import Evidence
from ..explain import Progress
from ..explain.methods import METHODS
from ..explain.session import Asked, Question
from ..results import Explanation
from ..tasks import Task
from ..workbench import Source, Workbench
from . import explain_markup, markup
from .case_panel import Chosen
from .recommendation import best, recommend
from .running import EXPLAINING, Running, StoppedError, SupersededError

NEAREST = 8
"""Cases offered for "similar to"."""
NO_CASE = ("no case: explain the class", "")


@dataclass(frozen=True)
class Shown:
    """What one visitor's tab shows: the picture's explanations, one or two side by side, and how they were asked."""

    chosen: Chosen
    asked: tuple[Asked, ...]
    found: tuple[Explanation, ...]


@dataclass(frozen=True)
class ExplainTab:
    """The tab's handler of a new picture with its inputs and outputs: answer, curves, what is shown, and more."""

    fresh: Callable
    inputs: list
    outputs: list
    follow: Callable
    """Given the event that runs `fresh`, measures afterwards what it showed, and looks for cases to compare with."""
    supersede: Callable[[str], None]
    """Given a visitor's session, drops the answer under way: there is another picture."""


def build(workbench: Workbench, chosen: gr.State, evidence: dict[str, Evidence]) -> ExplainTab:
    """Lay out the tab and wire it."""
    shown, running, checks = gr.State(None, time_to_live=3600), Running(), Running()
    with gr.Row():
        target = gr.Dropdown([], label="Class to explain", elem_id="target", scale=3, min_width=150)
        method = gr.Dropdown(_methods(), value="vitcx", label="Method", elem_id="method", scale=3, min_width=150)
        stop = gr.Button("Stop", size="sm", elem_id="stop", scale=1, min_width=64)
    about = gr.HTML(_about("vitcx", None, evidence), elem_id="method-about")
    with gr.Accordion("Compare and adjust", open=False):
        with gr.Row():
            instead = gr.Dropdown([], label="Why rather than", elem_id="instead", min_width=150)
            second = gr.Dropdown(
                [("no second method", ""), *_methods()], value="", label="Beside it", elem_id="second", min_width=150
            )
        like = gr.Dropdown([], label="Or: what makes it similar to this case", elem_id="like", allow_custom_value=True)
        with gr.Row():
            pace = gr.Radio([("full", False), ("quick", True)], value=False, label="Pace", elem_id="pace")
            seed = gr.Number(0, label="Seed", precision=0, minimum=0, min_width=100, elem_id="seed")
    answer = gr.HTML(markup.WAITING, elem_id="explain-answer")
    better = gr.Button(visible=False, size="sm", elem_id="better")
    curves = gr.HTML(elem_classes="curves", elem_id="curves")
    with gr.Accordion("The masks that mattered most", open=False):
        masks = gr.HTML(markup.WAITING, elem_id="masks")
    with gr.Accordion("Check this map", open=False):
        gr.HTML(
            markup.quiet(
                "A map worth reading hardly changes with the seed, and does change when the head is "
                "replaced by one that was never fitted. Takes about twice as long as the map."
            )
        )
        button = gr.Button("Check", size="sm", elem_id="check")
        checked = gr.HTML(elem_id="checked")

    def show(
        value: Chosen | None,
        target: str | None,
        method: str,
        instead: str | None,
        like: str | None,
        second: str,
        quick: bool,
        seed: float | None,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ) -> tuple:
        hidden = gr.Button(visible=False)
        if value is None or value.reading is None:
            return markup.WAITING, "", None, "", markup.WAITING, _about(method, None, evidence), hidden
        task = workbench.tasks[value.reading.task]
        about = _about(method, task, evidence)
        wanted = target if target in task.head.classes else value.reading.label
        still_wanted = running.begin(request.session_hash or "")
        told = _told(still_wanted, progress, "Reading some patches at a time")
        try:
            asked = []
            for name in dict.fromkeys(m for m in (method, second) if m):
                question = Question(wanted, instead or None, like or None, name, int(seed or 0), bool(quick))
                asked.append(workbench.ask(value.decoded, task.name, question))
            found = tuple(a.explain(told) for a in asked)
            still_wanted()
        except SupersededError:
            # Nothing to measure afterwards: that would take the place of the answer that is under way now.
            return gr.skip(), gr.skip(), None, gr.skip(), gr.skip(), gr.skip(), gr.skip()
        except RequestError as fault:
            return markup.error(str(fault)), "", None, "", markup.WAITING, about, hidden
        except StoppedError:
            return explain_markup.STOPPED, "", None, "", markup.WAITING, about, hidden
        page = explain_markup.answer(found, value.decoded.picture, task)
        pictures = explain_markup.masks(found[0], value.decoded.picture)
        return page, explain_markup.MEASURING, Shown(value, tuple(asked), found), "", pictures, about, hidden

    def measure(
        value: Shown | None,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ) -> tuple:
        if value is None:
            return gr.skip(), gr.skip(), None, gr.skip()
        still_wanted = running.begin(request.session_hash or "")
        told = _told(still_wanted, progress, "Removing patches")
        try:
            found = tuple(a.measure(f, told) for a, f in zip(value.asked, value.found, strict=True))
            still_wanted()
        except SupersededError:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        except StoppedError:
            return gr.skip(), markup.quiet("Stopped before the map was measured."), value, gr.skip()
        picture, task = value.chosen.decoded.picture, value.asked[0].task
        page = explain_markup.answer(found, picture, task) + explain_markup.downloads(picture, found[0])
        return page, explain_markup.curves(found), Shown(value.chosen, value.asked, found), lead(found[0], task)

    def lead(found: Explanation, task: Task) -> Any:
        """The button that leads from a map no better than chance to the best method for the task."""
        other = best(evidence, task)
        useful = explain_markup.doubtful(found) and other and other != found.method
        return gr.Button(f"Show {METHODS[other].title} instead" if useful else "", visible=bool(useful))

    def take(value: Shown | None) -> Any:
        return gr.skip() if value is None else best(evidence, value.asked[0].task)

    def check(value: Shown | None, request: gr.Request, progress=gr.Progress()) -> str:  # noqa: B008
        if value is None:
            return markup.error("There is no map to check yet; choose a picture first.")
        # Counted apart: a check does not stop the curves that may still be under way.
        told = _told(checks.begin(request.session_hash or ""), progress, "Drawing the other maps")
        try:
            return explain_markup.check(value.asked[0].check(value.found[0], told))
        except StoppedError:
            return markup.quiet("Stopped.")

    def fresh(
        value: Chosen | None,
        method: str,
        second: str,
        quick: bool,
        seed: float | None,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ) -> tuple:
        """A new picture starts with its most likely class, whatever was explained before."""
        answers = show(value, None, method, None, None, second, quick, seed, request, progress)
        if answers[0] == gr.skip():  # there is a newer picture
            return *answers, gr.skip(), gr.skip(), gr.skip()
        if value is None or value.reading is None:
            nothing = gr.Dropdown(choices=[], value=None)
            return *answers, nothing, nothing, nothing
        task = workbench.tasks[value.reading.task]
        choices = [(task.display(c), c) for c in task.head.classes]
        return (
            *answers,
            gr.Dropdown(choices=choices, value=value.reading.label),
            gr.Dropdown(choices=[("nothing: explain the class alone", ""), *choices], value=""),
            gr.Dropdown(choices=[NO_CASE], value=""),
        )

    def offer(value: Chosen | None) -> Any:
        if value is None or value.reading is None:
            return gr.skip()
        return gr.Dropdown(choices=cases_to_compare(workbench, value.decoded, value.reading.task))

    answers = [answer, curves, shown, checked, masks, about, better]
    private: dict[str, Any] = {"api_visibility": "private", **EXPLAINING}

    def measured(event: Any) -> None:
        event.then(measure, shown, [answer, curves, shown, better], show_progress_on=curves, **private)

    def follow(event: Any) -> None:
        measured(event)
        event.then(offer, chosen, like, show_progress="hidden", **private)

    def halt(request: gr.Request) -> None:
        for answers in (running, checks):
            answers.stop(request.session_hash or "")

    def asks(event: Callable, *settings: Any) -> Any:
        run = event(show, [chosen, *settings], answers, show_progress_on=answer, trigger_mode="always_last", **private)
        measured(run)
        return run

    for event in (method.input, like.input, second.input, pace.input, seed.submit):
        asks(event, target, method, instead, like, second, pace, seed)
    taken = better.click(take, shown, method, **private)
    asks(taken.then, target, method, instead, like, second, pace, seed)
    # Who chooses a class asks about classes, no longer about a case.
    no_case = gr.State("")
    for box in (target, instead):
        asks(box.input, target, method, instead, no_case, second, pace, seed).then(lambda: "", None, like, **private)
    button.click(check, shown, checked, **private)
    stop.click(halt, None, None, queue=False, **private)
    return ExplainTab(
        fresh, [chosen, method, second, pace, seed], [*answers, target, instead, like], follow, running.supersede
    )


def cases_to_compare(workbench: Workbench, picture: Source, task: str) -> list[tuple[str, str]]:
    """What "similar to" offers: the nearest cases. A search that fails takes no map from anybody."""
    try:
        found = workbench.similar(picture, task, k=NEAREST)
    except RequestError:
        found = []
    display = workbench.tasks[task].display
    named = [(f"{display(s.case.labels[0])}, similarity {s.similarity:.2f} ({s.case.id})", s.case.id) for s in found]
    return [NO_CASE, *named]


def _methods() -> list[tuple[str, str]]:
    return [(m.title, name) for name, m in METHODS.items()]


def _about(method: str, task: Task | None, evidence: dict[str, Evidence]) -> str:
    """What the method does in one sentence, and the better one where the evidence has one."""
    return markup.quiet(f"{METHODS[method].sentence} {recommend(evidence, task, method)}")


def _told(check: Callable[[], None], progress: gr.Progress, what: str) -> Progress:
    """Shows progress, unless the visitor has stopped waiting."""

    def tell(done: int, total: int) -> None:
        check()
        progress((done, total), desc=what, unit="passes")

    return tell
