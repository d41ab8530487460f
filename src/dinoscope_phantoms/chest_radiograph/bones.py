"""Chest radiograph: ribs and spine, as optical depth."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import Frame, closed_curve, ellipse_points, ribbon, trace
from .film import Film, splat


def draw_ribs(rng: np.random.Generator, film: Film) -> None:
    """Twelve pairs: from the spine backwards and outwards, round the side, forwards and down to their cartilage."""
    child, look = film.child, film.child.look
    paths, heights = [], []
    pitch = rng.normal(look.rib_pitch, 0.006)
    top = -0.675 + rng.normal(0, 0.015)
    broad = rng.normal(look.rib_broad, 0.004)
    front = rng.normal(132, 5)
    for sign in (-1, 1):
        for n in range(12):
            y0 = top + pitch * n + rng.normal(0, 0.004)
            tilt = child.tilt * (0.75 if n < 2 else 1)
            wide = float(child.wall(max(y0 + 0.45 * tilt, -0.55), sign)) + 0.012
            turn = np.linspace(0.02, np.radians(front + rng.normal(0, 3) if n < 10 else 95), 280)
            x = 0.07 + (wide - 0.07) * np.clip(np.sin(turn), 0, 1) ** 0.81
            y = y0 + tilt * (1 - np.cos(turn)) / 2 - 0.052 * np.sin(np.clip(turn * 1.8, 0, np.pi))
            z = 0.3 * -np.cos(turn)
            paths.append(np.stack([sign * x, y, z], axis=1))
            heights.append(broad * rng.normal(1, 0.04))
    high = np.array(heights)
    density = 6.49 * child.bone * np.tile(np.r_[0.5, 0.8, np.ones(8), 0.7, 0.5], 2)
    film.bone += tubes(film.frame, np.array(paths), high, 0.485 * high, density)
    film.bone = 0.5 * np.tanh(film.bone / 0.5)


def draw_spine(rng: np.random.Generator, film: Film) -> None:
    """Vertebral bodies with end plates, pedicles and discs; the breastbone is lost in front of them."""
    frame, child = film.frame, film.child
    pitch = rng.normal(0.128, 0.005)
    lean, phase = rng.normal(0, 0.014), rng.uniform(0, 6.3)
    density = child.bone * 0.794
    column = trace("-0.075 -1.5, 0.075 -1.5, 0.095 0, 0.11 1.5, -0.11 1.5, -0.095 0")
    film.bone += 0.1 * density * frame.coverage(closed_curve(column), 2.0)
    for n in range(-6, 15):
        y = -0.74 + pitch * n + rng.normal(0, 0.003)
        w = 0.078 + 0.0018 * n
        high = 0.36 * pitch
        x = lean * np.sin(n / 3 + phase)
        body = np.array([(-w, -high), (0, -0.85 * high), (w, -high), (0.88 * w, 0), (w, high), (0, 0.85 * high)])
        body = np.concatenate([body, [(-w, high), (-0.88 * w, 0)]]) + (x, y)
        frame.add(film.bone, closed_curve(body, 4), 0.09 * density, 0.9)
        for plate in (-high, high):
            line = np.array([(x - w, y + plate), (x, y + plate * 0.9), (x + w, y + plate)])
            frame.add(film.bone, ribbon(line, 0.018), 0.06 * density, 0.7)
        for sign in (-1, 1):
            spot = (x + sign * w * 0.7, y - 0.008)
            frame.add(film.bone, ellipse_points(spot, (0.017, 0.024)), 0.1 * density, 0.7)
            # Transverse processes reach out to the rib heads.
            process = np.array([(x + sign * w * 0.8, y - 0.02), (x + sign * (w + 0.06), y - 0.03)])
            frame.add(film.bone, ribbon(process, 0.03), 0.06 * density, 0.9)
        frame.add(film.bone, ellipse_points((x, y + 0.03), (0.012, 0.03)), 0.07 * density, 0.8)


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
    rings = ((22, 0.85, 0.3), (12, 0.55, 0.45), (4, 0.2, 0.25))
    angle = np.concatenate([(np.arange(n) + 0.25) * 2 * np.pi / n for n, _, _ in rings])
    reach = np.concatenate([np.full(n, r) for n, r, _ in rings])
    share = np.concatenate([np.full(n, w / n) for n, _, w in rings])
    u = high[:, None, None, None] / 2 * (reach * np.cos(angle))[:, None]
    v = thick[:, None, None, None] / 2 * (reach * np.sin(angle))[:, None]
    points = middle + u * upward + v * outward
    steps = paths.shape[1]
    along = np.linspace(0, 1, steps)
    # In front a child's ribs are thinner, and end in cartilage that casts no shadow.
    fade = kit.smoothstep(along, 1.0, 0.86) * (0.244 + 0.6 * kit.smoothstep(along, 0.75, 0.45))
    bone = np.pi / 4 * high * thick * length * density / steps * frame.scale[0] * frame.scale[1]
    weight = bone[:, None, None] * fade[:, None] * share
    return kit.blur(splat(frame.size, points.reshape(-1, 2), weight.ravel()), 0.5)
