"""Chest CT: vertebra, ribs, sternum, collar bones and shoulder blades, each with cortex and marrow."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import blob, closed_curve, ellipse_points, normals, open_curve, ribbon, taper, trace
from .slice import Slice


def draw_skeleton(rng: np.random.Generator, scene: Slice) -> None:
    """Vertebra, ribs, sternum or clavicular heads, shoulder blades."""
    _vertebra(rng, scene)
    for name, side in (("right", -1), ("left", 1)):
        _ribs(rng, scene, scene.pleura[name], side)
    _front(rng, scene)
    if scene.person.level < 2.75:
        for side in (-1, 1):
            _scapula(rng, scene, side)


def _bone(rng: np.random.Generator, scene: Slice, outline: np.ndarray, shell: float, soft: float = 0.5) -> None:
    """Cortex around marrow: a bright rim `shell` cm thick and a spongy inside."""
    strength = scene.person.bone * rng.uniform(0.85, 1.1)
    scene.frame.paint(scene.hu, outline, 780 * strength, soft)
    centre = outline.mean(0)
    span = np.linalg.norm(outline - centre, axis=1).mean()
    inner = centre + (outline - centre) * max(0.2, 1 - shell / span)
    size = scene.frame.size
    marrow = (220 * strength + 28 * kit.fractal(rng, size, size / 30, 3)).astype(np.float32)
    scene.frame.paint(scene.hu, inner, marrow, soft)


def _vertebra(rng: np.random.Generator, scene: Slice) -> None:
    """Body, pedicles, laminae that meet in the spinous process, and transverse processes in some slices."""
    d, strength = scene.person.depth, scene.person.bone
    big = np.interp(scene.person.level, [0, 4], [0.88, 1.08]) * rng.uniform(0.94, 1.08)
    mid = 5.0 * d + rng.uniform(-0.2, 0.2)
    slim = np.interp(scene.person.level, [0, 1, 2, 4], [1.0, 0.88, 0.86, 1.0])
    body = closed_curve(
        trace("0 -1.6, 1.05 -1.35, 1.55 -0.3, 1.6 0.7, 1.1 1.2, 0 1.0, -1.1 1.2, -1.6 0.7, -1.55 -0.3, -1.05 -1.35")
        * (big * slim, big)
        + (0, mid)
    )
    canal = (0.0, mid + 1.95 * big)
    lean = rng.normal(0, 0.12)
    for side in (-1, 1):
        if rng.random() < 0.7:
            pedicle = np.array([(side * 1.05, 0.8), (side * 1.2, 1.9)]) * big + (0, mid)
            _strut(scene, pedicle, 0.62 * big, 620 * strength)
        if rng.random() < 0.7:
            wing = np.array([(side * 1.1, 1.9), (side * 2.1, 2.2), (side * 3.0, 2.75)]) * big + (0, mid)
            _strut(scene, wing, rng.uniform(0.5, 0.75) * big, 560 * strength)
        lamina = np.array([(side * 1.25, 2.1), (side * 0.75, 2.75), (lean * 0.5, 3.15)]) * big + (0, mid)
        _strut(scene, lamina, rng.uniform(0.4, 0.6) * big, 700 * strength)
        if rng.random() < 0.5:
            gap = open_curve(np.array([(side * 0.7, 2.6), (side * 1.35, 2.35)]) * big + (0, mid), 6)
            scene.frame.paint(scene.hu, ribbon(gap, 0.16), 90.0, 0.6)
    tip = rng.uniform(4.0, 5.2)
    _strut(
        scene, np.array([(lean * 0.4, 3.0), (lean, 3.7), (lean * 1.6, tip)]) * big + (0, mid), 0.5 * big, 640 * strength
    )
    scene.frame.paint(scene.hu, ellipse_points(canal, (0.85 * big, 0.72 * big)), 30.0, 0.6)
    _bone(rng, scene, body, rng.uniform(0.1, 0.16))


def _strut(scene: Slice, points: np.ndarray, width: float, value: float) -> None:
    """A slender bone along a few points: two cortices with marrow between them."""
    path = open_curve(points, 6)
    scene.frame.paint(scene.hu, ribbon(path, width * taper(len(path), 0.7)), value, 0.6)
    scene.frame.paint(scene.hu, ribbon(path[1:-1], width * 0.4), value * 0.5, 0.6)


def _ribs(rng: np.random.Generator, scene: Slice, pleura: np.ndarray, side: int) -> None:
    """Ribs cross the slice at a slant: long spindles close on the pleura, the hindmost one joins the spine."""
    outer = pleura[2 : 9 * 8]
    out = _away(outer, pleura.mean(0))
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(outer, axis=0), axis=1))])
    total = length[-1]
    level = scene.person.level
    count = 4 if level < 0.7 else rng.integers(5, 8)
    spots = np.linspace(rng.uniform(0.04, 0.1), rng.uniform(0.84, 0.9), count) + rng.normal(0, 0.02, count)
    for k, spot in enumerate(spots):
        last = k >= count - 2
        long = rng.uniform(3.5, 7.0) if last else rng.uniform(1.8, 4.4)
        s = np.clip(np.linspace(spot * total - long / 2, spot * total + long / 2, 20), 0, total)
        lift = rng.uniform(0.3, 0.42) + rng.uniform(0.0, 0.16) * np.linspace(-1, 1, 20) * rng.choice([-1, 1])
        path = np.stack([np.interp(s, length, outer[:, i]) for i in (0, 1)], axis=1)
        path += np.stack([np.interp(s, length, out[:, i]) for i in (0, 1)], axis=1) * lift[:, None]
        width = rng.uniform(0.34, 0.58) * taper(20, 0.2)
        strength = scene.person.bone * rng.uniform(0.75, 1.15)
        soft = rng.uniform(0.4, 0.8)
        scene.frame.paint(scene.hu, ribbon(path, width), 900 * strength, soft)
        share = rng.uniform(0.3, 0.5)
        scene.frame.paint(scene.hu, ribbon(path[3:-3], width[3:-3] * share), 250 * strength, 0.4)
    if rng.random() < 0.65:
        d = scene.person.depth
        neck = np.array([(side * 1.75, 4.9 * d + 0.5), (side * 2.9, 4.9 * d + 2.4), (side * 4.6, 4.9 * d + 3.7)])
        _strut(scene, neck + rng.normal(0, 0.12, 2), rng.uniform(0.55, 0.8), 700 * scene.person.bone)


def _away(path: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Unit normals [N, 2] of a line that point away from `centre`."""
    out = normals(path)
    return out * np.sign((out * (path - centre)).sum(1, keepdims=True) + 1e-9)


