"""Breast ultrasound: random fields with the grain of layered tissue.

Lengths are shares of the picture's side. `v` [size, size] is the depth that a pixel has among the layers: fields read
at `v` follow their bends.
"""

from __future__ import annotations

import functools

import numpy as np

from .. import kit


def sheet(rng: np.random.Generator, size: int, thick: float, long: float) -> np.ndarray:
    """Gaussian field [size, size], mean 0, deviation 1, with blobs `thick` down and `long` across (shares).

    Cubic B-splines on a coarse grid: far faster than a zoom, and summed by hand because a threaded matrix product
    stalls where training holds the cores.
    """
    (top, down), (left, across) = _spline(size, thick), _spline(size, long)
    coarse = rng.standard_normal((top[-1] + 4, left[-1] + 4)).astype(np.float32)
    rows = sum(down[:, k, None] * coarse[top + k] for k in range(4))
    field = sum(across[:, k] * rows[:, left + k] for k in range(4))
    return (field - field.mean()) / (field.std() + 1e-6)


@functools.cache
def _spline(size: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """First knot [size] and the weights [size, 4] of four knots for each pixel; knots are `scale` of the side apart."""
    knots = max(1, round(1 / scale))
    at = (np.arange(size, dtype=np.float32) + 0.5) / size * knots
    first = at.astype(int)
    t = np.abs(at[:, None] - first[:, None] + 1 - np.arange(4))
    return first, np.where(t < 1, 2 / 3 - t**2 + t**3 / 2, np.clip(2 - t, 0, None) ** 3 / 6).astype(np.float32)


def along(field: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Bend a field along the layers: read it at depth `v` [size, size] instead of `y`, mirrored at its ends."""
    last = len(field) - 1
    row = np.clip(last - np.abs(last - np.abs(v * len(field) - 0.5)), 0, last - 1e-3)
    above = row.astype(int)
    upper, lower = (np.take_along_axis(field, above + k, axis=0) for k in (0, 1))
    return (upper + (lower - upper) * (row - above)).astype(np.float32)


def weave(
    rng: np.random.Generator, size: int, v: np.ndarray, thick: float = 0.05, flat: float = 3.0, skew: float = 0.3
) -> np.ndarray:
    """Lamellae along the layers: a field [size, size], mean 0, deviation 1, of three sizes of flat blobs.

    Args:
        thick: height of the largest blobs (share of the side); they are `flat` times as long.
        skew: how far bright lamellae stand out from a broad dark ground, 0 for not at all.
    """
    scales = ((1.0, flat, 0.7), (0.45, 0.6 * flat, 1.0), (0.2, 0.35 * flat, 1.0))
    field = sum(w * along(sheet(rng, size, a * thick, b * thick), v) for a, b, w in scales)
    field = np.exp(skew * field)
    return (field - field.mean()) / field.std()


def lace(rng: np.random.Generator, size: int, v: np.ndarray, thick: float, flat: float) -> np.ndarray:
    """Thin bright laminae around dark lenses `thick` high and `flat` times as long; mean 0, deviation 1."""
    coarse, fine = (along(sheet(rng, size, k * thick, k * flat * thick), v) for k in (1.0, 0.5))
    field = np.exp(-np.abs(coarse + 0.3 * fine) / 0.3) + 0.6 * np.exp(-np.abs(fine + 0.3 * coarse) / 0.3)
    return (field - field.mean()) / field.std()


def streaks(rng: np.random.Generator, size: int, v: np.ndarray, thick: float, long: float, share: float) -> np.ndarray:
    """Short bright strokes along the layers, 0 to 1; `share` of the plane is rich in them."""
    line = along(sheet(rng, size, thick, long) + 0.35 * sheet(rng, size, 0.008, 0.02), v)
    where = sheet(rng, size, 0.12, 0.2)
    return kit.smoothstep(line, 0.6, 3.4) * kit.smoothstep(where, 1.2 - 2.4 * share, 3.0 - 2.4 * share)


def interfaces(field: np.ndarray, width: float) -> np.ndarray:
    """Lines [size, size] along the zeros of a field, `width` pixels of a 224 px picture thick.

    A smooth surface mirrors the beam, so that its echo fades as it turns away from the transducer.
    """
    down, across = np.gradient(field)
    slope = np.sqrt(down**2 + across**2) + 1e-6
    distance = np.abs(field) / slope * 224 / len(field)
    return np.exp(-((distance / width) ** 2)) * (np.abs(down) / slope) ** 2.5


def worn(rng: np.random.Generator, size: int, share: float = 0.6) -> np.ndarray:
    """Weight [size, size] in 0 to 1 that breaks long lines into stretches of changing brightness."""
    field = 0.75 * sheet(rng, size, 0.1, 0.12) + 0.65 * sheet(rng, size, 0.03, 0.035)
    return kit.smoothstep(field, -0.3 - 1.5 * share, 2.2 - 1.5 * share)


def lobules(
    rng: np.random.Generator, y: np.ndarray, x: np.ndarray, count: int, flat: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells of a random tessellation (Voronoi), `flat` times as wide as high, in coordinates that may be warped.

    Returns:
        gap: [size, size] distance to the nearest septum in shares of the side.
        facing: [size, size] cosine of the angle between that septum and the skin, 1 where they are parallel.
        own: [size, size] a number from the standard normal distribution for each cell.
    """
    seeds = rng.uniform((-0.15 * flat, -0.15), (1.15 * flat, 1.15), (count, 2)).astype(np.float32)
    square = np.stack([(y * flat - sy) ** 2 + (x - sx) ** 2 for sy, sx in seeds])
    first = np.argmin(square, axis=0)
    nearest = np.take_along_axis(square, first[None], axis=0)[0]
    np.put_along_axis(square, first[None], np.inf, axis=0)
    second = np.argmin(square, axis=0)
    next_one = np.take_along_axis(square, second[None], axis=0)[0]
    apart = seeds[second] - seeds[first]
    (vy, vx), (ux, wx) = np.gradient(y), np.gradient(x)
    down = (apart[..., 0] * flat * vy + apart[..., 1] * ux) * len(y)
    across = (apart[..., 0] * flat * vx + apart[..., 1] * wx) * len(y)
    slope = np.sqrt(down**2 + across**2) + 1e-6
    own = rng.standard_normal(count).astype(np.float32)[first]
    return (next_one - nearest) / (2 * slope), np.abs(down) / slope, own
