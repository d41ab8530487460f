"""Chest CT: the vessels and airways of which the mediastinum is laid, one stroke each."""

from __future__ import annotations

import numpy as np

from ..chest_shapes import ellipse_points, open_curve, ribbon
from .slice import Slice


def tube(
    scene: Slice,
    points: list[tuple[float, float]],
    width: float,
    value: np.ndarray,
    end: float = 1.0,
    soft: float = 0.6,
) -> None:
    """A vessel that runs in the plane and narrows to `end` times its `width`."""
    path = open_curve(np.array(points), 10)
    scene.lay(ribbon(path, width * np.linspace(1, end, len(path))), value, soft)
    for tip, share in ((path[0], 1.0), (path[-1], end)):
        scene.lay(ellipse_points(tuple(tip), (width * share / 2,) * 2), value, soft)


def oval(
    rng: np.random.Generator,
    scene: Slice,
    centre: tuple[float, float],
    radii: tuple[float, float],
    value: np.ndarray | float,
    degrees: float = 0.0,
    soft: float = 0.7,
    wobble: float = 0.05,
) -> None:
    """A round structure with a little of its own shape."""
    points = ellipse_points(centre, radii, degrees)
    angle = np.linspace(0, 2 * np.pi, len(points), endpoint=False)[:, None]
    phase = rng.uniform(0, 2 * np.pi, 2)
    swell = 1 + wobble * (np.sin(2 * angle + phase[0]) + 0.6 * np.sin(3 * angle + phase[1]))
    scene.lay(np.asarray(centre) + (points - centre) * swell, value, soft)


def airway(
    rng: np.random.Generator,
    scene: Slice,
    centre: tuple[float, float],
    radii: tuple[float, float],
    degrees: float = 0.0,
) -> None:
    """Lumen with a thin wall."""
    oval(rng, scene, centre, (radii[0] + 0.16, radii[1] + 0.16), 20.0, degrees, wobble=0.02)
    oval(rng, scene, centre, radii, -985.0, degrees, 0.5, wobble=0.03)


def hilum(rng: np.random.Generator, scene: Slice, side: int, y: float, flow: np.ndarray, start: float = 3.0) -> None:
    """Arteries, veins and bronchi of one side: from the mediastinum at height `y` [cm] they fork and taper."""
    border = scene.medial_border(side, y) or start + 1
    root = np.array([side * min(border, 6.0), y])
    for _ in range(rng.integers(2, 5)):
        turn = rng.uniform(-1.1, 1.3)
        width = rng.uniform(0.4, 0.95)
        reach = rng.uniform(0.6, 2.0) * (0.6 + width)
        begin = root + (-side * 0.5, rng.normal(0, 0.7))
        fork = begin + reach * np.array([side * np.cos(turn), np.sin(turn)])
        tube(scene, [tuple(begin), tuple((begin + fork) / 2 + rng.normal(0, 0.12, 2)), tuple(fork)], width, flow, 0.75)
        for _ in range(rng.integers(0, 3)):
            bend = turn + rng.normal(0, 0.6)
            tip = fork + rng.uniform(0.8, 2.4) * np.array([side * np.cos(bend), np.sin(bend)])
            middle = (fork + tip) / 2 + rng.normal(0, 0.12, 2)
            tube(
                scene,
                [tuple(fork), tuple(middle), tuple(tip)],
                width * rng.uniform(0.35, 0.6),
                flow - rng.uniform(0, 350),
                0.3,
                0.6,
            )
    for _ in range(rng.integers(1, 4)):
        spot = root + (side * rng.uniform(-0.3, 1.3), rng.uniform(-1.0, 1.4))
        radii = (rng.uniform(0.3, 0.6), rng.uniform(0.35, 0.65))
        oval(rng, scene, tuple(spot), radii, flow, rng.uniform(0, 90))
        beside = spot + (side * rng.uniform(-0.2, 0.3), (radii[1] + 0.25) * rng.choice([-1, 1]))
        airway(rng, scene, tuple(beside), (rng.uniform(0.16, 0.34),) * 2)
