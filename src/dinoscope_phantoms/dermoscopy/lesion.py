"""What every lesion drawer hands back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .outline import Outline
from .skin import Pigments


@dataclass(frozen=True)
class Lesion:
    """A lesion ready to be laid on the skin.

    Attributes:
        outline: where it lies; its inside is the mask.
        pigments: what it adds to the skin.
        pattern: the dermoscopic pattern in the words of the consensus, e.g. reticular or lacunae.
        scale: 0 to 1, how much white scale glints on it.
    """

    outline: Outline
    pigments: Pigments
    pattern: str
    scale: float = 0.0


def sizes(rng: np.random.Generator, middle: float, spread: float = 0.35) -> float:
    """Mean half axis in half sides of the picture: log-normal about `middle`, kept inside the field."""
    return float(np.clip(middle * np.exp(rng.normal(0, spread)), 0.13, 0.82))
