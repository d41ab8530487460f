"""Blood cells under the oil lens: outlines and layers of absorbance that `blood_smear` adds up to a field.

Everything here lives on a canvas [S, S] at twice the final resolution; lengths are canvas pixels. A layer is
an optical density: light that passes is I0 * exp(-density) (Beer and Lambert), so overlapping cells darken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .. import kit

ANGLES = 256
"""Samples around an outline."""


@dataclass(frozen=True)
class Cell:
    """A nucleated cell before it is painted.

    Attributes:
        y, x: centre.
        radius: mean half-width; the height is `radius` times the field's stretch.
        kind: "lymphoid" (the cells of the mask), "large", "granulocyte" or "smudge".
        outline: [ANGLES] radius by angle, as a multiple of `radius`.
    """

    y: float
    x: float
    radius: float
    kind: str
    outline: np.ndarray


@dataclass(frozen=True)
class Chromatin:
    """How a nucleus is stained.

    Attributes:
        nucleus: share of the cell's area that the nucleus takes, 0 to 1.
        density: factor on the optical density of the nuclear dye.
        grain: strength of the fine granules; blasts have fine, even chromatin.
        clumps: strength of the coarse clumps and smudges of mature or condensed chromatin.
        nucleoli: number of pale nucleoli.
        cleft: depth of a nuclear notch as a share of the radius.
        pink: 0 for blue-violet dye, 1 for magenta.
        lobes: number of nuclear segments; 1 for a round nucleus.
    """

    nucleus: float
    density: float
    grain: float
    clumps: float
    nucleoli: int
    cleft: float
    pink: float
    lobes: int = 1


def outlines(
    rng: np.random.Generator, count: int, oval: float, rough: float, spikes: float = 0.0, blebs: float = 0.0
) -> np.ndarray:
    """Closed outlines [count, ANGLES], mean about 1.

    `oval` bends them, `rough` ruffles, `spikes` crenates, `blebs` is the mean number of single knobs.
    """
    theta = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False, dtype=np.float32)
    order = np.arange(2, 18)
    amount = np.where(
        order == 2,
        oval,
        np.where(order < 5, oval * np.where(order == 3, 0.42, 0.2), rough * (5 / order) ** 0.6),
    )
    weight = amount * rng.standard_normal((count, order.size))
    phase = rng.uniform(0, 2 * np.pi, (count, order.size))
    waves = np.cos(order[:, None, None] * theta + phase.T[..., None])
    shape = 1 + np.einsum("nk,knt->nt", weight, waves)
    if spikes:
        points = rng.integers(9, 15, (count, 1))
        swing = 0.7 * np.sin(theta + phase[:, :1]) + 0.4 * np.sin(2 * theta + phase[:, 1:2])
        crest = np.abs(np.cos(points * theta / 2 + swing)) ** 3
        crest *= 0.65 + 0.35 * np.sin(3 * theta + phase[:, 2:3]) * np.sin(theta + phase[:, 3:4])
        shape += spikes * rng.uniform(0.1, 1, (count, 1)) * (crest - 0.3)
    for n, knobs in enumerate(rng.poisson(blebs, count) if blebs else ()):
        for way, tall in zip(rng.uniform(0, 2 * np.pi, knobs), rng.exponential(0.05, knobs), strict=True):
            shape[n] += tall * np.exp(rng.uniform(30, 160) * (np.cos(theta - way) - 1))
    return np.clip(shape, 0.55, 1.7).astype(np.float32)


def reach(outline: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Radius of the outline(s) [..., ANGLES] at the angles `theta` [..., P, P]."""
    index = np.floor(theta * (ANGLES / (2 * np.pi))).astype(np.int32) % ANGLES
    if outline.ndim == 1:
        return outline[index]
    return np.take_along_axis(outline, index.reshape(len(outline), -1), axis=1).reshape(index.shape)