def _front(rng: np.random.Generator, scene: Slice) -> None:
    """Sternum with its cartilages, or the clavicular heads at the thoracic inlet."""
    d, level = scene.person.depth, scene.person.level
    if level < 0.5:
        for side in (-1, 1):
            _bone(rng, scene, blob(rng, (side * 2.9, -5.9 * d), 1.05, 0.07, long=1.3), 0.3)
        return
    y = np.interp(level, [0.5, 1, 2, 3, 4], [-6.6, -7.9, -8.75, -9.1, -9.1]) * d
    wide = np.interp(level, [0.5, 1.2, 4], [2.7, 2.2, 1.8]) * rng.uniform(0.75, 1.05)
    bow, high = rng.uniform(0, 0.35), rng.uniform(0.42, 0.6)
    plate = open_curve(np.array([(-wide, y + bow), (0, y), (wide, y + bow)]) + rng.normal(0, 0.06, (3, 2)), 8)
    strength = scene.person.bone
    scene.frame.paint(scene.hu, ribbon(plate, 2 * high * taper(len(plate), 0.75)), 600 * strength, 0.6)
    scene.frame.paint(
        scene.hu, ribbon(plate[1:-1], (2 * high - 0.34) * taper(len(plate) - 2, 0.75)), 190 * strength, 0.5
    )
    if level > 1.6:
        for side in (-1, 1):
            path = open_curve(
                np.array([(side * (wide + 0.3), y + 0.05), (side * 4.2, y + 0.15), (side * 6.2, y + 0.9)]), 8
            )
            scene.frame.paint(scene.hu, ribbon(path[: rng.integers(9, 17)], 0.75), rng.uniform(95, 170), 0.9)


def _scapula(rng: np.random.Generator, scene: Slice, side: int) -> None:
    """A thin blade between the muscles of the back, thicker towards the shoulder joint."""
    level, d = scene.person.level, scene.person.depth
    top = np.interp(level, [0, 1, 2, 2.8], [0, 0.35, 0.75, 1.0])
    start, end = np.array([15.2 - 1.4 * top, 0.8 + 2.0 * top]), np.array([11.2 + 0.6 * top, 8.1 - 0.6 * top])
    bend = rng.uniform(0.2, 0.9)
    path = open_curve(
        np.array([start, (start + end) / 2 + (bend, bend * 0.5), end]) * (side, d) + rng.normal(0, 0.15, 2),
        12,
    )
    width = np.interp(np.linspace(0, 1, len(path)), [0, 0.12, 0.3, 0.8, 1], [0.7, 1.1, 0.42, 0.34, 0.6]) * rng.uniform(
        0.75, 1.1
    )
    strength = scene.person.bone
    scene.frame.paint(scene.hu, ribbon(path, width), 880 * strength, 0.5)
    scene.frame.paint(scene.hu, ribbon(path[1:8], width[1:8] * 0.5), 190 * strength, 0.5)
    if level < 0.8:
        spur = open_curve(
            np.array(
                [
                    (start + end) / 2 + (bend, 0.4),
                    (start + end) / 2 + (2.6, 2.2),
                    (start + end) / 2 + (3.4, 3.4),
                ]
            )
            * (side, d),
            8,
        )
        scene.frame.paint(scene.hu, ribbon(spur, 0.55), 560 * strength, 0.7)
