"""Regions: patch vectors of pictures and cases, which patches a box covers, and where in a case it is matched."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from ..errors import RequestError
from ..reading.scope import unit

FILE = "patches.safetensors"
CELLS = 4
"""A case is indexed as so many by so many cells, each the mean of the patch tokens in it."""


@dataclass(frozen=True)
class Box:
    """A rectangle in shares of a picture's width and height, 0 at the left and top, 1 at the right and bottom.

    Raises:
        RequestError: when it is empty or leaves the picture.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise RequestError(
                f"the region is ({self.left:g}, {self.top:g}, {self.right:g}, {self.bottom:g}); give left, top, right "
                "and bottom as shares of the picture, 0 to 1, left below right and top below bottom"
            )

    def overlap(self, mask: np.ndarray) -> float:
        """Share of a mask [H, W] of bool that lies inside; 0 for an empty mask."""
        height, width = mask.shape
        rows = slice(int(self.top * height), max(int(np.ceil(self.bottom * height)), 1))
        columns = slice(int(self.left * width), max(int(np.ceil(self.right * width)), 1))
        return float(mask[rows, columns].sum() / max(mask.sum(), 1))


@dataclass(frozen=True)
class Regions:
    """Patch vectors of a task's N cases: tokens, centred, on their main axes, scaled to length 1.

    Attributes:
        mean: [D]; axes: [D, d] principal axes of the training cases' cells.
        cells: [N, CELLS * CELLS, d] int8, in the order of the task's cases.
        fine: id -> [h * w, d] int8, every patch of a case whose picture is bundled.
        grid: (h, w) of `fine`.
    The int8 rows are each scaled to their own largest entry: cosines need no scale to undo that.
    """

    mean: np.ndarray
    axes: np.ndarray
    cells: np.ndarray
    fine: dict[str, np.ndarray]
    grid: tuple[int, int]

    @property
    def size(self) -> int:
        """d, the length of a patch vector."""
        return self.axes.shape[1]

    def vectors(self, tokens: np.ndarray) -> np.ndarray:
        """Tokens [..., D] -> unit vectors [..., d] float32."""
        return unit((tokens - self.mean) @ self.axes)

    def of(self, position: int) -> np.ndarray:
        """[CELLS * CELLS, d] unit vectors of the case at this position among the task's cases."""
        return unit(self.cells[position].astype(np.float32))

    def in_detail(self, case_id: str) -> np.ndarray | None:
        """[h * w, d] unit vectors of every patch of a bundled case; None for any other."""
        rows = self.fine.get(case_id)
        return None if rows is None else unit(rows.astype(np.float32))

    def save(self, folder: Path, fingerprint: str, cases: str) -> None:
        """Write the file beside the task's vectors; `cases` is the digest of the task's cases."""
        names = sorted(self.fine)
        shape = (0, self.grid[0] * self.grid[1], self.size)
        tensors = {
            "mean": self.mean,
            "axes": self.axes,
            "cells": self.cells,
            "fine": np.stack([self.fine[n] for n in names]) if names else np.zeros(shape, np.int8),
            "grid": np.array(self.grid, np.int32),
        }
        # safetensors writes memory as it lies, whatever the strides say.
        tensors = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
        # One key: safetensors writes several in any order, and the same fit must give the same file.
        told = {"fingerprint": fingerprint, "task": folder.name, "cases": cases, "fine": names}
        save_file(tensors, folder / FILE, {"patches": json.dumps(told)})


def load(folder: Path, fingerprint: str, cases: int, digest: str) -> Regions | None:
    """Read a task's patch vectors; None where there are none for this backbone and these cases.

    Args:
        cases: how many the task has; digest: of all of them.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    with safe_open(path, "numpy") as file:
        told = file.metadata()
        # Earlier files name neither task nor cases; their ids are lines of one text.
        told = json.loads(told["patches"]) if "patches" in told else told | {"fine": told["fine"].splitlines()}
        tensors = {name: file.get_tensor(name) for name in ("mean", "axes", "cells", "fine", "grid")}
    # A task fitted again without its patches: better none than those of other cases.
    others = told["fingerprint"] != fingerprint or len(tensors["cells"]) != cases
    if others or told.get("cases", digest) != digest:
        return None
    height, width = (int(n) for n in tensors["grid"])
    fine = dict(zip(told["fine"], tensors["fine"], strict=True))
    return Regions(tensors["mean"], tensors["axes"], tensors["cells"], fine, (height, width))


def quantize(rows: np.ndarray) -> np.ndarray:
    """[..., d] -> int8, each row scaled to its own largest entry."""
    largest = np.maximum(np.abs(rows).max(axis=-1, keepdims=True), 1e-12)
    return np.round(127 * rows / largest).astype(np.int8)


def pool(tokens: np.ndarray, grid: tuple[int, int], cells: int = CELLS) -> np.ndarray:
    """Patch tokens [N, h * w, D] -> [N, cells * cells, D], the mean of the tokens in each cell, in reading order."""
    height, width = grid
    square = tokens.reshape(len(tokens), height, width, -1)
    down, across = np.array_split(np.arange(height), cells), np.array_split(np.arange(width), cells)
    return np.stack([square[:, i][:, :, j].mean(axis=(1, 2)) for i in down for j in across], axis=1)


def inside(box: Box, grid: tuple[int, int]) -> np.ndarray:
    """Positions, in reading order, of the patches whose centre lies in the box; at least the one below its centre."""
    height, width = grid
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    held = ((y >= box.top) & (y <= box.bottom))[:, None] & ((x >= box.left) & (x <= box.right))[None]
    if not held.any():
        row = min(int((box.top + box.bottom) / 2 * height), height - 1)
        held[row, min(int((box.left + box.right) / 2 * width), width - 1)] = True
    return np.flatnonzero(held)


def locate(asked: np.ndarray, patches: np.ndarray, grid: tuple[int, int], box: Box) -> Box:
    """Where a region is matched in a case: the window of the box's own size that resembles it most.

    Args:
        asked: [n, d] unit vectors of the query's patches inside `box`.
        patches: [h * w, d] unit vectors of the case, on its `grid` (h, w).
    """
    height, width = grid
    down = min(max(round((box.bottom - box.top) * height), 1), height)
    across = min(max(round((box.right - box.left) * width), 1), width)
    best = (patches @ asked.T).max(axis=1).reshape(height, width)
    sums = np.lib.stride_tricks.sliding_window_view(best, (down, across)).mean(axis=(2, 3))
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    return Box(
        float(column / width), float(row / height), float((column + across) / width), float((row + down) / height)
    )
