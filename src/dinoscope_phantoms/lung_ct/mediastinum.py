"""Chest CT: great vessels, heart, airways and gullet in their fat, at each of the five levels."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import blob, closed_curve, ellipse_points, trace
from .heart import descending_aorta, draw_base, draw_heart, draw_root
from .slice import FAT, Slice
from .strokes import airway, hilum, oval, tube

ROOT = (2.3, 2.85)
"""Levels between which the slice shows the root of the aorta and both atria."""


def draw_mediastinum(rng: np.random.Generator, scene: Slice) -> None:
    """Great vessels, heart, airways and gullet in their fat, by level."""
    draw = {"apex": _inlet, "arch": _arch, "carina": _carina, "heart": draw_heart, "base": draw_base}[scene.person.name]
    if ROOT[0] < scene.person.level < ROOT[1]:
        draw = draw_root
    blood = scene.person.blood
    size = scene.frame.size
    tissue = (FAT + 40 + 18 * kit.noise(rng, size, size / 30)).astype(np.float32)
    flow = (blood + 5 * kit.noise(rng, size, size / 10)).astype(np.float32)
    draw(rng, scene, tissue, flow)


def _bolus(rng: np.random.Generator, scene: Slice) -> float:
    """Hounsfield units that undiluted contrast medium adds in the superior vena cava of some people."""
    return float(rng.uniform(150, 600)) if scene.person.blood > 60 and rng.random() < 0.35 else 0.0


def _inlet(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """Trachea among the arteries and veins of head and arms."""
    scene.lay(
        closed_curve(trace("-2.6 -3.6, 0 -4.6, 2.6 -3.6, 2.8 0, 2.6 4, 0 5.5, -2.6 4, -2.7 0")),
        tissue,
        1.0,
    )
    for centre, radii in (
        ((-1.9, -0.9), (0.85, 0.75)),
        ((1.9, -0.5), (0.6, 0.6)),
        ((2.3, 1.4), (0.65, 0.75)),
    ):
        oval(rng, scene, centre, radii, flow)
    oval(rng, scene, (-2.7, -2.3), (0.95, 0.8), flow)
    oval(rng, scene, (2.6, -2.5), (1.1, 0.7), flow)
    oval(rng, scene, (0.5, 2.2), (0.8, 0.6), 40.0)
    airway(rng, scene, (rng.normal(0, 0.2), 0.5), (rng.uniform(0.7, 0.9), rng.uniform(0.8, 1.15)))


def _arch(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """The arch runs from front right to back left, past the trachea; the superior vena cava lies beside it."""
    scene.lay(
        closed_curve(trace("-0.4 -7.8, 1.2 -7.6, 2.8 -4.4, 3.4 -1, 3 3, 1.8 5, -1.6 5, -2.2 2, -3.3 -1, -2.8 -4.2")),
        tissue,
        1.0,
    )
    turn = rng.uniform(-0.4, 0.4)
    wide = rng.uniform(2.2, 2.8)
    oval(rng, scene, (-2.4, -2.7 + turn), (rng.uniform(0.8, 1.2), rng.uniform(1, 1.4)), flow + _bolus(rng, scene), 15)
    tube(scene, [(-0.6, -3.9 + turn), (1.2, -2.9 + turn), (2.4, -0.6), (2.6, 2.4)], wide, flow)
    if scene.person.calcium:
        scene.lay(blob(rng, (3.4, 0.6), 0.2, 0.15, long=2.5), 480.0, 0.4)
    for _ in range(rng.integers(1, 4)):
        oval(rng, scene, (rng.uniform(-1.8, 0.4), rng.uniform(-6.0, -5)), (0.25, 0.2), 45.0)
    oval(rng, scene, (0.6, 2.3), (0.8, 0.55), 42.0)
    airway(rng, scene, (-0.5 + rng.normal(0, 0.1), 0.3), (rng.uniform(0.75, 0.95), rng.uniform(0.85, 1.1)))


def _carina(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """Ascending and descending aorta, the pulmonary trunk with both its branches, both main bronchi."""
    scene.lay(
        closed_curve(
            trace(
                "-0.2 -8.4, 1 -8.1, 3.2 -5, 4.1 -2.6, 3.9 1, 3.2 4.6, 1.6 5.2, -1.6 5, -2.4 2.4, "
                "-4 0.4, -3.8 -2.4, -2.4 -5"
            )
        ),
        tissue,
        1.0,
    )
    tube(scene, [(2.4, -3.6), (1.6, -1.6), (-1.2, -0.9), (-4.0, -0.4)], rng.uniform(1.7, 2.3), flow)
    tube(scene, [(2.3, -3.8), (3.3, -2), (4.3, -0.2)], rng.uniform(1.8, 2.3), flow)
    oval(rng, scene, (2.1, -3.9), (1.5, 1.4), flow)
    oval(rng, scene, (-0.9, -3.5), (rng.uniform(1.55, 1.85), rng.uniform(1.55, 1.8)), flow)
    oval(rng, scene, (-2.9, -2.3), (0.95, 1.1), flow + _bolus(rng, scene))
    descending_aorta(rng, scene, flow)
    for side in (-1, 1):
        hilum(rng, scene, side, rng.uniform(-0.6, 1.4), flow)
    oval(rng, scene, (0.6, 2.3), (0.8, 0.55), 42.0)
    split = rng.uniform(0.3, 2.0)
    y = 0.8 + rng.normal(0, 0.15)
    airway(rng, scene, (-0.85 * split - 0.35, y), (0.6 + 0.22 * split, rng.uniform(0.5, 0.68)), -rng.uniform(0, 30))
    airway(
        rng,
        scene,
        (split + 0.15, y + rng.uniform(0.0, 0.4)),
        (0.55 + 0.42 * split, rng.uniform(0.45, 0.6)),
        rng.uniform(0, 25),
    )
    if split < 0.8:
        scene.lay(ellipse_points((-0.05, y), (0.75, 0.5)), -985.0, 0.6)
