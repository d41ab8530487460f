"""Chest CT: what lies round the body, the couch under it and the blanket over it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..chest_shapes import open_curve, ribbon, taper
from .slice import Slice, skin_outline


def draw_couch(rng: np.random.Generator, scene: Slice) -> None:
    """A couch that sags under the back: a faint upper face, a dense lower one, foam between them, or a flat board."""
    skin = skin_outline(scene.person)
    frame = replace(scene.frame, sway=np.zeros((0, 5)), turn=0.0)
    back = float(skin[:, 1].max()) + rng.uniform(0.0, 0.4)
    half = rng.uniform(18, 23)
    x = np.linspace(-half, half, 40)
    if rng.random() < 0.12:
        for drop, value, thick in ((0.2, -250, 0.16), (2.6, -480, 0.16), (3.4, -420, 0.16)):
            frame.paint(scene.hu, ribbon(np.stack([x, np.full_like(x, back + drop)], 1), thick), value, 0.4)
        back += 2.6
    sag = rng.uniform(0.007, 0.013)
    deep = rng.uniform(0.9, 2.0)
    upper = np.stack([x, back + 0.2 - 1.15 * sag * x**2], 1)
    lower = np.stack([x, back + 0.2 + deep - sag * x**2], 1)
    frame.paint(scene.hu, np.concatenate([upper, lower[::-1]]), rng.uniform(-970, -890), 0.6)
    frame.paint(scene.hu, ribbon(upper, 0.16), rng.uniform(-900, -600), 0.5)
    widths = rng.uniform(0.22, 0.5) * (0.35 + 0.65 * taper(len(x), 0.0))
    frame.paint(scene.hu, ribbon(lower, widths), rng.uniform(-100, 700), 0.45)
    _blanket(rng, scene, skin)


def _blanket(rng: np.random.Generator, scene: Slice, skin: np.ndarray) -> None:
    """Thin folds of cloth that run side by side over the front and the flanks."""
    for _ in range(rng.integers(0, 3)):
        length = int(rng.integers(24, 80))
        start = int(rng.integers(len(skin)))
        part = np.roll(skin, -start, axis=0)[:length:4]
        lift = 1 + rng.uniform(0.03, 0.09)
        bend = np.cumsum(rng.normal(0, 0.08, part.shape), axis=0)
        for k in range(rng.integers(1, 5)):
            fold = open_curve(part * (lift + 0.016 * k) + bend + rng.normal(0, 0.05, part.shape), 6)
            scene.frame.paint(scene.hu, ribbon(fold, 0.1), rng.uniform(-975, -910), 0.4)
