"""Chest CT phantoms: an axial slice with one of three lung cancers, or none."""

from __future__ import annotations

import numpy as np

from .. import Phantom, kit
from .anatomy import draw_body
from .habits import HABITS, frame_of, level_of, window_of
from .lesions import TUMOURS
from .slice import Slice, new_person, skin_outline

CLASSES = ("adenocarcinoma", "large_cell_carcinoma", "normal", "squamous_cell_carcinoma")


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one slice.

    The mask is the tumour itself: solid part, ground glass and spicules, with the air of a cavity, without
    the collapsed or consolidated lung behind it. `contrast` is its mean brightness minus that of
    the aerated lung, as a share of the grey scale; `lesion_size` its share of the picture in percent.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    habit = HABITS[label]
    person = new_person(
        rng,
        level_of(rng, label),
        habit.fat,
        habit.bone,
        habit.air,
        habit.breath,
        habit.slab,
        habit.sink,
        habit.contrast,
    )
    scene = draw_body(rng, frame_of(rng, person, skin_outline(person), size, label), person)
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


def _display(rng: np.random.Generator, scene: Slice, label: str) -> tuple[np.ndarray, str]:
    """Hounsfield units -> grey in 0 to 1, with the blur and noise of the scanner."""
    window, low, high = window_of(rng, label)
    hu = kit.blur(scene.hu, rng.uniform(0.35, 0.6))
    grain = rng.uniform(8, 30) if window == "lung" else rng.uniform(9, 18)
    hu = kit.sensor_noise(rng, hu, grain, 0.5)
    return np.clip((hu - low) / (high - low), 0, 1).astype(np.float32), window
