"""What the dermatoscope adds: hair under the glass, gel bubbles, the round field, light and grain."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .. import kit
from . import fields, strokes
from .fields import CANVAS

HAIR = np.array([0.13, 0.08, 0.07], dtype=np.float32)
VELLUS = np.array([0.86, 0.80, 0.74], dtype=np.float32)
GLINT = np.array([0.97, 0.93, 0.98], dtype=np.float32)
INK = np.array([0.08, 0.07, 0.10], dtype=np.float32)
"""Colours of dark hair, fine hair, dry scale and the printed rule, red, green and blue in 0 to 1."""


def hair(rng: np.random.Generator, picture: np.ndarray, count: int, kind: str) -> np.ndarray:
    """Lay `count` hairs over the skin: long (terminal), stubble (shaved) or vellus (fine and pale)."""
    if count == 0:
        return picture
    heading = rng.uniform(0, 2 * np.pi)
    length, bend, width = {"long": (1.1, 1.0, 1.0), "stubble": (0.13, 0.2, 1.1), "vellus": (0.35, 0.8, 0.8)}[kind]
    paths = []
    for _ in range(count):
        way = heading + rng.normal(0, 0.6)
        thick = width * rng.uniform(0.6, 1.2)
        paths.append(
            (
                strokes.curve(rng, rng.uniform(-1.1, 1.1, 2), way, length * rng.lognormal(0, 0.4), bend, 24),
                thick,
                thick * 0.5,
            )
        )
    ink = strokes.lines(paths)
    colour = VELLUS if kind == "vellus" else HAIR * rng.uniform(0.5, 1.5)
    picture = picture * (1 - 0.07 * kit.blur(np.roll(ink, (1, 1), (0, 1)), 1.2)[..., None])
    return kit.mix(picture, colour, ink * (0.3 if kind == "vellus" else rng.uniform(0.8, 1.0)))


def gel(rng: np.random.Generator, picture: np.ndarray, count: int) -> np.ndarray:
    """Air bubbles in the contact gel: dim discs with a bright rim and a glint."""
    for _ in range(count):
        cy, cx = rng.uniform(-1, 1, 2)
        size = rng.lognormal(-3.4, 0.5)
        r = np.hypot(fields.LESION_Y - cy * fields.SQUASH, fields.LESION_X - cx / fields.SQUASH) / size
        lit = 0.5 + 0.5 * np.cos(np.arctan2(fields.Y - cy, fields.X - cx) - rng.uniform(0, 6.3))
        rim = np.exp(-(((r - 1) / 0.16) ** 2)) * (0.25 + 0.75 * lit)
        dark = np.exp(-(((r - 0.75) / 0.18) ** 2))
        picture = picture * (1 - 0.1 * dark[..., None]) + rng.uniform(0.1, 0.3) * rim[..., None]
    return picture


def glints(rng: np.random.Generator, picture: np.ndarray, where: np.ndarray, amount: float) -> np.ndarray:
    """White specular specks where `where` is 1, as from dry scale under non-polarised light."""
    specks = kit.smoothstep(fields.cloud(rng, 5, 2), 2.0, 3.0) * kit.smoothstep(fields.cloud(rng, 40, 3), -0.2, 1.2)
    return kit.mix(picture, GLINT, np.clip(specks * where * amount, 0, 1))


def ticks(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The rule of the contact plate: short slanted strokes across one corner."""
    side = rng.choice([-1, 1])
    gap, lean = rng.uniform(0.09, 0.13), rng.uniform(0.8, 1.2)
    start = np.array([rng.uniform(0.5, 0.8), 1.0])
    along = np.array([1, -1]) * gap
    paths = []
    for k in range(-3, 6):
        a = start + k * along
        b = a + np.array([0.06, 0.05 * lean]) * (1.5 if k % 5 == 0 else 1)
        paths.append((np.stack([a, b]) * (1, side), 1.6, 1.6))
    return kit.mix(picture, INK, strokes.lines(paths) * 0.9)


def light(rng: np.random.Generator, picture: np.ndarray, frame: str) -> tuple[np.ndarray, np.ndarray]:
    """Uneven light and the field's edge: frame is full, corners (dark corners) or round (black surround).

    Returns:
        The picture, and the share of light that the field's edge lets through, [CANVAS, CANVAS] in 0 to 1.
    """
    tilt = rng.uniform(0, 2 * np.pi)
    dim = rng.uniform(0.15, 0.45) if rng.random() < 0.25 else rng.uniform(0, 0.15)
    fall = 1 + rng.uniform(0, 0.06) * (fields.Y * np.sin(tilt) + fields.X * np.cos(tilt))
    picture = picture * fall[..., None] * kit.vignette(CANVAS, dim)[..., None]
    if frame == "full":
        return picture, np.ones_like(fields.X)
    cy, cx = rng.normal(0, 0.04, 2)
    # The field is round in the 4:3 photograph and cut above and below.
    reach = rng.uniform(1.12, 1.3) if frame == "corners" else rng.uniform(1.03, 1.1)
    r = np.hypot((fields.Y - cy) * 0.75, fields.X - cx) / reach
    soft = rng.uniform(0.01, 0.05)
    shade = kit.smoothstep(r, 1.0, 0.7) * 0.25 + 0.75
    opening = kit.smoothstep(r, 1 + soft, 1 - soft)
    surround = np.empty_like(picture)
    surround[:] = np.array((0.04, 0.03, 0.045)) * rng.uniform(0.3, 2.5)
    return kit.mix(surround, picture * shade[..., None], opening), opening


def expose(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The sensor's share: blur, contrast, saturation, grain."""
    soft = rng.uniform(0.7, 1.15)
    # The 150 lines are stretched more than the 200 columns, so the picture is softer up and down.
    picture = ndimage.gaussian_filter(picture, (1.4 * soft, soft, 0))
    grey = picture.mean(axis=-1, keepdims=True)
    picture = grey + rng.uniform(0.92, 1.15) * (picture - grey)
    picture = 0.6 + rng.uniform(1.0, 1.15) * (picture - 0.6)
    return kit.sensor_noise(rng, picture, rng.uniform(0.002, 0.007), 0.9)
