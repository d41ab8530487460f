"""Ink on the canvas: lines and spots as coverage in 0 to 1, anti-aliased."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .fields import CANVAS, SQUASH

_FINE = 3


def _pixels(points):
    return (np.asarray(points)[:, ::-1] + 1) / 2 * CANVAS * _FINE


def lines(paths: list[tuple[np.ndarray, float, float]]) -> np.ndarray:
    """Coverage of curves, [CANVAS, CANVAS] float32.

    Args:
        paths: points [N, 2] as (y, x) in -1 to 1, widths at the first and the last point in pixels.
    """
    sheet = Image.new("L", (CANVAS * _FINE, CANVAS * _FINE))
    pen = ImageDraw.Draw(sheet)
    for points, root, tip in paths:
        where = _pixels(points)
        widths = np.linspace(root, tip, len(where) - 1) * _FINE
        for a, b, width in zip(where[:-1].tolist(), where[1:].tolist(), widths.tolist(), strict=True):
            pen.line((*a, *b), fill=255, width=max(1, round(width)))
    return np.asarray(sheet.reduce(_FINE), dtype=np.float32) / 255


def spots(rng: np.random.Generator, centres: np.ndarray, radii: np.ndarray, wobble: float = 0.25) -> np.ndarray:
    """Coverage of uneven blobs, [CANVAS, CANVAS] float32; centres [N, 2] in -1 to 1, radii [N] in pixels."""
    sheet = Image.new("L", (CANVAS * _FINE, CANVAS * _FINE))
    pen = ImageDraw.Draw(sheet)
    turn = np.linspace(0, 2 * np.pi, 17)[:-1]
    for centre, radius in zip(_pixels(centres) if len(centres) else [], radii, strict=True):
        phase, lobes = rng.uniform(0, 2 * np.pi, 3), rng.normal(0, wobble, 3)
        reach = radius * _FINE * (1 + sum(lobes[k] * np.cos((k + 2) * turn + phase[k]) / (k + 1) for k in range(3)))
        tall, lean = rng.normal(1, wobble / 2), rng.uniform(0, np.pi)
        u, v = reach * np.cos(turn) * tall, reach * np.sin(turn) / tall
        turned = (u * np.cos(lean) - v * np.sin(lean)) * SQUASH, (u * np.sin(lean) + v * np.cos(lean)) / SQUASH
        rim = np.stack(turned, axis=1) + centre
        pen.polygon([tuple(p) for p in rim.tolist()], fill=255)
    return np.asarray(sheet.reduce(_FINE), dtype=np.float32) / 255


def curve(rng: np.random.Generator, start, heading: float, length: float, bend: float, steps: int = 14) -> np.ndarray:
    """Points [steps, 2] of a curve from `start` (y, x): constant curvature of about `bend` radians in all, jittered."""
    turns = heading + rng.normal(0, bend) * np.linspace(0, 1, steps) + np.cumsum(rng.normal(0, bend / 20, steps))
    ways = np.stack([np.sin(turns), np.cos(turns)], axis=1) * length / steps
    return np.asarray(start) + np.concatenate([np.zeros((1, 2)), np.cumsum(ways, axis=0)[:-1]])


def tree(rng: np.random.Generator, start, heading: float, length: float, width: float, depth: int = 3) -> list:
    """Paths of a branching vessel, thick at its root, as `lines` takes them."""
    trunk = curve(rng, start, heading, length, 1.1)
    paths = [(trunk, width, width * 0.55)]
    if depth == 0:
        return paths
    for _ in range(rng.integers(2, 4)):
        at = rng.integers(4, len(trunk))
        way = trunk[at] - trunk[at - 1]
        lean = np.arctan2(way[0], way[1]) + rng.choice([-1, 1]) * rng.uniform(0.35, 1.1)
        paths += tree(rng, trunk[at], lean, length * rng.uniform(0.4, 0.8), width * 0.6, depth - 1)
    return paths


def lattice(rng: np.random.Generator, spacing: float) -> np.ndarray:
    """Places [N, 2] in -1 to 1 all over the canvas, about `spacing` pixels apart and uneven, as hair follicles are."""
    count = int(CANVAS / spacing) + 1
    rows, columns = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    places = np.stack([rows, columns + 0.5 * (rows % 2)], axis=-1).reshape(-1, 2) + rng.uniform(
        -0.3, 0.3, (count**2, 2)
    )
    return rng.permutation(places * spacing / CANVAS * 2 - 1)


def strew(rng: np.random.Generator, where: np.ndarray, count: int) -> np.ndarray:
    """`count` random places [N, 2] in -1 to 1, as likely as [CANVAS, CANVAS] `where` is large."""
    total = where.sum()
    if total <= 0 or count <= 0:
        return np.zeros((0, 2))
    reach = np.cumsum(where.ravel(), dtype=np.float64)
    flat = np.minimum(np.searchsorted(reach, rng.random(count) * reach[-1]), where.size - 1)
    spots_y, spots_x = np.unravel_index(flat, where.shape)
    jitter = rng.uniform(-0.5, 0.5, (count, 2))
    return (np.stack([spots_y, spots_x], axis=1) + 0.5 + jitter) / CANVAS * 2 - 1
