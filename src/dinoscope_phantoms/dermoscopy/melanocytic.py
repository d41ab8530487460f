"""Naevi and melanomas: one pattern and one outline, or several at odds with each other.

Signs: Argenziano et al., "Dermoscopy of pigmented skin lesions: results of a consensus meeting via the Internet",
J Am Acad Dermatol 48:679 (2003); Braun et al., "Dermoscopy of pigmented skin lesions", ibid. 52:109 (2005).
"""

from __future__ import annotations

import numpy as np

from .. import kit
from . import fields, strokes
from .lesion import Lesion, sizes
from .outline import Outline, cluster, oval
from .skin import Pigments

VEIL = (0.40, 0.43, 0.54)
PEPPER = (0.42, 0.42, 0.48)
SCAR = (0.90, 0.78, 0.80)


def naevus(rng: np.random.Generator) -> Lesion:
    """A common naevus: symmetric, one even pattern, pigment that fades at the rim."""
    pattern = str(rng.choice(["reticular", "globular", "homogeneous", "dermal"], p=[0.5, 0.24, 0.2, 0.06]))
    outline = oval(rng, sizes(rng, 0.42, 0.38), rng.uniform(0.03, 0.1))
    body = outline.edge(rng, rng.uniform(0.3, 0.8), rng.uniform(0.0, 0.06)) * outline.dome(rng)
    depth = rng.lognormal(-0.05, 0.5)
    uneven = (
        1
        + rng.uniform(0.08, 0.2) * fields.cloud(rng, 36, 2.2)
        + rng.uniform(-0.35, 0.7) * kit.smoothstep(outline.radius, 0.9, 0.1)
    )
    melanin = depth * body * uneven * _naevus_texture(rng, pattern)
    blood = rng.uniform(0.0, 0.25) * kit.smoothstep(outline.radius, 1.25, 0.6) * (1 + 0.3 * fields.cloud(rng, 20, 2.5))
    veils = []
    if pattern == "dermal":
        melanin, blood = 0.45 * melanin, blood + 0.35 * body
    if pattern == "homogeneous" and rng.random() < 0.15:
        veils.append(((0.30, 0.29, 0.36), 0.5 * kit.smoothstep(outline.radius, 0.9, 0.0)))
    return Lesion(outline, Pigments(melanin, blood, rng.uniform(0.0, 0.5) * melanin, veils), pattern, mottling=0.5)


def _naevus_texture(rng, pattern):
    """Factor about 1: network, globules or a nearly even tan."""
    if pattern == "reticular":
        net = fields.honeycomb(rng, rng.uniform(5.5, 9), rng.uniform(4, 9))
        return 0.68 + rng.uniform(0.4, 0.75) * net * (0.8 + 0.25 * fields.cloud(rng, 40, 3))
    if pattern == "globular":
        return 0.7 + rng.uniform(0.5, 0.9) * kit.smoothstep(fields.ripple(rng, rng.uniform(5.5, 10), 0.3), 0.2, 1.6)
    return 1 + 0.2 * fields.cloud(rng, 7, 1.5)


