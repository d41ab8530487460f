"""Classify tab: what the head says, what it cannot rule out, and whether to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..notice import NOTICE
from ..results import Reading
from ..tasks import Task
from ..visit_tasks import outside
from . import cards, markup

SCRIPT = """element.addEventListener("click", (event) => {
  if (event.target.closest("[data-second]")) trigger("click", {});
});"""


@dataclass(frozen=True)
class ClassifyView:
    """What the tab shows: its card, the answer, and every number of it."""

    card: str
    answer: str
    numbers: dict | None = None


NOTHING = ClassifyView(cards.waiting("classify"), markup.WAITING)
WORKING = ClassifyView(cards.reading("classify"), markup.WORKING)


def view(reading: Reading, tasks: Mapping[str, Task], drawn: tuple[str, str] | None = None) -> ClassifyView:
    """What a reading looks like, of a picture that was drawn as (task, label)."""
    task, second = tasks[reading.task], tasks[reading.second].title if reading.second else ""
    card = cards.classify(reading, task, drawn, second)
    numbers = reading.json() | {"task": outside(reading.task), "notice": NOTICE}
    return ClassifyView(card, markup.classification(reading, task, second), numbers)


def refused(sentence: str) -> ClassifyView:
    """Why there is no answer."""
    return ClassifyView(cards.failed("classify"), markup.error(sentence))


def build(card: gr.HTML, first: ClassifyView) -> dict[str, Any]:
    """Lay out the tab; returns the widgets that show a view."""
    answer = gr.HTML(first.answer, elem_id="classify-answer", js_on_load=SCRIPT)
    with gr.Accordion("All numbers (JSON)", open=False):
        numbers = gr.JSON(first.numbers, show_label=False)
    return {"card": card, "answer": answer, "numbers": numbers}
