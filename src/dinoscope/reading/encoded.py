"""Encoded: a picture with all that the encoder saw in it, read once and shared by every verb."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .encoder import Encoder, Tokens
from .images import Decoded
from .projection import Projection


@dataclass(frozen=True)
class Encoded:
    """One picture that has been read. It lives in memory, as long as its visit.

    Attributes:
        decoded: the picture.
        pixels: [1, 3, S, S] normalised.
        tokens: of the picture, a batch of one.
        vector: [K] unit vector, what scope and search compare.
    """

    decoded: Decoded
    pixels: Tensor
    tokens: Tokens
    vector: np.ndarray

    @classmethod
    def of(cls, encoder: Encoder, projection: Projection, decoded: Decoded) -> Encoded:
        """Read a decoded picture."""
        pixels = encoder.pixels([decoded.picture])
        tokens = encoder.tokens(pixels)
        return cls(decoded, pixels, tokens, projection(tokens.pooled.cpu().numpy())[0])

    @property
    def pooled(self) -> np.ndarray:
        """[1, P] float32, what heads read."""
        return self.tokens.pooled.cpu().numpy()

    @property
    def patches(self) -> np.ndarray:
        """[h * w, D] float32 patch tokens in reading order."""
        return self.tokens.patches[0].cpu().numpy()
