"""Chest shapes: the curves, strokes and branching trees from which both chest modalities are drawn.

A shape is an array [N, 2] of points (x, y), x to the right of the picture, y downwards; a tree lives in
[N, 3] with z along the third axis. A `Frame` turns such points into pixels, so that one anatomy can be
seen through different framings and stays sharp in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

OVERSAMPLE = 4
"""Sub-pixels a side with which outlines are filled; 4 leaves no visible steps on their edges."""


def trace(text: str) -> np.ndarray:
    """Read an outline [N, 2] from text, "x y, x y, ...", which keeps long tables of points legible."""
    return np.array(text.replace(",", " ").split(), dtype=np.float64).reshape(-1, 2)


def closed_curve(points: np.ndarray, samples: int = 8) -> np.ndarray:
    """Smooth closed line [N * samples, 2] through control points [N, 2] (Catmull-Rom)."""
    p = np.asarray(points, dtype=np.float64)
    return _catmull_rom(np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0), samples)


def open_curve(points: np.ndarray, samples: int = 8) -> np.ndarray:
    """Smooth line [(N - 1) * samples + 1, 2] through control points [N, 2] from the first to the last."""
    p = np.asarray(points, dtype=np.float64)
    ends = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    return np.concatenate([_catmull_rom(ends[:-3], ends[1:-2], ends[2:-1], ends[3:], samples), p[-1:]])


def _catmull_rom(a, b, c, d, samples: int) -> np.ndarray:
    t = (np.arange(samples) / samples)[None, :, None]
    a, b, c, d = (v[:, None, :] for v in (a, b, c, d))
    curve = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return (curve / 2).reshape(-1, b.shape[-1])


def normals(path: np.ndarray) -> np.ndarray:
    """Unit normals [N, 2] of an open line, to the left of its direction as seen on the picture."""
    step = np.gradient(path, axis=0)
    step /= np.linalg.norm(step, axis=1, keepdims=True) + 1e-9
    return np.stack([step[:, 1], -step[:, 0]], axis=1)


def ribbon(path: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """Outline of a stroke along `path` [N, 2] with a full `width`, a number or one for each point."""
    half = normals(path) * (np.broadcast_to(width, len(path))[:, None] / 2)
    return np.concatenate([path + half, (path - half)[::-1]])


def taper(count: int, ends: float = 0.3) -> np.ndarray:
    """Widths [count] of a spindle: 1 in the middle, `ends` at both tips."""
    t = np.linspace(-1, 1, count)
    return ends + (1 - ends) * (1 - np.abs(t) ** 3)


def blob(
    rng: np.random.Generator,
    centre: tuple[float, float],
    radius: float,
    rough: float,
    lobes: int = 9,
    long: float = 1.0,
) -> np.ndarray:
    """Lobulated outline [96, 2] about `centre`: `rough` is the deviation of the rim, `long` its elongation."""
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    orders = np.arange(2, 2 + lobes)
    strength = rng.standard_normal(lobes) / orders**0.8
    rim = np.sin(orders * angle[:, None] + rng.uniform(0, 2 * np.pi, lobes)) @ strength
    rim = 1 + rough * rim / (rim.std() + 1e-6)
    turn = rng.uniform(0, np.pi)
    x, y = rim * np.cos(angle) * long**0.5, rim * np.sin(angle) / long**0.5
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([centre[0] + radius * (c * x - s * y), centre[1] + radius * (s * x + c * y)], axis=1)


def ellipse_points(centre: tuple[float, float], radii: tuple[float, float], degrees: float = 0.0) -> np.ndarray:
    """Outline [48, 2] of an ellipse, turned clockwise on the picture."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x, y = radii[0] * np.cos(angle), radii[1] * np.sin(angle)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.stack([centre[0] + c * x - s * y, centre[1] + s * x + c * y], axis=1)


