"""Benign keratoses, and actinic keratosis with Bowen's disease.

Signs: Braun et al., "Dermoscopy of pigmented seborrheic keratosis", Arch Dermatol 138:1556 (2002); Zalaudek et al.,
"Dermoscopy of facial nonpigmented actinic keratosis", Br J Dermatol 155:951 (2006), the strawberry pattern; Zalaudek
et al., "Dermoscopy of Bowen's disease", Br J Dermatol 150:1112 (2004), glomerular vessels and scale.
"""

from __future__ import annotations

import numpy as np

from .. import kit
from . import fields, strokes
from .lesion import Lesion, sizes
from .melanocytic import PEPPER
from .outline import cluster, oval
from .skin import Pigments

CYST = (0.93, 0.84, 0.72)
PLUG = (0.20, 0.12, 0.09)
SCALE = (0.93, 0.86, 0.85)


def benign_keratosis(rng: np.random.Generator) -> Lesion:
    """Seborrhoeic keratosis (cysts and plugs, or ridges and fissures), solar lentigo or lichenoid keratosis."""
    kinds = {
        "milia-like cysts": _warty,
        "fissures": _cerebriform,
        "moth-eaten lentigo": _lentigo,
        "lichenoid": _lichenoid,
    }
    pattern = str(rng.choice(list(kinds), p=[0.38, 0.24, 0.3, 0.08]))
    return kinds[pattern](rng, pattern)


def _warty(rng, pattern):
    """A stuck-on plaque that ends abruptly, with white cysts and brown plugs."""
    outline = oval(rng, sizes(rng, 0.56), rng.uniform(0.04, 0.09))
    body = outline.edge(rng, rng.lognormal(-1.4, 0.5)) * outline.dome(rng)
    depth = rng.lognormal(-0.6, 0.6)
    crust = fields.cloud(rng, 30, 2.2)
    melanin = depth * body * (1 + 0.36 * crust + 0.2 * fields.cloud(rng, 6, 1.4))
    inside = kit.smoothstep(outline.radius, 0.95, 0.8)
    count = int(rng.integers(5, 26))
    cysts = strokes.spots(rng, strokes.strew(rng, inside, count), rng.lognormal(0.5, 0.5, count), 0.15)
    plugs_count = int(rng.integers(3, 18) * min(1, 2 * depth))
    plugs = strokes.spots(rng, strokes.strew(rng, inside, plugs_count), rng.lognormal(0.7, 0.55, plugs_count), 0.3)
    veils = [
        (CYST, rng.uniform(0.45, 0.8) * kit.blur(cysts, rng.uniform(0.8, 1.6))),
        (PLUG, 0.75 * kit.blur(plugs, 0.8)),
    ]
    if rng.random() < 0.3:
        veils.insert(0, ((0.33, 0.30, 0.34), rng.uniform(0.3, 0.65) * kit.smoothstep(crust, -0.8, 2) * body))
    blood = 0.15 * rng.random() * body
    return Lesion(outline, Pigments(melanin, blood, rng.uniform(0.1, 0.5) * body, veils), pattern, rng.uniform(0, 0.6))


def _cerebriform(rng, pattern):
    """Fat ridges between dark fissures, like the surface of a brain."""
    outline = oval(rng, sizes(rng, 0.5), rng.uniform(0.06, 0.12), 0.25)
    body = outline.edge(rng, rng.lognormal(-1.6, 0.4)) * outline.dome(rng)
    gap, value = fields.mosaic(rng, rng.uniform(9, 17), 0.3)
    fissure = kit.blur(kit.smoothstep(gap, 0.28, 0.02), 0.8)
    depth = rng.lognormal(-0.8, 0.6)
    melanin = depth * body * (0.75 + 0.25 * value + 0.2 * fields.cloud(rng, 30, 2.2) + rng.uniform(0.5, 1.1) * fissure)
    return Lesion(outline, Pigments(melanin, 0.1 * body, rng.uniform(0.1, 0.8) * melanin), pattern, rng.uniform(0, 0.4))


def _lentigo(rng, pattern):
    """A flat tan patch with bitten edges and a light, broken network of parallel lines (fingerprinting)."""
    outline = cluster(rng, sizes(rng, 0.62, 0.25), int(rng.integers(3, 6)), rng.uniform(0.09, 0.16))
    bites = fields.ripple(rng, rng.uniform(14, 26), 0.6)
    soft = rng.uniform(0.1, 0.4) * np.exp(0.4 * fields.cloud(rng, 70, 3))
    body = kit.smoothstep((outline.radius + 0.1 * np.maximum(bites, -0.3) - 1.02) / soft, 1, -1)
    prints = kit.smoothstep(fields.ripple(rng, rng.uniform(5, 9), 0.5), -0.9, 1.2)
    holes = 1 - rng.uniform(0.2, 0.75) * kit.smoothstep(fields.cloud(rng, 22, 2.4), 0.1, 1.2)
    melanin = rng.uniform(0.15, 0.55) * body * holes * (0.7 + 0.4 * prints) * (1 + 0.22 * fields.cloud(rng, 30, 2.2))
    return Lesion(outline, Pigments(melanin, 0.03 * body, rng.uniform(0.1, 0.9) * melanin), pattern)


