"""The skin around the lesion: tone, blood, sun damage and creases.

Colours come from absorption (Beer and Lambert): melanin takes blue more than green more than red, blood takes green
most; Anderson and Parrish, "The optics of human skin", J Invest Dermatol 77:13 (1981).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .. import kit
from . import fields, strokes

MELANIN = np.array([0.42, 0.84, 0.98], dtype=np.float32)
BLOOD = np.array([0.12, 1.0, 0.66], dtype=np.float32)
KERATIN = np.array([0.05, 0.25, 0.8], dtype=np.float32)
"""Absorption per unit of density in red, green and blue, chosen by eye."""

SHEEN = np.array([1.0, 0.8, 1.1], dtype=np.float32)
"""Tint of the light that the wet surface throws back."""

TONES: dict[str, tuple[float, float, float]] = {
    "salmon": (0.86, 0.53, 0.52),
    "magenta": (0.85, 0.53, 0.62),
    "rose": (0.90, 0.62, 0.65),
    "lilac": (0.80, 0.69, 0.80),
    "pale": (0.85, 0.78, 0.82),
    "dusk": (0.64, 0.53, 0.59),
    "grey": (0.71, 0.64, 0.69),
    "peach": (0.83, 0.57, 0.52),
    "orchid": (0.85, 0.67, 0.75),
    "tan": (0.75, 0.62, 0.61),
    "fair": (0.85, 0.65, 0.66),
    "mauve": (0.73, 0.54, 0.60),
    "cream": (0.88, 0.74, 0.75),
    "pearl": (0.77, 0.65, 0.70),
}
"""Skin under the camera's own white balance, red, green and blue in 0 to 1.

