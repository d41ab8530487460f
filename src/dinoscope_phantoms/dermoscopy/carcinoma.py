"""Basal cell carcinoma: blue-grey nests, leaf-like margins, arborising vessels, ulcers on a translucent pink ground.

Signs: Menzies et al., "Surface microscopy of pigmented basal cell carcinoma", Arch Dermatol 136:1012 (2000); Altamura
et al., "Dermatoscopy of basal cell carcinoma", J Am Acad Dermatol 62:67 (2010).
"""

from __future__ import annotations

import numpy as np

from .. import kit
from . import fields, strokes
from .lesion import Lesion, sizes
from .outline import Outline, cluster, oval
from .skin import Pigments

NEST = (0.35, 0.30, 0.36)
PEARL = (0.90, 0.79, 0.81)
CLOT = (0.36, 0.13, 0.11)


def basal_cell(rng: np.random.Generator) -> Lesion:
    """One of three growths: nodular, pigmented or superficial."""
    pattern = str(rng.choice(["nodular", "pigmented", "superficial"], p=[0.32, 0.32, 0.36]))
    if pattern == "superficial":
        return _superficial(rng, pattern)
    outline = oval(rng, sizes(rng, 0.46, 0.35), rng.uniform(0.05, 0.1), 0.2)
    body = outline.edge(rng, rng.uniform(0.25, 0.6))
    pearl = kit.smoothstep(outline.radius + 0.2 * fields.cloud(rng, 40, 2.6), 1.05, 0.3)
    branches = _arborising(rng, outline)
    blood = rng.uniform(0.06, 0.4) * body * (1 + 0.15 * fields.cloud(rng, 50, 3)) + rng.uniform(0.35, 0.9) * branches
    veils = [(PEARL, rng.uniform(0.1, 0.4) * pearl)]
    melanin = rng.uniform(0.05, 0.2) * body * (1 + 0.3 * fields.cloud(rng, 24, 2.4))
    many = int(rng.integers(7, 22)) if pattern == "pigmented" else int(rng.integers(2, 6))
    if pattern == "pigmented":
        melanin = melanin + rng.uniform(0.2, 0.6) * body * kit.smoothstep(fields.cloud(rng, 60, 3), -0.8, 1.4)
        melanin = melanin + _leaves(rng, outline)
    veils.append(
        (
            NEST,
            rng.uniform(0.1, 0.6)
            * kit.smoothstep(fields.cloud(rng, 50, 3) - outline.radius, -1.0, 1.2)
            * outline.fill(0.4),
        )
    )
    veils += _nests(rng, outline, many, 3.8 if pattern == "pigmented" else 3.0)
    blood_ulcer, veil = _ulcer(rng, outline, 0.5 if pattern == "nodular" else 0.25)
    return Lesion(
        outline,
        Pigments(melanin, blood + blood_ulcer, rng.uniform(0, 0.12) * body, veils + veil),
        pattern,
        rng.uniform(0, 0.5),
    )


def _superficial(rng, pattern):
    """A flat shiny pink patch with small erosions, fine short vessels and leaf-like brown at its margin."""
    outline = cluster(rng, sizes(rng, 0.64, 0.25), int(rng.integers(2, 4)), rng.uniform(0.09, 0.15), 0.5)
    body = outline.edge(rng, rng.uniform(0.25, 0.6))
    fine = strokes.lines(
        [
            (strokes.curve(rng, at, rng.uniform(0, 6.3), rng.uniform(0.06, 0.2), 1.2), 1.0, 0.8)
            for at in strokes.strew(rng, body, int(rng.integers(12, 40)))
        ]
    )
    blood = rng.uniform(0.08, 0.3) * body * (1 + 0.15 * fields.cloud(rng, 60, 3)) + 0.35 * kit.blur(fine, 0.6)
    count = int(rng.integers(3, 10))
    sores = strokes.spots(
        rng, strokes.strew(rng, kit.smoothstep(outline.radius, 0.9, 0.7), count), rng.lognormal(0.8, 0.6, count), 0.35
    )
    veils = [
        (PEARL, rng.uniform(0.1, 0.35) * body * kit.smoothstep(fields.cloud(rng, 45, 3), -0.5, 1.6)),
        (
            CLOT,
            rng.uniform(0.5, 0.9) * kit.smoothstep(kit.blur(sores, 1.2) + 0.1 * fields.cloud(rng, 6, 2), 0.15, 0.75),
        ),
    ]
    melanin = _leaves(rng, outline) if rng.random() < 0.65 else 0.0
    if rng.random() < 0.5:
        veils += _nests(rng, outline, int(rng.integers(2, 7)), 2.2)
    return Lesion(outline, Pigments(melanin, blood, 0.0, veils), pattern, rng.uniform(0, 0.8))


