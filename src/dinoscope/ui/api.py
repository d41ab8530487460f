"""API: the three verbs for programs, as /classify, /explain and /similar."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gradio as gr
import numpy as np

from .. import bounds, figures
from ..explain.session import MAX_SEED, ExplainRequest
from ..reading import images
from ..results import Explanation
from ..workbench import Workbench
from . import given, report_api, see_api, similar_api
from .remembered import Remembered, explanation_bytes
from .running import EXPLAINING


def add(workbench: Workbench) -> None:
    """Register the named endpoints; call it inside the page's `Blocks`, which turn mistakes into sentences."""
    with gr.Row(visible=False):
        picture, task = gr.File(label="picture"), given.value("", str, label="task")
        target, method = given.value("", str, label="target"), given.value("vitcx", str, label="method")
        seed, quick = given.value(0, int, label="seed"), given.value(False, bool, label="quick")
        instead_of, like = given.value("", str, label="instead_of"), given.value("", str, label="like")
        reading, explanation = gr.JSON(label="reading"), gr.JSON(label="explanation")
        overlay, saliency = gr.File(label="overlay"), gr.File(label="saliency")
        buttons = [gr.Button() for _ in range(2)]
        similar_api.add(workbench, picture, task)
        see_api.add(workbench, picture, task)
        report_api.add(workbench, picture, task)

    remembered: Remembered[Explanation] = Remembered(explanation_bytes)

    def classify(picture: str, task: str = "") -> dict:
        """Say which class a medical picture shows, and how far that can be believed.

        Research demo. Not a medical device; do not use for diagnosis.

        Args:
            picture: PNG, JPEG, WebP, TIFF, BMP, GIF, DICOM or NIfTI; over MCP as data:image/png;base64,...
            task: name of the question, such as brain_mri; empty for the one whose known cases are nearest.
        Returns:
            `reading` with label, probabilities, prediction_set (the classes that cannot be ruled out), scope (how
            familiar the picture is), agreement (what the nearest real cases say), warnings and notice
        """
        return given.told(workbench.classify(given.picture(picture), bounds.text("task", task) or None).json())

    def explain(
        picture: str,
        task: str = "",
        target: str = "",
        method: str = "vitcx",
        seed: int = 0,
        instead_of: str = "",
        like: str = "",
        quick: bool = False,
        request: gr.Request | None = None,
    ) -> tuple:
        """Show which regions of a medical picture cause the score of a class, and measure how faithful that map is.

        Research demo. Not a medical device; do not use for diagnosis.

        Args:
            picture: as for classify; over MCP as data:image/png;base64,...
            task: name of the question, such as brain_mri; empty for the one whose known cases are nearest.
            target: class to explain; empty for the most likely one.
            method: vitcx, or another method's name.
            seed: of every random choice, a whole number.
            instead_of: explain why `target` rather than this class; empty for `target` alone.
            like: id of a case; explain why the picture is similar to it, in place of a class.
            quick: fewer steps, a coarser map.
        Returns:
            `explanation` with target, score, verdict (how many random orders the map beats), curves and notice;
            `overlay`, a PNG of the picture under its map; `saliency`, the map as .npy, float32 of the picture's pixels
        """
        words = {"target": target, "instead_of": instead_of, "like": like, "method": method, "task": task}
        named = {name: bounds.text(name, value) or None for name, value in words.items()}
        wanted = ExplainRequest(
            named["target"],
            named["instead_of"],
            named["like"],
            named["method"] or "vitcx",
            bounds.whole_number("seed", seed, 0, MAX_SEED - 1, 0),
            bounds.flag("quick", quick),
        )
        decoded = images.read(given.picture(picture))

        def answer() -> Explanation:
            session = workbench.ask(decoded, named["task"], wanted)
            return session.measure(session.explain())

        visitor = (request.session_hash if request else None) or ""
        same = (images.pixel_hash(decoded.picture), decoded.warnings, named["task"], wanted)
        found = remembered.answer(visitor, same, answer)
        with tempfile.TemporaryDirectory() as folder:
            png, npy = Path(folder) / "overlay.png", Path(folder) / "saliency.npy"
            figures.with_notice(figures.overlay(decoded.picture, found.saliency)).save(png, compress_level=3)
            np.save(npy, found.saliency)
            # Copies in Gradio's cache, which expire with it.
            kept = [box.move_resource_to_block_cache(file) for box, file in ((overlay, png), (saliency, npy))]
        return given.told(found.json()), *kept

    buttons[0].click(classify, [picture, task], reading, api_name="classify")
    asked = [picture, task, target, method, seed, instead_of, like, quick]
    buttons[1].click(explain, asked, [explanation, overlay, saliency], api_name="explain", **EXPLAINING)
