"""Explain tab: which regions cause the score, and how faithful that picture is."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from .. import figures
from ..images import ImageError
from ..workbench import RequestError, Workbench
from . import markup
from .case_panel import Chosen


def build(workbench: Workbench, chosen: gr.State) -> tuple[Callable, list, list]:
    """Lay out the tab; returns its handler, the handler's inputs and its outputs."""
    with gr.Row():
        target = gr.Dropdown([], label="Class to explain", elem_id="target", scale=3)
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, scale=1, min_width=100)
    answer = gr.HTML(markup.WAITING, elem_id="explain-answer")
    curves = gr.HTML(elem_classes="curves", elem_id="curves")

    def show(value: Chosen | None, target: str | None, seed: float | None, progress=gr.Progress()) -> tuple:  # noqa: B008
        if value is None or value.reading is None:
            return markup.WAITING, "", gr.Dropdown()
        task = workbench.tasks[value.reading.task]
        wanted = target if target in task.head.classes else value.reading.label
        try:
            found = workbench.explain(
                value.decoded,
                task.name,
                wanted,
                seed=int(seed or 0),
                progress=lambda done, total: progress((done, total), desc="Testing masks", unit="masks"),
            )
        except (ImageError, RequestError) as fault:
            return markup.error(str(fault)), "", gr.Dropdown()
        picture = value.decoded.picture
        download = markup.downloads(figures.overlay(picture, found.saliency), found)
        plot = markup.faithfulness(found, figures.faithfulness(found.deletion, found.insertion))
        return markup.explanation(found, picture, task) + download, plot, gr.Dropdown()

    def fresh(value: Chosen | None, seed: float | None, progress=gr.Progress()) -> tuple:  # noqa: B008
        """A new picture starts with its most likely class, whatever was explained before."""
        page, plot, _ = show(value, None, seed, progress)
        if value is None or value.reading is None:
            return page, plot, gr.Dropdown(choices=[], value=None)
        task = workbench.tasks[value.reading.task]
        choices = [(task.display(c), c) for c in task.head.classes]
        return page, plot, gr.Dropdown(choices=choices, value=value.reading.label)

    outputs = [answer, curves, target]
    for event in (target.input, seed.submit):
        event(
            show,
            [chosen, target, seed],
            outputs,
            api_visibility="private",
            show_progress_on=answer,
            trigger_mode="always_last",
        )
    return fresh, [chosen, seed], outputs
