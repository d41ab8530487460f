"""Explaining through HTTP: seconds of a whole answer - the map, its curves, the files - of the running app."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from gradio_client import Client, handle_file

from dinoscope.fitting.datasets import Sample

from ..pretrain import export
from ..pretrain.objective import student
from .serving import served

SMALL, SMALL_SIZE = (384, 12), 224
"""Width and depth of facebook/dinov2-small, and the side at which it reads."""
PATIENCE = 1800
"""Seconds a start may take: for a backbone that nobody has seen, every head is fitted first."""
PACES = {"full": False, "quick": True}


def measure(pictures: Sequence[tuple[str, Sample]], large: Sequence[tuple[str, Sample]], seed: int) -> list[dict]:
    """A row for each backbone and pace.

    Args:
        pictures: (task, picture), asked of the bundled backbone.
        large: asked of a random one of dinov2-small's shape; none to leave it out.
    """
    with served() as (client, _):
        rows = [_row(client, "bundled", pictures, pace) for pace in PACES]
    if not large:
        return rows
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(seed)
        export.write(student(*SMALL, SMALL_SIZE), SMALL_SIZE, Path(folder) / "dinov2-small, random")
        settings = {"DINOSCOPE_BACKBONE": f"{folder}/dinov2-small, random", "DINOSCOPE_CACHE": f"{folder}/cache"}
        with served(patience=PATIENCE, settings=settings | {"DINOSCOPE_IMAGES": ""}) as (client, _):
            return rows + [_row(client, f"random, dinov2-small's shape, {SMALL_SIZE} px", large, p) for p in PACES]


def _row(client: Client, backbone: str, pictures: Sequence[tuple[str, Sample]], pace: str) -> dict:
    def ask(task: str, sample: Sample) -> float:
        began = time.monotonic()
        client.predict(handle_file(sample.path), task, quick=PACES[pace], api_name="/explain")
        return time.monotonic() - began

    ask(*pictures[0])  # the first answer also loads what later ones share
    seconds = [ask(task, sample) for task, sample in pictures]
    return {
        "explained_through_http_by": backbone,
        "pace": pace,
        "pictures": len(seconds),
        "median_seconds": round(float(np.median(seconds)), 3),
        "p95_seconds": round(float(np.percentile(seconds, 95)), 3),
    }
