"""Case panel: the one place where a picture is chosen, shared by all tabs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from ..errors import RequestError
from ..reading import images
from ..reading.images import Decoded
from ..results import Reading
from ..similar import Case
from ..workbench import Workbench
from . import markup, theme

CLICKED = theme.static("examples.js")

AUTO = "auto"
"""Value of the task menu that leaves the choice to the nearest cases."""

Draw = Callable[[str, str, int], Image.Image]
"""(task, label, seed) -> a newly drawn picture; ValueError where the task has no drawings."""


@dataclass(frozen=True)
class Chosen:
    """What one visitor has in front of them; it lives in memory and ends with the visit.

    Attributes:
        decoded: the picture; name: how the page calls it; path: its upload, for other frames.
        task: a task's name, or None to detect it; reading: the last classification.
    """

    decoded: Decoded
    name: str
    path: str = ""
    task: str | None = None
    reading: Reading | None = None


@dataclass(frozen=True)
class CasePanel:
    """The panel's widgets, and the events that put another picture into `chosen`."""

    chosen: gr.State
    picture: gr.HTML
    changes: list


def build(workbench: Workbench, draw: Draw) -> CasePanel:
    """Lay out the panel and wire it; `changes` fire after `chosen` holds the new picture."""
    chosen = gr.State(None, time_to_live=3600)
    picture = gr.HTML(markup.EMPTY)
    frame = gr.Slider(1, 2, 1, step=1, label="Frame", visible=False, elem_id="frame")
    gr.HTML(
        markup.caption(
            "Examples, drawn by code; no real patient is shown. "
            "The heads learnt mostly from real pictures and may disagree."
        )
    )
    strip = gr.HTML(_strip(workbench, _examples(workbench, AUTO)), js_on_load=CLICKED, elem_id="examples")
    gr.HTML(markup.caption(f"Your own picture: drop, paste or choose {images.SUPPORTED}."))
    drop = gr.File(label="Your own picture", show_label=False, elem_id="drop", height=110)
    task = gr.Dropdown(
        [("Detect from the picture", AUTO), *((t.title, t.name) for t in workbench.tasks.values())],
        value=AUTO,
        label="Task",
        elem_id="task",
    )
    shown = gr.State(_examples(workbench, AUTO))
    with gr.Accordion("Draw a new one", open=False):
        kinds = [
            (f"{t.title}: {t.display(case.labels[0])}", f"{t.name}/{case.labels[0]}")
            for t in workbench.tasks.values()
            for case in t.examples()
        ]
        kind = gr.Dropdown(kinds, value=kinds[0][1] if kinds else None, label="What to draw")
        seed = gr.Number(1, label="Seed", precision=0, minimum=0)
        draw_button = gr.Button("Draw", size="sm", elem_id="draw")

    def show(value: Chosen) -> tuple:
        frames = value.decoded.frames
        slider = gr.Slider(maximum=max(2, frames), value=value.decoded.frame, visible=frames > 1)
        return value, markup.picture(value.decoded, value.name), slider, None

    def fail(sentence: str) -> tuple:
        return None, markup.EMPTY + markup.error(sentence), gr.Slider(visible=False), None

    def upload(path: str, task: str) -> tuple:
        try:
            return show(Chosen(images.read(Path(path)), Path(path).name, path, _asked(task)))
        except RequestError as fault:
            return fail(str(fault))

    def turn(value: Chosen | None, number: int, task: str) -> tuple:
        if value is None:
            return fail("Choose a picture first.")
        try:
            return show(replace(value, decoded=images.read(Path(value.path), int(number)), reading=None))
        except RequestError as fault:
            return fail(str(fault))

    def example(shown: list[tuple[str, Case]], task: str, event: gr.EventData) -> tuple:
        number = event._data.get("index")
        if not isinstance(number, int) or not 0 <= number < len(shown):
            return fail("There is no such example; choose one of those shown.")
        name, case = shown[number]
        owner = workbench.tasks[name]
        label = f"Example, drawn: {owner.display(case.labels[0])}"
        return show(Chosen(images.read(owner.folder / case.image), label, task=_asked(task)))

    def draw_new(kind: str, seed: float | None, task: str) -> tuple:
        name, label = kind.split("/", 1)
        try:
            drawn = draw(name, label, int(seed or 0))
        except ValueError as fault:
            return fail(str(fault))
        title = f"Drawn just now: {workbench.tasks[name].display(label)}, seed {int(seed or 0)}"
        return show(Chosen(images.read(drawn), title, task=_asked(task)))

    def choose_task(value: Chosen | None, task: str) -> tuple:
        shown = _examples(workbench, task)
        renewed = replace(value, task=_asked(task), reading=None) if value else None
        return renewed, shown, _strip(workbench, shown)

    # The upload box is emptied each time, so that it always takes the next file.
    outputs = [chosen, picture, frame, drop]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress_on": picture}
    changes = [
        drop.upload(upload, [drop, task], outputs, **private),
        frame.release(turn, [chosen, frame, task], outputs, **private),
        strip.click(example, [shown, task], outputs, **private),
        draw_button.click(draw_new, [kind, seed, task], outputs, **private),
        task.input(choose_task, [chosen, task], [chosen, shown, strip], **private),
    ]
    return CasePanel(chosen, picture, changes)


def _asked(task: str) -> str | None:
    return None if task == AUTO else task


def _examples(workbench: Workbench, task: str) -> list[tuple[str, Case]]:
    """(task, case): one a class of the task, or one a modality while the task is still open."""
    if task != AUTO:
        return [(task, c) for c in workbench.tasks[task].examples()]
    first: dict[str, tuple[str, Case]] = {}
    for t in workbench.tasks.values():
        if found := t.examples():
            first.setdefault(t.facts.get("modality", t.name), (t.name, found[0]))
    return list(first.values())


def _strip(workbench: Workbench, shown: list[tuple[str, Case]]) -> str:
    one_task = len({name for name, _ in shown}) == 1
    entries = []
    for name, case in shown:
        task = workbench.tasks[name]
        entries.append((Image.open(task.folder / case.image), task.display(case.labels[0]) if one_task else task.title))
    return markup.strip(entries)