def _arborising(rng, outline: Outline):
    """Sharp bright vessels that enter from the rim and branch inwards."""
    paths = []
    for turn in rng.uniform(0, 2 * np.pi, int(rng.integers(2, 6))):
        start = np.array(outline.centre) + outline.half * rng.uniform(0.8, 1.3) * np.array(
            [np.sin(turn) / fields.SQUASH, np.cos(turn) * fields.SQUASH]
        )
        inwards = turn + np.pi + rng.normal(0, 0.6)
        paths += strokes.tree(rng, start, inwards, outline.half * rng.uniform(0.6, 1.2), rng.uniform(1.4, 2.6), 2)
    return kit.blur(strokes.lines(paths), 0.6)


def _nests(rng, outline: Outline, count: int, radius: float):
    """Blue-grey ovoid nests and dots: well bounded, out of focus because they lie deep."""
    sizes_px = radius * outline.half / 0.45 * rng.lognormal(-0.35, 0.5, count)
    ink = strokes.spots(rng, strokes.strew(rng, kit.smoothstep(outline.radius, 0.95, 0.75), count), sizes_px, 0.3)
    soft = kit.blur(ink, rng.uniform(1.2, 2.6)) * (0.85 + 0.15 * fields.cloud(rng, 10, 2))
    dark = kit.blur(ink, 3.0) * soft
    return [(NEST, rng.uniform(0.4, 0.8) * soft), ((0.17, 0.14, 0.18), rng.uniform(0.1, 0.6) * dark)]


def _leaves(rng, outline: Outline):
    """Leaf-like areas: brown lobes at the margin, each a fan of fingers."""
    fingers = np.cos(outline.angle * rng.integers(7, 12) + 1.6 * fields.cloud(rng, 50, 3))
    lobes = kit.smoothstep(outline.radius + 0.12 * fingers + 0.06 * fields.cloud(rng, 10, 2), 1.15, 0.85)
    inner = kit.smoothstep(outline.radius, 0.55, 0.85)
    part = kit.smoothstep(fields.cloud(rng, 70, 3), 0.0, 0.9)
    return rng.uniform(0.2, 0.7) * kit.blur(lobes, 1.0) * inner * part * (1 + 0.2 * fields.cloud(rng, 10, 2))


def _ulcer(rng, outline: Outline, chance: float):
    """A raw or crusted spot off the middle: bright red, with a dark clot."""
    if rng.random() > chance:
        return 0.0, []
    (cy, cx), *_ = strokes.strew(rng, kit.smoothstep(outline.radius, 0.6, 0.2), 1)
    big = outline.half * rng.uniform(0.12, 0.32)
    away = kit.ellipse(fields.Y, fields.X, (cy, cx), (big, big * rng.uniform(0.6, 1)), rng.uniform(0, np.pi))
    raw = kit.smoothstep(away + 0.16 * fields.cloud(rng, 22, 2.2), 1.15, 0.75)
    crust = rng.uniform(0.2, 1.0) * kit.smoothstep(fields.cloud(rng, 16, 2.2) - away, -1.4, 0.8)
    return rng.uniform(0.5, 1.1) * raw, [(CLOT, np.clip(raw * crust, 0, 1))]
