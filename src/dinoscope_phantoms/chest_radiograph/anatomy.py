"""Chest radiograph: the chest of a child without pneumonia."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import Frame, closed_curve, ellipse_points, open_curve, ribbon, trace
from .bones import draw_ribs, draw_shoulders, draw_spine, long_bone
from .film import LUNG, Child, Film, dome, rounded
from .vessels import draw_hilum, splat_tree, vessel_tree

_TORSO = trace(
    "0.26 -1.6, 0.25 -1.05, 0.36 -0.93, 0.56 -0.91, 0.78 -0.86, 0.8 -0.6, 0.72 -0.3, 0.71 0.1, 0.715 0.6, 0.7 1.7"
)


def expose(rng: np.random.Generator, frame: Frame, child: Child) -> Film:
    """Draw all maps of one child."""
    zero = np.zeros((frame.size, frame.size), np.float32)
    film = Film(frame, child, zero.copy(), zero.copy(), zero.copy(), zero.copy(), {}, {})
    _lungs(rng, film)
    _soft_tissue(rng, film)
    _heart(rng, film)
    _belly(rng, film)
    draw_ribs(rng, film)
    draw_spine(rng, film)
    draw_shoulders(rng, film)
    for side in ("right", "left"):
        film.markings += splat_tree(film, vessel_tree(rng, film, side, 480), 0.006, 1.7)
        draw_hilum(rng, film, side)
    film.bone *= kit.smoothstep(film.solid, 0.05, 0.2)
    film.markings *= np.clip(film.air / 0.4, 0.2, 1)
    return film


def _lungs(rng: np.random.Generator, film: Film) -> None:
    """Air along the beam: a rounded chest, cut off by the diaphragm except in the recess behind it."""
    child, frame = film.child, film.frame
    chest = np.concatenate([LUNG, [(0.66, 1.1)]]) * (child.broad, 1)
    hull = closed_curve(np.concatenate([chest, (chest * (-1, 1))[::-1]]), 6)
    depth = rounded(frame, frame.coverage(hull), 0.45, 0.6)
    grain = 1 + 0.035 * kit.fractal(rng, frame.size, frame.size / 14, 4, 0.9)
    aerated = np.zeros_like(depth)
    for side, sign in (("right", -1), ("left", 1)):
        border = LUNG.copy()
        border[-2:, 1] += child.breath
        base = dome(child, side)
        medial = np.array([(0.015, 0.1), (0.02, -0.3), (0.04, -0.6)])
        lung = np.concatenate([border[:-2], base, medial]) * (child.broad * sign, 1)
        film.outline[side] = closed_curve(lung + rng.normal(0, 0.006, lung.shape))
        lung = frame.coverage(film.outline[side], 1.0)
        lower = np.concatenate([border[4:-2], base[:3] + (0, 0.14), base[3:4], base[3:4] - (0, 0.3)]) * (
            child.broad * sign,
            1,
        )
        recess = frame.coverage(closed_curve(lower), 5.0)
        film.inside[side] = lung
        aerated = np.maximum(aerated, np.maximum(lung, 0.3 * recess))
    # Both lungs reach behind the breastbone, so the spine is not seen between them as a bare strip.
    right, left = (dome(child, side)[-1, 1] - 0.02 for side in ("right", "left"))
    middle = np.column_stack([np.zeros(20), np.linspace(-0.64, (left + right) / 2, 20)])
    between = ribbon(middle, 0.1)
    film.air += rng.uniform(0.63, 0.74) * grain * depth * np.maximum(aerated, frame.coverage(between, 1.0))


def _soft_tissue(rng: np.random.Generator, film: Film) -> None:
    """Chest wall, neck, arms and, at the upper border, the chin."""
    child, frame = film.child, film.frame
    half = _TORSO * (child.broad, 1)
    half[5:, 0] += 0.035 * child.fat
    torso = closed_curve(np.concatenate([half, (half * (-1, 1))[::-1]]), 6)
    flesh = 1 + 0.03 * kit.fractal(rng, frame.size, frame.size / 5, 5, 0.6)
    cover = frame.coverage(torso)
    film.solid += flesh * (0.84 * rounded(frame, cover, 0.62, 0.75) + 0.13 * rounded(frame, cover, 0.07, 0.5))
    for sign in (-1, 1):
        arm = _arm_path(rng, child, sign)
        limb = frame.coverage(ribbon(open_curve(arm, 8), 0.3 + 0.04 * child.fat), 1.0)
        film.solid = np.maximum(film.solid, 0.4 * flesh * rounded(frame, limb, 0.17))
        bone = open_curve(arm + rng.normal(0, 0.01, arm.shape), 10)
        shaft = np.interp(np.linspace(0, 1, len(bone)), [0, 0.08, 0.25, 1], [0.13, 0.14, 0.078, 0.07])
        long_bone(film, bone, shaft, 0.2 * child.bone)
    if rng.random() < 0.45:
        y = -1.22 + rng.uniform(-0.12, 0.12)
        chin = np.array(
            [
                (-0.34, y - 0.3),
                (-0.3, y),
                (-0.15, y + 0.2),
                (0, y + 0.25),
                (0.15, y + 0.2),
                (0.3, y),
                (0.34, y - 0.3),
            ]
        )
        head = frame.coverage(closed_curve(np.concatenate([chin, [(0.3, -2), (-0.3, -2)]])), 1.5)
        teeth = kit.smoothstep(kit.fractal(rng, frame.size, frame.size / 28, 3), -0.5, 1.2)
        film.solid += (0.16 + 0.22 * teeth) * head
        jaw = open_curve(chin, 10)
        long_bone(film, jaw - (0, 0.06), 0.11, 0.25)


def _arm_path(rng: np.random.Generator, child: Child, sign: int) -> np.ndarray:
    """Middle line of an upper arm from the shoulder joint, in shape units."""
    joint = np.array([0.74 * child.broad, -0.68])
    end = {"up": (0.98, -1.35), "out": (1.45, -0.95), "down": (1.08, 1.1)}[child.arms] + rng.normal(0, 0.05, 2)
    return np.array([joint, (joint + end) / 2 + rng.normal(0, 0.02, 2), end]) * (sign, 1)


def _heart(rng: np.random.Generator, film: Film) -> None:
    """Heart, great vessels and thymus take the place of lung; some lung stays before and behind them."""
    child, frame = film.child, film.frame
    h, low = child.heart, 0.40 + 0.9 * child.breath
    heart = np.array(
        [
            (-0.09, -0.28),
            (-0.17, -0.1),
            (-0.215 * h, 0.08),
            (-0.2 * h, 0.26),
            (-0.12, low + 0.1),
            (0.15, low + 0.2),
            (0.34 * h, low + 0.06),
            (0.405 * h, low - 0.07),
            (0.395 * h, 0.22),
            (0.325 * h, 0.07),
            (0.235 * h, -0.07),
            (0.17, -0.2),
            (0.1, -0.3),
        ]
    )
    shape = closed_curve(heart + rng.normal(0, 0.012, heart.shape))
    t = child.thymus
    upper = np.array(
        [
            (-0.1 - 0.04 * t, -0.66),
            (-0.115 - 0.07 * t, -0.48),
            (-0.14 - 0.08 * t, -0.3),
            (-0.17 - 0.02 * t, -0.1),
            (-0.1, 0.1),
            (0.2, 0.1),
            (0.215 + 0.02 * t, -0.1),
            (0.185 + 0.05 * t, -0.27),
            (0.15 + 0.07 * t, -0.44),
            (0.115 + 0.03 * t, -0.62),
            (0.08, -0.8),
            (-0.08, -0.8),
        ]
    )
    vessels = closed_curve(upper + rng.normal(0, 0.008, upper.shape))
    film.air *= 1 - 0.6 * np.maximum(frame.coverage(shape, rng.uniform(1.5, 3)), frame.coverage(vessels, 4))
    film.air *= 1 - 0.25 * frame.coverage(shape, 12)
    wind = open_curve(
        np.array([(0, -1.1), (0.0, -0.7), (-0.015, -0.45), (-0.03, -0.32)]) + rng.normal(0, 0.008, (4, 2)), 8
    )
    film.solid -= 0.09 * frame.coverage(ribbon(wind, 0.085), 1.6)
    for sign in (-1, 1):
        main = open_curve(np.array([(-0.03, -0.33), (sign * 0.1 - 0.03, -0.22), (sign * 0.2 - 0.02, -0.13)]), 6)
        film.solid -= 0.045 * frame.coverage(ribbon(main, 0.055), 1.6)


def _belly(rng: np.random.Generator, film: Film) -> None:
    """Below the diaphragm: liver, spleen and the gas of stomach and bowel."""
    child, frame = film.child, film.frame
    for side, sign in (("right", -1), ("left", 1)):
        base = dome(child, side) * (sign * child.broad, 1)
        under = np.concatenate([open_curve(base, 6), [(0.0, 1.8), (sign * 0.8, 1.8)]])
        film.solid += (0.18 if side == "right" else 0.12) * frame.coverage(under, 6) * np.clip(film.solid, 0, 1)
    if rng.random() < 0.55:
        top = dome(child, "left")[2, 1]
        bubble = ellipse_points(
            (0.3 + rng.normal(0, 0.06), top + rng.uniform(0.16, 0.3)),
            (rng.uniform(0.09, 0.2), rng.uniform(0.05, 0.13)),
            rng.uniform(-20, 20),
        )
        film.solid -= 0.22 * frame.coverage(bubble, 2.5)
        for _ in range(rng.integers(0, 7)):
            gas = ellipse_points(
                (rng.uniform(-0.35, 0.5), rng.uniform(0.78, 1.1)),
                (rng.uniform(0.05, 0.12), rng.uniform(0.03, 0.07)),
                rng.uniform(-40, 40),
            )
            film.solid -= rng.uniform(0.05, 0.14) * frame.coverage(gas, 2.0)
