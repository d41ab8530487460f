"""Chest CT: great vessels, heart, airways and gullet in their fat, at each of the five levels."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import blob, closed_curve, ellipse_points, open_curve, ribbon, taper, trace
from .slice import FAT, Slice


def draw_mediastinum(rng: np.random.Generator, scene: Slice) -> None:
    """Great vessels, heart, airways and gullet in their fat, by level."""
    draw = {"apex": _inlet, "arch": _arch, "carina": _carina, "heart": _heart, "base": _base}[scene.person.name]
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
        _oval(rng, scene, centre, radii, flow)
    _oval(rng, scene, (-2.7, -2.3), (0.95, 0.8), flow)
    _oval(rng, scene, (2.6, -2.5), (1.1, 0.7), flow)
    _oval(rng, scene, (0.5, 2.2), (0.8, 0.6), 40.0)
    _airway(rng, scene, (rng.normal(0, 0.2), 0.5), (rng.uniform(0.7, 0.9), rng.uniform(0.8, 1.15)))


def _arch(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """The arch runs from front right to back left, past the trachea; the superior vena cava lies beside it."""
    scene.lay(
        closed_curve(trace("-0.4 -7.8, 1.2 -7.6, 2.8 -4.4, 3.4 -1, 3 3, 1.8 5, -1.6 5, -2.2 2, -3.3 -1, -2.8 -4.2")),
        tissue,
        1.0,
    )
    turn = rng.uniform(-0.4, 0.4)
    wide = rng.uniform(2.2, 2.8)
    _oval(rng, scene, (-2.4, -2.7 + turn), (rng.uniform(0.8, 1.2), rng.uniform(1, 1.4)), flow + _bolus(rng, scene), 15)
    _tube(scene, [(-0.6, -3.9 + turn), (1.2, -2.9 + turn), (2.4, -0.6), (2.6, 2.4)], wide, flow)
    if scene.person.calcium:
        scene.lay(blob(rng, (3.4, 0.6), 0.2, 0.15, long=2.5), 480.0, 0.4)
    for _ in range(rng.integers(1, 4)):
        _oval(rng, scene, (rng.uniform(-1.8, 0.4), rng.uniform(-6.0, -5)), (0.25, 0.2), 45.0)
    _oval(rng, scene, (0.6, 2.3), (0.8, 0.55), 42.0)
    _airway(rng, scene, (-0.5 + rng.normal(0, 0.1), 0.3), (rng.uniform(0.75, 0.95), rng.uniform(0.85, 1.1)))


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
    _tube(scene, [(2.4, -3.6), (1.6, -1.6), (-1.2, -0.9), (-4.0, -0.4)], rng.uniform(1.7, 2.3), flow)
    _tube(scene, [(2.3, -3.8), (3.3, -2), (4.3, -0.2)], rng.uniform(1.8, 2.3), flow)
    _oval(rng, scene, (2.1, -3.9), (1.5, 1.4), flow)
    _oval(rng, scene, (-0.9, -3.5), (rng.uniform(1.55, 1.85), rng.uniform(1.55, 1.8)), flow)
    _oval(rng, scene, (-2.9, -2.3), (0.95, 1.1), flow + _bolus(rng, scene))
    _oval(rng, scene, (2.2, 3.8), (rng.uniform(1.15, 1.4),) * 2, flow)
    for side in (-1, 1):
        for _ in range(3):
            _oval(
                rng,
                scene,
                (side * rng.uniform(3.6, 4.8), rng.uniform(-1, 1.8)),
                (rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.7)),
                flow,
                rng.uniform(0, 90),
            )
    _oval(rng, scene, (0.6, 2.3), (0.8, 0.55), 42.0)
    split = rng.uniform(0.3, 2.0)
    y = 0.8 + rng.normal(0, 0.15)
    _airway(rng, scene, (-0.85 * split - 0.35, y), (0.6 + 0.22 * split, rng.uniform(0.5, 0.68)), -rng.uniform(0, 30))
    _airway(
        rng,
        scene,
        (split + 0.15, y + rng.uniform(0.0, 0.4)),
        (0.55 + 0.42 * split, rng.uniform(0.45, 0.6)),
        rng.uniform(0, 25),
    )
    if split < 0.8:
        scene.lay(ellipse_points((-0.05, y), (0.75, 0.5)), -985.0, 0.6)


def _heart(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
    """Four chambers in a thin coat of fat, with the lower pulmonary veins behind."""
    size = scene.frame.size
    scene.lay(
        closed_curve(trace("-1.2 -8.6, 1.6 -8.6, 4 -7, 4 2, 2.6 5, -1.6 5, -2 3, -2.6 0, -2.8 -5")),
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
        _oval(rng, scene, (x, y), tuple(np.array(radii) * big), flow + rng.normal(0, 6), turn + tilt, 1.6)
    if rng.random() < 0.5:
        groove = np.array([(-3.4, -3.4), (-1.2, rng.uniform(-2, -0.4)), (0.4, rng.uniform(0.4, 2.4))]) * big + (cx, cy)
        groove = open_curve(groove + rng.normal(0, 0.4, (3, 2)), 10)
        scene.lay(ribbon(groove, rng.uniform(0.15, 0.45) * taper(len(groove), 0.1)), FAT + 80, 1.4)
    for side in (-1, 1):
        _hilar_veins(rng, scene, side, (cx - 1.6, cy + 3.2 * big) if side < 0 else (cx + 0.6, cy + 3.6 * big), flow)
    _oval(rng, scene, (0.5, 2.5), (0.85, 0.6), 42.0)
    _oval(rng, scene, (rng.uniform(1.6, 2.3), 4.0), (rng.uniform(1.1, 1.4),) * 2, flow)


def _base(rng: np.random.Generator, scene: Slice, tissue: np.ndarray, flow: np.ndarray) -> None:
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
    _oval(rng, scene, (cx + 1.8, cy + 0.6), (2.9, 1.8), flow, 30, 2.0)
    liver = (65 + 0.25 * scene.person.blood + 7 * kit.noise(rng, size, size / 12)).astype(np.float32)
    if rng.random() < 0.75:
        grow = rng.uniform(0.5, 1.15)
        _oval(rng, scene, (-6.6, -0.8), (4.1 * grow, 4.6 * grow), liver, 8, 2.2)
    if rng.random() < 0.3:
        _oval(rng, scene, (7.4, 1.5), (2.6, 2.8), liver, 10, 2.4)
    _oval(rng, scene, (-1.8, 0.2), (1.3, 1.1), flow)
    _oval(rng, scene, (0.7, 2.3), (0.95, 0.65), 42.0)
    _oval(rng, scene, (rng.uniform(1.3, 2.0), 4.0), (rng.uniform(1.1, 1.3),) * 2, flow)


def _hilar_veins(
    rng: np.random.Generator, scene: Slice, side: int, atrium: tuple[float, float], flow: np.ndarray
) -> None:
    """Inferior pulmonary vein, lower lobe arteries and bronchi of one side."""
    y = atrium[1] + rng.uniform(-0.2, 0.8) + (1.4 if side > 0 else 0)
    border = scene.medial_border(side, y)
    hilum = np.array([side * ((border or 3.5) + rng.uniform(0.2, 0.7)), y])
    _tube(
        scene,
        [atrium, ((atrium[0] + hilum[0]) / 2, (atrium[1] + hilum[1]) / 2 + 0.3), tuple(hilum)],
        rng.uniform(1.3, 1.7),
        flow,
        0.6,
    )
    for _ in range(rng.integers(2, 5)):
        turn = rng.uniform(-0.9, 1.1)
        reach = rng.uniform(1.2, 2.8)
        tip = hilum + reach * np.array([side * np.cos(turn), np.sin(turn)])
        middle = (hilum + tip) / 2 + rng.normal(0, 0.15, 2)
        _tube(scene, [tuple(hilum), tuple(middle), tuple(tip)], rng.uniform(0.45, 0.75), flow, 0.4)
    for _ in range(rng.integers(1, 4)):
        spot = hilum + (side * rng.uniform(-0.2, 1.3), rng.uniform(-1.2, 1.2) if side < 0 else rng.uniform(0, 1.5))
        _oval(rng, scene, tuple(spot), (rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.6)), flow, rng.uniform(0, 90))
        _airway(
            rng,
            scene,
            tuple(spot + (side * rng.uniform(-0.1, 0.2), 0.62 * rng.choice([-1, 1] if side < 0 else [1]))),
            (rng.uniform(0.18, 0.3),) * 2,
        )


def _heart_outline(cx: float, cy: float, big: float, turn: float, lump: float) -> np.ndarray:
    """Egg-shaped outline of the heart with its apex to the left and front."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    r = 1 + 0.05 * np.cos(angle) + lump * np.cos(3 * angle + 0.6) + 0.5 * lump * np.cos(4 * angle + 40 * lump)
    u, v = 5.7 * big * r * np.cos(angle), 4.7 * big * r * np.sin(angle)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.stack([cx + c * u - s * v, cy + s * u + c * v], axis=1)


def _tube(
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


def _oval(
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


def _airway(
    rng: np.random.Generator,
    scene: Slice,
    centre: tuple[float, float],
    radii: tuple[float, float],
    degrees: float = 0.0,
) -> None:
    """Lumen with a thin wall."""
    _oval(rng, scene, centre, (radii[0] + 0.16, radii[1] + 0.16), 20.0, degrees, wobble=0.02)
    _oval(rng, scene, centre, radii, -985.0, degrees, 0.5, wobble=0.03)
