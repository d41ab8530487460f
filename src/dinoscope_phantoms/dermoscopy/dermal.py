"""Dermatofibroma, and vascular lesions: angioma, angiokeratoma, haemorrhage, pyogenic granuloma.

Signs: Zaballos et al., "Dermoscopy of dermatofibromas", Arch Dermatol 144:75 (2008), the central white patch and the
delicate peripheral network; Zaballos et al., "Dermoscopy of solitary angiokeratomas", Arch Dermatol 143:318 (2007),
dark lacunae; Wolf, "Dermoscopic diagnosis of vascular lesions", Clin Dermatol 20:273 (2002), lacunae.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import kit
from . import fields, strokes
from .lesion import Lesion, sizes
from .outline import oval
from .skin import Pigments

SCAR = (0.93, 0.82, 0.82)
YOLK = (0.84, 0.68, 0.54)
JET = (0.08, 0.04, 0.09)


def dermatofibroma(rng: np.random.Generator) -> Lesion:
    """A round button that fades into the skin: pink, violet or brown, most with a scar-like pale middle."""
    pattern = str(
        rng.choice(["central white patch", "white network", "delicate network", "pink"], p=[0.34, 0.24, 0.16, 0.26])
    )
    outline = oval(rng, sizes(rng, 0.63, 0.25), rng.uniform(0.01, 0.04), 0.1, 3.2)
    radius = outline.radius + rng.uniform(0.03, 0.09) * fields.cloud(rng, 60, 3.2)
    # Deep in the dermis and out of focus: the colour ends well beyond what one would draw round.
    dome = kit.smoothstep(radius, rng.uniform(1.25, 1.6), rng.uniform(0.0, 0.5))
    ring = np.exp(-(((radius - rng.uniform(0.5, 0.75)) / rng.uniform(0.25, 0.4)) ** 2))
    shape = (0.8 * dome if pattern in ("pink", "delicate network") else 0.4 * dome + 0.5 * ring) * (
        1 + 0.12 * fields.cloud(rng, 40, 3)
    )
    fine = 1 + rng.uniform(0.1, 0.5) * (fields.honeycomb(rng, rng.uniform(5, 7), rng.uniform(5, 9)) - 0.5)
    brown = rng.uniform(0.05, 0.2) if pattern == "pink" else rng.uniform(0.12, 0.5)
    melanin = brown * shape * (fine if pattern == "delicate network" else 1)
    blood = rng.uniform(0.15, 0.5) * (0.6 * shape + 0.4 * dome) * (1 + 0.12 * fields.cloud(rng, 40, 3))
    keratin = rng.uniform(0.0, 0.6) * melanin - rng.uniform(0.0, 0.6) * blood
    core = outline.radius + 0.08 * fields.cloud(rng, 40, 3)
    patch = kit.smoothstep(core, rng.uniform(0.5, 0.85), rng.uniform(-0.1, 0.15))
    veils = []
    if pattern == "central white patch":
        veils.append((SCAR if rng.random() < 0.6 else YOLK, rng.uniform(0.25, 0.7) * patch))
    if pattern != "delicate network":
        veils.append((SCAR, _shiny_streaks(rng, patch, pattern == "white network")))
    return Lesion(outline, Pigments(melanin, blood, keratin, veils), pattern, rng.uniform(0, 0.3), 0.6)


def _shiny_streaks(rng, patch, many):
    """White lines of polarised light in the scar, short and crossing."""
    ways = rng.uniform(0, np.pi) + np.array([0, 0.5, 0.33]) * np.pi
    paths = [
        (strokes.curve(rng, at, rng.choice(ways) + rng.normal(0, 0.25), rng.lognormal(-2.4, 0.5), 0.3), 0.8, 0.5)
        for at in strokes.strew(rng, patch**2, int(rng.integers(40, 110) if many else rng.integers(0, 14)))
    ]
    return rng.uniform(0.35, 0.8) * kit.blur(strokes.lines(paths), 0.5) + 0.15 * patch * many


def vascular(rng: np.random.Generator) -> Lesion:
    """Lacunae (angioma, angiokeratoma), a bleeding into the skin, or a raw red nodule; sharply bounded."""
    kinds = {
        "red lacunae": _angioma,
        "dark lacunae": _angiokeratoma,
        "haemorrhage": _bleeding,
        "collarette": _granuloma,
    }
    pattern = str(rng.choice(list(kinds), p=[0.54, 0.22, 0.1, 0.14]))
    return kinds[pattern](rng, pattern)


def _lakes(rng, outline, spacing):
    """Lacunae as rounded pools that bulge the rim: the lobed outline, the pools, and how deep each one lies."""
    gap, value = fields.mosaic(rng, spacing, 0.25)
    pools = kit.blur(kit.smoothstep(gap, 0.0, 0.5), 0.08 * spacing + 0.6)
    lobed = replace(outline, radius=outline.radius + rng.uniform(0.02, 0.2) * (0.7 - pools))
    return lobed, pools, kit.blur(value, 0.1 * spacing + 0.5)


def _angioma(rng, pattern):
    outline = oval(rng, sizes(rng, 0.34, 0.5), rng.uniform(0.02, 0.05), 0.12, 3.6)
    outline, pools, value = _lakes(rng, outline, outline.half * 128 * rng.uniform(0.3, 0.6))
    body = outline.edge(rng, rng.uniform(0.2, 0.45), 0.0)
    depth, uneven = rng.uniform(0.7, 1.7), rng.uniform(0.1, 0.4)
    blood = body * (depth * (1.05 - uneven + uneven * (pools + value)) + 0.1 * fields.cloud(rng, 14, 2.4))
    blood = blood + rng.uniform(0.04, 0.25) * outline.fill(0.8)
    melanin = body * pools * rng.uniform(0, 0.35) * (0.5 + value)
    milk = ((0.80, 0.55, 0.62), rng.uniform(0.0, 0.35) * body * (1 - pools))
    violet = ((0.38, 0.14, 0.38), rng.uniform(0, 0.6) * body * pools * kit.smoothstep(value, 0.2, 0.9))
    return Lesion(outline, Pigments(melanin, blood, -rng.uniform(0.2, 0.55) * blood, [violet, milk]), pattern)


def _angiokeratoma(rng, pattern):
    outline = oval(rng, sizes(rng, 0.42, 0.4), rng.uniform(0.02, 0.05), 0.12, 3.6)
    outline, pools, value = _lakes(rng, outline, outline.half * 128 * rng.uniform(0.3, 0.5))
    body = outline.edge(rng, rng.uniform(0.2, 0.5))
    blood = body * rng.uniform(0.7, 1.3) * (1.0 + 0.6 * pools) + rng.uniform(0.1, 0.35) * outline.fill(0.8)
    ink = body * pools * (0.5 + 0.5 * value)
    haze = body * kit.smoothstep(fields.cloud(rng, 50, 3), -0.6, 1.8)
    veils = [((0.15, 0.11, 0.22), 0.75 * kit.blur(ink, 2.0)), ((0.55, 0.52, 0.66), rng.uniform(0.2, 0.65) * haze)]
    return Lesion(outline, Pigments(0.1 * body, blood, -0.5 * blood, veils), pattern, rng.uniform(0, 0.6))


def _bleeding(rng, pattern):
    """Blood in the horny layer: red-black, structureless, with satellite globules."""
    outline = oval(rng, sizes(rng, 0.35, 0.35), rng.uniform(0.02, 0.05), 0.12, 3.6)
    body = outline.edge(rng, rng.uniform(0.08, 0.25))
    deep = kit.smoothstep(outline.radius + 0.22 * fields.cloud(rng, 40, 2.8), 0.95, rng.uniform(0.1, 0.5))
    near = np.exp(-(((outline.radius - 1.1) / 0.12) ** 2))
    count = int(rng.integers(3, 14))
    drops = kit.blur(strokes.spots(rng, strokes.strew(rng, near, count), rng.lognormal(0.8, 0.4, count), 0.3), 0.8)
    blood = rng.uniform(1.1, 2.2) * body + 1.0 * drops + 0.15 * outline.fill(0.6)
    black = rng.uniform(0.2, 0.8) * kit.blur(deep, 1.5) * (0.9 + 0.1 * fields.cloud(rng, 14, 2.4))
    return Lesion(outline, Pigments(0.1 * body, blood, -0.5 * blood, [(JET, black)]), pattern, rng.uniform(0, 0.4))


def _granuloma(rng, pattern):
    """A glistening red nodule in a white collar."""
    outline = oval(rng, sizes(rng, 0.33, 0.35), rng.uniform(0.03, 0.07))
    body = kit.smoothstep(outline.radius, 0.88, 0.74)
    ring = np.exp(-(((outline.radius - 0.92) / 0.12) ** 2))
    collar = ring * kit.smoothstep(fields.cloud(rng, 50, 3), -1.5, 1)
    lobes = kit.smoothstep(np.abs(fields.cloud(rng, 30, 3)), 0.12, 0.0)
    blood = rng.uniform(0.9, 1.7) * body * (1 + 0.18 * fields.cloud(rng, 18, 2.3)) + 0.25 * outline.fill(0.8)
    veils = [
        ((0.95, 0.86, 0.86), rng.uniform(0.15, 0.5) * collar),
        ((0.92, 0.70, 0.72), rng.uniform(0.1, 0.5) * lobes * body),
    ]
    return Lesion(outline, Pigments(0.05 * body, blood, -0.25 * blood, veils), pattern, rng.uniform(0, 0.4))