def melanoma(rng: np.random.Generator) -> Lesion:
    """A melanoma: asymmetric, notched, several colours, and two or more melanoma-specific structures."""
    pattern = str(rng.choice(["superficial spreading", "nodular", "regressing"], p=[0.68, 0.14, 0.18]))
    half = sizes(rng, 0.64, 0.3)
    if pattern == "nodular":
        outline = oval(rng, 0.85 * half, rng.uniform(0.02, 0.06), 0.15)
    else:
        outline = cluster(rng, half, int(rng.integers(3, 6)), rng.uniform(0.03, 0.08), 0.5)
    body = outline.edge(rng, rng.uniform(0.25, 0.7), rng.uniform(0.02, 0.06)) * outline.dome(rng)
    side = rng.uniform(0, 2 * np.pi)
    lean = np.cos(outline.angle - side) * np.clip(outline.radius, 0, 1)
    zones = fields.cloud(rng, max(half, 0.42) * 130, 3.4) + 1.1 * lean
    inside = outline.mask
    zones = (zones - zones[inside].mean()) / zones[inside].std()
    tan = rng.lognormal(-0.45, 0.5) * (1 + 0.18 * fields.cloud(rng, 24, 2.4))
    melanin = tan * (1 + rng.uniform(0.4, 1.4) * kit.smoothstep(zones, -0.8, 1.4))
    # Blotches are off centre and end abruptly, unlike the even dark middle of a naevus.
    blotch = kit.smoothstep(zones + 0.2 * fields.cloud(rng, 24, 2.8), rng.uniform(0.4, 1.0), 1.9)
    melanin = melanin + rng.uniform(0.5, 1.9) * blotch
    melanin = melanin * _atypical_network(rng, zones) * body
    if pattern != "nodular":
        melanin = melanin + _streaks(rng, outline, lean) + _rogue_dots(rng, outline, zones)
    pink = kit.smoothstep(-zones, -0.6, 1.5) * body
    blood = 0.08 * body + rng.uniform(0.0, 0.16) * pink * (1 + 0.2 * fields.cloud(rng, 24, 2.4))
    veils = _veils(rng, pattern, outline, zones, blotch, body)
    if pattern == "regressing" or rng.random() < 0.15:
        gone = kit.smoothstep(-zones + 0.3 * fields.cloud(rng, 24, 2.5), 0.3, 1.8) * outline.fill(0.3)
        melanin = melanin * (1 - 0.75 * gone)
        veils.insert(0, (SCAR, rng.uniform(0.15, 0.45) * gone))
        veils.append((PEPPER, 0.4 * gone * kit.smoothstep(fields.ripple(rng, 4.5, 0.4), 0.8, 2.2)))
    return Lesion(
        outline,
        Pigments(melanin, blood, rng.uniform(0.0, 0.6) * melanin, veils),
        pattern,
        scale=float(rng.random() < 0.2) * 0.7,
    )


def _atypical_network(rng, zones):
    """Factor about 1: wide broken meshes of uneven thickness in some places, nothing in others."""
    mesh = kit.smoothstep(fields.ripple(rng, rng.uniform(7, 11), 0.45), 0.7, -0.7)
    where = kit.smoothstep(fields.cloud(rng, 60, 3) - 0.3 * zones, -0.6, 0.8)
    fine = 1 + 0.13 * fields.cloud(rng, 7, 1.5)
    return fine * (1 + rng.uniform(0.15, 0.5) * (mesh - 0.5) * where)


def _streaks(rng, outline: Outline, lean):
    """Radial streaks and pseudopods over part of the rim: dark spokes that stick out."""
    if rng.random() < 0.6:
        return 0.0
    spokes = fields.fringe(rng, outline.angle, 0.35 * outline.radius, rng.uniform(28, 50))
    reach = np.exp(-(((outline.radius - 1.02) / 0.13) ** 2))
    part = kit.smoothstep(lean, 0.15, 0.8)
    return rng.uniform(0.5, 1.1) * kit.smoothstep(spokes, 0.0, 1.2) * reach * part


def _rogue_dots(rng, outline: Outline, zones):
    """Black dots and globules of uneven size, near one side of the rim."""
    near_rim = np.exp(-(((outline.radius - 0.85) / 0.25) ** 2)) * kit.smoothstep(zones, -0.5, 0.8)
    count = rng.poisson(5)
    ink = strokes.spots(rng, strokes.strew(rng, near_rim, count), rng.lognormal(0.6, 0.4, count), 0.4)
    return rng.uniform(0.5, 1.2) * kit.blur(ink, 0.7)


def _veils(rng, pattern, outline: Outline, zones, blotch, body):
    """The blue-white veil over the thick part; a nodule is nearly all blue-black."""
    if pattern == "nodular":
        deep = kit.smoothstep(outline.radius + 0.1 * fields.cloud(rng, 35, 2.5), 1.0, rng.uniform(0.4, 0.75))
        return [
            ((0.17, 0.16, 0.21), 0.75 * deep),
            (VEIL, 0.5 * deep * kit.smoothstep(fields.cloud(rng, 70, 2.4), -0.5, 2.2)),
        ]
    if rng.random() < 0.35:
        return []
    haze = kit.smoothstep(zones + 0.5 * fields.cloud(rng, 60, 3), 0.0, 2.2) * body
    haze = haze * (0.75 + 0.25 * fields.cloud(rng, 16, 2.4))
    milky = rng.uniform(0.3, 0.7)
    return [(VEIL, milky * haze * (1 - 0.5 * blotch))]
