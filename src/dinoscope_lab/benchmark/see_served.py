"""What the network sees, in the running app: seconds of the colours through HTTP, and of a move of the pointer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dinoscope.evidence import TABLE, Column, Table
from dinoscope.fitting.datasets import Sample
from dinoscope.see.sight import SIDE

from ..evidence import count, number
from . import browsing, end_to_end
from .serving import Asking, served
from .study import Study

if TYPE_CHECKING:
    from playwright.sync_api import Page

EACH = 2
"""Test pictures of a task whose colours are timed."""
STAGE = "#see-board .sight-stage"
OPEN = "/?open=explain"
"""The finished example that every visit begins with: nothing about it changes any more."""
MOVES = """(selector) => {
  const stage = document.querySelector(selector), edge = stage.getBoundingClientRect(), took = [];
  const { rows, columns } = stage.dataset;
  for (let row = 0; row < rows; row++) for (let column = 0; column < columns; column++) {
    const at = { clientX: edge.left + (column + 0.5) * edge.width / columns,
      clientY: edge.top + (row + 0.5) * edge.height / rows, bubbles: true };
    const began = performance.now();
    stage.dispatchEvent(new PointerEvent("pointermove", at));
    stage.getBoundingClientRect();
    took.push(performance.now() - began);
  }
  return took;
}"""
"""Moves the pointer over every patch once; milliseconds until each is drawn and laid out."""


def of_study(study: Study) -> list[dict]:
    """The rows of `measure` for a few test pictures of each task."""
    tasks = [t for t in sorted((study.assets / "tasks").iterdir()) if (study.images / t.name).is_dir()]
    each = 1 if study.quick else EACH
    pictures = [
        (t.name, s)
        for t in tasks[: 1 if study.quick else None]
        for s in end_to_end.choose(study.images, t.name, each, study.seed)
    ]
    return measure(pictures)


def measure(pictures: Sequence[tuple[str, Sample]]) -> list[dict]:
    """A row of the colours of (task, picture) pairs through HTTP, and one of the pointer on the page.

    Without a browser the second row is left out, and that is said.
    """
    with served() as (asking, _):
        rows = [colours(asking, pictures)]
        with browsing.page() as page:
            if page is None:
                return rows
            page.goto(asking.address + OPEN)
            unfold(page)
            rows.append(pointer(page))
    return rows


def table(rows: list[dict]) -> Table:
    """The rows of `measure`."""
    late = number("late", "95th percentile", "ms", 2)
    columns = (Column("what"), count("measured"), number("median", unit="ms", digits=2), late)
    return Table("served", "In the running app", TABLE, columns, rows)


def colours(asking: Asking, pictures: Sequence[tuple[str, Sample]]) -> dict:
    """Seconds of /features for each picture, upload and files included."""

    def ask(task: str, sample: Sample) -> float:
        return asking("features", sample.path, task=task)[1]

    ask(*pictures[0])  # the first answer also loads what later ones share
    seconds = [ask(task, sample) for task, sample in pictures]
    return {
        "what": f"colours through HTTP, {SIDE} px",
        "measured": len(seconds),
        "median": round(1000 * float(np.median(seconds)), 1),
        "late": round(1000 * float(np.percentile(seconds, 95)), 1),
    }


def unfold(page: Page) -> None:
    """Open the view on the picture that the page shows."""
    page.wait_for_selector("#card-explain img", timeout=120_000)
    page.get_by_role("button", name="What the network sees").click()
    page.wait_for_selector(STAGE, timeout=120_000)


def pointer(page: Page) -> dict:
    """Milliseconds from a move of the pointer until every alike place is lit, over all patches of the view."""
    took = page.evaluate(MOVES, STAGE)
    return {
        "what": "move of the pointer until repainted",
        "measured": len(took),
        "median": round(float(np.median(took)), 2),
        "late": round(float(np.percentile(took, 95)), 2),
    }
