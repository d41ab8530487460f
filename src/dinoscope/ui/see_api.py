"""See API: /features for programs - what the network sees in a picture, as colours and as vectors."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.components.api_component import Api

from .. import bounds, figures
from ..notice import NOTICE
from ..workbench import Workbench
from . import given

PATCH = 14
"""Pixels of the picture of colours that a patch takes."""


def add(workbench: Workbench, picture: gr.File, task: Api) -> None:
    """Register the endpoint."""
    facts = gr.JSON(label="facts")
    colours, vectors = gr.File(label="colours"), gr.File(label="vectors")

    def features(picture: str, task: str = "") -> tuple:
        """Give what the network sees in a medical picture, before any label: its patches as colours and vectors.

        Research demo. Not a medical device; do not use for diagnosis.

        Args:
            picture: as for classify; over MCP as data:image/png;base64,...
            task: name of the question whose axes colour the patches; empty for the one whose cases are nearest.
        Returns:
            `facts` with task, grid and notice; `colours`, a PNG; `vectors`, an .npz with vectors, grid and axes
        """
        seen = workbench.see(given.picture(picture), bounds.text("task", task) or None)
        axes = workbench.task(seen.task).axes
        with tempfile.TemporaryDirectory() as folder:
            png, npz = Path(folder) / "colours.png", Path(folder) / "vectors.npz"
            figures.with_notice(seen.picture((seen.grid[1] * PATCH, seen.grid[0] * PATCH))).save(png)
            known: dict[str, Any] = {"vectors": seen.vectors, "grid": np.array(seen.grid), "notice": np.array(NOTICE)}
            np.savez_compressed(npz, **known, **vars(axes))
            # Copies in Gradio's cache, which expire with it.
            kept = [box.move_resource_to_block_cache(file) for box, file in ((colours, png), (vectors, npz))]
        said = seen.json() | {"fingerprint": workbench.encoder.fingerprint}
        del said["vectors"]  # they travel as a file
        return given.told(said), *kept

    gr.Button().click(features, [picture, task], [facts, colours, vectors], api_name="features")
