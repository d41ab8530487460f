"""Encoded: a picture with all that the encoder saw in it, read once and shared by every verb."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .encoder import Encoder, Tokens
from .fused import Fused
from .images import Decoded
from .projection import Projection


@dataclass(frozen=True)
class Encoded:
    """One picture that has been read. It lives in memory, as long as its visit.

    Attributes:
        decoded: the picture.
        pixels: [1, 3, S, S] normalised.
        tokens: of the picture, a batch of one.
        beside: [1, Q] what a second network sees, for heads and search; None where the backbone reads alone.
        vector: [K] unit vector, what scope and search compare.
    """

    decoded: Decoded
    pixels: Tensor
    tokens: Tokens
    vector: np.ndarray
    beside: np.ndarray | None = None

    @classmethod
    def of(cls, encoder: Encoder, projection: Projection, decoded: Decoded) -> Encoded:
        """Read a decoded picture."""
        pixels = encoder.pixels([decoded.picture])
        tokens = encoder.tokens(pixels)
        beside = encoder.beside([decoded.picture]) if isinstance(encoder, Fused) else None
        return cls(decoded, pixels, tokens, projection(_joined(tokens, beside))[0], beside)

    @property
    def pooled(self) -> np.ndarray:
        """[1, P] float32, what heads read."""
        return _joined(self.tokens, self.beside)

    @property
    def patches(self) -> np.ndarray:
        """[h * w, D] float32 patch tokens in reading order."""
        return self.tokens.patches[0].cpu().numpy()


def _joined(tokens: Tokens, beside: np.ndarray | None) -> np.ndarray:
    """[1, P] what the backbone sees, and what a second network does."""
    alone = tokens.pooled.cpu().numpy()
    return alone if beside is None else np.concatenate([alone, beside], axis=1)
