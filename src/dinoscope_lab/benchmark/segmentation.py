"""Segmentation: a linear layer on patch tokens, beside baselines that any honest probe must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from dinoscope.reading import images
from dinoscope.reading.frozen import Frozen

SIDE = 64
"""Masks are compared on a square of so many pixels."""
PENALTIES = (1e-4, 1e-2, 1.0)
"""Candidates for the ridge of the linear layer, as a share of the tokens' own variance."""
SMOOTH = 1e-6
BATCH = 32
"""Pictures whose tokens are in double precision at a time."""


@dataclass(frozen=True)
class Tokens:
    """Patch tokens [N, h * w, D] float16, the grid they lie on, and the masks [N, SIDE, SIDE] bool."""

    tokens: np.ndarray
    grid: tuple[int, int]
    masks: np.ndarray


def read(encoder: Frozen, files: Sequence[Path], masks: Sequence[Path | None]) -> Tokens:
    """Patch tokens of pictures, and their masks squashed as the pictures are; a picture without a mask has none."""
    rows, shapes, grid = [], [], (0, 0)
    for i in range(0, len(files), BATCH):
        features = encoder([images.read(f).picture for f in files[i : i + BATCH]])
        rows.append(features.patches.astype(np.float16))
        grid = features.grid
    for mask in masks:
        shape = Image.open(mask).convert("L") if mask else Image.new("L", (SIDE, SIDE))
        shapes.append(np.asarray(shape.resize((SIDE, SIDE), Image.Resampling.BOX)) > 127)
    return Tokens(np.concatenate(rows), grid, np.stack(shapes))


def fit(known: Tokens, held: Tokens) -> tuple[np.ndarray, np.ndarray, float]:
    """A linear layer by least squares on the share of each patch that is lesion; ridge and cut chosen on `held`.

    Returns:
        weight [D], mean [D], the cut of the enlarged map from which on a pixel is called lesion.
    """
    area = F.adaptive_avg_pool2d(torch.from_numpy(known.masks).float()[:, None], known.grid).flatten(1).numpy()
    width = known.tokens.shape[2]
    mean = known.tokens.mean((0, 1), dtype=np.float64)
    gram, moment = np.zeros((width, width)), np.zeros(width)
    for i in range(0, len(area), BATCH):
        rows = known.tokens[i : i + BATCH].reshape(-1, width) - mean
        gram += rows.T @ rows
        moment += rows.T @ (area[i : i + BATCH].ravel() - area.mean())
    best = (-1.0, np.zeros_like(mean), 0.5)
    for penalty in PENALTIES:
        weight = np.linalg.solve(gram + penalty * np.trace(gram) / len(gram) * np.eye(len(gram)), moment)
        scores = enlarged(held, weight, mean)
        for cut in np.quantile(scores, np.linspace(0.5, 0.995, 34)):
            value = float(dice(scores > cut, held.masks).mean())
            if value > best[0]:
                best = (value, weight, float(cut))
    return best[1], mean, best[2]


def enlarged(asked: Tokens, weight: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The linear map of each picture, enlarged to the masks' side: [N, SIDE, SIDE] float32."""
    level = (asked.tokens.astype(np.float32) - mean.astype(np.float32)) @ weight.astype(np.float32)
    small = torch.from_numpy(level).view(-1, 1, *asked.grid)
    return F.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)[:, 0].numpy()


def dice(called: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Dice coefficient of each picture [N]; 1 where both are empty.

    Source: Dice, "Measures of the amount of ecologic association between species", Ecology 1945.
    """
    both = (called & masks).sum((1, 2))
    return (2 * both + SMOOTH) / (called.sum((1, 2)) + masks.sum((1, 2)) + SMOOTH)


def mean_shape(known: Tokens, held: Tokens, count: int) -> np.ndarray:
    """The same shape for every picture: where lesions of the training masks lie, cut where `held` is met best."""
    where = known.masks.mean(0)
    cuts = np.unique(np.quantile(where, np.linspace(0.3, 0.99, 40)))
    best = max(cuts, key=lambda c: float(dice(np.broadcast_to(where > c, held.masks.shape), held.masks).mean()))
    return np.broadcast_to(where > best, (count, SIDE, SIDE))


def brightest(pictures: Sequence[Path], bright: bool, share: float) -> np.ndarray:
    """The brightest (or darkest) share of each picture's pixels: [N, SIDE, SIDE] bool."""
    found = []
    for file in pictures:
        small = images.read(file).picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
        level = np.asarray(small, np.float32) * (1 if bright else -1)
        found.append(level > np.quantile(level, 1 - share))
    return np.stack(found)
