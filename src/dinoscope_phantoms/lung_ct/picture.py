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
    "adenocarcinoma": (0.15, 3.4),
    "large_cell_carcinoma": (0.7, 3.3),
    "normal": (0.9, 3.8),
    "squamous_cell_carcinoma": (1.1, 3.4),
}


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one slice.

    The mask is the tumour itself: solid part, ground glass and spicules, with the air of a cavity, without
    the collapsed or consolidated lung behind it. `contrast` is its mean brightness minus that of
    the aerated lung, as a share of the grey scale; `lesion_size` its share of the picture in percent.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    person = new_person(rng, float(rng.uniform(*_LEVELS[label])))
    scene = draw_body(rng, _frame(rng, skin_outline(person), size), person)
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


def _frame(rng: np.random.Generator, skin: np.ndarray, size: int) -> Frame:
    """Crop close to the body and stretch it towards the square, as far as the real set's crops are stretched."""
    low, high = skin.min(0), skin.max(0)
    width, height = high - low
    across = size * rng.uniform(0.97, 1.06) / width
    down = min(across * rng.uniform(1.12, 1.5), size * rng.uniform(0.92, 1.0) / height)
    sway = np.column_stack([rng.normal(0, 0.22, (4, 2)), rng.normal(0, 0.22, (4, 2)), rng.uniform(0, 6.3, 4)])
    centre = (low + high) / 2 + rng.normal(0, 0.25, 2) + (0, rng.uniform(-0.2, 0.6))
    return Frame(size, (across, down), tuple(centre), sway, float(rng.normal(0, 2.2)))


def _display(rng: np.random.Generator, scene: Slice, label: str) -> tuple[np.ndarray, str]:
    """Hounsfield units -> grey in 0 to 1, with the blur and noise of the scanner.

    The cancers of the real set mostly span the whole range from air to the densest pixel, which leaves soft
    tissue mid-grey; its normals mostly use a lung window, some a soft-tissue one.
    """
    chance = {"wide": 0.12, "lung": 0.66, "soft": 0.22} if label == "normal" else {"wide": 0.88, "lung": 0.12}
    window = str(rng.choice(list(chance), p=list(chance.values())))
    hu = kit.blur(scene.hu, rng.uniform(0.35, 0.65))
    grain = {"wide": rng.uniform(8, 20), "lung": rng.uniform(8, 30), "soft": rng.uniform(8, 18)}[window]
    hu = kit.sensor_noise(rng, hu, grain, 0.5)
    low, high = {
        "wide": (-1030, rng.choice([rng.uniform(900, 1300), rng.uniform(1300, 2400)], p=[0.7, 0.3])),
        "lung": (rng.uniform(-1250, -1100), rng.uniform(50, 300)),
        "soft": (rng.uniform(-160, -110), rng.uniform(220, 300)),
    }[window]
    return np.clip((hu - low) / (high - low), 0, 1).astype(np.float32), window
