"""Regions: patch vectors of a task's cases, for search by a part of a picture - fitted and written once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..reading import images
from ..reading.encoder import Encoder
from ..similar import Case, regions
from ..similar.regions import Regions
from . import datasets
from .datasets import TEST_FOLD, VALIDATION_FOLD

SIZE = 32
"""d, the length of a patch vector."""
BATCH = 32


def fit(
    cells: np.ndarray, training: np.ndarray, fine: dict[str, np.ndarray], grid: tuple[int, int], size: int = SIZE
) -> Regions:
    """Principal axes of the training cases' cells, and every case's cells and patches along them.

    Args:
        cells: [N, CELLS * CELLS, D] means of patch tokens; training: [N] bool, which of them fit the axes.
        fine: id -> [h * w, D] patch tokens of the cases whose pictures are bundled; grid: their (h, w).
        size: d, at most D.
    """
    tokens = cells[training].reshape(-1, cells.shape[-1]).astype(np.float64)
    mean = tokens.mean(axis=0)
    _, axes = np.linalg.eigh((tokens - mean).T @ (tokens - mean))
    axes = axes[:, ::-1][:, :size].astype(np.float32)
    mean = mean.astype(np.float32)
    packed = {name: regions.quantize((rows - mean) @ axes) for name, rows in fine.items()}
    return Regions(mean, axes, regions.quantize((cells - mean) @ axes), packed, grid)


def write(
    encoder: Encoder,
    folder: Path,
    pictures: Path | None,
    splits: Path | None,
    say: Callable[[str], None] = print,
    bundled: Path | None = None,
) -> Regions:
    """Fit and write the patch vectors of a task that has been fitted; call it after `fit.fit_task`.

    Args:
        folder: the task's folder, with cases.jsonl.
        pictures: the data set of its public cases; None when it has none.
        bundled: where the phantoms' images are, when it is another folder.
    Raises:
        ValueError: when a public case has no picture there.
    """
    cases = [Case.of(json.loads(line)) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    paths = {s.id: s.path for s in datasets.read(pictures, splits)} if pictures else {}
    cells: list[np.ndarray] = []
    fine: dict[str, np.ndarray] = {}
    grid = (0, 0)
    for start in range(0, len(cases), BATCH):
        part = cases[start : start + BATCH]
        features = encoder([images.read(picture_of(case, bundled or folder, paths)).picture for case in part])
        grid = features.grid
        cells.append(regions.pool(features.patches, grid))
        fine |= {c.id: rows for c, rows in zip(part, features.patches, strict=True) if c.image}
        say(f"{folder.name}: patch vectors of {min(start + BATCH, len(cases))} of {len(cases)} cases")
    training = np.array([c.fold not in (TEST_FOLD, VALIDATION_FOLD) for c in cases])
    fitted = fit(np.concatenate(cells), training, fine, grid)
    fitted.save(folder, encoder.fingerprint)
    return fitted


def picture_of(case: Case, folder: Path, paths: dict[str, Path]) -> Path:
    """The file of a case: beside the task where it is bundled, else in the data set, by its id.

    Raises:
        ValueError: when the data set has no such picture.
    """
    if case.image:
        return folder / case.image
    if case.id not in paths:
        raise ValueError(f"{folder.name}: the data set has no picture of the case {case.id!r}; fit the task again")
    return paths[case.id]
