"""Pneumonia on a child's radiograph: an airspace filled in one lobe, or a thickened interstitium in both lungs.

The signs follow Eslamy & Newman, "Pneumonia in normal and immunocompromised children", Radiol Clin North Am
49:895 (2011): bacteria fill the airspace of a lobe, leave its bronchi as dark tubes (air bronchogram) and
erase the border of what touches them (silhouette sign); viruses thicken bronchial walls and interstitium
from the hila outwards, on both sides, and trap air.
"""

from __future__ import annotations

import numpy as np

from .. import kit
from ..chest_shapes import blob, closed_curve, ellipse_points, open_curve, ribbon
from .film import Film
from .vessels import splat_tree, vessel_tree

Finding = tuple[np.ndarray, dict[str, float | str]]

_LOBES = {
    "right upper": (-1, [(0.05, -0.85), (0.7, -0.85), (0.7, -0.15), (0.4, -0.14), (0.1, -0.15)]),
    "right middle": (
        -1,
        [(0.06, -0.12), (0.3, -0.13), (0.52, -0.02), (0.42, 0.2), (0.3, 0.42), (0.05, 0.45)],
    ),
    "right lower": (-1, [(0.14, 0.0), (0.36, -0.08), (0.62, 0.05), (0.72, 0.7), (0.1, 0.7)]),
    "left upper": (1, [(0.05, -0.85), (0.6, -0.8), (0.6, -0.2), (0.45, 0.0), (0.15, -0.02)]),
    "lingula": (1, [(0.12, -0.1), (0.4, -0.08), (0.52, 0.12), (0.46, 0.42), (0.2, 0.45)]),
    "left lower": (1, [(0.06, -0.02), (0.3, -0.08), (0.6, 0.08), (0.72, 0.75), (0.06, 0.7)]),
}
"""Lobe -> side and outline where it projects on a front view."""


def bacterial(rng: np.random.Generator, film: Film) -> Finding:
    """Consolidate one lobe, part of it, or a round focus in it."""
    lobe = str(rng.choice(list(_LOBES), p=[0.22, 0.18, 0.2, 0.1, 0.1, 0.2]))
    sign, corners = _LOBES[lobe]
    side = "right" if sign < 0 else "left"
    size, frame = film.frame.size, film.frame
    round_focus = rng.random() < 0.2
    points = np.array(corners) * (sign, 1) + rng.normal(0, 0.02, (len(corners), 2))
    if round_focus:
        inner = points.mean(0) + rng.normal(0, 0.04, 2)
        cover = frame.coverage(blob(rng, tuple(inner), rng.uniform(0.13, 0.22), 0.1), 5)
    else:
        cover = frame.coverage(closed_curve(points), 5)
        for other, (side_of_other, outline) in _LOBES.items():
            if side_of_other == sign and other != lobe and rng.random() < 0.6:
                beside = frame.coverage(closed_curve(np.array(outline) * (sign, 1)), 6)
                cover = np.maximum(cover, rng.uniform(0.6, 1) * beside)
        part = kit.smoothstep(kit.fractal(rng, size, size / 3, 3, 0.6) + 1.8, -0.8, 0.6)
        cover = cover * part
    cloud = np.clip(0.8 + 0.2 * kit.fractal(rng, size, size / 8, 5, 0.6), 0, 1)
    density = np.clip(1.0 + rng.normal(0, 0.06), 0.3, 1)
    filled = np.clip(cover * cloud * density, 0, 1) * film.inside[side]
    film.air *= 1 - filled
    haze = kit.blur(cover, 0.09 * size) * 0.3 * film.inside[side]
    film.air *= (1 - haze) * (1 - _veil(rng, film))
    tree = vessel_tree(rng, film, side, 60)
    film.markings *= 1 - 0.7 * filled
    film.markings -= splat_tree(film, tree, 0.009, 2.2) * filled
    _fuzz(rng, film, cover * (1 - cover) * 2 * film.inside[side])
    mask = (cover * film.inside[side]) > 0.4
    if rng.random() < 0.3:
        patches = _patches(rng, film, side) * (1 - filled)
        film.air *= 1 - patches
        mask |= patches > 0.3
    return mask, {
        "site": lobe,
        "pattern": "round" if round_focus else "lobar",
        "density": round(float(density), 2),
    }


def _patches(rng: np.random.Generator, film: Film, side: str) -> np.ndarray:
    """Share of air lost in the ill-defined patches of a bronchopneumonia, over one lung."""
    spots = kit.smoothstep(kit.fractal(rng, film.frame.size, film.frame.size / 5, 4, 0.6), 0.4, 1.5)
    return rng.uniform(0.5, 0.9) * spots * film.inside[side]


