"""Breast ultrasound: the insonated plane while it is drawn.

Depth `y` and lateral position `x` are shares of the picture's side, 0 at the top left. Echo levels are decibels
below white; the scanner shows about 50 dB of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import kit

SKIN, FAT, GLAND, MUSCLE, DEEP = -21.0, -35.0, -25.0, -36.5, -40.0
"""Mean echo levels [dB] of the layers: glandular stroma is bright, fat grey, muscle darker (Stavros, 2004, ch. 4)."""


@dataclass
class Scene:
    """A plane through a breast.

    Attributes:
        y, x: [size, size] depth and lateral position, 0 to 1.
        echo: [size, size] diffuse scattering in dB below white; it becomes speckle.
        glint: [size, size] amplitude, 1 = white, of smooth interfaces, which mirror instead of scatter.
        loss: [size, size] attenuation beyond what the time-gain compensation expects, dB per side; negative
            where the sound passes more easily than through the tissue around.
    """

    y: np.ndarray
    x: np.ndarray
    echo: np.ndarray
    glint: np.ndarray
    loss: np.ndarray

    @property
    def size(self) -> int:
        return len(self.y)

    def lay(self, level: np.ndarray | float, cover: np.ndarray) -> None:
        """Replace what lies under `cover` [size, size] by tissue of the level [dB], interfaces included."""
        self.echo = kit.mix(self.echo, level, cover)
        self.glint = self.glint * (1 - cover)

    def shine(self, profile: np.ndarray, level: float) -> None:
        """Add an interface: `profile` [size, size] is 1 on the line, `level` its echo there in dB below white."""
        self.glint = np.maximum(self.glint, profile.astype(np.float32) * np.float32(10 ** (level / 20)))

    def move(self, dy: np.ndarray, dx: np.ndarray) -> None:
        """Pull the tissue along displacements given in shares of the side."""
        dy, dx = dy * self.size, dx * self.size
        self.echo, self.glint, self.loss = (kit.warp(f, dy, dx) for f in (self.echo, self.glint, self.loss))


def empty(size: int) -> Scene:
    """A plane filled with the faint tissue of the chest wall."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return Scene(y, x, np.full_like(y, DEEP), np.zeros_like(y), np.zeros_like(y))
