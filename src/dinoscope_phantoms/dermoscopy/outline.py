"""Where the lesion lies: its outline as a normalised radius, 1 on the rim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .. import kit
from . import fields


@dataclass(frozen=True)
class Outline:
    """A lesion's place on the canvas.

    Attributes:
        radius: [CANVAS, CANVAS], 0 at the centre, 1 on the rim, growing outwards.
        angle: [CANVAS, CANVAS], direction from the centre in radians.
        centre: (y, x) in -1 to 1.
        half: mean half axis in half sides of the picture.
    """

    radius: np.ndarray
    angle: np.ndarray
    centre: tuple[float, float]
    half: float

    @property
    def mask(self) -> np.ndarray:
        """[CANVAS, CANVAS] bool: inside the rim, without holes or crumbs below a twentieth of the largest part."""
        inside = ndimage.binary_fill_holes(self.radius < 1)
        labels, count = ndimage.label(inside)
        areas = np.bincount(labels.ravel(), minlength=count + 1)
        keep = areas >= 0.05 * areas[1:].max(initial=1)
        keep[0] = False
        return keep[labels]

    def fill(self, soft: float) -> np.ndarray:
        """1 inside and 0 outside with an edge `soft` wide (in radii), half way on the rim."""
        return kit.smoothstep(self.radius, 1 + soft, 1 - soft)

    def edge(self, rng: np.random.Generator, soft: float, fray: float = 0.0) -> np.ndarray:
        """1 inside and 0 outside, sharper here and softer there, frayed by `fray` radii into strands.

        `soft` is the middle width. As when one draws round a fading lesion, little pigment is left on the rim.
        """
        width = soft * np.exp(0.5 * fields.cloud(rng, 70, 3))
        strands = fields.fringe(rng, self.angle, self.radius, rng.uniform(20, 45) * (0.6 + self.half))
        frayed = self.radius + fray * (0.5 * fields.cloud(rng, 16, 2.6) + 0.9 * strands)
        return kit.smoothstep((frayed - 1) / width, 0.55, -1.45)

    def dome(self, rng: np.random.Generator) -> np.ndarray:
        """Factor up to 1 that falls from the middle to the rim, by a tenth in some lesions and by two thirds in others.

        Most lesions are thickest in their middle.
        """
        return 1 - rng.uniform(0.1, 0.65) * np.clip(self.radius, 0, 1) ** rng.uniform(1.2, 3)


def _place(rng, half):
    drift = min(0.14, max(0.02, 0.5 * (0.9 - half)))
    return tuple(np.clip(rng.normal(0, drift, 2), -0.3, 0.3))


def _angle(centre):
    return np.arctan2(fields.LESION_Y - centre[0] * fields.SQUASH, fields.LESION_X - centre[1] / fields.SQUASH)


def oval(rng: np.random.Generator, half: float, rough: float, tall: float = 0.12, slope: float = 2.6) -> Outline:
    """One rounded lesion; `rough` is the deviation of its rim in radii, `tall` that of the logarithm of its axes.

    A larger `slope` (see `fields.cloud`) makes the rim's bumps rounder.
    """
    centre = _place(rng, half)
    stretch = np.exp(rng.normal(0, tall))
    radius = kit.ellipse(
        fields.LESION_Y,
        fields.LESION_X,
        (centre[0] * fields.SQUASH, centre[1] / fields.SQUASH),
        (half * stretch, half / stretch),
        rng.uniform(0, np.pi),
    )
    angle = _angle(centre)
    lobes = sum(rng.normal(0, 0.05) / (k - 1) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in (2, 3, 4, 5))
    bumps = rough * fields.cloud(rng, half * 75, slope) * kit.smoothstep(radius, 0.2, 0.7)
    return Outline((radius * (1 + lobes) + bumps).astype(np.float32), angle, centre, half)


def cluster(rng: np.random.Generator, half: float, blobs: int, rough: float, spread: float = 0.65) -> Outline:
    """An asymmetric lesion grown together from several blobs; `spread` is how far they lie apart, in radii."""
    centre = _place(rng, half)
    cy, cx = centre[0] * fields.SQUASH, centre[1] / fields.SQUASH
    joined = np.zeros_like(fields.X)
    for turn in rng.uniform(0, 2 * np.pi) + np.arange(blobs) * 2 * np.pi / blobs * rng.uniform(0.5, 1):
        away = half * spread * rng.uniform(0.3, 1)
        size = half * rng.uniform(0.45, 0.75)
        stretch = np.exp(rng.normal(0, 0.25))
        radius = kit.ellipse(
            fields.LESION_Y,
            fields.LESION_X,
            (cy + away * np.sin(turn), cx + away * np.cos(turn)),
            (size * stretch, size / stretch),
            rng.uniform(0, np.pi),
        )
        joined += np.exp(-6 * radius)
    radius = 1 - np.log(joined + 1e-6) / 6 - 1.0
    radius = np.maximum(radius, 0) + rough * fields.cloud(rng, half * 90, 2.8)
    return Outline(radius.astype(np.float32), _angle(centre), centre, half)