def viral(rng: np.random.Generator, film: Film) -> Finding:
    """Thicken bronchial walls and interstitium around both hila, with streaks of collapse, beside the heart."""
    size, frame = film.frame.size, film.frame
    reach = rng.uniform(0.38, 0.46)
    strength = rng.uniform(0.85, 1.15)
    region = np.zeros_like(film.air)
    lucent = kit.smoothstep(film.air, 0.08, 0.2)
    for side, sign in (("right", -1), ("left", 1)):
        halo = frame.coverage(
            ellipse_points(
                (sign * 0.24 + 0.04, -0.02 + rng.normal(0, 0.04)), (reach, reach * rng.uniform(1.2, 1.6)), -sign * 12
            ),
            9,
        )
        halo *= np.clip(0.8 + 0.3 * kit.fractal(rng, size, size / 6, 3), 0, 1)
        halo *= film.inside[side] * lucent
        region = np.maximum(region, halo)
        cuffs = splat_tree(film, vessel_tree(rng, film, side, 240), 0.0055)
        film.markings += strength * (1.1 * cuffs + 1.5 * kit.blur(cuffs, 2)) * halo
    _reticulum(rng, film, region * strength)
    details = np.zeros_like(film.air)
    _rings(rng, film, details, strength)
    for _ in range(rng.integers(0, 3)):
        _streak(rng, film, details)
    film.markings += details * region
    patchy = np.clip(0.9 + 0.6 * kit.fractal(rng, size, size / 9, 4, 0.6), 0, 2)
    film.air *= (1 - 0.24 * strength * region * patchy) * (1 - _veil(rng, film))
    return region > 0.4, {
        "site": "bilateral perihilar",
        "pattern": "interstitial",
        "density": round(float(strength), 2),
    }


def _veil(rng: np.random.Generator, film: Film) -> np.ndarray:
    """Air lost all over the lungs of a child that breathes shallowly, most at the bases; share of the air."""
    y, _ = kit.grid(film.frame.size)
    return (
        max(0, rng.normal(film.child.look.veil, 0.05))
        * kit.smoothstep(y, -1.2, 0.8)
        * kit.blur(film.inside["right"] + film.inside["left"], 3)
    )


def _fuzz(rng: np.random.Generator, film: Film, edge: np.ndarray) -> None:
    """Ill-defined nodules of half-filled acini along the edge of a consolidation."""
    nodules = kit.smoothstep(kit.fractal(rng, film.frame.size, 7, 2), 0.2, 1.6)
    film.air *= 1 - 0.4 * nodules * np.clip(edge, 0, 1)


def _reticulum(rng: np.random.Generator, film: Film, weight: np.ndarray) -> None:
    """A net of fine lines: the crests of several noise fields."""
    net = np.zeros_like(film.air)
    for scale in (9, 7, 5):
        net += np.exp(-((kit.noise(rng, film.frame.size, scale * film.frame.size / 224) / 0.22) ** 2))
    film.markings += 0.04 * kit.blur(net, 0.6) * weight


def _rings(rng: np.random.Generator, film: Film, canvas: np.ndarray, strength: float) -> None:
    """Bronchi seen end on, as rings, and side on, as tram lines."""
    frame = film.frame
    for sign in (-1, 1):
        for _ in range(rng.integers(5, 11)):
            x, y = sign * rng.uniform(0.16, 0.38), rng.uniform(-0.3, 0.25)
            r = rng.uniform(0.008, 0.014)
            if rng.random() < 0.5:
                frame.add(canvas, ellipse_points((x, y), (1.7 * r, 1.7 * r)), 0.05 * strength, 0.7)
                frame.add(canvas, ellipse_points((x, y), (0.9 * r, 0.9 * r)), -0.055 * strength, 0.7)
                continue
            along = np.array([sign * rng.uniform(0.06, 0.14), rng.uniform(-0.1, 0.14)])
            path = open_curve(np.stack([(x, y), (x, y) + along / 2 + rng.normal(0, 0.005, 2), (x, y) + along]), 5)
            frame.add(canvas, ribbon(path, 3.2 * r), 0.035 * strength, 0.8)
            frame.add(canvas, ribbon(path, 1.7 * r), -0.04 * strength, 0.8)


def _streak(rng: np.random.Generator, film: Film, canvas: np.ndarray) -> None:
    """A band of collapsed lung, plate-like, near a hilum or the base."""
    sign = rng.choice([-1, 1])
    x, y = sign * rng.uniform(0.2, 0.4), rng.uniform(-0.25, 0.35)
    along = np.array([sign * rng.uniform(0.1, 0.2), rng.uniform(-0.08, 0.08)])
    path = open_curve(np.stack([(x, y), (x, y) + along / 2 + rng.normal(0, 0.01, 2), (x, y) + along]), 6)
    film.frame.add(canvas, ribbon(path, rng.uniform(0.02, 0.05)), rng.uniform(0.05, 0.1), 1.6)
