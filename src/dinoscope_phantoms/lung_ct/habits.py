"""Chest CT: how each class of the real set is scanned, framed and shown.

The set's classes come from few patients of different archives, so that level, framing and window go with the class.
Greys, framing, lungs and bone start from what was measured in the training pictures of that set (folds 2 to 4 of
chest_ct), and were then moved to where a head fitted on them reads the class; shares of the levels are by eye.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chest_shapes import Frame
from .slice import Person

BANDS = ((0.0, 0.6), (0.7, 1.5), (1.5, 2.35), (2.3, 2.85), (2.85, 3.45), (3.5, 4.0))
"""Thoracic inlet, arch, carina, root of the aorta, ventricles, diaphragm."""


@dataclass(frozen=True)
class Habit:
    """One class.

    Attributes:
        bands: chance of each of `BANDS`; the inlet and the diaphragm, which the real set also has, are left out
            where they are drawn less well.
        tone: rows (chance, mean, deviation) of the grey at which soft tissue is shown when the window spans all
            densities, 0 to 1.
        lung, soft: chance of a lung window or a soft-tissue window instead.
        cropped: chance that the picture ends at the skin; else the couch is seen whole below the body.
        fat: factor on the thickness of the fat under the skin.
        bone, air, breath, slab, sink, contrast: as `new_person` takes them.
    """

    bands: tuple[float, ...]
    tone: tuple[tuple[float, float, float], ...]
    lung: float = 0.0
    soft: float = 0.0
    cropped: float = 0.64
    fat: float = 1.0
    bone: float = 0.78
    air: float = -830.0
    breath: tuple[float, float] = (0.92, 1.05)
    slab: tuple[float, float] = (0.06, 0.2)
    sink: float = 40.0
    contrast: float = 0.65


HABITS = {
    "adenocarcinoma": Habit((0.04, 0.28, 0.38, 0.2, 0.1, 0.0), ((1.0, 0.475, 0.035),), lung=0.06, bone=0.84, air=-825),
    "large_cell_carcinoma": Habit(
        (0.0, 0.08, 0.22, 0.32, 0.38, 0.0),
        ((0.3, 0.26, 0.02), (0.7, 0.435, 0.03)),
        lung=0.02,
        cropped=0.7,
        bone=0.72,
        air=-885.0,
        breath=(1.0, 1.1),
        contrast=0.5,
        sink=25.0,
    ),
    "normal": Habit(
        (0.0, 0.0, 0.12, 0.36, 0.52, 0.0),
        ((1.0, 0.44, 0.04),),
        lung=0.55,
        soft=0.45,
        cropped=0.9,
        fat=0.55,
        bone=0.9,
        air=-865.0,
        breath=(1.04, 1.13),
        slab=(0.1, 0.35),
        sink=25.0,
    ),
    "squamous_cell_carcinoma": Habit(
        (0.0, 0.05, 0.33, 0.28, 0.32, 0.02),
        ((0.22, 0.26, 0.02), (0.78, 0.45, 0.05)),
        lung=0.01,
        fat=1.1,
        bone=0.62,
        air=-790.0,
        breath=(0.88, 1.0),
        contrast=0.85,
    ),
}


def level_of(rng: np.random.Generator, label: str) -> float:
    """Where the slice is taken, 0 (apex) to 4 (base)."""
    return float(rng.uniform(*BANDS[rng.choice(len(BANDS), p=HABITS[label].bands)]))


def frame_of(rng: np.random.Generator, person: Person, skin: np.ndarray, size: int, label: str) -> Frame:
    """Crop to the body, or to body and couch, and stretch it to the square, as the real set's crops are stretched."""
    low, high = skin.min(0), skin.max(0)
    width, height = high - low
    sway = np.column_stack([rng.normal(0, 0.3, (4, 2)), rng.normal(0, 0.18, (4, 2)), rng.uniform(0, 6.3, 4)])
    turn = float(rng.normal(0, 3.5))
    if rng.random() < HABITS[label].cropped:
        across, top, bottom = rng.uniform(0.95, 1.01), rng.uniform(-0.005, 0.07), rng.uniform(0.97, 1.02)
    else:
        across, top, bottom = rng.uniform(0.8, 0.96), rng.uniform(0.0, 0.1), rng.uniform(0.76, 0.87)
    if label == "normal":
        across *= rng.uniform(0.98, 1.12)
    scale = (size * across / width, min(size * (bottom - top) / height, 1.9 * size * across / width))
    middle = (low[1] + high[1]) / 2 - (0.5 * (top + bottom) - 0.5) * size / scale[1]
    return Frame(size, scale, (rng.normal(0, 0.15), middle), sway, turn)


def window_of(rng: np.random.Generator, label: str) -> tuple[str, float, float]:
    """Name of the window with its lower and upper end in Hounsfield units.

    The cancers of the real set mostly span the whole range from air to the densest pixel, which leaves soft
    tissue mid-grey; its normals mostly use a lung window, some a soft-tissue one.
    """
    habit = HABITS[label]
    pick = rng.random()
    if pick < habit.lung:
        return "lung", float(rng.uniform(-1250, -1080)), float(rng.uniform(120, 550))
    if pick < habit.lung + habit.soft:
        return "soft", float(rng.uniform(-160, -110)), float(rng.uniform(220, 300))
    tones = np.array(habit.tone)
    _, mean, deviation = tones[rng.choice(len(tones), p=tones[:, 0])]
    grey = float(np.clip(rng.normal(mean, deviation), 0.2, 0.58))
    return ("wide" if grey > 0.33 else "wider"), -1005.0, -1005 + 1055 / grey
