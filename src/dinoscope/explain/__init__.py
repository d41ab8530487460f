"""Explain: which regions of a picture cause its score, one method a file, all of them in `methods`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..reading.encoder import Encoder, Tokens, Trace

Score = Callable[[Tensor], Tensor]
"""Normalised pixels [B, 3, S, S] -> the score to be explained [B], for example a class's probability."""

Target = Callable[[Tensor], Tensor]
"""Pooled features [B, P] -> the score [B], differentiable; see `targets`."""

Progress = Callable[[int, int], None]
"""Told (done, total) after every batch; it may raise to cancel."""


@dataclass(frozen=True)
class Subject:
    """What is explained: one picture, and the score a network gives it.

    Attributes:
        pixels: [1, 3, S, S] normalised.
        before: [h * w, D] patch tokens after the last block's first norm.
        grid: (h, w) patches down and across.
        score: of any pixels of this shape, without gradients.
        trace: walks the picture through the network with the graph kept; gives the score [1] and the `Trace`.
        slope: the score's gradient by the pixels [1, 3, S, S].
    """

    pixels: Tensor
    before: Tensor
    grid: tuple[int, int]
    score: Score
    trace: Callable[[], tuple[Tensor, Trace]]
    slope: Callable[[], Tensor]

    @classmethod
    def of(cls, encoder: Encoder, pixels: Tensor, tokens: Tokens, target: Target) -> Subject:
        """The target's score of one picture [1, 3, S, S], whose tokens are known already."""

        def score(batch: Tensor) -> Tensor:
            return target(encoder.tokens(batch, hurried=True).pooled)

        def trace() -> tuple[Tensor, Trace]:
            found = encoder.trace(pixels)
            with torch.enable_grad():
                return target(found.tokens.pooled), found

        def slope() -> Tensor:
            leaf = pixels.clone().requires_grad_()
            with torch.enable_grad():
                value = target(encoder.trace(leaf, hurried=True).tokens.pooled)
                return torch.autograd.grad(value.sum(), leaf)[0]

        return cls(pixels, tokens.before[0], tokens.grid, score, trace, slope)

    @property
    def size(self) -> tuple[int, int]:
        """(S, S): sides of the pixels."""
        return self.pixels.shape[2], self.pixels.shape[3]

    @property
    def patch(self) -> int:
        """Side of a patch in pixels."""
        return self.size[0] // self.grid[0]

    def enlarge(self, values: Tensor) -> Tensor:
        """One value a patch [N, h * w] or [N, h, w] -> [N, S, S], bilinear."""
        maps = values.reshape(1, -1, *self.grid)
        return F.interpolate(maps, size=self.size, mode="bilinear", align_corners=False)[0]


@dataclass(frozen=True)
class Saliency:
    """What a method found.

    Attributes:
        map: [S, S] float32 at the encoder's size; higher where the picture causes the score.
        masks: [N, h, w] float32, the masks it was made of on the grid of patches; [0, h, w] without any.
        scores: [N] float32, the causal score of each mask.
    """

    map: np.ndarray
    masks: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1), np.float32))
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
