"""Report API: /report for programs - every answer about one picture, as numbers and as one page."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gradio as gr
from gradio.components.api_component import Api

from .. import bounds
from ..reading import images
from ..report import gather
from ..workbench import Workbench
from . import given, report_markup
from .running import EXPLAINING


def add(workbench: Workbench, picture: gr.File, task: Api) -> None:
    """Register the endpoint."""
    facts, page = gr.JSON(label="report"), gr.File(label="page")
    method = given.value("vitcx", str, label="method")

    def report(picture: str, task: str = "", method: str = "vitcx") -> tuple:
        """Report every answer about a medical picture: class, neighbours, map, and how far to believe each.

        Research demo. Not a medical device; do not use for diagnosis.

        Args:
            picture: as for classify; over MCP as data:image/png;base64,...
            task: name of the question, such as brain_mri; empty for the one whose known cases are nearest.
            method: vitcx, or another method's name.
        Returns:
            `report` with a paragraph made of the numbers, the numbers themselves and notice; `page`, one HTML file to
            keep or print
        """
        asked, how = bounds.text("task", task) or None, bounds.text("method", method) or "vitcx"
        found = gather(workbench, images.read(given.picture(picture)), asked, how)
        with tempfile.TemporaryDirectory() as folder:
            html = Path(folder) / report_markup.file_name(found)
            html.write_text(report_markup.page(found), encoding="utf-8")
            # A copy in Gradio's cache, which expires with it.
            kept = page.move_resource_to_block_cache(html)
        return found.json(), kept

    gr.Button().click(report, [picture, task, method], [facts, page], api_name="report", **EXPLAINING)
