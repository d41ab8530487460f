"""Chest CT: the person, the slice while it is drawn, and the outlines of the body at five levels.

Lengths are centimetres with the origin in the middle of the thorax, x towards the patient's left (the
right of the picture), y towards the back. The outlines are hand-set for an adult lying supine with
the arms raised, at five levels after the slices of Webb et al., "Fundamentals of Body CT", 4th ed. (2015),
chapters 1-3; between two levels they are interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chest_shapes import Frame, closed_curve, trace

LEVELS = ("apex", "arch", "carina", "heart", "base")
"""Thoracic inlet (T2), aortic arch (T4), tracheal bifurcation (T5), ventricles (T8), liver dome (T10)."""


AIR, LUNG, FAT, MUSCLE = -1000.0, -860.0, -95.0, 52.0


_MUSCLE = trace(
    """
    0 -6.9, 2.6 -8, 6.3 -9, 10.6 -8.8, 14.6 -6.6, 17.8 -2.6, 19 1.5, 18 5.2, 15 8.6, 10 10.2, 4.2 10.5, 0 9.8,
    0 -8.6, 3.3 -9.4, 7.2 -9.4, 10.9 -7.6, 13.8 -4.4, 16.1 -0.6, 17.3 2.7, 16.6 5.9, 13.8 8.7, 9.2 10.2, 4 10.6, 0 10,
    0 -9.3, 3.2 -9.8, 6.6 -9.4, 9.8 -7.7, 12.5 -4.8, 14.7 -1, 16 2.3, 15.6 5.5, 13.2 8.4, 8.8 10.2, 4 10.8, 0 10.2,
    0 -9.8, 3.3 -9.9, 6.7 -9, 10.1 -7, 12.5 -3.9, 14.1 -0.1, 14.7 3.2, 13.3 6.3, 10.6 8.9, 7.2 10.5, 3.8 11.2, 0 10.6,
    0 -9.8, 3.5 -10, 7.3 -9.2, 10.9 -7, 13.3 -3.8, 14.5 0, 14.7 3.3, 13.2 6.4, 10.5 9, 7.1 10.6, 3.6 11.2, 0 10.6
    """
).reshape(5, 12, 2)
"""Outer face of the muscles, half outline from the sternum round to the spine, one row a level."""


_LUNG = trace(
    """
    2.5 -2.6, 3.7 -4.2, 5.3 -4.2, 6.8 -2.6, 7.6 0.3, 7.4 3, 6.4 5.2, 5.2 6.5, 3.9 6.4, 2.8 5.0, 2.3 3, 2.1 0,
    1.6 -6.8, 3.3 -7.4, 6 -6.6, 8.4 -4.2, 10 -0.8, 10.4 2.5, 9.4 5.6, 7.4 7.8, 5.2 8.2, 3.4 6.9, 2.2 4.4, 1.2 0,
    0.8 -7.9, 3.1 -8.4, 6.4 -7.4, 9.3 -4.7, 11.2 -0.9, 11.6 2.6, 10.6 5.8, 8.2 8.2, 5.6 8.7, 3.5 7.2, 2.1 4.6, 0.8 0,
    1.1 -8, 3.5 -8.6, 7 -7.6, 10 -4.9, 12 -1, 12.3 2.8, 11.2 6.3, 8.8 8.6, 6.2 9.0, 3.7 7.4, 2.1 5, 0.8 0,
    1.5 -8, 4 -8.6, 7.5 -7.6, 10.6 -5, 12.4 -1.1, 12.5 2.9, 11.3 6.4, 8.9 8.8, 6.4 9.2, 3.8 7.6, 2.1 5, 1 0
    """
).reshape(5, 12, 2)
"""Pleura of one side, from the front along the ribs to the spine and back along the mediastinum."""


@dataclass(frozen=True)
class Person:
    """What one body brings to every slice: habitus, blood contrast and where the slice was taken."""

    level: float
    fat: float
    breast: float
    muscle: float
    depth: float
    breath: float
    blood: float
    bone: float
    emphysema: float
    calcium: bool
    slab: float
    taper: float
    air: float
    sink: float

    @property
    def name(self) -> str:
        return LEVELS[round(self.level)]


@dataclass
class Slice:
    """A slice while it is drawn: Hounsfield units `hu` [size, size] and the aerated share `lung` of each pixel."""

    frame: Frame
    person: Person
    hu: np.ndarray
    lung: np.ndarray
    pleura: dict[str, np.ndarray]

    def lay(self, outline: np.ndarray, value: np.ndarray | float, soft: float = 0.6) -> None:
        """Paint an airless structure: it covers what lies there and displaces lung."""
        self.frame.paint(self.hu, outline, value, soft)
        self.frame.paint(self.lung, outline, 0.0, soft)

    def medial_border(self, sign: int, y: float) -> float | None:
        """Distance from the midline [cm] at which lung begins at height `y` on one side, or none if it never does."""
        x = np.arange(1.5, 10.5, 0.1)
        p = self.frame.pixels(np.stack([sign * x, np.full_like(x, y)], axis=1)).astype(int)
        p = np.clip(p, 0, self.frame.size - 1)
        free = np.convolve(self.lung[p[:, 1], p[:, 0]] > 0.5, np.ones(14))[13:] > 11
        return float(x[np.argmax(free)]) if free.any() else None


def new_person(
    rng: np.random.Generator,
    level: float,
    fat: float = 1.0,
    bone: float = 0.7,
    air: float = LUNG,
    breath: tuple[float, float] = (0.95, 1.06),
    slab: tuple[float, float] = (0.06, 0.2),
    sink: float = 60.0,
    contrast: float = 0.65,
) -> Person:
    """A random adult, cut at `level` (0 apex to 4 base).

    Args:
        fat: factor on the thickness of fat; bone: mean density of bone, 1 for a young adult's.
        air: mean Hounsfield units of aerated lung, lower after a deep breath.
        breath: range of the width of the lungs, 1 at rest.
        slab: range of the half thickness of the slice [cm]; sink: mean Hounsfield units by which the back of the
            lungs is denser than their front.
        contrast: chance that contrast medium was given.
    """
    woman = rng.random() < 0.4
    return Person(
        level=level,
        fat=float(np.clip(fat * rng.gamma(4, 0.42), 0.4, 4.0)),
        breast=float(rng.uniform(0.8, 3.2)) if woman else 0.0,
        muscle=float(rng.normal(0, 1)),
        depth=float(rng.uniform(0.9, 1.08)),
        breath=float(rng.uniform(*breath)),
        blood=float(rng.choice([48.0, rng.uniform(110, 240)], p=[1 - contrast, contrast])),
        bone=float(np.clip(rng.normal(bone, 0.09), 0.4, 1.1)),
        emphysema=float(max(0, rng.normal(-0.2, 0.6))),
        calcium=bool(rng.random() < 0.25),
        slab=float(rng.uniform(*slab)),
        taper=float(rng.normal(-0.02, 0.03)),
        air=float(rng.normal(air, 25)),
        sink=float(sink * rng.uniform(0.5, 1.5)),
    )


def skin_outline(person: Person) -> np.ndarray:
    """Outline of the body in centimetres."""
    half = muscle_outline(person)
    a = np.linspace(0, 1, len(half))
    thick = person.fat * (0.75 + 0.35 * (1 - a) ** 2 + 0.55 * np.sin(np.pi * a) ** 2 + 0.35 * a)
    out = half / np.linalg.norm(half, axis=1, keepdims=True)
    half += out * thick[:, None]
    low = np.exp(-(((person.level - 2.7) / 1.3) ** 2))
    bulge = person.breast * low * np.exp(-(((a - 0.27) / 0.13) ** 2))
    half += bulge[:, None] * np.array([0.45, -0.75])
    return closed_curve(np.concatenate([half, half[-2:0:-1] * (-1, 1)])) * (1, person.depth)


def muscle_outline(person: Person) -> np.ndarray:
    """Outer face of the muscles, left half [12, 2] from the sternum to the spine."""
    return _tapered(_at(_MUSCLE, person.level), person)


def pleura_outline(person: Person) -> np.ndarray:
    """Pleura of the left side [12, 2]; a deep breath brings it close under the muscles."""
    return _tapered(_at(_LUNG, person.level) * (person.breath, 1), person)


def _tapered(outline: np.ndarray, person: Person) -> np.ndarray:
    """The same outline of a thorax that narrows towards the breastbone, or less so."""
    wide = 1 + person.taper * np.clip(outline[:, 1:] / 8, -1, 1)
    return outline * np.concatenate([wide, np.ones_like(wide)], axis=1)


def _at(levels: np.ndarray, level: float) -> np.ndarray:
    low = int(np.clip(np.floor(level), 0, len(levels) - 2))
    return levels[low] + (levels[low + 1] - levels[low]) * (level - low)
