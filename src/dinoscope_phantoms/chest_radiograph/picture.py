"""Chest radiograph phantoms: a child's front view, clear, with a lobar pneumonia or with an interstitial one."""

from __future__ import annotations

import numpy as np

from .. import Phantom, kit
from ..chest_shapes import Frame
from .anatomy import expose
from .extras import draw_leads, mark_side
from .film import Film, new_child
from .lesions import bacterial, viral
from .look import LOOKS, Look

CLASSES = ("normal", "pneumonia_bacteria", "pneumonia_virus")


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one radiograph.

    The mask is the consolidation of a bacterial pneumonia, or the lung whose interstitium a viral
    one has thickened. `contrast` is the optical depth that the disease adds within the mask, in depths
    of a chest full of water; `lesion_size` the mask's share of the picture in percent.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    look, sick = LOOKS[label], label != "normal"
    child = new_child(rng, look, hyperinflated=label == "pneumonia_virus", sick=sick)
    film = expose(rng, _frame(rng, size, look), child)
    before = _depth(film)
    mask = np.zeros((size, size), bool)
    facts: dict[str, float | str] = {"site": "none"}
    if sick:
        mask, facts = {"pneumonia_bacteria": bacterial, "pneumonia_virus": viral}[label](rng, film)
    after = _depth(film)
    if sick and rng.random() < 0.2:
        leads = np.zeros_like(after)
        draw_leads(rng, film.frame, leads)
        after = after + leads
    grey = _develop(rng, film, after)
    if rng.random() < 0.8:
        grey = mark_side(rng, grey, sick)
    contrast = float((after - before)[mask].mean()) if mask.any() else 0.0
    return Phantom(
        picture=kit.develop(grey),
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


def _frame(rng: np.random.Generator, size: int, look: Look) -> Frame:
    """Framing of the real set: the lungs fill the picture from the collar bones to the diaphragm.

    Sick children are smaller and framed more tightly; squashing their tall films to a square leaves them narrow.
    """
    wide = rng.normal(look.wide, 0.03)
    tall = rng.normal(look.tall, 0.04)
    sway = np.column_stack([rng.normal(0, 0.008, (4, 2)), rng.normal(0, 3, (4, 2)), rng.uniform(0, 6.3, 4)])
    centre = (rng.normal(0, 0.03), rng.normal(-0.06, 0.03))
    return Frame(size, (size / 2 * wide, size / 2 * tall), centre, sway, float(rng.normal(0, 2.5)))


def _depth(film: Film) -> np.ndarray:
    """Optical depth [size, size] of everything along the beam."""
    flesh = np.maximum(film.solid - film.air, 0)
    # Scatter and the film's shoulder hide bone where the body is dense.
    seen = 1 - film.child.look.bone_hidden * kit.smoothstep(kit.blur(flesh, film.frame.size / 60), 0.55, 0.95)
    return flesh + film.bone * seen + film.markings


def _develop(rng: np.random.Generator, film: Film, depth: np.ndarray) -> np.ndarray:
    """Optical depth -> grey in 0 to 1: scatter, quantum noise, film curve, focal blur, the reader's edge filter."""
    size, look = film.frame.size, film.child.look
    light = np.exp(-2.0 * depth)
    scatter = 0.026
    light = (1 - scatter) * light + scatter * kit.blur(light, size / 10)
    light = light * (1 + 0.007 * rng.standard_normal(light.shape).astype(np.float32) / np.sqrt(light + 0.02))
    grey = -np.log(np.maximum(light, 1e-4)) / 2.0
    grey = kit.blur(grey, look.blur)
    # Film readers even out the large steps, so that ribs show through heart and belly as well as through lung.
    grey += look.evening * (grey - kit.blur(grey, size / 16)) + look.edge * (grey - kit.blur(grey, 3.0 * size / 224))
    grey += 0.028 * kit.grid(size)[0] * np.clip(grey / 0.3, 0, 1)
    gain = rng.normal(look.gain, 0.03)
    return gain * 1.15 * np.tanh(np.maximum(grey, 0) * look.hardness) + 0.02
