"""Chest radiograph: what lies on the film beside the child: the side mark, and leads on the skin of a sick child."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .. import kit
from ..chest_shapes import Frame, ellipse_points, open_curve, ribbon


def mark_side(rng: np.random.Generator, grey: np.ndarray, sick: bool) -> np.ndarray:
    """Grey with an R of lead on the child's right: beside the chest, or in the corner of a film taken in bed."""
    size = len(grey)
    layer = Image.new("L", (3 * size, 3 * size))
    pen = ImageDraw.Draw(layer)
    high = size * rng.uniform(0.06, 0.12 if sick else 0.08)
    font = ImageFont.load_default(3 * high)
    across = rng.uniform(0.005, 0.07)
    down = rng.uniform(0.01, 0.16) if sick and rng.random() < 0.7 else rng.uniform(0.12, 0.6)
    if sick and rng.random() < 0.25:
        pen.text((3 * across * size, 3 * (down + 0.07) * size), "R", fill=255, font=font)
        pen.text((3 * across * size, 3 * max(down - 0.03, 0) * size), "A-P", fill=255, font=font)
    else:
        pen.text((3 * across * size, 3 * down * size), "R", fill=255, font=font)
    narrow = rng.uniform(0.6, 0.95)
    small = layer.resize((round(size * narrow), size), Image.Resampling.BOX)
    letters = np.zeros_like(grey)
    letters[:, : small.width] = np.asarray(small, np.float32) / 255
    return kit.mix(grey, float(rng.uniform(0.75, 1.0)), letters)


def draw_leads(rng: np.random.Generator, frame: Frame, canvas: np.ndarray) -> None:
    """Electrodes of a monitor with their wires, across shoulders and chest."""
    for _ in range(rng.integers(1, 4)):
        sign = rng.choice([-1, 1])
        spot = np.array([sign * rng.uniform(0.35, 0.75), rng.uniform(-0.6, 0.5)])
        frame.add(canvas, ellipse_points(tuple(spot), (0.03, 0.03)), rng.uniform(0.15, 0.4), 0.6)
        end = np.array([sign * rng.uniform(0.7, 1.2), rng.uniform(-1.2, -0.6)])
        bend = (spot + end) / 2 + rng.normal(0, 0.12, 2)
        frame.add(canvas, ribbon(open_curve(np.stack([spot, bend, end]), 10), 0.014), rng.uniform(0.1, 0.25), 0.5)
