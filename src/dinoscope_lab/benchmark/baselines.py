"""Baselines: what simpler features than the backbone's are worth - pixels, edges with colours, random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from dinoscope.reading import images

from ..pretrain.targets import hog_and_colour

OURS = "backbone, linear"
PIXELS, EDGES, RANDOM = "pixels", "edges and colours (HOG)", "random weights"
SCRATCH, RESIDUAL = "supervised from scratch", "small ResNet from scratch"
"""What the methods are called in every table."""


def squashed(files: Sequence[Path], side: int) -> np.ndarray:
    """Pictures as squares [N, side, side, 3] uint8."""
    size = (side, side)
    pictures = (images.read(f).picture.convert("RGB").resize(size, Image.Resampling.BICUBIC) for f in files)
    return np.stack([np.asarray(p) for p in pictures])


def pixels(files: Sequence[Path], side: int = 24) -> np.ndarray:
    """The picture itself, squashed to `side` x `side`."""
    return squashed(files, side).reshape(len(files), -1).astype(np.float32) / 255


def edges(files: Sequence[Path], side: int = 112, patch: int = 14, batch: int = 64) -> np.ndarray:
    """Histograms of oriented gradients and mean colours on a grid of 8 x 8 patches of 2 x 2 cells."""
    rows = []
    for start in range(0, len(files), batch):
        views = torch.from_numpy(squashed(files[start : start + batch], side)).permute(0, 3, 1, 2).float() / 255
        rows.append(hog_and_colour(views, patch).flatten(1).numpy())
    return np.concatenate(rows)
