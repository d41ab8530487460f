"""API: the three verbs for programs, as /classify, /explain and /similar."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gradio as gr
import numpy as np

from .. import figures
from ..errors import RequestError
from ..reading import images
from ..workbench import Workbench
from . import similar_api


def add(workbench: Workbench) -> None:
    """Register the named endpoints; call it inside the page's `Blocks`.

    Errors reach the caller as the same sentences that a visitor sees.
    """
    with gr.Row(visible=False):
        picture, task, target, method = gr.File(), gr.Textbox(""), gr.Textbox(""), gr.Textbox("vitcx")
        seed = gr.Number(0, precision=0)
        answer, overlay, saliency = gr.JSON(), gr.File(), gr.File()
        instead_of, like, quick = gr.Textbox(""), gr.Textbox(""), gr.Checkbox(False)
        buttons = [gr.Button() for _ in range(2)]
        similar_api.add(workbench, picture, task, answer, _Spoken)

    def classify(picture: str, task: str = "") -> dict:
        with _Spoken():
            return workbench.classify(_given(picture), task or None).json()

    def explain(
        picture: str,
        task: str = "",
        target: str = "",
        method: str = "vitcx",
        seed: int = 0,
        instead_of: str = "",
        like: str = "",
        quick: bool = False,
    ) -> tuple:
        with _Spoken():
            decoded = images.read(_given(picture))
            found = workbench.explain(
                decoded,
                task or None,
                target or None,
                method or "vitcx",
                int(seed or 0),
                instead_of=instead_of or None,
                like=like or None,
                quick=bool(quick),
            )
        with tempfile.TemporaryDirectory() as folder:
            png, npy = Path(folder) / "overlay.png", Path(folder) / "saliency.npy"
            figures.overlay(decoded.picture, found.saliency).save(png)
            np.save(npy, found.saliency)
            # Copies in Gradio's cache, which expire with it.
            kept = [box.move_resource_to_block_cache(file) for box, file in ((overlay, png), (saliency, npy))]
        return found.json(), *kept

    buttons[0].click(classify, [picture, task], answer, api_name="classify")
    asked = [picture, task, target, method, seed, instead_of, like, quick]
    buttons[1].click(explain, asked, [answer, overlay, saliency], api_name="explain")


def _given(picture: str | None) -> Path:
    """The upload; Gradio has checked that it lies in the folder of uploads."""
    if not picture:
        raise RequestError("no picture was sent; send one as `picture`")
    return Path(picture)


class _Spoken:
    """Turns the errors that a caller can cause into ones whose sentence reaches the caller."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        if isinstance(fault, RequestError):
            raise gr.Error(str(fault), print_exception=False) from fault
