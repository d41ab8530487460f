"""Chest CT: skin, fat and muscles around the thorax.

The layers follow the axial anatomy in Moeller & Reif, "Pocket Atlas of Sectional Anatomy", vol. 2, 4th ed. (2013),
thorax: intercostal muscles on the pleura, serratus and pectorals over them, the muscles of the shoulder blade and
the latissimus behind the armpit, the erector of the spine beside the spinous processes.
"""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import blob, closed_curve, open_curve
from .slice import FAT, MUSCLE, Slice, muscle_outline, pleura_outline, skin_outline


def draw_wall(rng: np.random.Generator, scene: Slice) -> None:
    """Skin, fat with septa, breasts, the muscles as separate bellies with fat between them."""
    size, person, frame = scene.frame.size, scene.person, scene.frame
    skin = skin_outline(person)
    septa = kit.fractal(rng, size, size / 14, 4, 0.7)
    fat = FAT + 9 * septa + 45 * np.exp(-((kit.noise(rng, size, size / 30) / 0.14) ** 2)) * (septa > 0.4)
    frame.paint(scene.hu, skin, 0.0, 0.5)
    frame.paint(scene.hu, skin * 0.988, fat.astype(np.float32), 0.5)
    _breasts(rng, scene, frame.coverage(skin * 0.95, 2.0))
    flesh = (
        MUSCLE
        + 7 * kit.fractal(rng, size, size / 20, 3)
        - 45 * kit.smoothstep(kit.fractal(rng, size, size / 30, 4, 0.8), 1.0, 1.9)
    ).astype(np.float32)
    for side in (-1, 1):
        for belly in _bellies(rng, scene):
            frame.paint(scene.hu, belly * (side, person.depth), flesh, 0.8)
    if person.level < 2.6:
        _armpits(rng, scene)


def _breasts(rng: np.random.Generator, scene: Slice, inside: np.ndarray) -> None:
    """Glands in the fat of the breasts."""
    person, size = scene.person, scene.frame.size
    low = np.exp(-(((person.level - 2.7) / 1.3) ** 2))
    if person.breast * low <= 0.8:
        return
    gland = FAT + 110 * kit.smoothstep(kit.fractal(rng, size, size / 16, 4, 0.7), 0.2, 0.9)
    for side in (-1, 1):
        spot = (side * 9.0, -8.9 * person.depth - 0.4 * person.breast)
        cover = scene.frame.coverage(blob(rng, spot, 1.1 + 0.5 * person.breast, 0.1, long=1.5), 2.5) * inside
        scene.hu += (gland - scene.hu) * cover


def _bellies(rng: np.random.Generator, scene: Slice) -> list[np.ndarray]:
    """Outlines [N, 2] of the left side's muscles before the body's depth is applied."""
    level = scene.person.level
    outer = muscle_outline(scene.person)
    along = np.interp(np.linspace(0, 8, 12), np.arange(12), np.arange(12))
    lung = pleura_outline(scene.person)
    inner = np.stack([np.interp(along, np.arange(12), lung[:, k]) for k in (0, 1)], axis=1)
    inner[0], inner[-1] = (0, inner[0, 1] - 0.4), (0, inner[-1, 1] + 0.4)
    gap = np.linalg.norm(outer - inner, axis=1)

    def layer(first: float, last: float, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
        """What lies from `low` to `high` on the way from pleura to skin fat (0 to 1), between two stations."""
        at = np.linspace(first, last, 14)
        a = np.stack([np.interp(at, np.arange(12), inner[:, k]) for k in (0, 1)], axis=1)
        b = np.stack([np.interp(at, np.arange(12), outer[:, k]) for k in (0, 1)], axis=1)
        low, high = (np.broadcast_to(v, 14)[:, None] for v in (low, high))
        path = np.concatenate([a + (b - a) * low, (a + (b - a) * high)[::-1]])
        return closed_curve(path + rng.normal(0, 0.06, path.shape), 4)

    spindle = np.sin(np.linspace(0.12, np.pi - 0.12, 14)) ** 0.7
    depth = np.interp(np.linspace(0, 11, 14), np.arange(12), rng.uniform(0.75, 1.15) / np.maximum(gap, 0.5))
    found = [layer(0, 11, -0.25, np.minimum(depth, 0.95))]
    back = inner[-1, 1]
    found.append(closed_curve(np.array([(-0.5, 4), (2.2, 4.6), (4.6, 7.4), (4.8, back + 0.2), (-0.5, back + 0.3)]), 5))
    if level < 2.75:
        thick = rng.uniform(0.25, 0.5)
        found.append(layer(rng.uniform(0.5, 1.0), rng.uniform(3.2, 4.3), 0.95 - thick * spindle, 0.95))
        if level < 1.8:
            found.append(layer(1.8, 3.9, 0.5 - 0.16 * spindle, 0.5 + 0.05 * spindle))
        middle = rng.uniform(0.55, 0.66)
        found.append(layer(4.0, 8.6, middle - (middle - 0.2) * spindle, middle))
        found.append(layer(4.3, 8.9, middle + 0.06, middle + 0.06 + (0.94 - middle) * spindle))
    else:
        found.append(layer(3.0, 7.0, 0.5, 0.5 + 0.3 * spindle))
        found.append(layer(5.2, 9.4, 0.68, 0.68 + 0.3 * spindle))
        found.append(layer(0.4, 2.6, 0.5, 0.5 + 0.3 * spindle))
    found.append(layer(8.6, 10.9, 0.15, 0.98))
    found.append(layer(9.0, 11.0, 0.2, 0.9))
    return found


def _armpits(rng: np.random.Generator, scene: Slice) -> None:
    """Fat of the armpit before the shoulder blade, with its vessels and nodes."""
    level, d = scene.person.level, scene.person.depth
    for side in (-1, 1):
        x, y = 12.2 - 1.2 * (level < 0.5), -3.2 * d
        for _ in range(rng.integers(3, 7)):
            spot = (side * (x + rng.normal(0, 0.9)), y + rng.normal(0, 0.9))
            value = rng.choice([MUSCLE - 15, scene.person.blood * 0.8])
            scene.frame.paint(scene.hu, blob(rng, spot, rng.uniform(0.15, 0.38), 0.08), float(value), 0.6)
        strand = open_curve(np.array([(x, y), (x + 1, y + 1.5), (x + 1.4, y + 3)]) * (side, 1), 6)
        scene.frame.paint(scene.hu, blob(rng, tuple(strand[6]), 0.35, 0.1, long=2.0), MUSCLE - 30, 0.7)
