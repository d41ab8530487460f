"""Chest radiograph: collar bones, shoulder blades, arms and the jaw, as optical depth."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import closed_curve, ellipse_points, open_curve, ribbon, trace
from .film import Film, rounded

_ARM = {
    "up": [(0.72, -0.74), (0.84, -1.02), (0.95, -1.35)],
    "out": [(0.74, -0.7), (1.05, -0.82), (1.45, -0.9)],
    "down": [(0.8, -0.66), (0.95, -0.25), (1.02, 0.6)],
}
"""Middle line of the humerus from the shoulder joint, for each position of the arms."""


def draw_shoulders(rng: np.random.Generator, film: Film) -> None:
    """Collar bones, that rise outwards the more the arms are raised, and shoulder blades beside the chest."""
    frame, child = film.frame, film.child
    rise = {"up": 0.2, "out": 0.12, "down": 0.04}[child.arms] + -0.0339 + rng.normal(0, 0.03)
    base = child.look.clavicle_y + rng.normal(0, 0.04)
    for sign in (-1, 1):
        bone = np.array(
            [
                (0.075, base),
                (0.2, base - 0.25 * rise - 0.025),
                (0.36, base - 0.6 * rise - 0.03),
                (0.5, base - 0.95 * rise + 0.005),
                (0.62, base - rise - 0.03),
            ]
        )
        bone = (bone + rng.normal(0, 0.008, bone.shape)) * (sign, 1) + (child.turned * 1.2, 0)
        path = open_curve(bone, 8)
        width = np.interp(np.linspace(0, 1, len(path)), [0, 0.1, 0.5, 0.9, 1], [0.06, 0.055, 0.038, 0.05, 0.05])
        long_bone(film, path, width * 0.999, 0.254 * child.bone)
        blade = trace("0.05 -0.62, 0.2 -0.66, 0.24 -0.55, 0.17 -0.3, 0.1 -0.1, 0.05 -0.16, 0.03 -0.4")
        out = float(child.wall(-0.35, sign)) + {"up": 0.02, "out": 0.0, "down": -0.1}[child.arms] + rng.normal(0, 0.02)
        shape = closed_curve((blade + (out, rng.normal(0, 0.03))) * (sign, 1))
        film.bone += child.look.blade * child.bone * frame.coverage(shape, 1.2)
        frame.add(film.bone, ribbon(shape[10:36], 0.02), 0.134 * child.bone, 0.8)
        frame.add(film.bone, ellipse_points((sign * (out + 0.18), -0.64), (0.035, 0.05)), 0.07 * child.bone, 1.0)


def draw_arms(rng: np.random.Generator, film: Film) -> None:
    """Flesh and bone of both upper arms; the head of the humerus is not yet joined to its shaft."""
    frame, child = film.frame, film.child
    for sign in (-1, 1):
        arm = (np.array(_ARM[child.arms]) + rng.normal(0, 0.03, (3, 2))) * (sign, 1)
        limb = frame.coverage(ribbon(open_curve(arm, 8), 0.24 + 0.04 * child.fat), 1.0)
        film.solid = np.maximum(film.solid, 0.487 * rounded(frame, limb, 0.14))
        path = open_curve(arm, 10)[2:]
        shaft = np.interp(np.linspace(0, 1, len(path)), [0, 0.15, 0.4, 1], [0.1, 0.08, 0.06, 0.055])
        long_bone(film, path, shaft, 0.2 * child.bone)
        ball = ellipse_points(tuple(arm[0]), (rng.uniform(0.035, 0.05), rng.uniform(0.035, 0.05)))
        frame.add(film.bone, ball, 0.14 * child.bone, 0.9)


def draw_head(rng: np.random.Generator, film: Film) -> None:
    """Chin, jaw and teeth where the head hangs into the upper border."""
    frame = film.frame
    y, x = -0.98 + rng.normal(0, 0.08), rng.normal(0, 0.05)
    half = np.array([(0.36, -0.4), (0.33, -0.1), (0.2, 0.1), (0.1, 0.14)]) * rng.uniform(0.85, 1.1)
    chin = np.concatenate([half * (-1, 1), [(0, 0.15)], half[::-1]]) + (x, y)
    head = frame.coverage(closed_curve(np.concatenate([chin, [(x + 0.3, -2), (x - 0.3, -2)]])), 1.2)
    teeth = kit.smoothstep(kit.fractal(rng, frame.size, frame.size / 28, 3), -0.2, 1.2)
    jaw = frame.coverage(closed_curve(np.concatenate([chin - (0, 0.1), [(x + 0.3, -2), (x - 0.3, -2)]])), 2)
    film.solid = np.maximum(film.solid, 0.5 * head) + 0.18 * head + (0.12 + 0.2 * teeth) * jaw * head


def long_bone(film: Film, path: np.ndarray, width: np.ndarray | float, depth: float) -> None:
    """A shaft in the plane of the film, with round ends, denser along its two edges than over its marrow."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    along = np.linspace(0, length[-1], 80)
    line = np.column_stack([np.interp(along, length, path[:, i]) for i in (0, 1)])
    wide = np.interp(along, length, np.broadcast_to(width, len(path)))
    from_end = np.minimum(along, length[-1] - along)
    wide = wide * np.sqrt(1 - (1 - np.clip(2 * from_end / wide, 0, 1)) ** 2)
    film.frame.add(film.bone, ribbon(line, wide), depth, 0.8)
    film.frame.add(film.bone, ribbon(line[3:-3], 0.62 * wide[3:-3]), -0.38 * depth, 1.0)
