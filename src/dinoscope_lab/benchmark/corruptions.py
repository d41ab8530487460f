"""Corruptions: what happens to pictures between a scanner and a reader, at five strengths.

Source: after Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations", ICLR 2019; strengths chosen so that a reader still recognises the picture at the third.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

STRENGTHS = (1, 2, 3, 4, 5)

Corrupt = Callable[[Image.Image, int, np.random.Generator], Image.Image]
"""(RGB picture, strength 1 to 5, generator) -> RGB picture."""


def noise(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Normal noise; its spread in grey levels."""
    level = np.asarray(picture, np.float32) + rng.normal(0, (6, 12, 20, 30, 45)[strength - 1], (*picture.size[::-1], 3))
    return Image.fromarray(np.clip(level, 0, 255).astype(np.uint8))


def blur(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Gaussian blur; its radius as a share of the longer side."""
    share = (0.004, 0.008, 0.014, 0.022, 0.035)[strength - 1]
    return picture.filter(ImageFilter.GaussianBlur(share * max(picture.size)))


def brightness(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Lighter or darker by chance."""
    change = (0.1, 0.2, 0.3, 0.45, 0.6)[strength - 1]
    return ImageEnhance.Brightness(picture).enhance(1 + change if rng.random() < 0.5 else 1 - change)


def jpeg(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """JPEG at a low quality."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=(50, 30, 18, 10, 5)[strength - 1])
    return Image.open(buffer).convert("RGB")


def crop(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """A part of the picture somewhere in it; the share of each side that is lost."""
    lost = (0.05, 0.1, 0.18, 0.27, 0.4)[strength - 1]
    width, height = (max(1, round(side * (1 - lost))) for side in picture.size)
    left, top = (int(rng.integers(side - kept + 1)) for side, kept in zip(picture.size, (width, height), strict=True))
    return picture.crop((left, top, left + width, top + height))


def rotation(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Turned left or right, the corners filled with the mean colour of the picture's edge."""
    angle = (5, 10, 20, 35, 60)[strength - 1] * (1 if rng.random() < 0.5 else -1)
    pixels = np.asarray(picture)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean(0)
    return picture.rotate(angle, Image.Resampling.BILINEAR, fillcolor=tuple(int(v) for v in edge))


def resolution(picture: Image.Image, strength: int, rng: np.random.Generator) -> Image.Image:
    """Made small and large again; pixels left on the longer side."""
    share = (96, 64, 44, 32, 20)[strength - 1] / max(picture.size)
    if share >= 1:
        return picture
    small = picture.resize([max(1, round(s * share)) for s in picture.size], Image.Resampling.BOX)
    return small.resize(picture.size, Image.Resampling.BILINEAR)


CORRUPTIONS: dict[str, Corrupt] = {
    "noise": noise,
    "blur": blur,
    "brightness": brightness,
    "JPEG": jpeg,
    "crop": crop,
    "rotation": rotation,
    "resolution": resolution,
}
