"""Acquisition: what the device, the archive and the resizing do to a drawn picture, after the room has drawn it.

Every named parameter is drawn from a normal distribution of its own for each picture. Mean and deviation of each are
numbers in `acquisition.json`, fitted by `dinoscope phantoms fit` to the real training pictures at hand so that the
backbone sees drawn and real ones alike; the file says to which. Nothing else of those pictures is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from . import Phantom, kit

NUMBERS = Path(__file__).with_name("acquisition.json")
KEPT = 0.7
"""Share of the lesion that the field of view must keep; otherwise it stays as drawn."""


@dataclass(frozen=True)
class Parameter:
    """One property of the acquisition: what leaves a picture as drawn, and the range that is sensible and searched.

    Attributes:
        neutral: the value that changes nothing; low, high: bounds; wide: deviation with which the search begins.
    """

    neutral: float
    low: float
    high: float
    wide: float


PARAMETERS = {
    "zoom": Parameter(1.0, 1.0, 1.4, 0.12),
    "stretch": Parameter(1.0, 0.75, 1.35, 0.1),
    "rise": Parameter(0.0, -0.3, 0.3, 0.08),
    "resolution": Parameter(1.0, 0.4, 1.0, 0.2),
    "sharpening": Parameter(0.0, -0.8, 2.0, 0.6),
    "noise": Parameter(0.0, 0.0, 0.08, 0.02),
    "grain": Parameter(0.6, 0.3, 2.0, 0.4),
    "gamma": Parameter(1.0, 0.45, 2.2, 0.25),
    "gain": Parameter(1.0, 0.5, 1.6, 0.15),
    "offset": Parameter(0.0, -0.2, 0.25, 0.05),
    "vignette": Parameter(0.0, -0.3, 0.6, 0.15),
    "saturation": Parameter(1.0, 0.5, 1.6, 0.15),
    "warmth": Parameter(0.0, -0.12, 0.12, 0.04),
    "tint": Parameter(0.0, -0.1, 0.1, 0.03),
    "compression": Parameter(0.0, 0.0, 60.0, 15.0),
    "border": Parameter(0.0, 0.0, 0.12, 0.02),
    "marks": Parameter(0.0, 0.0, 1.0, 0.5),
}
"""Field of view (`zoom`, `stretch` of the height, `rise` in half sides), `resolution` (share of the pixels a side that
survived resizing), `sharpening` (below 0: blur), deviation of the `noise` and its `grain` in pixels (the spectrum),
`gamma`, `gain` and `offset` of the grey scale (the window), `vignette`, `saturation`, `warmth` (red against blue) and
`tint` (green) of the light or stain, `compression` (100 less the quality of JPEG), width of a black `border` as a share
of the side, how likely burnt-in `marks` are."""

MARKS = {"breast_ultrasound": ("LEFT BREAST", "RT BREAST", "LT AXILLA", "RT RETROAR")}
"""What archives burn into the pictures of a room; the letters on a chest film lie beside the child and are drawn so."""
_GREY = ("zoom", "stretch", "rise", "resolution", "sharpening", "noise", "gamma", "gain", "offset", "vignette")
_COLOUR = ("zoom", "resolution", "sharpening", "noise", "gamma", "gain", "offset", "saturation", "warmth", "tint")
USED = {
    "brain_mri": _GREY,
    "blood_smear": (*_COLOUR, "vignette"),
    "fundus": _COLOUR[1:],
    "lung_ct": (*_GREY, "border"),
    "chest_radiograph": _GREY,
    "dermoscopy": (*_COLOUR, "vignette"),
    "breast_ultrasound": (*_GREY[:1], *_GREY[3:], "marks"),
}
"""Room -> the parameters that its acquisition has."""


@cache
def numbers() -> dict[str, dict]:
    """The fitted numbers by room; none for a room whose pictures stay as drawn."""
    return json.loads(NUMBERS.read_text(encoding="utf-8"))["rooms"] if NUMBERS.is_file() else {}


def settings(room: str, label: str, rng: np.random.Generator) -> dict[str, float]:
    """Draw the parameters of one picture, within their bounds; parameters that were not fitted stay neutral."""
    distributions = numbers().get(room, {}).get("classes", {}).get(label, {})
    return {
        name: bounded(name, mean + deviation * rng.standard_normal())
        for name, (mean, deviation) in distributions.items()
    }


def bounded(name: str, value: float) -> float:
    """A parameter's value within its bounds."""
    return float(np.clip(value, PARAMETERS[name].low, PARAMETERS[name].high))


