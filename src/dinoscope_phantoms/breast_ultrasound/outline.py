"""Breast ultrasound: where a mass lies, and the outline that its margin gives it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .. import kit
from .anatomy import Person
from .scene import Scene
from .textures import sheet


@dataclass(frozen=True)
class Margin:
    """How a margin departs from an ellipse.

    Attributes:
        rough: deviation of the rim from the ellipse, as a share of its radius, in waves of `orders` lengths.
        turn: deviation of the long axis from the skin line, radians.
        spikes: how many spikes, from and below; each is about `wide` radians wide and up to `high` radii long.
        ragged: deviation [share of the side] of a fine displacement of the rim.
    """

    rough: float
    orders: int
    turn: float
    spikes: tuple[int, int] = (0, 1)
    wide: float = 0.28
    high: float = 0.3
    ragged: float = 0.0

    @property
    def reach(self) -> float:
        """Radii within which nearly all of the mass lies."""
        return 1.45 if self.ragged else 1.15


MARGINS = {
    "oval": Margin(0.025, 4, 0.12),
    "lobulated": Margin(0.085, 4, 0.12),
    "spiculated": Margin(0.12, 7, 0.5, (5, 11), 0.1, 0.45, 0.006),
    "angular": Margin(0.16, 7, 0.5, (3, 6), ragged=0.008),
    "microlobulated": Margin(0.1, 7, 0.5, ragged=0.011),
    "indistinct": Margin(0.12, 7, 0.5, (2, 3), ragged=0.006),
}


@dataclass(frozen=True)
class Outline:
    """A mass: its centre (y, x) and radii (down, across) in shares of the side, and the radius field `rho`.

    `rho` [size, size] is 0 at the centre and 1 on the margin.
    """

    centre: tuple[float, float]
    radii: tuple[float, float]
    rho: np.ndarray

    @property
    def radius(self) -> float:
        return float(np.sqrt(self.radii[0] * self.radii[1]))

    def cover(self, soft: np.ndarray | float) -> np.ndarray:
        """Share of each pixel inside, with an edge that is `soft` wide (share of the side, one number or a field)."""
        return kit.smoothstep((self.rho - 1) * 2 * self.radius / soft, 1, -1)


def place(rng: np.random.Generator, scene: Scene, person: Person, area: float, long: float, margin: Margin) -> Outline:
    """Choose where a mass can lie, mostly at the border of fat and gland, and draw its outline.

    Args:
        area: share of the picture that it covers; less where it would not fit.
        long: its width divided by its height.
    """
    down = float(np.sqrt(area / np.pi / long))
    across, turn = down * long, float(rng.normal(0, margin.turn))
    high = margin.reach * float(np.hypot(down * np.cos(turn), across * np.sin(turn)))
    wide = margin.reach * float(np.hypot(across * np.cos(turn), down * np.sin(turn)))
    fit = min(1.0, 0.43 / high, 0.47 / wide)
    down, across, high, wide = (length * fit for length in (down, across, high, wide))
    y = rng.normal(min(person.fat, 0.34) + 0.7 * down + 0.03, 0.07)
    y = float(np.clip(y, person.skin + 0.02 + high, 0.97 - high))
    x = float(np.clip(rng.normal(0.5, 0.17), 0.02 + wide, 0.98 - wide))
    wy, wx = scene.y - y, scene.x - x
    if margin.ragged:
        wy, wx = (
            w + margin.ragged * sheet(rng, scene.size, 0.05, 0.05) + 0.004 * sheet(rng, scene.size, 0.02, 0.02)
            for w in (wy, wx)
        )
    rho = kit.ellipse(wy, wx, (0.0, 0.0), (down, across), turn)
    rho = rho / _rim(rng, np.arctan2(wy / down, wx / across), margin)
    parts, count = ndimage.label(rho < 1)
    if count > 1:
        main = 1 + np.argmax(np.bincount(parts.ravel())[1:])
        rho = np.where((parts != main) & (rho < 1), 1.1, rho)
    return Outline((y, x), (down, across), rho.astype(np.float32))


def _rim(rng: np.random.Generator, angle: np.ndarray, margin: Margin) -> np.ndarray:
    """Radius [size, size] of the margin as a multiple of the ellipse's, for each direction."""
    table = np.linspace(-np.pi, np.pi, 721)
    order = np.arange(2, 2 + margin.orders)
    strength = rng.standard_normal(margin.orders) / order**0.7
    wave = np.sin(order * table[:, None] + rng.uniform(0, 2 * np.pi, margin.orders)) @ strength
    rim = 1 + margin.rough * wave / (wave.std() + 1e-6)
    for _ in range(rng.integers(*margin.spikes)):
        gap = np.abs((table - rng.uniform(-np.pi, np.pi) + np.pi) % (2 * np.pi) - np.pi)
        rim += rng.uniform(0.4, 1) * margin.high * np.exp(-gap / (margin.wide * rng.uniform(0.6, 1.4)))
    return np.interp(angle, table, np.clip(rim, 0.6, 1.5))
