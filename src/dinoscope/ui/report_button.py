"""Report button: what the visitor has in front of them, as one page that the browser keeps; nothing stays here."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from .. import report
from ..errors import RequestError
from ..workbench import Workbench
from . import report_markup
from .explain_tab import AFTER, PRIVATE
from .explain_view import Shown
from .running import EXPLAINING
from .visit import FORGOTTEN, Chosen

KEEP = """(made) => {
  if (!made) return "";
  const { name, page } = JSON.parse(made);
  const url = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  return "";
}"""
COPY = """async () => {
  const button = document.querySelector("#copy-link");
  const picture = document.getElementById("case-picture")?.dataset;
  if (picture?.example === "")
    return void saidOn(button, `A link cannot hold ${"uploaded" in picture ? "your own" : "this"} picture`, 4);
  saidOn(button, (await copied(location.href)) ? "Copied" : "Not copied");
}"""


def build() -> tuple[gr.Button, gr.Button]:
    """Lay out the buttons: the report, and a link to what is shown."""
    with gr.Row(elem_id="take-away"):
        return gr.Button("Report", size="sm", elem_id="report"), gr.Button("Copy link", size="sm", elem_id="copy-link")


def make(workbench: Workbench, chosen: Chosen | None, shown: Shown | None) -> str:
    """The report of a picture as JSON {name, page}; the map that is shown is taken, where it is of this picture.

    Raises:
        RequestError: with the sentence a visitor sees.
    """
    if chosen is None:
        raise RequestError(FORGOTTEN)
    if chosen.reading is None:
        raise RequestError("There is no answer to report yet; choose a picture first.")
    task = chosen.reading.task
    same = shown is not None and shown.chosen.decoded is chosen.decoded and shown.found[0].task == task
    known = (shown.sessions[0], shown.found[0]) if shown is not None and same else None
    # The task that was answered; whether it was a guess is told as it was told on the page.
    found = report.gather(workbench, chosen.picture, chosen.task, name=chosen.name, known=known)
    return json.dumps({"name": report_markup.file_name(found), "page": report_markup.page(found)})


def wire(workbench: Workbench, buttons: tuple[gr.Button, gr.Button], chosen: gr.State, shown: Any) -> None:
    """Let the buttons act."""
    button, link = buttons
    made = gr.Textbox(visible=False)

    def press(value: Chosen | None, explained: Shown | None) -> str:
        return make(workbench, value, explained)

    told: dict[str, Any] = {**PRIVATE, **EXPLAINING, "show_progress_on": button}
    then: Callable = button.click(press, [chosen, shown], made, **told).then
    then(None, made, made, js=KEEP, **AFTER)
    link.click(None, None, None, js=COPY, **PRIVATE)
