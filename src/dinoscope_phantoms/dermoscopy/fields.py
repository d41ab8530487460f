"""Random patterns of the skin on one fixed canvas: clouds, ripples, honeycombs, mosaics.

Every field is float32 [CANVAS, CANVAS]. Drawing on a canvas of fixed size and resampling at the end keeps a seed's
lesion the same at every picture size.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage
from scipy.spatial import cKDTree

from .. import kit

CANVAS = 256
"""Side of the canvas in pixels. The real set is 200 by 150 pixels, so nothing is lost at 224."""

SQUASH = 0.87
"""Square root of 3/4: a 4:3 photograph pressed into a square makes round lesions this much narrower and taller."""

Y, X = kit.grid(CANVAS)
LESION_Y, LESION_X = Y * SQUASH, X / SQUASH
_FREQUENCY = np.hypot(fft.fftfreq(CANVAS)[:, None] / SQUASH, fft.rfftfreq(CANVAS)[None, :] * SQUASH).astype(np.float32)


def _shaped(rng, gain):
    """White noise through the spectral gain, mean 0 and deviation 1."""
    white = rng.standard_normal((CANVAS, CANVAS), dtype=np.float32)
    field = fft.irfft2(fft.rfft2(white) * gain, s=(CANVAS, CANVAS))
    return ((field - field.mean()) / (field.std() + 1e-9)).astype(np.float32)


def cloud(rng: np.random.Generator, scale: float, slope: float = 3.0) -> np.ndarray:
    """Fractal field of blobs up to `scale` pixels; a larger `slope` is smoother (2 is grainy, 5 is soft)."""
    return _shaped(rng, (1 + (_FREQUENCY * scale) ** 2) ** (-slope / 2))


def ripple(rng: np.random.Generator, wavelength: float, width: float = 0.25) -> np.ndarray:
    """Field of one wavelength in pixels: its peaks are evenly but irregularly strewn; `width` is the relative band."""
    return _shaped(rng, np.exp(-(((_FREQUENCY * wavelength - 1) / width) ** 2)))


def honeycomb(rng: np.random.Generator, wavelength: float, disorder: float) -> np.ndarray:
    """Lines of a bent honeycomb in 0 to 1, holes `wavelength` pixels apart; `disorder` in pixels bends and tears it."""
    turn = rng.uniform(0, np.pi / 3)
    y, x = (axis * CANVAS / 2 + disorder * cloud(rng, 60, 4) for axis in (LESION_Y, LESION_X))
    waves = sum(
        np.cos(2 * np.pi / wavelength * (x * np.cos(turn + k * np.pi / 3) + y * np.sin(turn + k * np.pi / 3)))
        for k in range(3)
    )
    return kit.smoothstep(waves / 1.5 + 0.5 * cloud(rng, wavelength, 3), 0.9, -0.9)


def mosaic(rng: np.random.Generator, spacing: float, bend: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """Irregular cells about `spacing` pixels wide.

    Returns:
        gap: 0 on the border between two cells, growing inwards to about 1.
        value: a number in 0 to 1 that is the same all over a cell.
    """
    count = int(CANVAS / spacing) + 2
    corners = np.stack(np.meshgrid(np.arange(count), np.arange(count), indexing="ij"), axis=-1).reshape(-1, 2)
    seeds = (corners - 0.5 + rng.uniform(-0.45, 0.45, corners.shape)) * spacing
    half = CANVAS // 2
    y, x = np.mgrid[:half, :half] * 2.0
    bent = np.stack(
        [y + bend * spacing * cloud(rng, spacing, 3)[::2, ::2], x + bend * spacing * cloud(rng, spacing, 3)[::2, ::2]],
        axis=-1,
    )
    distance, which = cKDTree(seeds).query(bent.reshape(-1, 2), k=2)
    gap = ((distance[:, 1] - distance[:, 0]) / spacing).reshape(half, half).astype(np.float32)
    value = rng.random(len(seeds)).astype(np.float32)[which[:, 0]].reshape(half, half)
    return ndimage.zoom(gap, 2, order=1), ndimage.zoom(value, 2, order=0)


def fringe(rng: np.random.Generator, angle: np.ndarray, radius: np.ndarray, spokes: float = 26) -> np.ndarray:
    """Noise drawn out along the radius about a centre, about `spokes` strands round, mean 0 and deviation 1."""
    polar = cloud(rng, CANVAS / spokes, 2.4)
    around, outwards = (angle / (2 * np.pi) + 0.5) * CANVAS, radius * CANVAS * 0.12
    return ndimage.map_coordinates(polar, [around, outwards], order=1, mode="grid-wrap").astype(np.float32)


def furrows(rng: np.random.Generator, wavelength: float, heading: float, stretch: float = 2.5) -> np.ndarray:
    """Creases that run mostly along `heading` (radians), mean 0 and deviation 1."""
    fy, fx = fft.fftfreq(CANVAS)[:, None], fft.rfftfreq(CANVAS)[None, :]
    along, across = fx * np.cos(heading) + fy * np.sin(heading), -fx * np.sin(heading) + fy * np.cos(heading)
    reach = np.hypot(across, along * stretch) * wavelength
    return _shaped(rng, np.exp(-(((reach - 1) / 0.45) ** 2)).astype(np.float32))
