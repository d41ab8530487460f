"""Phantoms of brain MRI: contrast-enhanced T1 slices with a glioma, a meningioma, a pituitary tumour or none."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from .. import Phantom
from ..kit import develop, sensor_noise
from . import head, lesions
from .canvas import FIELD_MM, SIDE, Canvas, texture
from .slices import SLICES

CLASSES: tuple[str, ...] = ("glioma_tumor", "meningioma_tumor", "no_tumor", "pituitary_tumor")

SEQUENCES = ("T1 with contrast", "T1", "T2", "FLAIR")
SIGNALS: dict[str, tuple[float, float, float, float]] = {
    "air": (0.006, 0.006, 0.006, 0.006),
    "bone": (0.05, 0.07, 0.04, 0.05),
    "marrow": (0.24, 0.42, 0.22, 0.2),
    "fat": (0.58, 0.85, 0.52, 0.6),
    "skin": (0.42, 0.55, 0.35, 0.4),
    "muscle": (0.25, 0.33, 0.16, 0.22),
    "mucosa": (0.46, 0.4, 0.6, 0.45),
    "dura": (0.42, 0.14, 0.08, 0.14),
    "csf": (0.13, 0.13, 0.9, 0.07),
    "gm": (0.25, 0.37, 0.46, 0.5),
    "wm": (0.285, 0.5, 0.33, 0.41),
    "deep": (0.262, 0.42, 0.38, 0.46),
    "vessel": (0.6, 0.1, 0.05, 0.06),
    "plexus": (0.5, 0.3, 0.6, 0.35),
    "gland": (0.46, 0.45, 0.4, 0.4),
    "vitreous": (0.12, 0.13, 0.9, 0.1),
    "oedema": (0.2, 0.3, 0.8, 0.8),
    "necrosis": (0.18, 0.2, 0.8, 0.5),
}
"""Tissue -> signal in each of `SEQUENCES`, 0 to 1, as usual windows show it (Westbrook, MRI in Practice, ch. 2)."""

VIEWS_WITHOUT_TUMOUR: dict[str, tuple[float, float]] = {
    "axial_high": (3, 2),
    "axial_ventricles": (4, 3),
    "axial_basal": (1, 0.7),
    "axial_fossa": (1, 0.7),
    "coronal_mid": (1, 1.2),
    "coronal_back": (0.5, 1),
    "sagittal_mid": (0, 4),
    "sagittal_side": (0, 1),
}
"""View -> how often it is drawn without a tumour, in other sequences and in T1, where the sagittal plane is usual."""


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one brain MRI slice.

    The mask covers the enhancing tumour with its necrotic core; oedema and dural tail are left out. `no_tumor` mixes
    sequences (T1, T2, FLAIR) and sits closer in the frame, as the public set does.

    Args:
        label: one of `CLASSES`.
        seed: any integer from 0.
        size: side of the picture in pixels.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    tumour = None
    sequence, zoom = "T1 with contrast", rng.uniform(0.94, 1.06)
    if label == "no_tumor":
        sequence = str(rng.choice(SEQUENCES, p=[0.15, 0.35, 0.3, 0.2]))
        likely = np.array([VIEWS_WITHOUT_TUMOUR[v][sequence == "T1"] for v in SLICES])
        view, zoom = str(rng.choice(list(SLICES), p=likely / likely.sum())), rng.uniform(1.0, 1.13)
    else:
        tumour = getattr(lesions, label.removesuffix("_tumor"))(rng)
        view = tumour.view
        if label == "pituitary_tumor":  # the field follows the question
            zoom *= rng.uniform(1.05, 1.2)
    plane = SLICES[view].plane
    if view in {"axial_high", "axial_ventricles"}:
        zoom *= 1.04
    atrophy = rng.beta(1.3, 2.2)
    canvas = Canvas(
        rng,
        _toned(rng, sequence),
        zoom,
        tilt=rng.normal(0, 0.09 if plane == "sagittal" else 0.05),
        shift=tuple(rng.normal(0, 2.2, 2)),
        push=tumour and tumour.push(),
        atrophy=atrophy,
    )
    anatomy = head.paint(canvas, rng, SLICES[view])
    cover = np.zeros_like(anatomy.brain) if tumour is None else lesions.paint(canvas, rng, tumour, anatomy)
    mask = np.asarray(Image.fromarray(cover).resize((size, size), Image.Resampling.BOX)) > 0.5
    parameters: dict[str, float | str] = {
        "plane": plane,
        "slice": view,
        "sequence": sequence,
        "atrophy": round(float(atrophy), 2),
    }
    if tumour is not None:
        parameters |= {
            "lesion_size": round(100 * float(mask.mean()), 2),
            "site": tumour.site,
            "contrast": round(tumour.gain, 2),
            "diameter_mm": round(2 * float(np.sqrt(mask.mean() / np.pi)) * FIELD_MM / zoom, 1),
            "pattern": tumour.habit.removeprefix("glioma "),
            "laterality": _side(tumour, plane),
        }
    return Phantom(_scan(rng, canvas.field, size), mask, label, seed, parameters)


def _toned(rng: np.random.Generator, sequence: str) -> dict[str, float]:
    """The signals of a sequence on one scanner on one day."""
    gain, column = rng.uniform(0.88, 1.22), SEQUENCES.index(sequence)
    spread = {"wm": 0.0, "gm": 0.02}
    return {t: float(v[column] * gain * (1 + rng.normal(0, spread.get(t, 0.035)))) for t, v in SIGNALS.items()}


def _side(tumour: lesions.Tumour, plane: str) -> str:
    """Side of the person, who faces the reader: right is on the picture's left."""
    if plane == "sagittal":
        return "unknown"
    if abs(tumour.centre[0]) < 6:
        return "midline"
    return "left" if tumour.centre[0] > 0 else "right"


def _scan(rng: np.random.Generator, field: np.ndarray, size: int) -> Image.Image:
    """Coil shading, partial volume, reduction to the picture's size, magnitude noise, JPEG."""
    shade = 1 + rng.uniform(0.03, 0.12) * texture(rng, SIDE / 1.5)
    field = ndimage.gaussian_filter(field * shade, rng.uniform(0.5, 1.0), truncate=3.0)
    small = np.asarray(Image.fromarray(field.astype(np.float32)).resize((size, size), Image.Resampling.LANCZOS))
    strength = rng.uniform(0.005, 0.014)
    real = sensor_noise(rng, small, strength, 0.5)
    imaginary = sensor_noise(rng, np.zeros_like(small), strength, 0.5)
    return develop(np.hypot(real, imaginary), int(rng.integers(86, 94)))
