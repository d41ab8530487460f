"""What every lesion drawer hands back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import kit
from . import fields
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
        mottling: how far its hue changes from place to place, 1 as in most.
    """

    outline: Outline
    pigments: Pigments
    pattern: str
    scale: float = 0.0
    mottling: float = 1.0

    def mottle(self, rng: np.random.Generator) -> Pigments:
        """Slow changes of hue all over the lesion: redder here, yellower or greyer there."""
        inside = self.mottling * kit.smoothstep(self.outline.radius, 1.15, 0.6)
        grain = max(self.outline.half, 0.3) * 70
        yellow = rng.uniform(0.03, 0.13) * fields.cloud(rng, grain, 3.0)
        red = rng.uniform(0.02, 0.09) * fields.cloud(rng, grain, 2.8)
        return Pigments(blood=red * inside, keratin=yellow * inside)


def sizes(rng: np.random.Generator, middle: float, spread: float = 0.35) -> float:
    """Mean half axis in half sides of the picture: log-normal about `middle`, kept inside the field."""
    return float(np.clip(middle * np.exp(rng.normal(0, spread)), 0.13, 0.82))
