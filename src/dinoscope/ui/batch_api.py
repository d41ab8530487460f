"""Batch API: /batch for programs - pictures or an archive in, a line for each and what they come to out."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import gradio as gr

from .. import bounds
from ..batch import rows, sheet, summary
from ..batch.gather import gather
from ..errors import RequestError, shown
from . import given
from .batch_tab import READING
from .batch_view import LIMITS, MOST, Batch, Batcher


def add(batcher: Batcher) -> None:
    """Register the endpoint; call it inside the page's `Blocks`, which turn mistakes into sentences."""
    with gr.Row(visible=False):
        pictures, task = gr.File(label="pictures", file_count="multiple"), given.value("", str, label="task")
        found, table = gr.JSON(label="batch"), gr.File(label="table")
        button = gr.Button()

    def batch(pictures: list[str] | None = None, task: str = "") -> tuple[dict, object]:
        """Read many medical pictures at once, and tell how often the head is right where folders are labels.

        Research demo. Not a medical device; do not use for diagnosis.

        Args:
            pictures: a list of pictures, or of one ZIP archive; over MCP each as data:image/png;base64,...
            task: name of the question, such as brain_mri; empty for the one that most pictures are nearest to.
        Returns:
            `batch` with rows (a picture each), summary (answers, unfamiliar pictures, balanced accuracy with its
            interval and confusion matrix) and notice; `table` as CSV
        """
        name = bounds.text("task", task)
        if name and name not in batcher.workbench.tasks:
            raise RequestError(f"no task is called {shown(name)}; choose one of {', '.join(batcher.workbench.tasks)}")
        if not pictures:
            raise RequestError("no picture was sent; send pictures or one ZIP archive as `pictures`")
        with batcher.room() as into, contextlib.ExitStack() as after:
            after.callback(shutil.rmtree, into, ignore_errors=True)
            gathered = gather([Path(p) for p in pictures], into, MOST, LIMITS)
            name = name or rows.task_of(batcher.workbench, gathered.items)[0]
            chosen = batcher.workbench.task(name)
            read = tuple(step.row for step in rows.read(batcher.workbench, gathered.items, name))
            answer = {
                "task": name,
                "rows": [sheet.record(row, chosen) for row in read],
                "summary": asdict(summary.of(read, chosen)),
                "said": list(gathered.said),
            }
            with tempfile.TemporaryDirectory() as beside:
                file = batcher.write(Batch(read, name, gathered.said, beside))
                # A copy in Gradio's cache, which expires with it.
                return given.told(answer), table.move_resource_to_block_cache(str(file))

    button.click(batch, [pictures, task], [found, table], api_name="batch", **READING)
