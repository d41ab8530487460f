"""Region search: is the part of a case that matches a lesion's box that case's own lesion?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dinoscope.fitting import regions as fitting
from dinoscope.reading.scope import unit
from dinoscope.similar import regions
from dinoscope.similar.regions import Box

from .retrieval import mean_with_interval

K = 5


@dataclass(frozen=True)
class Masked:
    """Pictures with lesion masks: `tokens` [N, h * w, D] on `grid`, masks [H, W] of bool, groups and folds [N]."""

    tokens: np.ndarray
    grid: tuple[int, int]
    masks: list[np.ndarray]
    groups: np.ndarray
    folds: np.ndarray


def lesion_box(mask: np.ndarray) -> Box:
    """The smallest box around a mask [H, W] that holds at least one pixel."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return Box(columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)


def moved(box: Box, rng: np.random.Generator) -> Box:
    """A box of the same size anywhere in the picture."""
    width, height = box.right - box.left, box.bottom - box.top
    left, top = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
    return Box(left, top, min(left + width, 1.0), min(top + height, 1.0))


def measure(name: str, given: Masked, queries: int, seed: int) -> list[dict]:
    """A row for cells and for every patch, of the lesion's box and of another of its size.

    How much of its own lesion does the matched region of a found case hold?

    Cases are folds 1 to 4, ranked by their cells as in the app; queries are of fold 0. A lesion's box is set against
    a box of the same size elsewhere in the same picture.
    """
    rng = np.random.default_rng(seed)
    cells = regions.pool(given.tokens, given.grid)
    fitted = fitting.fit(cells, given.folds > 1, {}, given.grid)
    known = np.flatnonzero(given.folds > 0)
    case_cells = unit(fitted.cells[known].astype(np.float32))
    asked = rng.permutation(np.flatnonzero(given.folds == 0))[:queries]
    shares: dict[str, list[float]] = {"cells": [], "cells_random": [], "patches": [], "patches_random": []}
    for i in asked:
        box = lesion_box(given.masks[i])
        vectors = fitted.vectors(given.tokens[i])
        for suffix, region in (("", box), ("_random", moved(box, rng))):
            wanted = vectors[regions.inside(region, given.grid)]
            score = np.einsum("qd,npd->nqp", wanted, case_cells).max(axis=2).mean(axis=1)
            held: dict[str, list[float]] = {"cells": [], "patches": []}
            for j in np.argsort(-score, kind="stable")[:K]:
                mask, patches = given.masks[known[j]], fitted.vectors(given.tokens[known[j]])
                coarse = regions.locate(wanted, case_cells[j], (regions.CELLS, regions.CELLS), region)
                held["cells"].append(coarse.overlap(mask))
                held["patches"].append(regions.locate(wanted, patches, given.grid, region).overlap(mask))
            for kind, values in held.items():
                shares[kind + suffix].append(float(np.mean(values)))
    rows = []
    for kind, values in shares.items():
        interval = mean_with_interval(np.array(values), given.groups[asked])
        figures = {"value": interval.value, "value_low": interval.low, "value_high": interval.high}
        method = kind.replace("_random", ", a box elsewhere")
        row = {"set": name, "queries": len(asked), "cases": len(known), "method": method}
        rows.append(row | {k: round(v, 3) for k, v in figures.items()})
    return rows
