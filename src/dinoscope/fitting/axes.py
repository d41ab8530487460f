"""Axes of what is seen: a task's colours, fitted without labels on a few of its training pictures and written once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..reading import images
from ..reading.encoder import Encoder
from ..see import sight
from ..see.axes import FILE, Axes
from ..similar import Case
from . import datasets
from .datasets import TEST_FOLD, VALIDATION_FOLD
from .regions import picture_of

MOST = 60
"""Training pictures of a task that its axes are fitted on."""
BATCH = 4


def write(
    encoder: Encoder,
    folder: Path,
    pictures: Path | None,
    splits: Path | None,
    say: Callable[[str], None] = print,
    bundled: Path | None = None,
) -> Axes:
    """Fit and write the axes of a task that has been fitted, on real pictures where it has any.

    Args: as for `regions.write`.
    """
    cases = [Case.of(json.loads(line)) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    training = [c for c in cases if c.fold not in (TEST_FOLD, VALIDATION_FOLD)]
    known = [c for c in training if c.origin != "phantom"] or training or cases
    chosen = [known[i] for i in np.random.default_rng(0).permutation(len(known))[:MOST]]
    paths = {s.id: s.path for s in datasets.read(pictures, splits)} if pictures else {}
    rows = []
    for start in range(0, len(chosen), BATCH):
        part = [images.read(picture_of(c, bundled or folder, paths)).picture for c in chosen[start : start + BATCH]]
        tokens, empty = sight.read(encoder, part)
        rows.append(tokens[~empty])
        say(f"{folder.name}: colours from {min(start + BATCH, len(chosen))} of {len(chosen)} pictures")
    axes = Axes.fit(np.concatenate(rows))
    axes.save(folder / FILE, encoder.fingerprint)
    return axes
