"""Batch tab: many pictures at once, as a table, a summary, and a file to take along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from ..batch import own_head
from ..batch.rows import Check
from ..errors import RequestError
from . import batch_markup, markup, theme
from .batch_view import NOTHING, TITLE, Batch, Batcher, BatchView
from .case_panel import AUTO, CasePanel
from .explain_tab import AFTER, PRIVATE
from .view import Menu, updates
from .visit import Chosen

READING: dict[str, Any] = {"concurrency_id": "batch", "concurrency_limit": 1}
"""One batch at a time, of all visitors: single pictures must not wait for five hundred."""
INVITE = "Pictures, a ZIP archive, or a DICOM series"


BUSY, IDLE = gr.update(interactive=False), gr.update(interactive=True)
STOPPING = """() => {
  const line = document.querySelector("#batch-progress p");
  if (line) line.textContent = "Stopping.";
  return [];
}"""
"""In the page itself: what is read, or its turn that has not come yet, ends with a word of its own."""

GUESS = ("Guess the question from the pictures", AUTO)
FIT = (
    "The folders are the classes: at least 2 of them, 5 pictures and 3 patients each. The network stays as it is; one "
    "linear layer is fitted on what it sees, for this visit alone, and measured by cross-validation: with so few "
    "pictures nothing is kept back for a test."
)


def build(batcher: Batcher, panel: CasePanel) -> None:
    """Lay out the tab and wire it; a row that is opened becomes the panel's picture."""
    # Not the method itself: Gradio would send its text to every visitor, and with it that of all the tasks.
    batch = gr.State(None, delete_callback=lambda value: batcher.forget(value))
    with gr.Column(elem_id="batch-board"):
        with gr.Row(elem_id="batch-bar"):
            with gr.Row(elem_id="batch-drop"):
                drop = gr.UploadButton(INVITE, file_count="multiple", variant="primary", size="md")
            menu = _menu(panel)
            task = gr.Dropdown(menu.choices, value=AUTO, show_label=False, container=False, elem_id="batch-task")
        progress = gr.HTML("", elem_id="batch-progress")
        stop = gr.Button("Stop", size="sm", visible=False, elem_id="batch-stop")
        summary = gr.HTML(NOTHING.summary, elem_id="batch-summary")
        with gr.Accordion("Fit a head on these", open=False, visible=False, elem_id="batch-fit") as fitting:
            gr.HTML(markup.quiet(FIT))
            grouping = gr.Radio(_groupings(), value=None, label="Which pictures show the same patient?")
            with gr.Row():
                title = gr.Textbox(TITLE, label="What to call it", max_length=60)
                button = gr.Button("Fit a head", variant="primary", size="md", elem_id="batch-fit-button")
        fit_said = gr.HTML("", elem_id="batch-fitted")
        parcel = gr.DownloadButton("Take the head along (ZIP)", visible=False, size="sm", elem_id="batch-parcel")
        csv = gr.DownloadButton("Take the table along (CSV)", visible=False, size="sm", elem_id="batch-csv")
        table = gr.HTML("", elem_id="batch-table", js_on_load=theme.static("batch.js"))
    widgets = {"progress": progress, "summary": summary, "table": table, "csv": csv, "batch": batch, "drop": drop}
    widgets |= {"stop": stop, "fitting": fitting, "fit_said": fit_said, "parcel": parcel, "turn": gr.State()}

    def shown(view: Any) -> dict:
        found = updates(view, widgets)
        for name in ("stop", "fitting", "csv", "parcel"):
            if widgets[name] in found:
                value = found[widgets[name]]
                file = {"value": value} if name in ("csv", "parcel") else {}
                found[widgets[name]] = gr.update(visible=bool(value), **file)
        return found

    def wait(earlier: Batch | None, request: gr.Request) -> dict:
        return shown(batcher.waiting(request.session_hash or "", earlier))

    def run(paths: list[str], task: str, turn: Check | None, request: gr.Request) -> Iterator[dict]:
        for view in batcher.run(paths, None if task == AUTO else task, request.session_hash or "", turn):
            yield shown(view)

    def fit(
        value: Batch | None, grouping: str | None, title: str, chosen: Chosen | None, request: gr.Request
    ) -> Iterator[dict]:
        yield shown(BatchView(fit_said=batch_markup.FITTING, parcel=None))
        visitor = request.session_hash or ""
        view = batcher.fit(value, grouping, title, visitor)
        found = shown(view)
        if isinstance(view.batch, Batch):
            offered = panel.room.tasks(chosen, visitor).choices
            found[panel.widgets["task"]] = gr.update(choices=offered)
            found[task] = gr.update(choices=[GUESS, *offered[1:]], value=view.batch.task)
        yield found

    def halt(request: gr.Request) -> None:
        batcher.running.stop(request.session_hash or "")

    def open_row(value: Batch | None, chosen: Chosen | None, event: gr.EventData, request: gr.Request) -> dict:
        try:
            view = panel.room.show(batcher.open(value, (event._data or {}).get("row")))
        except RequestError as fault:
            view = panel.room.keep(chosen, str(fault))
        return updates(view, panel.widgets)

    quiet: dict[str, Any] = {**PRIVATE, "show_progress": "hidden"}
    outputs = list(widgets.values())
    waiting = drop.upload(wait, batch, outputs, queue=False, **quiet)
    waiting.then(run, [drop, task, widgets["turn"]], outputs, **{**quiet, **AFTER}, **READING)
    asked = [batch, grouping, title, panel.widgets["chosen"]]
    begun = button.click(lambda: (batch_markup.waiting(), BUSY), None, [fit_said, button], queue=False, **quiet)
    fitted = begun.then(fit, asked, [*outputs, panel.widgets["task"], task], **{**quiet, **AFTER}, **READING)
    fitted.then(lambda: IDLE, None, button, queue=False, **{**quiet, **AFTER})
    stop.click(halt, None, None, js=STOPPING, queue=False, **quiet)
    panel.events.append((table.click, open_row, [batch, panel.widgets["chosen"]]))


def _menu(panel: CasePanel) -> Menu:
    return Menu([GUESS, *panel.room.tasks().choices[1:]], AUTO)


def _groupings() -> list[tuple[str, str]]:
    return [(words, name) for name, (words, _) in own_head.GROUPINGS.items()]
