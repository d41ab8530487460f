"""Background: the empty border of a picture - the air round a head, black corners, a white margin."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

WINDOW = 5
"""Side in pixels of the window in which a flat place does not vary."""
RANGE, SPREAD = 0.06, 0.04
"""Largest range in a window, and deviation over a whole region, of levels from 0 to 1: what JPEG makes of black."""
SMALLEST = 0.01
"""Share of the picture that a region has at least."""
COVERED = 0.95
"""Share of a patch's pixels that are empty."""


def find(levels: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Patches of empty background: connected regions at the border in which next to nothing varies.

    Args:
        levels: [S, S, 3] from 0 to 1.
        grid: (h, w) patches down and across.
    Returns:
        [h * w] bool; none where all of them would be empty.
    """
    size = (WINDOW, WINDOW, 1)
    ranges = ndimage.maximum_filter(levels, size) - ndimage.minimum_filter(levels, size)
    regions, _ = ndimage.label(ranges.max(axis=2) <= RANGE)
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    empty = np.zeros(regions.shape, dtype=bool)
    for number in np.unique(border[border > 0]):
        region = regions == number
        if region.mean() >= SMALLEST and levels[region].std(axis=0).max() <= SPREAD:
            empty |= region
    height, width = (side // cells for side, cells in zip(regions.shape, grid, strict=True))
    found = empty.reshape(grid[0], height, grid[1], width).mean(axis=(1, 3)).ravel() >= COVERED
    return found & ~found.all()
