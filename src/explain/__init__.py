"""Explain: which regions of a picture cause its score, one method a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

Score = Callable[[Tensor], Tensor]
"""Normalised pixels [B, 3, S, S] -> the score to be explained [B], for example a class's probability."""

Progress = Callable[[int, int], None]
"""Told (done, total) after every batch; it may raise to cancel."""


@dataclass(frozen=True)
class Saliency:
    """What a method found.

    Attributes:
        map: [S, S] float32 at the encoder's size; higher where the picture causes the score.
        masks: [N, S, S] float32 masks it was made of, or [0, S, S].
        scores: [N] float32, the causal score of each mask.
    """

    map: np.ndarray
    masks: np.ndarray
    scores: np.ndarray