def _lichenoid(rng, pattern):
    """A keratosis on the wane: pink ground, remnants of tan, coarse grey granules."""
    outline = cluster(rng, sizes(rng, 0.58, 0.25), int(rng.integers(2, 5)), rng.uniform(0.1, 0.18))
    body = outline.edge(rng, rng.uniform(0.2, 0.4))
    left = kit.smoothstep(fields.cloud(rng, 40, 2.4), 0.0, 1.2)
    granules = kit.smoothstep(fields.ripple(rng, rng.uniform(4.5, 6), 0.4), 0.5, 1.8)
    melanin = body * (rng.uniform(0.12, 0.3) + rng.uniform(0.3, 0.6) * left) * (1 + 0.2 * fields.cloud(rng, 8, 2))
    grey = body * granules * kit.smoothstep(fields.cloud(rng, 50, 3), -0.4, 1.0)
    blood = rng.uniform(0.05, 0.2) * body * (1 + 0.3 * fields.cloud(rng, 20, 2.2))
    return Lesion(outline, Pigments(melanin, blood, 0.1 * body, [(PEPPER, 0.6 * grey)]), pattern)


def actinic(rng: np.random.Generator) -> Lesion:
    """Actinic keratosis (strawberry or scaly, sometimes pigmented) or Bowen's disease (glomerular vessels)."""
    kinds = {"strawberry": _strawberry, "scaly": _scaly, "glomerular vessels": _bowen}
    pattern = str(rng.choice(list(kinds), p=[0.32, 0.42, 0.26]))
    return kinds[pattern](rng, pattern)


def _strawberry(rng, pattern):
    """White follicles in a red net of vessels; no clear end."""
    outline = oval(rng, sizes(rng, 0.68, 0.22), rng.uniform(0.08, 0.14))
    body = outline.edge(rng, rng.uniform(0.35, 0.6))
    pores = strokes.lattice(rng, rng.uniform(10, 19))
    follicles = kit.blur(strokes.spots(rng, pores, rng.uniform(1.8, 4.5, len(pores)), 0.2), 1.1)
    patchy = kit.smoothstep(fields.cloud(rng, 60, 3), -1.3, 0.8)
    blood = (
        rng.uniform(0.12, 0.42)
        * body
        * (1 - rng.uniform(0.3, 0.7) * patchy * np.clip(kit.blur(follicles, 1.5) * 1.5, 0, 1))
    )
    net = np.exp(-((fields.ripple(rng, rng.uniform(13, 20), 0.5) / 0.35) ** 2))
    blood = blood * (0.85 + 0.3 * fields.cloud(rng, 18, 2.3) + rng.uniform(0, 0.9) * net)
    plugs = kit.blur(strokes.spots(rng, pores[::3], np.full(len(pores[::3]), 1.2), 0.2), 0.7)
    melanin = (
        rng.uniform(0, 0.35) * body * (1 - follicles) * (rng.random() < 0.6) * (1 + 0.3 * fields.cloud(rng, 20, 2.3))
    )
    veils = [
        (SCALE, rng.uniform(0.03, 0.27) * follicles * body * patchy),
        ((0.62, 0.46, 0.34), rng.uniform(0, 0.6) * plugs * body),
    ]
    return Lesion(
        outline,
        Pigments(
            melanin, blood, rng.uniform(0, 0.6) * body * kit.smoothstep(fields.cloud(rng, 50, 2.4), -1, 1.5), veils
        ),
        pattern,
        rng.uniform(0, 0.5),
    )


def _scaly(rng, pattern):
    """A rough pink to tan patch under dirty white and yellow scale."""
    outline = cluster(rng, sizes(rng, 0.62, 0.28), int(rng.integers(2, 5)), rng.uniform(0.09, 0.15), 0.55)
    body = outline.edge(rng, rng.uniform(0.25, 0.5))
    patch = fields.cloud(rng, 30, 2.5)
    blood = rng.uniform(0.05, 0.33) * body * (1 + 0.35 * patch)
    brown = rng.random() < 0.5
    melanin = body * (0.12 + brown * rng.uniform(0.15, 0.5) * kit.smoothstep(fields.cloud(rng, 45, 2.4), -0.2, 1.3))
    flakes = kit.smoothstep(fields.cloud(rng, 12, 2.2), 0.3, 1.4) * kit.smoothstep(fields.cloud(rng, 50, 3), -0.3, 1.2)
    crust = kit.smoothstep(fields.cloud(rng, 22, 2.2), 1.0, 1.9) * kit.smoothstep(outline.radius, 0.9, 0.5)
    veils = [(SCALE, rng.uniform(0.3, 0.7) * flakes * body), ((0.72, 0.52, 0.30), rng.uniform(0, 0.8) * crust)]
    return Lesion(outline, Pigments(melanin, blood, rng.uniform(0.1, 0.5) * body, veils), pattern, rng.uniform(0.2, 1))


def _bowen(rng, pattern):
    """A sharper pink plaque with clusters of coiled vessels, seen as red dots, and white scale."""
    outline = cluster(rng, sizes(rng, 0.6, 0.25), int(rng.integers(2, 4)), rng.uniform(0.06, 0.12), 0.5)
    body = outline.edge(rng, rng.uniform(0.15, 0.3))
    flock = kit.smoothstep(fields.cloud(rng, 45, 3), -0.1, 0.9) * kit.smoothstep(outline.radius, 1, 0.85)
    count = int(rng.integers(60, 170))
    coils = kit.blur(strokes.spots(rng, strokes.strew(rng, flock, count), rng.lognormal(0.35, 0.3, count), 0.4), 0.8)
    blood = rng.uniform(0.1, 0.32) * body * (1 + 0.25 * fields.cloud(rng, 26, 2.5)) + rng.uniform(0.3, 0.8) * coils
    melanin = rng.uniform(0.05, 0.35) * body * kit.smoothstep(fields.cloud(rng, 40, 2.5), -0.5, 1.2)
    flakes = kit.smoothstep(fields.cloud(rng, 14, 2.2), 0.6, 1.5) * body
    return Lesion(
        outline,
        Pigments(melanin, blood, 0.0, [(SCALE, rng.uniform(0.3, 0.7) * flakes)]),
        pattern,
        rng.uniform(0.2, 0.9),
    )
