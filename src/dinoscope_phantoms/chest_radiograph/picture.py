"""Chest radiograph phantoms: a child's front view, clear, with a lobar pneumonia or with an interstitial one."""

from __future__ import annotations

import numpy as np

from .. import Phantom, kit
from ..chest_shapes import Frame
from .anatomy import expose
from .film import Film, new_child
from .lesions import bacterial, viral

CLASSES = ("normal", "pneumonia_bacteria", "pneumonia_virus")


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one radiograph.

    The mask is the consolidation of a bacterial pneumonia, or the lung whose interstitium a viral
    one has thickened. `contrast` is the optical depth that the disease adds within the mask, in depths
    of a chest full of water; `lesion_size` the mask's share of the picture in percent.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    child = new_child(rng, hyperinflated=label == "pneumonia_virus")
    film = expose(rng, _frame(rng, size, label), child)
    before = _depth(film)
    mask = np.zeros((size, size), bool)
    facts: dict[str, float | str] = {"site": "none"}
    if label != "normal":
        mask, facts = {"pneumonia_bacteria": bacterial, "pneumonia_virus": viral}[label](rng, film)
    after = _depth(film)
    contrast = float((after - before)[mask].mean()) if mask.any() else 0.0
    return Phantom(
        picture=kit.develop(_develop(rng, film, after)),
        mask=mask,
        label=label,
        seed=seed,
        parameters={
            "lesion_size": round(100 * float(mask.mean()), 2),
            "contrast": round(contrast, 3),
            "inflation": round(child.breath, 2),
            **facts,
        },
    )


def _frame(rng: np.random.Generator, size: int, label: str) -> Frame:
    """Framing of the real set: the lungs fill the picture from the collar bones to the diaphragm.

    Sick children are smaller and framed more tightly; squashing their tall films to a square leaves them narrow.
    """
    zoom = rng.uniform(1.06, 1.28) if label == "normal" else rng.uniform(1.04, 1.34)
    squash = rng.uniform(0.96, 1.1)
    sway = np.column_stack([rng.normal(0, 0.012, (4, 2)), rng.normal(0, 3, (4, 2)), rng.uniform(0, 6.3, 4)])
    scale = size / 2 * zoom
    centre = (rng.normal(0, 0.04), rng.uniform(-0.2, -0.08))
    return Frame(size, (scale, scale * squash), centre, sway, float(rng.normal(0, 2.0)))


def _depth(film: Film) -> np.ndarray:
    """Optical depth [size, size] of everything along the beam."""
    return np.maximum(film.solid - film.air, 0) + film.bone + film.markings


def _develop(rng: np.random.Generator, film: Film, depth: np.ndarray) -> np.ndarray:
    """Optical depth -> grey in 0 to 1: scatter, quantum noise, film curve, focal blur, the reader's edge filter."""
    size = film.frame.size
    hardness = rng.uniform(1.2, 1.9)
    light = np.exp(-hardness * 1.6 * depth)
    scatter = rng.uniform(0.05, 0.18)
    light = (1 - scatter) * light + scatter * kit.blur(light, size / 14)
    light = light * (1 + 0.02 * rng.standard_normal(light.shape).astype(np.float32) / np.sqrt(light + 0.02) * 0.35)
    grey = -np.log(np.maximum(light, 1e-4)) / (hardness * 1.6)
    low, high = rng.uniform(0.03, 0.18), rng.uniform(1.1, 1.35)
    grey = np.clip((grey - low) / (high - low), 0, 1.2)
    grey = grey ** rng.uniform(0.85, 1.25)
    grey = rng.uniform(0.84, 0.97) * np.tanh(1.25 * grey) / np.tanh(1.25)
    grey = kit.blur(grey, rng.uniform(0.35, 0.55))
    edge = rng.uniform(0.5, 1.1)
    return grey + edge * (grey - kit.blur(grey, 3.0 * size / 224))
