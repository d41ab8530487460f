"""Chest radiograph: the chest of a child without pneumonia."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import Frame, closed_curve, ellipse_points, open_curve, ribbon
from .bones import draw_ribs, draw_spine
from .film import CAGE, Child, Film, dome, rounded
from .shoulders import draw_arms, draw_head, draw_shoulders
from .vessels import draw_hilum, splat_tree, vessel_tree

_NECK = {
    "up": [(0.95, -0.62), (1.1, -1.2), (0.74, -1.25), (0.62, -0.98), (0.44, -0.86), (0.27, -0.92), (0.22, -1.25)],
    "out": [(0.95, -0.5), (1.4, -0.62), (1.4, -1.02), (0.8, -0.93), (0.5, -0.83), (0.27, -0.92), (0.22, -1.25)],
    "down": [(0.9, -0.5), (0.93, -0.66), (0.8, -0.8), (0.62, -0.84), (0.45, -0.85), (0.27, -0.93), (0.22, -1.25)],
}
"""Half the outline of shoulder and neck, from the armpit upwards, for each position of the arms."""


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
    draw_arms(rng, film)
    if rng.random() < 0.45:
        draw_head(rng, film)
    for side in ("right", "left"):
        film.markings += splat_tree(film, vessel_tree(rng, film, side, 420), 0.006, 1.4)
        draw_hilum(rng, film, side)
    look = child.look
    mottle = look.mottle * kit.fractal(rng, frame.size, frame.size / 6, 5, look.mottle_decay)
    film.solid *= 1 + mottle
    under = np.maximum(_under(film, "right", 6), _under(film, "left", 6))
    film.bone *= 1 - 0.19 * under
    film.bone *= kit.smoothstep(film.solid, 0.05, 0.2)
    film.markings *= np.clip(film.air / 0.3, 0.2, 1)
    return film


def _lungs(rng: np.random.Generator, film: Film) -> None:
    """Air along the beam: a rounded chest, cut off by the diaphragm except in the recess behind it."""
    child, frame, look = film.child, film.frame, film.child.look
    y = CAGE[:, 1]
    top = [(0.11, -0.58)]
    sides = {sign: np.column_stack([sign * child.wall(y, sign), y]) for sign in (-1, 1)}
    hull = closed_curve(np.concatenate([sides[1], sides[-1][::-1]]), 6)
    depth = rounded(frame, frame.coverage(hull), 0.3, 0.64)
    grain = 1 + 0.0657 * kit.fractal(rng, frame.size, frame.size / 10, 4, 0.8)
    aerated = np.zeros_like(depth)
    for side, sign in (("right", -1), ("left", 1)):
        base = dome(child, side)
        border = sides[sign][y < base[0, 1] - 0.06] * (sign, 1)
        lung = np.concatenate([np.array(top), border, base, np.array([(0.02, 0.1), (0.02, -0.4)])]) * (sign, 1)
        film.outline[side] = closed_curve(lung + rng.normal(0, 0.005, lung.shape))
        lung = frame.coverage(film.outline[side], 0.9)
        film.inside[side] = lung
        lower = np.concatenate([border[-3:], base[:1] + (0, 0.2), base[2:5] + (0, 0.12), base[2:5][::-1] - (0, 0.2)])
        recess = frame.coverage(closed_curve(lower * (sign, 1)), 6.0)
        aerated = np.maximum(aerated, np.maximum(lung, 0.251 * recess))
    film.air += rng.normal(look.air, 0.03) * grain * depth * aerated


def _soft_tissue(rng: np.random.Generator, film: Film) -> None:
    """Chest wall, neck and the muscles of the shoulder."""
    child, frame, look = film.child, film.frame, film.child.look
    flesh = 1 + 0.025 * kit.fractal(rng, frame.size, frame.size / 5, 5, 0.6)
    halves = []
    for sign in (-1, 1):
        wall = look.wall + 0.065 * child.fat
        y = np.array([1.7, 0.9, 0.4, 0.1, -0.1, -0.32])
        x = float(child.wall(0.5, sign)) + wall + np.array([0.02, 0.0, 0.0, -0.01, -0.02, -0.03])
        half = np.column_stack([x, y])
        upper = np.array(_NECK[child.arms]) + rng.normal(0, 0.02, (7, 2))
        halves.append(np.concatenate([half, upper]) * (sign, 1))
    torso = closed_curve(np.concatenate([halves[1], halves[0][::-1]]), 6)
    cover = frame.coverage(torso)
    body = 0.439 * rounded(frame, cover, look.rim_reach, 0.5) + look.core * rounded(frame, cover, 0.75, 1.0)
    film.solid += flesh * (body + look.belly_slope * kit.smoothstep(kit.grid(frame.size)[0], 0.2, 1.0) * (body > 0.5))
    # Breast and back muscles end at the armpit: a fold that crosses the upper lung's border.
    for sign in (-1, 1):
        rim = float(child.wall(-0.3, sign))
        fold = np.array([(rim + 0.22, -0.7), (rim + 0.16, -0.35), (rim + 0.06, -0.12), (rim - 0.08, -0.1), (0.2, -0.6)])
        film.solid += look.fold * frame.coverage(closed_curve(fold * (sign, 1)), rng.uniform(3, 8))


def _heart(rng: np.random.Generator, film: Film) -> None:
    """Heart, great vessels and thymus take the place of lung; some lung stays before and behind them."""
    child, frame, look = film.child, film.frame, film.child.look
    h, low = child.heart, 0.44 + 0.8 * child.breath
    move = (child.turned * 1.2, 0)
    heart = np.array(
        [
            (-0.1, -0.3),
            (-0.15, -0.1),
            (-0.18 * h, 0.08),
            (-0.18 * h - 0.015, 0.24),
            (-0.17, low),
            (-0.1, low + 0.2),
            (0.2, low + 0.25),
            ((0.37 + look.heart_left) * h, low + 0.06),
            ((0.415 + look.heart_left) * h, low - 0.08),
            ((0.39 + look.heart_left) * h, 0.2),
            ((0.32 + 0.7 * look.heart_left) * h, 0.05),
            (0.235 * h, -0.1),
            (0.17, -0.22),
            (0.1, -0.32),
        ]
    )
    shape = closed_curve(heart + rng.normal(0, 0.012, heart.shape) + move)
    t, u = child.thymus * rng.uniform(0.5, 1.4, 2)
    upper = np.array(
        [
            (-0.11 - 0.03 * t, -0.66),
            (-0.12 - 0.09 * t, -0.46),
            (-0.13 - 0.13 * t, -0.28),
            (-0.15 - 0.08 * t, -0.08),
            (-0.1, 0.1),
            (0.2, 0.1),
            (0.21 + 0.03 * u, -0.1),
            (0.165 + 0.1 * u, -0.26),
            (0.145 + 0.09 * u, -0.42),
            (0.11 + 0.04 * u, -0.62),
            (0.08, -0.8),
            (-0.08, -0.8),
        ]
    )
    vessels = closed_curve(upper * (0.965, 1) + rng.normal(0, 0.008, upper.shape) + move)
    film.air *= 1 - look.heart_full * np.maximum(frame.coverage(shape, 1.2), frame.coverage(vessels, 2.5))
    film.air *= 1 - 0.161 * frame.coverage(shape, 12)
    wind = open_curve(
        np.array([(0, -1.1), (0.0, -0.7), (-0.015, -0.45), (-0.03, -0.32)]) + move + rng.normal(0, 0.01, (4, 2)), 8
    )
    film.solid -= 0.0594 * frame.coverage(ribbon(wind, 0.07), 1.4)
    for sign in (-1, 1):
        main = open_curve(np.array([(-0.03, -0.33), (sign * 0.1 - 0.03, -0.22), (sign * 0.2 - 0.02, -0.13)]) + move, 6)
        film.solid -= 0.045 * frame.coverage(ribbon(main, 0.05), 1.6)


def _belly(rng: np.random.Generator, film: Film) -> None:
    """Below the diaphragm: liver, spleen and the gas of stomach and bowel."""
    child, frame, look = film.child, film.frame, film.child.look
    for side, depth in (("right", look.liver), ("left", 0.11)):
        film.solid += depth * _under(film, side, 8) * np.clip(film.solid, 0, 1)
    if rng.random() < 0.565:
        top = dome(child, "left")[3, 1]
        bubble = ellipse_points(
            (0.32 + rng.normal(0, 0.07), top + rng.uniform(0.12, 0.32)),
            (rng.uniform(0.1, 0.24), rng.uniform(0.06, 0.15)),
            rng.uniform(-25, 25),
        )
        film.solid -= rng.uniform(0.1, 0.28) * frame.coverage(bubble, 1.6)
        for _ in range(rng.integers(0, 7)):
            gas = ellipse_points(
                (rng.uniform(-0.35, 0.5), rng.uniform(0.78, 1.1)),
                (rng.uniform(0.05, 0.12), rng.uniform(0.03, 0.07)),
                rng.uniform(-40, 40),
            )
            film.solid -= rng.uniform(0.05, 0.14) * frame.coverage(gas, 1.5)


def _under(film: Film, side: str, soft: float) -> np.ndarray:
    """Share of each pixel that lies below a hemidiaphragm."""
    sign = -1 if side == "right" else 1
    base = dome(film.child, side) * (sign, 1)
    return film.frame.coverage(np.concatenate([open_curve(base, 6), [(0.0, 1.8), (sign * 0.8, 1.8)]]), soft)