def texture(rng: np.random.Generator, size: int, scale: float) -> np.ndarray:
    """Like `kit.noise`, but quick on a canvas: fine grain is filtered, coarse fields are drawn small."""
    if scale < 12:
        field = kit.blur(rng.standard_normal((size, size)).astype(np.float32), 0.42 * scale)
        return field / (field.std() + 1e-6)
    small = kit.noise(rng, -(-size // 4), scale / 4)
    return ndimage.uniform_filter(np.repeat(np.repeat(small, 4, 0), 4, 1), 5)[:size, :size]


def stamp(canvas: np.ndarray, patch: np.ndarray, y: int, x: int) -> None:
    """Add `patch` to `canvas` in place with its upper left corner at (y, x), cropped at the rim."""
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(patch.shape[0], canvas.shape[0] - y), min(patch.shape[1], canvas.shape[1] - x)
    if top < bottom and left < right:
        canvas[y + top : y + bottom, x + left : x + right] += patch[top:bottom, left:right]


def erythrocytes(
    rng: np.random.Generator,
    size: int,
    centres: np.ndarray,
    radius: float,
    stretch: float,
    pallor: tuple[float, float],
    spikes: float,
    spread: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Thickness of the red cells, and their rims, each [size, size].

    A normocyte is a biconcave disc whose pale centre takes about a third of its width; filled discs and thin
    rings are drawn from the same profile (Bain, Blood Cells, 5th ed., chapter 3).

    Args:
        centres: [N, 2] (y, x).
        radius: mean half-width.
        pallor: range of the depth of the pale centre, 0 (filled disc) to 1 (empty ring).
        spikes: crenation of echinocytes; 0 for smooth cells.
        spread: deviation of the radius, as a share of it (anisocytosis).
    """
    thickness, rims = np.zeros((2, size, size), dtype=np.float32)
    count = len(centres)
    if count == 0:
        return thickness, rims
    half = int(np.ceil(radius * stretch * 1.55)) + 2
    corner = np.floor(centres).astype(int) - half
    axis = np.arange(2 * half + 1, dtype=np.float32)
    offset = (centres - corner).astype(np.float32)
    dy = (axis[None, :, None] - offset[:, 0, None, None]) / stretch
    dx = axis[None, None, :] - offset[:, 1, None, None]
    radii = (radius * (1 + spread * rng.standard_normal(count)).clip(0.62, 1.35))[:, None, None].astype(np.float32)
    theta = np.arctan2(dy, dx)
    outline = outlines(rng, count, 0.085, 0.004, spikes)
    r = np.sqrt(dy**2 + dx**2) / (radii * reach(outline, theta))
    shift = 0.1 * radii * rng.standard_normal((2, count, 1, 1)).astype(np.float32)
    inner = np.sqrt((dy - shift[0]) ** 2 + (dx - shift[1]) ** 2) / radii

    def each(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, (count, 1, 1)).astype(np.float32)

    soft = 1.1 / radius
    body = np.clip((1 + soft - r) / (2 * soft), 0, 1)
    filled = rng.random((count, 1, 1)) < 0.25
    depth = np.where(filled, 0.3 * pallor[0], each(*pallor))
    width = 0.3 + 0.4 * depth * each(0.4, 1)
    floor, edge = width - each(0.08, 0.25), width + each(0.08, 0.2)
    hollow = depth * (1 - kit.smoothstep((inner - floor) / (edge - floor), 0, 1))
    # Discs that lie tilted or dry thick hold more stain, which is what makes a field look uneven.
    profile = (
        each(0.6, 1.05)
        * np.where(filled, 1.25, 1)
        * body
        * (1 - hollow)
        * (1 + (0.1 + 0.4 * depth) * np.exp(-(((r - 0.8) / 0.17) ** 2)))
    )
    rim = each(0.2, 1) * np.exp(-(((r - 0.97) * radius / 1.3) ** 2))
    for n in range(count):
        stamp(thickness, profile[n], *corner[n])
        stamp(rims, rim[n], *corner[n])
    return thickness, rims


def territories(cells: list[Cell], size: int, stretch: float) -> tuple[np.ndarray, np.ndarray]:
    """Who owns each canvas pixel, as crowded cells flatten against each other instead of overlapping.

    Returns:
        owner: [size, size] int16 index into `cells`, -1 outside.
        inside: [size, size] float32 distance to the owner's border in pixels, negative outside.
    """
    best = np.full((size, size), 9, dtype=np.float32)
    second = best.copy()
    owner = np.full((size, size), -1, dtype=np.int16)
    for n, cell in enumerate(cells):
        where, _, _, r = _polar(cell, size, stretch, 1.75)
        if r.size == 0:
            continue
        b, s, o = best[where], second[where], owner[where]
        closer = r < b
        second[where] = np.where(closer, b, np.minimum(s, r))
        owner[where] = np.where(closer, n, o)
        best[where] = np.where(closer, r, b)
    radii = np.array([cell.radius for cell in cells] + [1.0], dtype=np.float32)
    inside = np.minimum(1 - best, (second - best) * 0.5) * radii[owner]
    owner[inside <= 0] = -1
    return owner, inside


def _polar(cell: Cell, size: int, stretch: float, extent: float):
    """The cell's window on the canvas, its local (dy, dx), and its normalised radius there."""
    tall, wide = cell.radius * stretch * extent + 2, cell.radius * extent + 2
    y0, y1 = max(0, int(cell.y - tall)), min(size, int(cell.y + tall) + 1)
    x0, x1 = max(0, int(cell.x - wide)), min(size, int(cell.x + wide) + 1)
    y1, x1 = max(y0, y1), max(x0, x1)
    dy = (np.arange(y0, y1, dtype=np.float32)[:, None] - cell.y) / stretch
    dx = np.arange(x0, x1, dtype=np.float32)[None, :] - cell.x
    dy, dx = np.broadcast_arrays(dy, dx)
    r = np.hypot(dy, dx) / (cell.radius * reach(cell.outline, np.arctan2(dy, dx)))
    return (slice(y0, y1), slice(x0, x1)), dy, dx, r.astype(np.float32)


def nucleus(
    rng: np.random.Generator, cell: Cell, look: Chromatin, size: int, stretch: float
) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """The cell's window on the canvas, the nucleus' soft coverage there, and its nucleoli (0 to 1)."""
    where, dy, dx, r = _polar(cell, size, stretch, 1.5)
    share = np.sqrt(look.nucleus)
    free = cell.radius * (1 - share)
    way = rng.uniform(0, 2 * np.pi)
    cy, cx = 0.75 * free * np.sin(way), 0.75 * free * np.cos(way)
    if look.lobes > 1:
        turns = way + np.linspace(0, 1.5 * np.pi, look.lobes) + rng.uniform(-0.3, 0.3, look.lobes)
        ring, lobe = 0.46 * cell.radius, 0.36 * cell.radius
        d = np.min([np.hypot(dy - ring * np.sin(t), dx - ring * np.cos(t)) for t in turns], axis=0)
        gap = lobe - d
    else:
        theta = np.arctan2(dy - cy, dx - cx)
        shape = 0.5 * cell.outline + 0.5 * outlines(rng, 1, 0.035, 0.006)[0]
        notch = look.cleft * np.exp(2.5 * (np.cos(theta - way - np.pi) - 1) * 4)
        gap = share * cell.radius * (reach(shape, theta) - notch) - np.hypot(dy - cy, dx - cx)
    coverage = np.clip(0.5 + gap / 2.6, 0, 1)
    spots = np.zeros_like(r)
    for _ in range(look.nucleoli):
        t, far = rng.uniform(0, 2 * np.pi), share * cell.radius * np.sqrt(rng.uniform(0, 0.4))
        wide = cell.radius * rng.uniform(0.12, 0.2)
        d = np.hypot(dy - cy - far * np.sin(t), dx - cx - far * np.cos(t)) / wide
        spots = np.maximum(spots, np.exp(-(d**3))) - 0.45 * np.exp(-(((d - 1.25) / 0.3) ** 2))
    return where, coverage, np.clip(spots, -0.35, 1)
