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
    scene.frame.paint(scene.hu, outline, 560 * strength, soft)
    centre = outline.mean(0)
    span = np.linalg.norm(outline - centre, axis=1).mean()
    inner = centre + (outline - centre) * max(0.2, 1 - shell / span)
    size = scene.frame.size
    marrow = (230 * strength + 55 * kit.noise(rng, size, 2.6)).astype(np.float32)
    scene.frame.paint(scene.hu, inner, marrow, soft)


def _vertebra(rng: np.random.Generator, scene: Slice) -> None:
    d = scene.person.depth
    big = np.interp(scene.person.level, [0, 4], [0.78, 0.98]) * rng.uniform(0.95, 1.05)
    mid = 5.0 * d
    body = closed_curve(
        trace("0 -1.6, 1.1 -1.35, 1.65 -0.3, 1.55 0.8, 0.9 1.15, 0 0.95, -0.9 1.15, -1.55 0.8, -1.65 -0.3, -1.1 -1.35")
        * big
        + (0, mid)
    )
    arch = closed_curve(
        trace("-1.4 0.8, 1.4 0.8, 1.6 1.9, 1.2 2.9, 0.5 3.4, -0.5 3.4, -1.2 2.9, -1.6 1.9") * big + (0, mid)
    )
    strength = scene.person.bone
    wings = rng.random() < 0.75
    if wings:
        for side in (-1, 1):
            wing = open_curve(np.array([(side * 1.2, 1.8), (side * 2.2, 2.1), (side * 3.1, 2.6)]) * big + (0, mid), 6)
            scene.frame.paint(scene.hu, ribbon(wing, 0.85 * big * taper(len(wing), 0.7)), 430 * strength, 0.8)
            scene.frame.paint(scene.hu, ribbon(wing, 0.4 * big), 230 * strength, 0.8)
    scene.frame.paint(scene.hu, arch, 420 * strength, 0.8)
    spine = open_curve(
        np.array([(0, 3.0), (rng.normal(0, 0.1), 4.2), (rng.normal(0, 0.15), rng.uniform(4.6, 5.4))]) * big + (0, mid),
        6,
    )
    scene.frame.paint(scene.hu, ribbon(spine, 0.6 * big * taper(len(spine), 0.6)), 440 * strength, 0.7)
    _bone(rng, scene, body, 0.16)
    scene.frame.paint(scene.hu, ellipse_points((0, mid + 1.85 * big), (0.95 * big, 0.85 * big)), 440 * strength, 0.7)
    scene.frame.paint(scene.hu, ellipse_points((0, mid + 1.8 * big), (0.75 * big, 0.66 * big)), 25.0, 0.6)
    for side in (-1, 1):
        gap = open_curve(np.array([(side * 0.5, 2.8), (side * 1.3, 2.4)]) * big + (0, mid), 6)
        scene.frame.paint(scene.hu, ribbon(gap, 0.22), 90.0, 0.7)


def _ribs(rng: np.random.Generator, scene: Slice, pleura: np.ndarray, side: int) -> None:
    """Ribs cross the slice at a slant: spindles along the pleura, the hindmost one reaching the spine."""
    outer = pleura[2 : 9 * 8]
    out = _away(outer, pleura.mean(0))
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(outer, axis=0), axis=1))])
    total = length[-1]
    count = 4 if scene.person.level < 0.7 else rng.integers(5, 7)
    spots = np.linspace(0.08, 0.93, count) + rng.normal(0, 0.03, count)
    for k, spot in enumerate(spots):
        last = k == count - 1
        long = rng.uniform(3.2, 5.0) if last else rng.uniform(1.4, 3.6)
        s = np.clip(np.linspace(spot * total - long / 2, spot * total + long / 2, 16), 0, total)
        lift = rng.uniform(0.36, 0.5) + 0.2 * np.linspace(-1, 1, 16) * rng.choice([-1, 1])
        path = np.stack([np.interp(s, length, outer[:, i]) for i in (0, 1)], axis=1)
        path += np.stack([np.interp(s, length, out[:, i]) for i in (0, 1)], axis=1) * lift[:, None]
        width = rng.uniform(0.42, 0.66) * taper(16, 0.35)
        strength = scene.person.bone * rng.uniform(0.75, 1.15)
        soft = rng.uniform(0.4, 0.9)
        scene.frame.paint(scene.hu, ribbon(path, width), 760 * strength, soft)
        scene.frame.paint(scene.hu, ribbon(path[2:-2], width[2:-2] * 0.42), 230 * strength, 0.5)


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
    wide = np.interp(level, [0.5, 1.2, 4], [2.7, 2.2, 1.8]) * rng.uniform(0.9, 1.15)
    bow, high = rng.uniform(0, 0.35), rng.uniform(0.42, 0.6)
    plate = open_curve(np.array([(-wide, y + bow), (0, y), (wide, y + bow)]) + rng.normal(0, 0.06, (3, 2)), 8)
    strength = scene.person.bone
    scene.frame.paint(scene.hu, ribbon(plate, 2 * high * taper(len(plate), 0.6)), 470 * strength, 0.7)
    scene.frame.paint(
        scene.hu, ribbon(plate[1:-1], (2 * high - 0.42) * taper(len(plate) - 2, 0.6)), 170 * strength, 0.7
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
    width = np.interp(np.linspace(0, 1, len(path)), [0, 0.12, 0.3, 0.8, 1], [0.7, 1.1, 0.42, 0.4, 0.65])
    strength = scene.person.bone
    scene.frame.paint(scene.hu, ribbon(path, width), 620 * strength, 0.6)
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
