"""Breast ultrasound phantoms: a B-mode picture with a benign mass, a malignant mass or none."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .. import Phantom, kit
from .anatomy import draw_breast, new_person
from .lesions import MASSES
from .scanner import field_of_view, new_settings, scan

CLASSES = ("benign", "malignant", "normal")


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one picture.

    The mask is the mass with its lobes and spicules, without capsule, halo or shadow. `contrast` is the mean
    brightness of the tissue at its flanks minus its own, as a share of the grey scale; `lesion_size` its share of
    the picture in percent; `width_to_height` is above 1 where it lies parallel to the skin; `site` is
    the third of the depth in which its centre lies.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    # Cancers come late, when fibres have waned; pictures without a mass mostly show gland.
    person = new_person(rng, 0.5 if label == "malignant" else 1.0, 0.6 if label == "normal" else 0.35)
    scene = draw_breast(rng, person, size)
    mask = np.zeros((size, size), bool)
    facts: dict[str, float | str] = {"site": "none"}
    if label != "normal":
        mask, facts = MASSES[label](rng, scene, person)
    view = field_of_view(rng, scene)
    grey = scan(rng, scene, new_settings(rng)) * view
    mask &= view > 0.5
    if mask.any():
        facts |= _measure(grey, mask)
    return Phantom(
        picture=kit.develop(grey, int(rng.integers(88, 96))),
        mask=mask,
        label=label,
        seed=seed,
        parameters={
            "lesion_size": round(100 * float(mask.mean()), 2),
            "contrast": 0.0,
            "composition": person.composition,
            **facts,
        },
    )


def _measure(grey: np.ndarray, mask: np.ndarray) -> dict[str, float | str]:
    """Where a mass lies, how it is oriented and how much darker it is than the tissue beside it."""
    size = len(mask)
    rows, columns = np.nonzero(mask)
    width, height = np.ptp(columns) + 1, np.ptp(rows) + 1
    ring = ndimage.binary_dilation(mask, iterations=size // 16) & ~ndimage.binary_dilation(mask, iterations=size // 75)
    ring[: rows.min()] = ring[rows.max() :] = False
    return {
        "site": ("anterior", "middle", "posterior")[int(3 * rows.mean() / size)],
        "orientation": "parallel" if width >= height else "not parallel",
        "width_to_height": round(float(width / height), 2),
        "contrast": round(float(grey[ring].mean() - grey[mask].mean()), 3),
    }
