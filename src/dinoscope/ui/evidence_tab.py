"""Evidence tab: how good each task's head is, and everything else that was measured; sent once it is opened.

A new section is a measurement in `dinoscope_lab/benchmark`; `evidence_markup.TITLES` says how it is called here.
"""

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


def build(
    workbench: Workbench, evidence: dict[str, Evidence], tab: gr.Tab, state: gr.State, chosen: Chosen | None
) -> EvidenceTab:
    """Lay out the tab; its half megabyte would make every visit wait that never opens it.

    Args:
        state: holds the picture in front of the visitor; chosen: the one that a visit begins with.
    """
    names = {task.name: task.title for task in workbench.tasks.values()}
    first = chosen.reading.task if chosen and chosen.reading else next(iter(names), None)
    opened = gr.State(False)
    choices = [(title, name) for name, title in names.items()]
    menu = gr.Dropdown(choices, value=first, label="Task", elem_id="measured")
    shown = gr.HTML(LOADING, elem_id="evidence-task")
    everything = gr.HTML("", elem_id="evidence-all")
    of = gr.State()  # the task that is shown: a menu says that it was used twice, and when it is left

    def show(name: str | None) -> str:
        task = workbench.tasks.get(name or "")  # a visit's own may be gone
        return markup.task(task, evidence, workbench.encoder.fingerprint) if task else markup.NOTHING

    def choose(name: str | None, before: str | None) -> tuple:
        return (gr.skip(), gr.skip()) if name == before else (show(name), name)

    def open_(known: bool, chosen: Chosen | None, name: str | None) -> tuple:
        """A class may arrive in this very moment, which the menu does not know yet: the picture says it."""
        if known:
            return (gr.skip(),) * 5
        task = chosen.reading.task if chosen and chosen.reading else None
        first = follow(chosen, True) if task in workbench.tasks else (gr.skip(), show(name), name)
        return True, *first, markup.everything(evidence, names, workbench.encoder.fingerprint)

    def follow(chosen: Chosen | None, known: bool) -> tuple:
        """Show the task that the picture in front of the visitor belongs to, be it the visit's own."""
        task = workbench.tasks.get(chosen.reading.task) if chosen and chosen.reading else None
        if task is None:
            return gr.skip(), gr.skip(), gr.skip()
        own = [] if task.name in names else [(f"Yours: {task.title}", task.name)]
        menu = gr.update(choices=[*choices, *own], value=task.name)
        return (menu, show(task.name), task.name) if known else (menu, gr.skip(), gr.skip())

    tab.select(open_, [opened, state, menu], [opened, menu, shown, of, everything], show_progress="hidden", **PRIVATE)
    menu.input(choose, [menu, of], [shown, of], trigger_mode="always_last", **PRIVATE)
    return EvidenceTab(follow, [opened], [menu, shown, of])
