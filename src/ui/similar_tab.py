"""Similar cases tab: the nearest known cases, and whether they agree with the head."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from ..cases import ORIGINS, Filters
from ..images import ImageError
from ..workbench import RequestError, Workbench
from . import markup
from .case_panel import Chosen


def build(workbench: Workbench, chosen: gr.State) -> tuple[Callable, list, list]:
    """Lay out the tab; returns the handler of a new picture, its inputs and outputs."""
    with gr.Accordion("Filters", open=False):
        labels = gr.CheckboxGroup([], label="Only these classes (none ticked: all)", elem_id="filter-labels")
        names = {"public": "public cases", "phantom": "drawn cases"}
        origins = gr.CheckboxGroup([(names[o], o) for o in ORIGINS], label="Only this origin (none ticked: all)")
        count = gr.Slider(1, 20, 6, step=1, label="How many")
    answer = gr.HTML(markup.WAITING, elem_id="similar-answer")

    def search(value: Chosen | None, labels: list[str], origins: list[str], count: int) -> str:
        if value is None or value.reading is None:
            return markup.WAITING
        task = workbench.tasks[value.reading.task]
        try:
            found = workbench.similar(value.decoded, task.name, int(count), Filters(tuple(labels), tuple(origins)))
        except (ImageError, RequestError) as fault:
            return markup.error(str(fault))
        return markup.similar(found, task, value.reading.label)

    def fresh(value: Chosen | None, labels: list[str], origins: list[str], count: int) -> tuple:
        """Filters on classes that the new picture's task does not have are dropped."""
        classes = workbench.tasks[value.reading.task].head.classes if value and value.reading else ()
        kept = [x for x in labels if x in classes]
        choices = (
            [(workbench.tasks[value.reading.task].display(c), c) for c in classes] if value and value.reading else []
        )
        return search(value, kept, origins, count), gr.CheckboxGroup(choices=choices, value=kept)

    inputs = [chosen, labels, origins, count]
    for event in (labels.input, origins.input, count.release):
        event(search, inputs, answer, api_visibility="private", trigger_mode="always_last")
    return fresh, inputs, [answer, labels]
