"""Chest CT phantoms: an axial slice with one of three lung cancers, or none."""

from __future__ import annotations

import numpy as np

from .. import Phantom, kit
from ..chest_shapes import Frame
from .anatomy import draw_body
from .lesions import TUMOURS
from .slice import Slice, new_person, skin_outline

CLASSES = ("adenocarcinoma", "large_cell_carcinoma", "normal", "squamous_cell_carcinoma")

_LEVELS = {
    "adenocarcinoma": (0.5, 2.6),
    "large_cell_carcinoma": (1.2, 3.3),
    "normal": (2.0, 3.3),
    "squamous_cell_carcinoma": (2.2, 3.7),
}
"""Where the real set's slices of a class lie, from the apex (0) to the base (4)."""

_WINDOWS = {
    "adenocarcinoma": {"wide": 0.95, "lung": 0.05},
    "large_cell_carcinoma": {"wide": 0.55, "wider": 0.42, "lung": 0.03},
    "normal": {"lung": 0.5, "soft": 0.5},
    "squamous_cell_carcinoma": {"wide": 0.68, "wider": 0.32},
}
"""How often a class is shown in which window: a habit of the real set, whose classes come from different archives."""


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one slice.

    The mask is the tumour itself: solid part, ground glass and spicules, with the air of a cavity, without
    the collapsed or consolidated lung behind it. `contrast` is its mean brightness minus that of
    the aerated lung, as a share of the grey scale; `lesion_size` its share of the picture in percent.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    person = new_person(rng, float(rng.uniform(*_LEVELS[label])))
    scene = draw_body(rng, _frame(rng, skin_outline(person), size, label), person)
    mask = np.zeros((size, size), bool)
    facts: dict[str, float | str] = {"site": "none"}
    if label != "normal":
        mask, facts = TUMOURS[label](rng, scene)
    grey, window = _display(rng, scene, label)
    lung = (scene.lung > 0.9) & ~mask
    contrast = float(grey[mask].mean() - grey[lung].mean()) if mask.any() else 0.0
    return Phantom(
        picture=kit.develop(grey),
        mask=mask,
        label=label,
        seed=seed,
        parameters={
            "lesion_size": round(100 * float(mask.mean()), 2),
            "contrast": round(contrast, 3),
            "level": person.name,
            "window": window,
            **facts,
        },
    )


def _frame(rng: np.random.Generator, skin: np.ndarray, size: int, label: str) -> Frame:
    """Crop close to the body and stretch it to the square or beyond, as the real set's crops are stretched."""
    low, high = skin.min(0), skin.max(0)
    width, height = high - low
    across = size * (rng.uniform(0.94, 1.15) if label == "normal" else rng.uniform(0.86, 1.0)) / width
    down = min(across * rng.uniform(1.2, 1.75), size * rng.uniform(0.84, 1.0) / height)
    sway = np.column_stack([rng.normal(0, 0.22, (4, 2)), rng.normal(0, 0.22, (4, 2)), rng.uniform(0, 6.3, 4)])
    centre = (low + high) / 2 + rng.normal(0, 0.25, 2) + (0, rng.uniform(-0.2, 0.6))
    return Frame(size, (across, down), tuple(centre), sway, float(rng.normal(0, 2.2)))


def _display(rng: np.random.Generator, scene: Slice, label: str) -> tuple[np.ndarray, str]:
    """Hounsfield units -> grey in 0 to 1, with the blur and noise of the scanner.

    The cancers of the real set mostly span the whole range from air to the densest pixel, which leaves soft
    tissue mid-grey; its normals mostly use a lung window, some a soft-tissue one.
    """
    chance = _WINDOWS[label]
    window = str(rng.choice(list(chance), p=list(chance.values())))
    hu = kit.blur(scene.hu, rng.uniform(0.35, 0.65))
    grain = rng.uniform(8, 30) if window == "lung" else rng.uniform(8, 19)
    hu = kit.sensor_noise(rng, hu, grain, 0.5)
    low, high = {
        "wide": (-1024, rng.uniform(850, 1350)),
        "wider": (-1024, rng.uniform(1900, 3000)),
        "lung": (rng.uniform(-1250, -1100), rng.uniform(50, 300)),
        "soft": (rng.uniform(-160, -110), rng.uniform(220, 300)),
    }[window]
    return np.clip((hu - low) / (high - low), 0, 1).astype(np.float32), window
