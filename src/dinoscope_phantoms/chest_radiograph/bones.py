"""Chest radiograph: ribs, spine, collar bones and shoulder blades as optical depth."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import Frame, closed_curve, ellipse_points, open_curve, ribbon, trace
from .film import LUNG, Film, splat


def draw_ribs(rng: np.random.Generator, film: Film) -> None:
    """Twelve pairs: from the spine backwards and outwards, round the side, forwards and down to their cartilage."""
    child = film.child
    paths, heights = [], []
    pitch = rng.normal(1.22, 0.06)
    tilt = rng.uniform(0.42, 0.66)
    broad = rng.uniform(0.058, 0.078)
    for sign in (-1, 1):
        for n in range(12):
            y0 = -0.80 + 0.122 * n * pitch + rng.normal(0, 0.004)
            side = y0 + 0.5 * tilt
            wide = float(np.interp(side, np.r_[-0.72, LUNG[1:, 1]], np.r_[0.27, LUNG[1:, 0]])) + 0.012
            if n == 0:
                wide = 0.3
            turn = np.linspace(0.02, np.radians(rng.uniform(138, 152) if n < 10 else 95), 280)
            x = 0.07 + (wide - 0.07) * np.sin(turn) ** 0.72
            fall = 0.6 * (1 - np.cos(turn)) / 2 + 0.4 * kit.smoothstep(turn, 0.5, 2.5)
            y = y0 + tilt * (0.7 if n < 2 else 1) * fall - 0.03 * np.sin(np.clip(turn * 2.2, 0, np.pi))
            z = 0.3 * -np.cos(turn)
            paths.append(np.stack([sign * x * child.broad, y, z], axis=1))
            heights.append(broad * rng.normal(1, 0.04))
    high = np.array(heights)
    density = 4.6 * child.bone * np.tile(np.r_[0.35, 0.7, np.ones(8), 0.7, 0.5], 2)
    film.bone += tubes(film.frame, np.array(paths), high, 0.36 * high, density)
    film.bone = 0.3 * np.tanh(film.bone / 0.3)


def draw_spine(rng: np.random.Generator, film: Film) -> None:
    """Vertebral bodies with end plates, pedicles and discs; the breastbone is lost in front of them."""
    frame, child = film.frame, film.child
    pitch = 0.118
    lean = rng.normal(0, 0.012)
    column = trace("-0.085 -1.5, 0.085 -1.5, 0.1 0, 0.115 1.5, -0.115 1.5, -0.1 0")
    film.bone += 0.11 * child.bone * frame.coverage(closed_curve(column), 2.5)
    for n in range(-7, 18):
        y = -0.74 + pitch * n
        w = 0.072 + 0.0022 * n
        x = lean * np.sin(n / 3)
        body = np.array(
            [
                (-w, -0.042),
                (0, -0.036),
                (w, -0.042),
                (w * 0.9, 0),
                (w, 0.042),
                (0, 0.036),
                (-w, 0.042),
                (-w * 0.9, 0),
            ]
        ) + (x, y)
        frame.add(film.bone, closed_curve(body, 4), 0.07 * child.bone, 1.0)
        for plate in (-0.041, 0.041):
            frame.add(
                film.bone,
                ribbon(np.array([(x - w, y + plate), (x, y + plate * 0.9), (x + w, y + plate)]), 0.014),
                0.035 * child.bone,
                0.8,
            )
        for sign in (-1, 1):
            frame.add(
                film.bone, ellipse_points((x + sign * w * 0.68, y - 0.008), (0.016, 0.021)), 0.055 * child.bone, 0.9
            )
        frame.add(film.bone, ellipse_points((x, y + 0.03), (0.013, 0.03)), 0.03 * child.bone, 1.0)


def draw_shoulders(rng: np.random.Generator, film: Film) -> None:
    """Collar bones and shoulder blades."""
    frame, child = film.frame, film.child
    raise_ = {"up": -0.05, "out": -0.03, "down": 0.02}[child.arms]
    for sign in (-1, 1):
        drop = rng.normal(0, 0.02)
        bone = np.array([(0.09, -0.62), (0.22, -0.68), (0.4, -0.71), (0.57, -0.74 + raise_), (0.7, -0.79 + raise_)])
        path = open_curve(bone * (sign * child.broad, 1) + (0, drop), 8)
        width = np.interp(np.linspace(0, 1, len(path)), [0, 0.1, 0.5, 0.9, 1], [0.075, 0.07, 0.048, 0.06, 0.07])
        long_bone(film, path, width, 0.17 * child.bone)
        blade = trace("0.5 -0.66, 0.69 -0.62, 0.67 -0.45, 0.62 -0.22, 0.57 -0.12, 0.53 -0.25, 0.5 -0.45")
        shift = {"up": (0.04, -0.03), "out": (0.02, 0), "down": (-0.02, 0.03)}[child.arms]
        shape = closed_curve((blade + shift + rng.normal(0, 0.015, 2)) * (sign * child.broad, 1))
        film.bone += 0.05 * child.bone * frame.coverage(shape, 1.2)
        frame.add(film.bone, ribbon(shape[8:40], 0.022), 0.07 * child.bone, 0.8)


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


def tubes(frame: Frame, paths: np.ndarray, high: np.ndarray, thick: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Optical depth [size, size] of bones that curve through the chest.

    Points in the cortex and marrow of each bone are counted by pixel, so that the depth grows by itself where a
    bone runs along the beam or shows its edge.

    Args:
        paths: [K, N, 3] middle lines, evenly spaced.
        high: [K] width across the path, upwards.
        thick: [K] width across the path, outwards.
        density: [K] depth for one unit of bone.
    """
    step = np.gradient(paths, axis=1)
    length = np.linalg.norm(np.diff(paths, axis=1), axis=2).sum(1)
    step /= np.linalg.norm(step, axis=2, keepdims=True) + 1e-9
    up = np.array([0, -1.0, 0]) + step * step[..., 1:2]
    up /= np.linalg.norm(up, axis=2, keepdims=True) + 1e-9
    out = np.cross(step, up)
    middle = frame.pixels(paths[..., :2].reshape(-1, 2)).reshape(*paths.shape[:2], 1, 2)
    upward, outward = (
        (frame.pixels((paths + 0.01 * d)[..., :2].reshape(-1, 2)).reshape(middle.shape) - middle) * 100
        for d in (up, out)
    )
    rings = ((22, 0.93, 0.85), (8, 0.5, 0.15))
    angle = np.concatenate([(np.arange(n) + 0.25) * 2 * np.pi / n for n, _, _ in rings])
    reach = np.concatenate([np.full(n, r) for n, r, _ in rings])
    share = np.concatenate([np.full(n, w / n) for n, _, w in rings])
    u = high[:, None, None, None] / 2 * (reach * np.cos(angle))[:, None]
    v = thick[:, None, None, None] / 2 * (reach * np.sin(angle))[:, None]
    points = middle + u * upward + v * outward
    steps = paths.shape[1]
    along = np.linspace(0, 1, steps)
    # In front a child's ribs are thinner, and end in cartilage that casts no shadow.
    fade = kit.smoothstep(along, 1.0, 0.86) * (0.4 + 0.6 * kit.smoothstep(along, 0.75, 0.45))
    bone = np.pi / 4 * high * thick * length * density / steps * frame.scale[0] * frame.scale[1]
    weight = bone[:, None, None] * fade[:, None] * share
    return kit.blur(splat(frame.size, points.reshape(-1, 2), weight.ravel()), 0.5)
