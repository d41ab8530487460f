"""Chest radiograph: the child, and the maps of what a beam from front to back crosses.

Every organ is a map of optical depth, and maps add up, because attenuations multiply along the beam: this is
what lets ribs, heart, vessels and diaphragm shine through one another. The unit is the depth of a child's chest
full of water. Positions are in half sides of the picture before framing, x to the patient's left
(right of the picture), y downwards; z runs from back to front. Shapes are hand-set after Lange's
"Radiology of Chest Diseases", 3rd ed. (2007), chapter 1, and the thymus, heart and ribs of small children after Coley,
"Caffey's Pediatric Diagnostic Imaging", 12th ed. (2013), section 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .. import kit
from ..chest_shapes import Frame, trace

LUNG = trace("0.2 -0.74, 0.31 -0.755, 0.43 -0.64, 0.53 -0.42, 0.6 -0.12, 0.645 0.18, 0.665 0.42, 0.665 0.6")
"""Outer border of one lung, from the apex to the costophrenic angle."""


@dataclass(frozen=True)
class Child:
    """What one child brings: how deep the breath, how broad the chest, heart and thymus."""

    broad: float
    breath: float
    heart: float
    thymus: float
    fat: float
    arms: str
    bone: float
    flat: float


@dataclass
class Film:
    """Maps of one exposure, each [size, size]: what the beam crosses.

    Attributes:
        solid: optical depth of everything but aerated lung: soft tissue as if the chest were full of water.
        bone: optical depth of the skeleton on top of that.
        air: depth of lung along the beam, where it holds air.
        markings: optical depth of the vessels inside the lung.
        inside: [size, size] share of the pixel within each lung, by side.
        outline: closed outline [N, 2] of each lung in shape units, by side.
    """

    frame: Frame
    child: Child
    solid: np.ndarray
    bone: np.ndarray
    air: np.ndarray
    markings: np.ndarray
    inside: dict[str, np.ndarray]
    outline: dict[str, np.ndarray]


def new_child(rng: np.random.Generator, hyperinflated: bool) -> Child:
    """A random child; hyperinflation flattens and lowers the diaphragm and widens the chest."""
    over = rng.uniform(0.5, 1.0) if hyperinflated else rng.uniform(0, 0.25)
    return Child(
        broad=float(rng.normal(1.0, 0.05) + 0.05 * over),
        breath=float(np.clip(rng.normal(0, 0.05), -0.11, 0.1) + 0.1 * over),
        heart=float(rng.normal(1.0, 0.09)),
        thymus=float(max(0, rng.normal(0.3, 0.5))),
        fat=float(rng.gamma(3, 0.33)),
        arms=str(rng.choice(["up", "out", "down"], p=[0.45, 0.45, 0.1])),
        bone=float(rng.uniform(0.8, 1.2)),
        flat=float(over),
    )


def dome(child: Child, side: str) -> np.ndarray:
    """Points [5, 2] of a hemidiaphragm from the costophrenic angle to the midline; the right one stands higher."""
    low = 0.42 + child.breath + (0.05 if side == "left" else 0.0)
    arch = 0.17 * (1 - 0.55 * child.flat)
    return np.array(
        [
            (0.665, low + 0.75 * arch + 0.03),
            (0.61, low + 0.2 * arch),
            (0.46, low - 0.4 * arch),
            (0.29, low - 0.6 * arch),
            (0.05, low - 0.4 * arch),
        ]
    )


def rounded(frame: Frame, cover: np.ndarray, reach: float, power: float = 0.5) -> np.ndarray:
    """Thickness 0 to 1 of a body with a round rim: it rises from the outline over `reach` units."""
    inside = ndimage.distance_transform_edt(np.pad(cover > 0.5, 1, mode="edge"))[1:-1, 1:-1]
    t = np.clip(inside / (reach * frame.scale[0]), 0, 1)
    return kit.blur(((1 - (1 - t) ** 2) ** power).astype(np.float32), 1.0)


def splat(size: int, pixels: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum of weights per pixel [size, size] of points [N, 2] (column, row), shared between four neighbours."""
    p = pixels - 0.5
    keep = ((p > 0) & (p < size - 1.001)).all(1)
    p, weight = p[keep], weight[keep]
    corner = p.astype(int)
    px, py = (p - corner).T
    index = corner[:, 1] * size + corner[:, 0]
    total = np.zeros(size * size)
    shares = ((1 - px) * (1 - py), px * (1 - py), (1 - px) * py, px * py)
    for offset, share in zip((0, 1, size, size + 1), shares, strict=True):
        total += np.bincount(index + offset, share * weight, len(total))
    return total.reshape(size, size).astype(np.float32)
