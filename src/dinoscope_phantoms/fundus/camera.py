"""The fundus camera of the phantoms: the black surround, the uneven light, and the flaws of a photograph.

Field coordinates (y, x): origin at the middle of the round field, 1 on its rim, whatever ellipse the resizing
of the picture has made of it. Causes of the flaws (crescents of stray light from the iris, dark patches of a
small pupil, ghost reflexes, dust): Saine and Tyler, "Ophthalmic Photography", 2nd ed. (2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import kit

STRAY_LIGHT = np.array(
    [(0.52, 0.80, 0.66), (0.74, 0.74, 0.36), (0.80, 0.76, 0.62), (0.58, 0.66, 0.70), (0.84, 0.86, 0.74)],
    dtype=np.float32,
)
"""Colours of the light that the iris and lens throw back at the rim: turquoise, lime, cream, steel, white."""


@dataclass(frozen=True)
class Frame:
    """How the round field sits in the square picture.

    Attributes:
        kind: round, clipped (top and bottom cut), squashed (narrow ellipse), tabbed (smaller, with the
            camera's orientation mark) or cropped (the rim outside the picture on all sides).
        centre: (y, x) of the field in picture coordinates, -1 to 1.
        radii: half axes (y, x) in half sides of the picture.
        mark: angle of the orientation mark in radians, or None.
        softness: width of the rim in pixels of a 224 pixel picture.
        floor: picture y below which the shutter is black, or None.
    """

    kind: str
    centre: tuple[float, float]
    radii: tuple[float, float]
    mark: float | None = None
    softness: float = 1.0
    floor: float | None = None


def choose_frame(rng: np.random.Generator, weights: dict[str, float]) -> Frame:
    """Draw a frame; `weights` gives the kinds and how often each comes."""
    kinds = list(weights)
    share = np.array([weights[kind] for kind in kinds])
    kind = kinds[rng.choice(len(kinds), p=share / share.sum())]
    jitter = rng.normal(0, 0.012, 2)
    mark = rng.choice([-1, 1]) * rng.uniform(0.68, 0.9)
    if kind == "round":
        radius = rng.uniform(0.965, 0.995)
        return Frame(kind, (jitter[0] / 2, jitter[1] / 2), (radius, radius))
    if kind == "clipped":
        return Frame(kind, (jitter[0], jitter[1] / 2), (rng.uniform(1.08, 1.32), 0.985))
    if kind == "squashed":
        tall = rng.uniform(0.93, 0.97)
        angle = mark if rng.random() < 0.75 else np.pi - mark
        return Frame(kind, tuple(jitter), (tall, tall * rng.uniform(0.655, 0.68)), angle, 1.5)
    if kind == "tabbed":
        radius = rng.uniform(0.88, 0.98)
        angle = -abs(mark) if rng.random() < 0.9 else abs(mark)
        return Frame(kind, tuple(2 * jitter), (radius, radius), angle, rng.uniform(0.8, 2))
    radius = rng.uniform(1.1, 1.3)
    floor = rng.uniform(0.88, 0.97) if rng.random() < 0.25 else None
    return Frame(kind, tuple(3 * jitter), (radius, radius), None, rng.uniform(2, 5), floor)


def field_coordinates(frame: Frame, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Field coordinates (y, x) of every pixel, each [size, size]."""
    y, x = kit.grid(size)
    return (y - frame.centre[0]) / frame.radii[0], (x - frame.centre[1]) / frame.radii[1]


def aperture(rng: np.random.Generator, frame: Frame, size: int) -> np.ndarray:
    """Share of light that the camera's mask lets through, [size, size] in 0 to 1."""
    y, x = field_coordinates(frame, size)
    rim = frame.softness * 2 / size / min(frame.radii)
    opening = kit.smoothstep(np.hypot(y, x), 1 + rim / 2, 1 - rim / 2)
    if frame.mark is not None:
        turned = np.sin(frame.mark) * x - np.cos(frame.mark) * y
        outward = np.cos(frame.mark) * x + np.sin(frame.mark) * y
        if rng.random() < 0.5:
            tab = np.hypot(turned, outward - 1.0) - 0.035
        else:
            tab = np.maximum(np.abs(turned) - 0.032, np.abs(outward - 1.0) - 0.038)
        opening = np.maximum(opening, kit.smoothstep(tab, rim, 0))
    if frame.floor is not None:
        opening = opening * kit.smoothstep(kit.grid(size)[0], frame.floor, frame.floor - 0.05)
    return opening


def saturate(picture: np.ndarray, amount: float) -> np.ndarray:
    """Stretch (above 1) or shrink the colours' distance from grey, as cameras' colour settings do."""
    grey = picture.mean(axis=-1, keepdims=True)
    return np.maximum(grey + amount * (picture - grey), 0)


def illuminate(
    rng: np.random.Generator,
    picture: np.ndarray,
    y: np.ndarray,
    x: np.ndarray,
    disc: tuple[float, float],
    unevenness: float,
) -> np.ndarray:
    """Light the retina: fall-off, slope, a small pupil's dark patch off the disc, stray light at the rim."""
    size = picture.shape[0]
    r = np.hypot(y, x)
    towards = rng.uniform(0, 2 * np.pi)
    along = np.cos(towards) * x + np.sin(towards) * y
    gain = 1 - rng.uniform(0.05, 0.5) * np.clip(r, 0, 1.2) ** rng.uniform(1.4, 2.6)
    gain = gain * (1 + unevenness * rng.uniform(0.05, 0.3) * along)
    beam = rng.normal(0, 0.3, 2) + 0.5 * np.array(disc)
    spot = np.exp(-((y - beam[0]) ** 2 + (x - beam[1]) ** 2) / rng.uniform(0.35, 1.1))
    depth = max(rng.uniform(-0.45, 0.55), 0)
    gain = gain * (1 - depth + 1.25 * depth * spot)
    gain = gain * (1 + unevenness * 0.07 * kit.noise(rng, size, size * 0.3))
    picture = picture * (gain * np.clip(rng.normal(1.03, 0.22), 0.5, 1.5))[..., None]
    if rng.random() < 0.18 * unevenness:
        picture = _pupil_shadow(rng, picture, y, x, disc, unevenness)
    colour = STRAY_LIGHT[rng.integers(len(STRAY_LIGHT))]
    even = kit.smoothstep(r, 0.72, 1.08) * rng.uniform(0.0, 0.3)
    crescent = kit.smoothstep(r + 0.55 * along, rng.uniform(1.0, 1.25), 1.62) * rng.uniform(-0.3, 1.1) * unevenness
    amount = np.clip(even + np.maximum(crescent, 0), 0, 0.92)
    return kit.mix(picture, colour * rng.uniform(0.7, 1.05), amount)


def _pupil_shadow(rng, picture, y, x, disc, unevenness):
    """A soft dark patch, greenish black, where the pupil's edge cut the light off."""
    size = picture.shape[0]
    tries = rng.uniform(-0.65, 0.65, (3, 2))
    # Photographers centre the pupil on the disc they want to see, so the patch mostly lies elsewhere.
    centre = tries[np.argmax(np.hypot(*(tries - disc).T))]
    radii = rng.uniform(0.32, 0.6, 2)
    d = kit.ellipse(y, x, tuple(centre), tuple(radii), rng.uniform(0, np.pi))
    patch = np.exp(-1.3 * np.maximum(d + 0.22 * kit.noise(rng, size, size * 0.25), 0) ** 2)
    return kit.mix(picture, np.array([0.14, 0.15, 0.13]), patch * rng.uniform(0.3, 0.7) * min(unevenness, 1))


def ghosts(rng: np.random.Generator, picture: np.ndarray, y: np.ndarray, x: np.ndarray, amount: float) -> np.ndarray:
    """Reflexes of the camera's own lenses, and dust: a pale spot near the middle, faint discs, a ring."""
    if rng.random() < 0.45 * amount:
        at, spread = rng.normal(0, 0.1, 2), rng.uniform(0.03, 0.08)
        spot = np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (2 * spread**2))
        picture = picture + (spot * rng.uniform(0.04, 0.2))[..., None] * np.array([0.75, 0.85, 1.0])
    for _ in range(rng.poisson(1.6 * amount)):
        at, radius = rng.uniform(-0.8, 0.8, 2), rng.uniform(0.012, 0.04)
        spot = kit.smoothstep(np.hypot(y - at[0], x - at[1]), radius * 1.5, radius * 0.6)
        picture = picture + (spot * rng.uniform(0.02, 0.1))[..., None] * np.array([0.9, 0.9, 0.8])
    if rng.random() < 0.03 * amount:
        at = rng.normal(0, 0.08, 2)
        d = np.hypot(y - at[0], x - at[1])
        ring = np.exp(-(((d - 0.05) / 0.009) ** 2)) * (0.25 + 0.75 * np.abs(x - at[1]) / 0.05).clip(0, 1)
        picture = picture + (0.2 * ring)[..., None] * np.array([0.85, 0.85, 1.0])
    return picture


def expose(rng: np.random.Generator, picture: np.ndarray, opening: np.ndarray, softness: float) -> np.ndarray:
    """Optics, black surround, sensor grain. `softness` is the blur in pixels of a 224 pixel picture."""
    size = picture.shape[0]
    picture = kit.blur(picture, softness * size / 224)
    # A camera's shoulder: highlights crowd together instead of clipping to a flat colour.
    picture = np.where(picture > 0.75, 0.75 + 0.27 * np.tanh((picture - 0.75) / 0.33), picture)
    picture = kit.sensor_noise(rng, picture, rng.uniform(0.004, 0.011), grain=0.7)
    black = rng.uniform(0, 0.012)
    return picture * opening[..., None] + black * (1 - opening[..., None])
