"""Explain: which regions of a picture raise its score, one method a file, all of them in `methods`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..reading.encoder import Encoder, Tokens, Trace

TOKENS = {"cpu": 1024, "cuda": 65536}
"""At most so many patches travel through the network at a time; of more, a processor's cache holds less."""

Score = Callable[[Tensor], Tensor]
"""Whatever can be read [B, ...] -> the score of each [B]."""

Progress = Callable[[int, int], None]
"""Told (done, total) after every batch; it may raise to cancel."""


@dataclass(frozen=True)
class Target:
    """The score that is explained, from pooled features [N, P], differentiable; see `targets`.

    Attributes:
        value: [N] as the page shows it: a probability, a difference of two, a cosine.
        log_odds: [N] the same before it saturates, which maps are made of: near 1 a probability hardly moves.
    """

    value: Score
    log_odds: Score


@dataclass(frozen=True)
class Subject:
    """What is explained: one picture, and the score a network gives it.

    Attributes:
        pixels: [1, 3, S, S] normalised.
        before: [h * w, D] patch tokens after the last block's first norm.
        grid: (h, w) patches down and across.
        target: what is asked of pooled features.
        value: of the score for the picture as it is.
        pooled: of any pixels [B, 3, S, S] of this shape: [B, P], without gradients.
        chosen: pooled features [B, P] when only the patches [B, n] of this picture are read.
        swapped: of other pixels [1, 3, S, S]: pooled features [B, P] when the patches at [B, h * w] bool are theirs.
        trace: walks the picture through the network with the graph kept; gives pooled features [1, P] and the `Trace`.
        empty: [h * w] bool, patches of empty background; see `background`.
    """

    pixels: Tensor
    before: Tensor
    grid: tuple[int, int]
    target: Target
    value: float
    pooled: Callable[[Tensor], Tensor]
    chosen: Callable[[Tensor], Tensor]
    swapped: Callable[[Tensor], Callable[[Tensor], Tensor]]
    trace: Callable[[], Trace]
    empty: np.ndarray

    @classmethod
    def of(cls, encoder: Encoder, pixels: Tensor, tokens: Tokens, target: Target) -> Subject:
        """The target's score of one picture [1, 3, S, S], whose tokens are known already."""
        with torch.inference_mode():
            embedded, value = encoder.embed(pixels), float(target.value(tokens.pooled))

        def swapped(other: Tensor) -> Callable[[Tensor], Tensor]:
            theirs = encoder.embed(other)
            return lambda where: encoder.swapped(embedded, theirs, where, hurried=True).pooled

        return cls(
            pixels,
            tokens.before[0],
            tokens.grid,
            target,
            value,
            lambda batch: encoder.tokens(batch, hurried=True).pooled,
            lambda kept: encoder.chosen(embedded, kept, hurried=True).pooled,
            swapped,
            lambda: encoder.trace(pixels, hurried=True),
            np.zeros(tokens.before.shape[1], dtype=bool),
        )

    @property
    def size(self) -> tuple[int, int]:
        """(S, S): sides of the pixels."""
        return self.pixels.shape[2], self.pixels.shape[3]

    @property
    def patch(self) -> int:
        """Side of a patch in pixels."""
        return self.size[0] // self.grid[0]

    def score(self, pixels: Tensor) -> Tensor:
        """Value of the score of other pixels: [B, 3, S, S] -> [B]."""
        return self.target.value(self.pooled(pixels))

    @torch.inference_mode()
    def through(self, kept: np.ndarray, score: Score, progress: Progress | None = None) -> Tensor:
        """The score when only some patches of the picture are read; the others are not there at all.

        Args:
            kept: [N, h * w] bool, each with at least one patch.
            score: of the target, `value` or `log_odds`.
            progress: told (done, total) sets; may raise to cancel.
        Returns:
            [N] float32.
        """
        scores = torch.zeros(len(kept))
        sizes = kept.sum(axis=1)
        for some in self._batches(sizes, progress):
            patches = torch.from_numpy(np.nonzero(kept[some])[1].reshape(len(some), -1)).to(self.pixels.device)
            scores[some] = score(self.chosen(patches)).float().cpu()
        return scores

    @torch.inference_mode()
    def beside(self, other: Tensor, where: np.ndarray, progress: Progress | None = None) -> Tensor:
        """Value of the score when some patches are those of other pixels.

        Args:
            other: [1, 3, S, S]; where: [N, h * w] bool, the patches that are theirs.
            progress: told (done, total) pictures; may raise to cancel.
        Returns:
            [N] float32.
        """
        scores, read = torch.zeros(len(where)), self.swapped(other)
        for some in self._batches(np.full(len(where), where.shape[1]), progress):
            theirs = torch.from_numpy(where[some]).to(self.pixels.device)
            scores[some] = self.target.value(read(theirs)).float().cpu()
        return scores

    def _batches(self, sizes: np.ndarray, progress: Progress | None) -> Iterator[np.ndarray]:
        """Which of N readings, of `sizes` patches each, go through the network together: only those of one size can."""
        done = 0
        for size in np.unique(sizes):
            members = np.flatnonzero(sizes == size)
            batch = max(1, TOKENS[self.pixels.device.type] // int(size or 1))
            for start in range(0, len(members), batch):
                some = members[start : start + batch]
                yield some
                done += len(some)
                if progress is not None:
                    progress(done, len(sizes))

    def enlarge(self, values: Tensor) -> Tensor:
        """One value a patch [N, h * w] or [N, h, w] -> [N, S, S], bilinear."""
        maps = values.reshape(1, -1, *self.grid)
        return F.interpolate(maps, size=self.size, mode="bilinear", align_corners=False)[0]


@dataclass(frozen=True)
class Saliency:
    """What a method found.

    Attributes:
        map: [S, S] float32 at the encoder's size; higher where the picture raises the score.
        masks: [N, h, w] float32, the masks it was made of on the grid of patches; [0, h, w] without any.
        scores: [N] float32, what each mask does for the score.
    """

    map: np.ndarray
    masks: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1), np.float32))
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
