"""Classify tab: what the head says, what it cannot rule out, and whether to believe it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import gradio as gr

from ..errors import RequestError
from ..workbench import Workbench
from . import markup
from .case_panel import Chosen


def build(workbench: Workbench) -> tuple[Callable, list]:
    """Lay out the tab; returns its handler, Chosen -> (Chosen with a reading, answer, JSON), and the outputs."""
    answer = gr.HTML(markup.WAITING, elem_id="classify-answer")
    with gr.Accordion("All numbers (JSON)", open=False):
        raw = gr.JSON(show_label=False)

    def read(chosen: Chosen | None) -> tuple:
        if chosen is None:
            return None, markup.WAITING, None
        try:
            reading = workbench.classify(chosen.decoded, chosen.task)
        except RequestError as fault:
            return chosen, markup.error(str(fault)), None
        page = markup.classification(reading, workbench.tasks[reading.task])
        return replace(chosen, reading=reading), page, reading.json()

    return read, [answer, raw]
