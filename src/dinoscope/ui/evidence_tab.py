"""Evidence tab: how good each task's head is, and everything else that was measured; sent once it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from ..evidence import Evidence
from ..workbench import Workbench
from . import evidence_markup as markup
from .case_panel import Chosen
from .explain_tab import PRIVATE
from .markup import quiet

LOADING = quiet("Fetching what was measured.")


@dataclass(frozen=True)
class EvidenceTab:
    """The handler that follows a new picture's task, and its widgets."""

    follow: Callable
    inputs: list
    outputs: list


def build(workbench: Workbench, evidence: dict[str, Evidence], tab: gr.Tab, chosen: Chosen | None) -> EvidenceTab:
    """Lay out the tab; its half megabyte would make every visit wait that never opens it.

    Args:
        chosen: the picture that a visit begins with.
    """
    names = {task.name: task.title for task in workbench.tasks.values()}
    first = chosen.reading.task if chosen and chosen.reading else next(iter(names), None)
    opened = gr.State(False)
    menu = gr.Dropdown([(title, name) for name, title in names.items()], value=first, label="Task", elem_id="measured")
    shown = gr.HTML(LOADING, elem_id="evidence-task")
    everything = gr.HTML("", elem_id="evidence-all")

    def show(name: str | None) -> str:
        return markup.task(workbench.tasks[name], evidence, workbench.encoder.fingerprint) if name else markup.NOTHING

    def open_(known: bool, name: str | None) -> tuple:
        if known:
            return gr.skip(), gr.skip(), gr.skip()
        return True, show(name), markup.everything(evidence, names, workbench.encoder.fingerprint)

    def follow(chosen: Chosen | None, known: bool) -> tuple:
        """Show the task that the picture in front of the visitor belongs to."""
        if chosen is None or chosen.reading is None or chosen.reading.task not in names:  # a visit's own has none
            return gr.skip(), gr.skip()
        return chosen.reading.task, show(chosen.reading.task) if known else gr.skip()

    tab.select(open_, [opened, menu], [opened, shown, everything], show_progress="hidden", **PRIVATE)
    menu.input(show, menu, shown, api_visibility="private", trigger_mode="always_last")
    return EvidenceTab(follow, [opened], [menu, shown])
