"""Chest radiograph: the child, and the maps of what a beam from front to back crosses.

Every organ is a map of optical depth, and maps add up, because attenuations multiply along the beam: this is
what lets ribs, heart, vessels and diaphragm shine through one another. The unit is the depth of a child's chest
full of water. Positions are in half sides of the picture before framing, x to the patient's left
(right of the picture), y downwards; z runs from back to front. Shapes are hand-set after Lange's
"Radiology of Chest Diseases", 3rd ed. (2007), chapter 1, and the thymus, heart and ribs of small children after Coley,
"Caffey's Pediatric Diagnostic Imaging", 12th ed. (2013), section 5; the width of the chest at each height after the
mean of the real training films (folds 2 to 4 of pneumonia_cxr), which are squashed to a square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .. import kit
from ..chest_shapes import Frame, trace
from .look import Look

CAGE = trace(
    "0.2 -0.66, 0.27 -0.61, 0.35 -0.48, 0.435 -0.29, 0.52 -0.07, 0.59 0.14, 0.64 0.35, 0.67 0.55, 0.68 0.75, 0.66 1.0"
)
"""Half the inner width of a child's chest from the apex to below the ribs: points (half width, y)."""


@dataclass(frozen=True)
class Child:
    """What one child brings.

    Attributes:
        look: what films of its class have in common.
        breath: how far the diaphragm lies below its usual level.
        heart, thymus: size of their shadows; 1 and 0.5 are usual.
        fat: thickness of the chest wall, about 1.
        arms: "up" beside the head, "out" or "down" beside the chest.
        bone: how dense bones are, about 1.
        flat: 0 for arched hemidiaphragms, 1 for flat ones.
        taper: widening of the upper chest, 0 for a cone that narrows as usual.
        turned: how far the child is turned to its left, in shifts of the heart against the spine.
        tilt: how far a rib falls from the spine to its front end.
    """

    look: Look
    breath: float
    heart: float
    thymus: float
    fat: float
    arms: str
    bone: float
    flat: float
    taper: float
    turned: float
    tilt: float

    def wall(self, y: np.ndarray | float, sign: int) -> np.ndarray:
        """Half the width of the chest at heights `y`; the side that is turned away is narrower."""
        wide = np.interp(y, CAGE[:, 1], CAGE[:, 0]) * (1 + self.taper * np.clip(0.5 - np.asarray(y), 0, 1.3))
        return self.look.cage * wide * (1 - 0.9 * sign * self.turned)


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


def new_child(rng: np.random.Generator, look: Look, hyperinflated: bool, sick: bool) -> Child:
    """A random child; hyperinflation flattens and lowers the diaphragm and widens the upper chest."""
    over = np.clip(rng.normal(0.7, 0.12), 0, 1) if hyperinflated else rng.uniform(0, 0.3)
    arms = (0.5, 0.3, 0.2) if sick else (0.6, 0.3, 0.1)
    return Child(
        look=look,
        breath=float(np.clip(rng.normal(0, 0.05), -0.11, 0.1) - 0.024 + 0.07 * over),
        heart=float(rng.normal(1.12, 0.08)),
        thymus=float(max(0, rng.normal(0.8, 0.4))),
        fat=float(rng.gamma(6, 0.1)),
        arms=str(rng.choice(["up", "out", "down"], p=arms)),
        bone=float(rng.uniform(0.8, 1.2)),
        flat=float(over),
        taper=float(rng.normal(look.taper, 0.06) + 0.05 * over),
        turned=float(np.clip(rng.normal(0, 0.03), -0.05, 0.05)),
        tilt=float(np.clip(rng.normal(look.tilt, 0.08), 0.2, 0.9)),
    )


def dome(child: Child, side: str) -> np.ndarray:
    """Points [6, 2] of a hemidiaphragm from the costophrenic angle to the midline; the right one stands higher."""
    sign = -1 if side == "right" else 1
    low = 0.46 + child.breath + (child.look.left_dome if side == "left" else 0.0)
    arch = 0.243 * (1 - 0.5 * child.flat)
    y = low + arch * np.array([1.0, 0.5, 0.05, -0.3, -0.32, -0.1])
    x = child.wall(y, sign) * np.array([1.0, 0.97, 0.84, 0.6, 0.35, 0.05])
    return np.column_stack([x, y])


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
