"""Regions: patch vectors of a task's cases, for search by a part of a picture - fitted and written once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..reading.encoder import Encoder
from ..similar import Case, digest, regions
from ..similar.regions import Regions
from .datasets import TEST_FOLD, VALIDATION_FOLD
from .features import Labelled

SIZE = 32
"""d, the length of a patch vector."""


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


def write(encoder: Encoder, folder: Path, public: Labelled | None, phantoms: Labelled) -> Regions:
    """Fit and write the patch vectors of a task that has been fitted; call it after `fit.fit_task`.

    Args:
        folder: the task's folder, with cases.jsonl.
        public: the data set of its public cases, as it was read; None when it has none.
        phantoms: its drawn cases, as they were read.
    Raises:
        ValueError: when a case is in neither.
    """
    cases = [Case.of(json.loads(line)) for line in (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    cells: dict[str, np.ndarray] = {}
    for pool in (public, phantoms):
        if pool is not None and pool.cells is not None:
            cells |= {c.id: row for c, row in zip(pool.cases, pool.cells.astype(np.float32), strict=True)}
    if strangers := [c.id for c in cases if c.id not in cells]:
        raise ValueError(f"{folder.name}: no picture of the case {strangers[0]!r} was read; fit the task again")
    rows = phantoms.patches if phantoms.patches is not None else ()
    fine = {c.id: row.astype(np.float32) for c, row in zip(phantoms.cases, rows, strict=True)}
    side = encoder.size // encoder.patch
    training = np.array([c.fold not in (TEST_FOLD, VALIDATION_FOLD) for c in cases])
    fitted = fit(np.stack([cells[c.id] for c in cases]), training, fine, (side, side))
    fitted.save(folder, encoder.fingerprint, digest(cases))
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
