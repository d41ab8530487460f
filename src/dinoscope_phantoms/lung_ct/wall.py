"""Chest CT: couch, skin, fat and muscles around the thorax."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import blob, closed_curve, open_curve, ribbon, taper
from .slice import FAT, MUSCLE, Slice, muscle_outline, pleura_outline, skin_outline


def draw_couch(rng: np.random.Generator, scene: Slice) -> None:
    """Couch and blanket below and beside the body: thin curved shells, faint folds."""
    back = 12.6 + scene.person.fat * 0.9
    x = np.linspace(-21, 21, 40)
    sag = rng.uniform(0.004, 0.012)
    for drop, value, thick in ((0.25, -480, 0.25), (1.5, rng.uniform(-200, 250), 0.32)):
        curve = np.stack([x, back + drop - sag * x**2], axis=1)
        scene.frame.paint(scene.hu, ribbon(curve, thick), value, 0.5)
    scene.frame.paint(
        scene.hu,
        np.array([(-21, back + 0.5 - sag * 441), (21, back + 0.5 - sag * 441), (9, back + 1.7), (-9, back + 1.7)]),
        -950,
        2,
    )
    skin = skin_outline(scene.person)
    for _ in range(rng.integers(0, 4)):
        part = np.roll(skin, rng.integers(len(skin)), axis=0)[:30] * rng.uniform(1.02, 1.1)
        scene.frame.paint(scene.hu, ribbon(part + rng.normal(0, 0.06, part.shape), 0.1), -960, 0.4)


def draw_wall(rng: np.random.Generator, scene: Slice) -> None:
    """Skin, fat with septa, breast, muscle layers with the fat planes between them."""
    size, person, frame = scene.frame.size, scene.person, scene.frame
    skin = skin_outline(person)
    septa = kit.fractal(rng, size, size / 14, 4, 0.7)
    fat = FAT + 12 * septa + 55 * np.exp(-((kit.noise(rng, size, size / 30) / 0.16) ** 2)) * (septa > 0.3)
    frame.paint(scene.hu, skin, 10.0, 0.5)
    frame.paint(scene.hu, skin * 0.988, fat.astype(np.float32), 0.5)
    inside = frame.coverage(skin * 0.95, 2.0)
    low = np.exp(-(((person.level - 2.7) / 1.3) ** 2))
    if person.breast * low > 0.8:
        gland = FAT + 110 * kit.smoothstep(kit.fractal(rng, size, size / 16, 4, 0.7), 0.2, 0.9)
        for side in (-1, 1):
            spot = (side * 9.0, -8.9 * person.depth - 0.4 * person.breast)
            cover = frame.coverage(blob(rng, spot, 1.1 + 0.5 * person.breast, 0.1, long=1.5), 2.5) * inside
            scene.hu += (gland - scene.hu) * cover
    half = muscle_outline(person)
    flesh = (
        MUSCLE
        + 9 * kit.fractal(rng, size, size / 20, 3)
        - 38 * kit.smoothstep(kit.fractal(rng, size, size / 26, 4, 0.8), 0.9, 1.8)
    ).astype(np.float32)
    outer = closed_curve(np.concatenate([half, half[-2:0:-1] * (-1, 1)])) * (1, person.depth)
    frame.paint(scene.hu, outer, flesh, 0.7)
    _fat_planes(rng, scene, half)


def _fat_planes(rng: np.random.Generator, scene: Slice, half: np.ndarray) -> None:
    """Dark planes between the muscles of the wall, and the fat of the armpit."""
    lung = pleura_outline(scene.person)
    inner = np.stack([np.interp(np.linspace(0, 8, 12), np.arange(12), lung[:, k]) for k in (0, 1)], axis=1)
    upper = scene.person.level < 2.6
    for side in (-1, 1):
        for depth in (0.3, 0.52, 0.72) if upper else (0.42, 0.7):
            mid = open_curve(inner + (half - inner) * (depth + rng.normal(0, 0.05, (12, 1))), 6)
            start = rng.integers(4, 18)
            part = mid[start : start + rng.integers(22, 44)] * (side, scene.person.depth)
            width = rng.uniform(0.16, 0.45) * taper(len(part), 0.1)
            scene.frame.paint(scene.hu, ribbon(part, width), FAT + 15, 0.7, 0.85)
        if upper:
            x, y = 12.2 - 1.2 * (scene.person.level < 0.5), -3.6
            scene.frame.paint(scene.hu, blob(rng, (side * x, y), rng.uniform(1.5, 2.3), 0.16, long=1.7), FAT, 1.2)
            for _ in range(4):
                spot = (side * (x + rng.normal(0, 0.8)), y + rng.normal(0, 0.8))
                scene.frame.paint(
                    scene.hu, blob(rng, spot, rng.uniform(0.18, 0.4), 0.08), scene.person.blood * 0.8, 0.6
                )
        else:
            tip = open_curve(np.array([(13.2, -2), (14.2, 2.5), (12.9, 6.4)]) * (side, 1), 8)
            scene.frame.paint(scene.hu, ribbon(tip, 1.5 * taper(len(tip), 0.05)), MUSCLE, 0.8)
