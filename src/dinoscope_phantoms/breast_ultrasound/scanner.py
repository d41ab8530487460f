"""Breast ultrasound: how the scanner turns a plane into a B-mode picture.

Scatterers far closer than the resolution cell add up with random phase: their sum is a complex Gaussian
field, its envelope is Rayleigh distributed and correlated over the point-spread function (Burckhardt, IEEE Trans
Sonics Ultrason 25:1, 1978; Wagner et al., ibid. 30:156, 1983). Compound imaging averages a few such looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .. import kit
from .scene import Scene
from .textures import sheet

FINE = 2
"""Samples per pixel and side on which the sound field is computed; the real set was reduced about as much."""


@dataclass(frozen=True)
class Settings:
    """Knobs of the scanner: decibels (`floor`: noise above black), depths in shares of the side, resolution in pixels
    of a picture 224 wide."""

    gain: float
    dynamic: float
    focus: float
    penetration: float
    floor: float
    axial: float
    lateral: float
    looks: int
    calm: float
    curve: float


def new_settings(rng: np.random.Generator) -> Settings:
    """The knobs as a sonographer may have left them."""
    return Settings(
        gain=float(max(-2.0, rng.normal(3.0, 3.5))),
        dynamic=float(rng.uniform(44, 54)),
        focus=float(rng.uniform(0.2, 0.6)),
        penetration=float(rng.uniform(0.45, 1.15)),
        floor=float(rng.uniform(-6, 3)),
        axial=float(rng.uniform(0.4, 0.6)),
        lateral=float(rng.uniform(0.45, 0.75)),
        looks=int(rng.integers(3, 5)),
        calm=float(rng.uniform(0.3, 0.7)),
        curve=float(rng.uniform(0.95, 1.35)),
    )


def scan(rng: np.random.Generator, scene: Scene, settings: Settings) -> np.ndarray:
    """B-mode grey levels [size, size] in 0 to 1."""
    size = scene.size
    gain = _gain(rng, scene, settings)
    tissue = ndimage.zoom(10 ** ((scene.echo + gain) / 20), FINE, order=1)
    mirror = ndimage.zoom(scene.glint * 10 ** (gain / 20), FINE, order=1)
    depth = np.linspace(0, 1, size * FINE, dtype=np.float32)[:, None]
    far = np.abs(depth - settings.focus) / 0.5
    unit = size * FINE / 224
    power = np.zeros_like(tissue)
    for _ in range(settings.looks):
        real, imaginary = _look(rng, tissue, settings.axial * unit, settings.lateral * unit, far)
        power += ((real + mirror) ** 2 + imaginary**2) / settings.looks
    hiss = 10 ** ((settings.floor - settings.dynamic + 6 * depth) / 10)
    power += hiss * rng.standard_exponential(power.shape, dtype=np.float32)
    decibels = 10 * np.log10(power + 1e-9)
    grey = np.clip(1 + decibels / settings.dynamic, 0, 1) ** settings.curve
    return _calm(grey.reshape(size, FINE, size, FINE).mean((1, 3)), settings.calm)


def field_of_view(rng: np.random.Generator, scene: Scene) -> np.ndarray:
    """Share [size, size] of each pixel that was insonated: steered beams leave a black wedge in a corner of a few."""
    side = scene.x if rng.random() < 0.5 else 1 - scene.x
    if rng.random() > 0.06:
        return np.ones_like(scene.x)
    wide, deep = rng.uniform(0.03, 0.12), rng.uniform(0.2, 1.1)
    return kit.smoothstep(side - wide * (1 - scene.y / deep), 0.0, 0.006)


def _calm(grey: np.ndarray, share: float) -> np.ndarray:
    """Adaptive speckle reduction of a scanner: takes a `share` out of faint grain, crispens strong detail."""
    smooth = ndimage.gaussian_filter(grey, 0.8 * len(grey) / 224)
    grain = grey - smooth
    strong = kit.smoothstep(ndimage.gaussian_filter(np.abs(grain), 1.5), 0.02, 0.06)
    return smooth + grain * (1 - share + (share + 0.5) * strong)


def _look(rng: np.random.Generator, tissue: np.ndarray, axial: float, lateral: float, far: np.ndarray) -> np.ndarray:
    """One echo field [2, h, w], real and imaginary, of speckle with the mean power `tissue` squared.

    The beam is narrow at the focus and 2.2 times as wide far from it (`far` = 1).
    """
    noise = rng.standard_normal((2, *tissue.shape), dtype=np.float32) * tissue
    noise = ndimage.gaussian_filter1d(noise, axial, axis=1)
    narrow, wide = (ndimage.gaussian_filter1d(noise, lateral * k, axis=2) * k**0.5 for k in (1.0, 2.2))
    share = np.clip(far, 0, 1)
    return (narrow * np.sqrt(1 - share) + wide * np.sqrt(share)) * np.sqrt(2 * np.pi * axial * lateral)


def _gain(rng: np.random.Generator, scene: Scene, settings: Settings) -> np.ndarray:
    """Decibels [size, size] by which attenuation, gain, focus and contact change the echoes."""
    size, y = scene.size, scene.y
    shadow = np.cumsum(scene.loss, axis=0) / size
    near, far = (ndimage.gaussian_filter1d(shadow, s * size, axis=1) for s in (0.01, 0.03))
    shadow = near + (far - near) * y
    streaky = kit.smoothstep(y, 0.05, 0.6) * (3.0 * sheet(rng, size, 2.0, 0.12) + 1.2 * sheet(rng, size, 2.0, 0.03))
    tgc = 3 * np.exp(-(((y - settings.focus) / 0.25) ** 2)) - 13 * np.maximum(y / settings.penetration - 0.38, 0) ** 1.3
    return (settings.gain + tgc + streaky - shadow - _contact(rng, scene)).astype(np.float32)


def _contact(rng: np.random.Generator, scene: Scene) -> np.ndarray:
    """Decibels [size, size] lost at an edge of the probe that lifts off the skin, in about one picture in six."""
    lost = np.zeros_like(scene.x)
    for side in (scene.x, 1 - scene.x):
        if rng.random() < 0.09:
            wide = rng.uniform(0.05, 0.2)
            lost += rng.uniform(8, 22) * kit.smoothstep(side, wide, 0.2 * wide) * kit.smoothstep(scene.y, -0.02, 0.12)
    return lost
