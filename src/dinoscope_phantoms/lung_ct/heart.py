"""Chest CT: the heart in its fat, from the root of the aorta to the domes of the diaphragm."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import blob, closed_curve, open_curve, ribbon, taper, trace
from .slice import FAT, Slice
from .strokes import airway, hilum, oval, tube


def draw_root(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """Root of the aorta between the outflow of the right ventricle and both atria, below the carina."""
    scene.lay(
        closed_curve(
            trace(
                "0 -8.4, 0.8 -8.4, 3 -6.2, 4.9 -3, 4.7 0.6, 3.3 3.2, 3 5.4, -1.6 5, -2.2 3.2, -3.2 1.8, -3.9 -1.2, "
                "-3.4 -4, -1.8 -6.4"
            )
            + rng.normal(0, 0.15, (13, 2))
        ),
        tissue,
        1.0,
    )
    for centre, radii, turn in (
        ((-2.7, -2.2), (1.15, 1.7), 10),
        ((2.2, -4.3), (2.2, 1.5), 35),
        ((3.6, -1.3), (1.2, 1.8), -15),
        ((-0.1, -2.4), (1.75, 1.65), 0),
        ((0.4, 0.9), (3.1, rng.uniform(1.2, 1.8)), rng.uniform(-5, 10)),
    ):
        spot = tuple(np.add(centre, rng.normal(0, 0.15, 2)))
        grown = tuple(np.multiply(radii, rng.uniform(0.92, 1.1)))
        oval(rng, scene, spot, grown, flow + rng.normal(0, 8), turn + rng.normal(0, 5), 0.9, 0.07)
    for side, y in ((-1, rng.uniform(0.8, 1.8)), (1, rng.uniform(1.2, 2.4))):
        tube(scene, [(side * 2.2, 0.9), (side * 3.6, y * 0.8), (side * 4.8, y)], rng.uniform(1.1, 1.6), flow, 0.7)
        hilum(rng, scene, side, y, flow)
        airway(rng, scene, (side * rng.uniform(2.7, 3.4), y + rng.uniform(0.9, 1.4)), (rng.uniform(0.3, 0.5),) * 2)
    oval(rng, scene, (0.5, 3.0), (0.85, 0.55), 42.0)
    descending_aorta(rng, scene, flow)


def draw_heart(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """Four chambers in a thin coat of fat, with the lower pulmonary veins behind."""
    size = scene.frame.size
    scene.lay(
        closed_curve(trace("-0.8 -8.6, 1.4 -8.6, 4 -6.6, 4 2, 3.2 5.2, -1.6 5, -2 3, -2.6 0, -2.8 -4.6")),
        tissue,
        1.0,
    )
    cx, cy, big = rng.uniform(1.4, 2.3), rng.uniform(-3.2, -2.4), rng.uniform(0.92, 1.1)
    turn = rng.uniform(22, 40)
    shape = _heart_outline(cx, cy, big, turn, rng.uniform(0.02, 0.07))
    scene.lay(shape * 1.0, FAT + 30, 1.4)
    myocard = (scene.person.blood * 0.55 + 35 + 6 * kit.noise(rng, size, size / 8)).astype(np.float32)
    inner = (cx, cy) + (shape - (cx, cy)) * 0.975
    scene.lay(inner, myocard, 1.0)
    rotate = np.radians(turn)
    for u, v, radii, tilt in (
        (2.1, 1.0, (2.7, 1.5), 0),
        (1.2, -1.9, (2.9, 1.3), 8),
        (-3.4, -1.5, (1.5, 2.1), -10),
        (-2.5, 1.8, (2.3, 1.4), -25),
        (-1.2, -0.6, (1.1, 1.1), 0),
    ):
        x = cx + big * (u * np.cos(rotate) - v * np.sin(rotate))
        y = cy + big * (u * np.sin(rotate) + v * np.cos(rotate))
        oval(rng, scene, (x, y), tuple(np.array(radii) * big), flow + rng.normal(0, 6), turn + tilt, 1.6)
    if rng.random() < 0.5:
        groove = np.array([(-3.4, -3.4), (-1.2, rng.uniform(-2, -0.4)), (0.4, rng.uniform(0.4, 2.4))]) * big + (cx, cy)
        groove = open_curve(groove + rng.normal(0, 0.4, (3, 2)), 10)
        scene.lay(ribbon(groove, rng.uniform(0.15, 0.45) * taper(len(groove), 0.1)), FAT + 80, 1.4)
    for side in (-1, 1):
        y = cy + (3.2 if side < 0 else 4.3) * big + rng.uniform(-0.3, 0.6)
        tube(scene, [(cx - 1.6, cy + 3.2 * big), (side * 3.4, y)], rng.uniform(1.3, 1.7), flow, 0.6)
        hilum(rng, scene, side, y, flow)
    oval(rng, scene, (0.5, 2.5), (0.85, 0.6), 42.0)
    descending_aorta(rng, scene, flow)


def draw_base(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """Lower heart, domes of the liver and of the spleen."""
    size = scene.frame.size
    scene.lay(
        closed_curve(trace("-1.4 -8.6, 1.6 -8.6, 4 -7, 3.6 2, 2.6 5.2, -1.8 5.2, -2 3, -2.6 0, -2.8 -5")),
        tissue,
        1.0,
    )
    cx, cy, big = rng.uniform(1.6, 2.4), rng.uniform(-3.4, -2.6), rng.uniform(0.9, 1.08)
    shape = _heart_outline(cx, cy, big, rng.uniform(15, 30), rng.uniform(0.02, 0.07))
    scene.lay(shape, FAT + 30, 1.6)
    scene.lay(
        (cx, cy) + (shape - (cx, cy)) * 0.96,
        (scene.person.blood * 0.6 + 30 + 6 * kit.noise(rng, size, size / 8)).astype(np.float32),
        1.2,
    )
    oval(rng, scene, (cx + 1.8, cy + 0.6), (2.9, 1.8), flow, 30, 2.0)
    liver = (65 + 0.25 * scene.person.blood + 7 * kit.noise(rng, size, size / 12)).astype(np.float32)
    down = np.clip((scene.person.level - 3.4) / 0.6, 0, 1)
    grow = rng.uniform(0.35, 0.8) + 0.65 * down
    oval(rng, scene, (-6.8 + 1.2 * grow, -0.6), (4.3 * grow, 5.4 * grow), liver, 8, 2.2 if grow < 0.9 else 1.0)
    if down > 0.5 or rng.random() < 0.3:
        swell = rng.uniform(0.6, 1.0) + 0.5 * down
        oval(rng, scene, (7.0 - 0.5 * swell, 1.6), (2.8 * swell, 3.6 * swell), liver - 10, 10, 2.0)
        if rng.random() < 0.4:
            oval(rng, scene, (5.2, -2.6), (1.6 * swell, 1.3 * swell), liver - 70, 10, 1.6)
    oval(rng, scene, (-1.8, 0.2), (1.3, 1.1), flow)
    oval(rng, scene, (0.7, 2.3), (0.95, 0.65), 42.0)
    descending_aorta(rng, scene, flow)


def descending_aorta(rng: np.random.Generator, scene: Slice, flow: np.ndarray) -> None:
    """The descending aorta on the left front of the spine, calcified in some."""
    spot, wide = (rng.uniform(1.8, 2.6), 4.0 * scene.person.depth + rng.uniform(-0.3, 0.5)), rng.uniform(1.25, 1.65)
    oval(rng, scene, spot, (wide, wide * rng.uniform(0.95, 1.1)), flow)
    if scene.person.calcium:
        angle = rng.uniform(0, 6.28)
        rim = np.add(spot, (wide * np.cos(angle), wide * np.sin(angle)))
        scene.lay(blob(rng, tuple(rim), 0.18, 0.15, long=2.2), 600.0, 0.4)


def _heart_outline(cx: float, cy: float, big: float, turn: float, lump: float) -> np.ndarray:
    """Egg-shaped outline of the heart with its apex to the left and front."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    r = 1 + 0.05 * np.cos(angle) + lump * np.cos(3 * angle + 0.6) + 0.5 * lump * np.cos(4 * angle + 40 * lump)
    u, v = 5.7 * big * r * np.cos(angle), 4.7 * big * r * np.sin(angle)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.stack([cx + c * u - s * v, cy + s * u + c * v], axis=1)
