"""Sight: one picture as the network sees it - a colour and a vector for every patch."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..reading import background
from ..reading.encoder import Encoder
from ..similar.regions import quantize
from .axes import Axes

SIDE = 392
"""Pixels at which a picture is read for this, in the nearest whole number of patches."""
BEFORE_LAST = 1
"""The tokens are taken as they leave the block before so many last ones."""
GREY = 128
"""Level of the empty border, where there is nothing to see."""


@dataclass(frozen=True)
class Sight:
    """What the network sees in one picture.

    Attributes:
        task: whose axes were taken.
        grid: (h, w) patches down and across.
        colours: [h, w, 3] uint8 sRGB; the same colour is the same kind of place in every picture of the task.
        vectors: [h * w, K] int8, each row scaled to its own largest entry: their cosines say what is alike.
        empty: [h * w] bool, patches of the empty border, where there is nothing to see.
        share: of the variance of this picture's standardised patch tokens, empty ones apart, that the three coloured
            components hold, 0 to 1.
    """

    task: str
    grid: tuple[int, int]
    colours: np.ndarray
    vectors: np.ndarray
    empty: np.ndarray
    share: float

    def picture(self, size: tuple[int, int]) -> Image.Image:
        """The colours at a picture's size (W, H), smoothly enlarged."""
        return Image.fromarray(self.colours).resize(size, Image.Resampling.BICUBIC)

    def json(self) -> dict:
        """Plain values; the vectors as base64 of their bytes, row by row."""
        return {
            "task": self.task,
            "grid": list(self.grid),
            "components": self.vectors.shape[1],
            "vectors": base64.b64encode(self.vectors.tobytes()).decode(),
            "coloured_share": self.share,
        }


def read(
    encoder: Encoder, pictures: list[Image.Image], side: int = SIDE, before: int = BEFORE_LAST
) -> tuple[np.ndarray, np.ndarray]:
    """Patch tokens [N, h * w, D] float32 that axes are fitted on and applied to; which patches [N, h * w] are empty.

    Args:
        side: pixels, in the nearest whole number of patches; before: so many blocks follow the one that is read.
    """
    cells = max(1, round(side / encoder.patch))
    pixels = encoder.pixels(pictures, cells * encoder.patch)
    empty = [background.find(levels, (cells, cells)) for levels in encoder.levels(pixels)]
    return encoder.leaving(pixels, before).cpu().numpy(), np.stack(empty)


def look(encoder: Encoder, axes: Axes, picture: Image.Image, task: str = "") -> Sight:
    """Read a picture's patches: one pass of the network."""
    (tokens,), (empty,) = read(encoder, [picture])
    side = int(len(tokens) ** 0.5)
    components = axes.project(tokens)
    coloured = components[~empty, :3].var(axis=0).sum()
    whole = axes.standardised(tokens[~empty]).var(axis=0).sum()
    colours = axes.colours(tokens)
    colours[empty] = GREY
    return Sight(
        task,
        (side, side),
        colours.reshape(side, side, 3),
        quantize(components),
        empty,
        float(coloured / max(whole, 1e-12)),
    )
