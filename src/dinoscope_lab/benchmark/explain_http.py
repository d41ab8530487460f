"""Explaining through HTTP: seconds of a whole answer - the map, its curves, the files - of the running app."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dinoscope.fitting.datasets import Sample

from .serving import Asking, served

PACES = {"full": False, "quick": True}


def measure(pictures: Sequence[tuple[str, Sample]]) -> list[dict]:
    """A row for each pace of (task, picture) pairs."""
    with served() as (asking, _):
        return [_row(asking, pictures, pace) for pace in PACES]


def _row(asking: Asking, pictures: Sequence[tuple[str, Sample]], pace: str) -> dict:
    def ask(task: str, sample: Sample) -> float:
        return asking("explain", sample.path, task=task, quick=PACES[pace])[1]

    ask(*pictures[0])  # the first answer also loads what later ones share
    seconds = [ask(task, sample) for task, sample in pictures]
    return {
        "pace": pace,
        "pictures": len(seconds),
        "median": round(float(np.median(seconds)), 3),
        "late": round(float(np.percentile(seconds, 95)), 3),
    }