@dataclass(frozen=True)
class Frame:
    """Where a shape lands on the picture.

    Attributes:
        size: side of the picture in pixels.
        scale: pixels for one unit of the shape along x and y.
        centre: point of the shape (x, y) that lies in the middle of the picture.
        sway: [K, 5] rows (amplitude x, amplitude y, wave number x, wave number y, phase): slow waves that
            bend the whole anatomy, so that no two people share an outline.
        turn: rotation in degrees, clockwise.
    """

    size: int
    scale: tuple[float, float]
    centre: tuple[float, float] = (0.0, 0.0)
    sway: np.ndarray = field(default_factory=lambda: np.zeros((0, 5)))
    turn: float = 0.0

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Points [N, 2] of a shape -> (column, row) on the picture, [N, 2]."""
        p = np.asarray(points, dtype=np.float64)
        if len(self.sway):
            wave = np.sin(p @ self.sway[:, 2:4].T + self.sway[:, 4])
            p = p + wave @ self.sway[:, :2]
        c, s = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        p = (p - self.centre) @ np.array([[c, s], [-s, c]])
        return p * self.scale + self.size / 2

    def cover(self, outline: np.ndarray, soft: float = 0.0) -> tuple[tuple[slice, slice], np.ndarray]:
        """Fill an outline: the window of the picture that it touches and its share [h, w] of each pixel there.

        Args:
            outline: [N, 2] in the units of the shape.
            soft: blur of the edge, in pixels of a picture 224 wide, for surfaces that the ray or the slice cuts
                at a slant.
        """
        soft = soft * self.size / 224
        p = self.pixels(outline)
        pad = 1 + int(np.ceil(3 * soft))
        low = np.maximum(np.floor(p.min(0)).astype(int) - pad, 0)
        high = np.minimum(np.ceil(p.max(0)).astype(int) + pad, self.size)
        if (high <= low).any():
            return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), dtype=np.float32)
        w, h = high - low
        image = Image.new("L", (int(w) * OVERSAMPLE, int(h) * OVERSAMPLE))
        ImageDraw.Draw(image).polygon([tuple(q) for q in (p - low) * OVERSAMPLE], fill=255)
        share = np.asarray(image.reduce(OVERSAMPLE), dtype=np.float32) / 255
        if soft:
            share = ndimage.gaussian_filter(share, soft)
        return (slice(low[1], high[1]), slice(low[0], high[0])), share

    def coverage(self, outline: np.ndarray, soft: float = 0.0) -> np.ndarray:
        """Share [size, size] of each pixel that lies inside the outline, 0 to 1."""
        full = np.zeros((self.size, self.size), dtype=np.float32)
        window, share = self.cover(outline, soft)
        full[window] = share
        return full

    def paint(
        self,
        canvas: np.ndarray,
        outline: np.ndarray,
        value: np.ndarray | float,
        soft: float = 0.0,
        opacity: float = 1.0,
    ) -> None:
        """Lay `value` (a number or a field [size, size]) over `canvas` in place, inside the outline."""
        window, share = self.cover(outline, soft)
        new = value[window] if isinstance(value, np.ndarray) else value
        canvas[window] += (new - canvas[window]) * share * opacity

    def add(self, canvas: np.ndarray, outline: np.ndarray, value: float, soft: float = 0.0) -> None:
        """Add `value` to `canvas` in place, inside the outline."""
        window, share = self.cover(outline, soft)
        canvas[window] += value * share


@dataclass(frozen=True)
class Tree:
    """A branching tree: `nodes` [N, 3], the index of each node's `parent` [N] and the `tips` [N] it feeds."""

    nodes: np.ndarray
    parent: np.ndarray
    tips: np.ndarray

    def radius(self, tip: float, exponent: float = 2.7) -> np.ndarray:
        """Radius [N] of each branch from that of a tip, by Murray's law (r^e adds up at every fork)."""
        return tip * self.tips ** (1 / exponent)


def grow_tree(root: np.ndarray, points: np.ndarray, detour: float = 0.45) -> Tree:
    """Connect a root [3] with points [N, 3] by a tree that balances wiring against path length.

    Each point, from the nearest to the farthest, joins the node with the least distance plus `detour`
    times that node's own path from the root (Cuntz et al., "One rule to grow them all", PLoS Comput Biol
    6(8):e1000877, 2010). Forks and calibres of lung vessels follow from it without being drawn.
    """
    order = np.argsort(((points - root) ** 2).sum(1), kind="stable")
    nodes = np.concatenate([root[None], points[order]])
    count = len(nodes)
    parent = np.zeros(count, dtype=int)
    path = np.zeros(count)
    for i in range(1, count):
        gap = np.sqrt(((nodes[:i] - nodes[i]) ** 2).sum(1))
        parent[i] = np.argmin(gap + detour * path[:i])
        path[i] = path[parent[i]] + gap[parent[i]]
    tips = (np.bincount(parent[1:], minlength=count) == 0).astype(float)
    for i in range(count - 1, 0, -1):
        tips[parent[i]] += tips[i]
    return Tree(_relax(nodes, parent), parent, tips)


def _relax(nodes: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Pull each node towards the middle of its neighbours, which turns kinks into bends."""
    for _ in range(2):
        total = nodes.copy()
        degree = np.ones(len(nodes))
        np.add.at(total, parent[1:], nodes[1:])
        np.add.at(degree, parent[1:], 1)
        total[1:] += nodes[parent[1:]]
        degree[1:] += 1
        relaxed = total / degree[:, None]
        relaxed[0] = nodes[0]
        nodes = relaxed
    return nodes
