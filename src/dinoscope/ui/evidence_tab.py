"""Evidence tab: how good each task's head is, and everything else that was measured."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from ..evidence import Evidence
from ..workbench import Workbench
from . import evidence_markup as markup
from .case_panel import Chosen


def build(workbench: Workbench, evidence: dict[str, Evidence]) -> tuple[Callable, list]:
    """Lay out the tab; returns the handler that follows a new picture's task, and its outputs."""
    names = {task.name: task.title for task in workbench.tasks.values()}
    first = next(iter(names), None)
    menu = gr.Dropdown([(title, name) for name, title in names.items()], value=first, label="Task", elem_id="measured")

    def show(name: str) -> str:
        return markup.task(workbench.tasks[name], evidence, workbench.encoder.fingerprint)

    shown = gr.HTML(show(first) if first else markup.NOTHING, elem_id="evidence-task")
    gr.HTML(markup.everything(evidence, names, workbench.encoder.fingerprint), elem_id="evidence-all")

    def follow(chosen: Chosen | None) -> tuple:
        """Show the task that the picture in front of the visitor belongs to."""
        if chosen is None or chosen.reading is None or chosen.reading.task not in names:  # a visit's own has none
            return gr.skip(), gr.skip()
        return chosen.reading.task, show(chosen.reading.task)

    menu.input(show, menu, shown, api_visibility="private", trigger_mode="always_last")
    return follow, [menu, shown]