Fourteen means fitted to the skin around the lesions of HAM10000's folds 2 to 4, as are `SHARES`.
"""

SHARES: dict[str, tuple[int, ...]] = {
    "akiec": (1, 1, 1, 3, 4, 5, 2, 9, 12, 9, 20, 9, 12, 11),
    "bcc": (0, 1, 1, 7, 14, 4, 8, 4, 5, 14, 12, 7, 9, 13),
    "bkl": (3, 1, 2, 4, 4, 14, 23, 3, 4, 7, 9, 12, 4, 9),
    "df": (1, 6, 9, 9, 1, 6, 12, 4, 4, 13, 15, 4, 10, 4),
    "mel": (0, 4, 1, 7, 13, 7, 16, 2, 7, 8, 3, 7, 7, 17),
    "nv": (19, 12, 17, 6, 7, 6, 9, 3, 4, 5, 5, 3, 3, 2),
    "vasc": (4, 5, 13, 14, 8, 4, 1, 2, 12, 4, 12, 7, 8, 6),
}
"""How often, in percent, each tone comes with a class, in the order of `TONES`."""

EXPOSED = ("face", "scalp", "ear", "neck", "hand")
"""Sites with lasting sun damage."""


@dataclass(frozen=True)
class Pigments:
    """What a lesion adds to the skin, each [CANVAS, CANVAS].

    Attributes:
        melanin, blood, keratin: optical densities; negative values bleach.
        veils: (colour [3], coverage in 0 to 1) pairs, laid over in turn.
    """

    melanin: np.ndarray | float = 0.0
    blood: np.ndarray | float = 0.0
    keratin: np.ndarray | float = 0.0
    veils: list[tuple[tuple[float, float, float], np.ndarray]] = field(default_factory=list)


def stain(picture: np.ndarray, pigments: Pigments) -> np.ndarray:
    """Lay the pigments over a picture."""
    density = sum(
        np.asarray(amount, dtype=np.float32)[..., None] * colour
        for amount, colour in ((pigments.melanin, MELANIN), (pigments.blood, BLOOD), (pigments.keratin, KERATIN))
    )
    # Some light comes back from the surface, whatever lies below: the darkest lesions stay faintly purple.
    picture = picture * (0.045 + 0.955 * np.exp(-density)) + 0.02 * (1 - np.exp(-density)) * SHEEN
    # Veils scatter the light that the skin sends back, so a red cast of the camera tints them too.
    cast = picture.mean(axis=(0, 1)) / picture.mean()
    for colour, coverage in pigments.veils:
        picture = kit.mix(picture, np.asarray(colour) * (0.6 + 0.4 * cast), np.clip(coverage, 0, 1))
    return picture


def paint(rng: np.random.Generator, tone: str, site: str, sun: float) -> np.ndarray:
    """Healthy skin [CANVAS, CANVAS, 3]; `sun` in 0 to 1 is how mottled and freckled it is."""
    base = np.array(TONES[tone]) * (rng.normal(1, 0.06) + rng.normal(0, (0.03, 0.02, 0.03)))
    base = (base * min(1, 0.97 / base.max())).astype(np.float32)
    flush = rng.uniform(0.01, 0.03) * fields.cloud(rng, 40, 2.4) + rng.uniform(0.0, 0.05) * fields.cloud(rng, 110, 4)
    tan = rng.uniform(0.01, 0.03) * fields.cloud(rng, 40, 2.4)
    picture = np.broadcast_to(base, (*fields.X.shape, 3))
    sallow = rng.uniform(0.005, 0.045) * fields.cloud(rng, 80, 3)
    if sun > 0.05:
        blotch = fields.cloud(rng, rng.uniform(30, 80), 2.4)
        tan = tan + sun * (0.17 * kit.smoothstep(blotch, 0, 2) + 0.02 * blotch)
        # Fine widened vessels show as pink ridges rather than as clouds.
        ridges = 0.8 - np.abs(fields.cloud(rng, 45, 2.4))
        flush = flush + sun * (0.03 * fields.cloud(rng, 70, 2.6) + rng.uniform(0.02, 0.07) * ridges)
        sallow = sallow + sun * rng.uniform(0.0, 0.25) * kit.smoothstep(fields.cloud(rng, 70, 2.2), -0.5, 2)
    tan = tan * (1 + 0.3 * fields.cloud(rng, 7, 2))
    veins = _capillaries(rng) * rng.uniform(0.1, 0.75) * sun if site in EXPOSED else 0
    picture = stain(picture, Pigments(tan, np.maximum(flush, -0.05) + veins, sallow + rng.uniform(0, 0.8) * tan))
    return freckled(rng, picture, sun)


def _capillaries(rng):
    """Widened vessels of sun-damaged skin: broken red lines."""
    course = fields.cloud(rng, 45, 3.2)
    line = np.exp(-((course / 0.09) ** 2))
    return line * kit.smoothstep(fields.cloud(rng, 60, 3), 0.1, 1.3)


def freckled(rng: np.random.Generator, picture: np.ndarray, sun: float) -> np.ndarray:
    """Strew freckles and small vascular dots, more on sun-damaged skin."""
    count = rng.poisson(1 + 14 * sun)
    ink = strokes.spots(rng, rng.uniform(-1, 1, (count, 2)), rng.lognormal(0.6 + 0.6 * sun, 0.5, count), 0.5)
    ink = kit.blur(ink, 1.2) * (0.75 + 0.25 * fields.cloud(rng, 8, 2))
    return stain(picture, Pigments(melanin=rng.uniform(0.15, 0.45) * ink))


def relief(rng: np.random.Generator, site: str) -> np.ndarray:
    """Brightness [CANVAS, CANVAS] about 1 of the creases and pores of the surface."""
    heading = rng.uniform(0, np.pi)
    creases = fields.furrows(rng, rng.uniform(5, 9), heading) + fields.furrows(
        rng, rng.uniform(5, 9), heading + rng.uniform(0.9, 1.6)
    )
    depth = rng.uniform(0.008, 0.032)
    pores = np.zeros_like(creases)
    if site in ("face", "ear"):
        pores = rng.uniform(0.0, 0.06) * kit.smoothstep(fields.ripple(rng, rng.uniform(11, 16)), 1.0, 2.2)
    grain = rng.uniform(0.008, 0.024) * fields.cloud(rng, 6, 1.4)
    return 1 - depth * np.maximum(creases, -0.5) - pores + grain
