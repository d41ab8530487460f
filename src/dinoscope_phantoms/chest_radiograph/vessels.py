"""Chest radiograph: the vessels of the lungs, grown in three dimensions and seen through."""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import Tree, ellipse_points, grow_tree
from .film import Film, splat


def vessel_tree(rng: np.random.Generator, film: Film, side: str, count: int) -> Tree:
    """Arteries of one lung in three dimensions, from the hilum to points all through it."""
    sign = -1 if side == "right" else 1
    outline = film.outline[side]
    low, high = outline.min(0), outline.max(0)
    points = rng.uniform(low, high, (count * 2, 2))
    p = film.frame.pixels(points).astype(int)
    ok = ((p >= 0) & (p < film.frame.size)).all(1)
    p = np.clip(p, 0, film.frame.size - 1)
    points = points[ok & (film.inside[side][p[:, 1], p[:, 0]] > 0.6)][:count]
    z = rng.uniform(-0.22, 0.22, len(points))
    root = np.array([sign * 0.13, -0.1 if side == "right" else -0.14, 0.0])
    return grow_tree(root, np.column_stack([points, z]), 0.35)


def draw_hilum(rng: np.random.Generator, film: Film, side: str) -> None:
    """The knot of arteries and veins at the root of the lung, soft at its rim."""
    sign = -1 if side == "right" else 1
    for _ in range(5):
        spot = (sign * rng.uniform(0.12, 0.21), rng.uniform(-0.2, 0.02) - (0.04 if sign > 0 else 0))
        knot = ellipse_points(spot, (rng.uniform(0.02, 0.04), rng.uniform(0.03, 0.07)), -sign * rng.uniform(0, 50))
        film.frame.add(film.markings, knot, rng.uniform(0.03, 0.06), 2.2)


def splat_tree(film: Film, tree: Tree, tip: float, density: float = 1.0) -> np.ndarray:
    """Optical depth [size, size] of a tree's branches, `tip` being the radius of its finest ones."""
    radius = np.minimum(tree.radius(tip, 2.6), 0.026)
    a, b, r = tree.nodes[tree.parent[1:]], tree.nodes[1:], radius[1:]
    t = (np.arange(12) + 0.5) / 12
    points = a[:, None] + (b - a)[:, None] * t[:, None]
    weight = np.pi * r**2 * np.linalg.norm(b - a, axis=1) / 12 * density
    scale = film.frame.scale[0]
    # Where all branches leave the hilum they would pile up; in life the main arteries lie in the mediastinum.
    weight *= np.clip(np.linalg.norm((a + b)[:, :2] / 2 - tree.nodes[0, :2], axis=1) / 0.09, 0.12, 1)
    total = np.zeros_like(film.air)
    for low, high in ((0, 0.007), (0.007, 0.013), (0.013, 0.022), (0.022, 1)):
        pick = (r >= low) & (r < high)
        if pick.any():
            dots = splat(
                film.frame.size,
                film.frame.pixels(points[pick][..., :2].reshape(-1, 2)),
                np.repeat(weight[pick], 12) * scale**2,
            )
            total += kit.blur(dots, max(0.6, 0.8 * float(r[pick].mean()) * scale))
    return total
