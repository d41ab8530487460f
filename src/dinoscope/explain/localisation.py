"""Localisation: does a map point at the lesion? For cases whose lesion is outlined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Localisation:
    """How a map lies on an outlined lesion.

    Attributes:
        hit: the pointing game: whether the map's highest pixel is in the lesion.
        overlap: intersection over union of the lesion and as many of the map's highest pixels.
        inside: share of the map's positive saliency that is in the lesion.
        area: share of the picture that is lesion: what a flat map has inside, and a random point hits.
    """

    hit: bool
    overlap: float
    inside: float
    area: float

    @property
    def on(self) -> bool:
        """Whether the map lies on the lesion: it points into it, or overlaps it by a third."""
        return self.hit or self.overlap >= 1 / 3


def locate(saliency: np.ndarray, lesion: np.ndarray) -> Localisation:
    """Compare a map [H, W] with a lesion [H, W] bool.

    A map's zero differs from method to method, so that its positive part is what exceeds its own median: half of
    the picture, whatever the method.

    Raises:
        ValueError: when the sizes differ, or the lesion is empty.
    Source: Zhang et al., "Top-down neural attention by excitation backprop", IJCV 2018 (pointing game).
    """
    if saliency.shape != lesion.shape:
        raise ValueError(f"the map is {saliency.shape} and the lesion {lesion.shape}; give both in the same pixels")
    count = int(lesion.sum())
    if not count:
        raise ValueError("the outline is empty; only a case with a lesion can be located")
    order = np.argsort(-saliency, axis=None, kind="stable")
    flat = lesion.ravel()
    common = int(flat[order[:count]].sum())
    positive = np.clip(saliency - np.median(saliency), 0, None)
    total = float(positive.sum())
    return Localisation(
        hit=bool(flat[order[0]]),
        overlap=common / (2 * count - common),
        inside=float(positive[lesion].sum()) / total if total > 0 else count / lesion.size,
        area=count / lesion.size,
    )


def centred_blob(shape: tuple[int, int]) -> np.ndarray:
    """A Gaussian in the middle of the picture [H, W], of a quarter of each side: the baseline that sees nothing."""
    rows, columns = (np.linspace(-2, 2, side) for side in shape)
    return np.exp(-0.5 * (rows[:, None] ** 2 + columns**2)).astype(np.float32)
