"""Frozen: what heads and case vectors ask of a network, whoever trained it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PIL import Image


class Seen(Protocol):
    """What a network sees in N pictures."""

    @property
    def pooled(self) -> np.ndarray:
        """[N, P] float32: what heads and the projection read."""
        ...

    @property
    def patches(self) -> np.ndarray:
        """[N, h * w, D] float32, in reading order."""
        ...

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) patches down and across."""
        ...


class Frozen(Protocol):
    """A network that is never trained here: the backbone, or a rival.

    Attributes:
        name: what readers call it.
        fingerprint: 64 hex digits that tell its weights and preprocessing from all others'.
        width: P, the length of what heads read.
    """

    name: str
    fingerprint: str
    width: int

    def __call__(self, pictures: Sequence[Image.Image], batch: int = 32) -> Seen:
        """Read pictures, at most `batch` at a time."""
        ...
