"""Drawing kit: the fields, warps and camera effects that every phantom modality shares.

Conventions: a field is a float32 array [H, W]; a picture is float32 [H, W, 3] in 0 to 1; coordinates are
(y, x) in units of half the picture's side, from -1 (top, left) to 1 (bottom, right). All randomness comes
from the `numpy.random.Generator` that is handed in, so one seed draws one picture, bit for bit.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy import ndimage


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (y, x) of a square picture, each [size, size] float32 in -1 to 1."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return y, x


def smoothstep(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, a smooth S in between.

    `low > high` reverses it: 1 below `high`, 0 above `low`. The bounds are one pair of numbers for the whole
    field, so that it cannot be reversed in some places only; where they vary, scale `value` to 0 to 1 first.
    """
    t = np.clip((value - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def noise(rng: np.random.Generator, size: int, scale: float) -> np.ndarray:
    """Smooth Gaussian random field [size, size], mean 0, deviation 1; `scale` is its blob size in pixels."""
    coarse = max(4, int(np.ceil(size / max(scale, 1))) + 3)
    field = ndimage.zoom(rng.standard_normal((coarse, coarse)).astype(np.float32), size / (coarse - 3), order=3)
    offset = (field.shape[0] - size) // 2
    field = field[offset : offset + size, offset : offset + size]
    return (field - field.mean()) / (field.std() + 1e-6)


def fractal(rng: np.random.Generator, size: int, scale: float, octaves: int = 4, decay: float = 0.5) -> np.ndarray:
    """Sum of `octaves` noise fields, each half the blob size and `decay` times the strength; mean 0, deviation 1."""
    field = sum(decay**i * noise(rng, size, scale / 2**i) for i in range(octaves))
    field = np.asarray(field, dtype=np.float32)
    return (field - field.mean()) / (field.std() + 1e-6)


def warp(field: np.ndarray, dy: np.ndarray, dx: np.ndarray, order: int = 1) -> np.ndarray:
    """Pull `field` [H, W] or [H, W, C] along displacements in pixels, [H, W] each; edges are repeated."""
    h, w = field.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    where = [y + dy, x + dx]
    if field.ndim == 2:
        return ndimage.map_coordinates(field, where, order=order, mode="nearest").astype(np.float32)
    return np.stack([warp(field[..., c], dy, dx, order) for c in range(field.shape[-1])], axis=-1)


def ellipse(
    y: np.ndarray, x: np.ndarray, centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0
) -> np.ndarray:
    """Normalised radius of an ellipse: 0 at its centre, 1 on its rim, in the units of `grid`; angle in radians."""
    cy, cx = y - centre[0], x - centre[1]
    c, s = np.cos(angle), np.sin(angle)
    return np.sqrt(((c * cy + s * cx) / radii[0]) ** 2 + ((-s * cy + c * cx) / radii[1]) ** 2).astype(np.float32)


def mix(base: np.ndarray, colour: np.ndarray | float, amount: np.ndarray) -> np.ndarray:
    """Blend `colour` over `base` where `amount` [H, W] is 1 and leave it where it is 0."""
    weight = amount[..., None] if base.ndim == 3 else amount
    return (base * (1 - weight) + np.asarray(colour, dtype=np.float32) * weight).astype(np.float32)


def blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur in the plane, `sigma` in pixels; channels stay apart."""
    sigmas = (sigma, sigma, 0) if field.ndim == 3 else sigma
    return ndimage.gaussian_filter(field, sigmas).astype(np.float32)


def sensor_noise(rng: np.random.Generator, picture: np.ndarray, amount: float, grain: float = 0.6) -> np.ndarray:
    """Add camera noise of deviation `amount`, correlated over `grain` pixels."""
    grains = ndimage.gaussian_filter(
        rng.standard_normal(picture.shape).astype(np.float32), (grain, grain, 0)[: picture.ndim]
    )
    return picture + amount * grains / (grains.std() + 1e-6)


def vignette(size: int, strength: float, centre: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Brightness [size, size] that falls by `strength` towards the corners."""
    y, x = grid(size)
    return 1 - strength * np.clip(((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 2, 0, 1)


def develop(picture: np.ndarray, jpeg_quality: int | None = None) -> Image.Image:
    """Field or picture in 0 to 1 -> 8-bit RGB `PIL.Image`, through JPEG compression where a quality is given."""
    pixels = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    image = Image.fromarray(pixels).convert("RGB")
    if jpeg_quality is None:
        return image
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=jpeg_quality)
    return Image.open(buffer).convert("RGB")
