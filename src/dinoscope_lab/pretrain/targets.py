"""Targets: what the hidden patches of a view are to be guessed as - edge directions and colour."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BINS = 9
CELLS = 2
DIMENSIONS = CELLS * CELLS * (BINS + 3)


def hog_and_colour(views: Tensor, patch: int) -> Tensor:
    """Histograms of oriented gradients and mean colours of every patch.

    Each patch is cut into 2 x 2 cells. A cell gives 9 unsigned gradient directions (Dalal and Triggs,
    CVPR 2005), normalised over its patch, and its mean colour, standardised by ImageNet's statistics.

    Args:
        views: [B, 3, h, w] in 0 to 1, sides divisible by `patch`.
        patch: side of a patch in pixels, even.
    Returns:
        [B, (h / patch) * (w / patch), 48] float32, patches in reading order.
    Source: Wei et al., "Masked feature prediction for self-supervised visual pre-training", CVPR 2022.
    """
    grey = views.mean(1, keepdim=True)
    padded = F.pad(grey, (1, 1, 1, 1), mode="replicate")
    dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    dy = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    strength = (dx.square() + dy.square() + 1e-12).sqrt()
    position = torch.atan2(dy, dx).remainder(math.pi) / math.pi * BINS
    low = position.floor()
    share = position - low
    votes = torch.zeros(len(views), BINS, *views.shape[2:], device=views.device)
    votes.scatter_add_(1, low.long().remainder(BINS), strength * (1 - share))
    votes.scatter_add_(1, (low.long() + 1).remainder(BINS), strength * share)
    cell = patch // CELLS
    hog = _patches(F.avg_pool2d(votes, cell), CELLS)
    hog = F.normalize(hog + 1e-4, dim=-1) * math.sqrt(BINS)
    colour = _patches(F.avg_pool2d((views - 0.45) / 0.225, cell), CELLS)
    return torch.cat([hog, colour], dim=-1)


def _patches(cells: Tensor, side: int) -> Tensor:
    """[B, C, H*side, W*side] -> [B, H*W, C*side*side]."""
    return F.pixel_unshuffle(cells, side).flatten(2).transpose(1, 2)