def acquire(room: str, phantom: Phantom, values: Mapping[str, float], rng: np.random.Generator) -> Phantom:
    """The drawn case as the device and the archive would hand it over, its mask moved along."""
    value = {name: values.get(name, parameter.neutral) for name, parameter in PARAMETERS.items()}
    levels = np.asarray(phantom.picture, np.float32) / 255
    levels, mask = _framed(levels, phantom.mask, value)
    levels = _resolved(levels, value)
    levels = _exposed(levels, value)
    levels = _noisy(levels, value, rng)
    if (wide := round(value["border"] * len(levels))) > 0:
        levels[:wide], levels[-wide:], levels[:, :wide], levels[:, -wide:] = 0, 0, 0, 0
    if room in MARKS and rng.random() < value["marks"]:
        levels = _marked(levels, str(rng.choice(MARKS[room])), rng)
    quality = None if value["compression"] < 1 else 100 - round(value["compression"])
    facts = dict(phantom.parameters)
    if "lesion_size" in facts:
        facts["lesion_size"] = round(100 * float(mask.mean()), 2)
    return replace(phantom, picture=kit.develop(levels, quality), mask=mask, parameters=facts)


def _framed(levels: np.ndarray, mask: np.ndarray, value: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """A narrower field of view inside the drawing."""
    scale = 1 / np.maximum([value["zoom"] * value["stretch"], value["zoom"]], 1.0)
    if (scale == 1).all():
        return levels, mask
    middle = (len(levels) - 1) / 2
    room = middle * (1 - scale)
    start = room + np.clip([value["rise"] * middle, 0], -room, room)
    moved = np.stack(
        [
            ndimage.affine_transform(levels[..., c], scale, start, order=1, mode="nearest")
            for c in range(levels.shape[-1])
        ],
        axis=-1,
    )
    lesion = ndimage.affine_transform(mask.astype(np.uint8), scale, start, order=0, mode="constant") > 0
    if mask.any() and lesion.sum() * scale.prod() < KEPT * mask.sum():
        return levels, mask
    return moved, lesion


def _resolved(levels: np.ndarray, value: Mapping[str, float]) -> np.ndarray:
    """Pixels lost in resizing, then sharpened, or blurred."""
    size = len(levels)
    side = round(size * value["resolution"])
    if side < size:
        small = [Image.fromarray(levels[..., c]).resize((side, side), Image.Resampling.BOX) for c in range(3)]
        levels = np.stack([np.asarray(c.resize((size, size), Image.Resampling.BICUBIC)) for c in small], axis=-1)
    if value["sharpening"] > 0:
        return levels + value["sharpening"] * (levels - kit.blur(levels, 1.0))
    return kit.blur(levels, -value["sharpening"]) if value["sharpening"] < 0 else levels


def _exposed(levels: np.ndarray, value: Mapping[str, float]) -> np.ndarray:
    """The grey scale, the fall of light towards the corners, and the colours; what no light reached stays black."""
    lit = np.clip(levels, 0, 1) ** value["gamma"] * value["gain"]
    grey = lit.mean(-1, keepdims=True)
    coloured = grey + value["saturation"] * (lit - grey)
    balance = np.array([1 + value["warmth"], 1 + value["tint"], 1 - value["warmth"]], np.float32)
    shade = kit.vignette(len(levels), value["vignette"])[..., None]
    return ((coloured * balance + value["offset"] * _reached(levels)) * shade).astype(np.float32)


def _noisy(levels: np.ndarray, value: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
    """Noise, the same in every channel of a grey picture."""
    if value["noise"] <= 0:
        return levels
    grey = np.ptp(levels, axis=-1).max() < 1e-3
    noisy = kit.sensor_noise(rng, levels[..., 0] if grey else levels, value["noise"], value["grain"])
    noisy = noisy[..., None].repeat(3, axis=-1) if grey else noisy
    return levels + _reached(levels) * (noisy - levels)


def _reached(levels: np.ndarray) -> np.ndarray:
    """Share [S, S, 1] in which a pixel was lit at all: archives cut what lies outside the field to black."""
    return kit.smoothstep(levels.max(axis=-1, keepdims=True), 0.02, 0.08)


def _marked(levels: np.ndarray, text: str, rng: np.random.Generator) -> np.ndarray:
    """Letters that the archive burns in."""
    size = len(levels)
    layer = Image.new("L", (size, size))
    font = ImageFont.load_default(size * float(rng.uniform(0.045, 0.06)))
    across, down = rng.uniform(0.05, 0.55), rng.uniform(0.05, 0.85)
    ImageDraw.Draw(layer).text((across * size, down * size), text, fill=255, font=font)
    return kit.mix(levels, float(rng.uniform(0.75, 1.0)), np.asarray(layer, np.float32) / 255)
