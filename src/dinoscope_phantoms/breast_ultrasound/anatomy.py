"""Breast ultrasound: skin, fat lobules, fibroglandular tissue and chest wall of a breast without a mass.

The order and looks of the layers follow Stavros, "Breast Ultrasound" (2004), chapter 4, and the tissue
compositions of the ACR BI-RADS Atlas, 5th ed. (2013), Ultrasound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import kit
from .scene import DEEP, FAT, GLAND, MUSCLE, SKIN, Scene, empty
from .textures import along, interfaces, lace, lobules, sheet, streaks, weave, worn


@dataclass(frozen=True)
class Person:
    """What one breast brings to the plane.

    Attributes:
        composition: BI-RADS tissue composition: mostly fat, mixed or mostly fibroglandular.
        skin, fat, gland, muscle: depth at which skin, subcutaneous fat and gland end and muscle begins (shares).
        tilt, bow: slope and curvature of the layers.
        fibres, islands: wealth of bright connective tissue and of dark lobules in the gland, 0 to 1.
        rib: whether a rib is cut across.
    """

    composition: str
    skin: float
    fat: float
    gland: float
    muscle: float
    tilt: float
    bow: float
    fibres: float
    islands: float
    rib: bool


def new_person(rng: np.random.Generator, fibrous: float = 1.0, dense: float = 0.35) -> Person:
    """A random breast under a linear probe.

    Args:
        fibrous: scales its bright connective tissue, which wanes with age.
        dense: chance that it is mostly fibroglandular.
    """
    composition = str(
        rng.choice(["fat", "heterogeneous", "fibroglandular"], p=[0.385 * (1 - dense), 0.615 * (1 - dense), dense])
    )
    thin, thick = {"fat": (0.25, 0.7), "heterogeneous": (0.12, 0.35), "fibroglandular": (0.07, 0.2)}[composition]
    fat = float(rng.uniform(thin, thick))
    gland = fat + float(rng.uniform(0.12, 0.25) if composition == "fat" else rng.uniform(0.28, 0.6))
    return Person(
        composition=composition,
        skin=float(rng.uniform(0.025, 0.06)),
        fat=fat,
        gland=gland,
        muscle=gland + float(rng.uniform(0.02, 0.16)),
        tilt=float(rng.normal(0, 0.1)),
        bow=float(rng.normal(0, 0.12)),
        fibres=float(rng.uniform(0.25, 1)) * fibrous,
        islands=float(rng.uniform(0, 1)),
        rib=bool(rng.random() < 0.15),
    )


def draw_breast(rng: np.random.Generator, person: Person, size: int) -> Scene:
    """Draw all layers from the chest wall up to the skin."""
    scene = empty(size)
    v = _dip(rng, scene, person)
    _chest_wall(rng, scene, person, v)
    _gland(rng, scene, person, v)
    _fat(rng, scene, person, v)
    _fibres(rng, scene, person, v)
    _skin(rng, scene, person)
    return scene


def _dip(rng: np.random.Generator, scene: Scene, person: Person) -> np.ndarray:
    """Depth that each pixel has among the layers: they sag, tilt and undulate more the deeper they lie."""
    x, size = scene.x - 0.5, scene.size
    wave = 0.03 * sheet(rng, size, 0.5, 0.4) + 0.014 * sheet(rng, size, 0.25, 0.2) + 0.004 * sheet(rng, size, 0.1, 0.07)
    lift = person.tilt * x + person.bow * (x**2 - 0.08) + wave
    return scene.y + lift * kit.smoothstep(scene.y, 0.0, 0.35)


def _chest_wall(rng: np.random.Generator, scene: Scene, person: Person, v: np.ndarray) -> None:
    """Retromammary fat, pectoral muscle with its fasciae and striations, and below it a rib or the pleura."""
    size = scene.size
    scene.lay(
        FAT + 2.5 * weave(rng, size, v, 0.04, 5) + 3.5 * lace(rng, size, v, 0.03, 4),
        kit.smoothstep(v - person.gland, -0.02, 0.02),
    )
    thick = rng.uniform(0.1, 0.25)
    depth = v - person.muscle
    bottom = depth - thick
    muscle = kit.smoothstep(depth, -0.006, 0.006)
    slant = v + rng.normal(0, 0.12) * (scene.x - 0.5)
    scene.lay(MUSCLE + 4 * weave(rng, size, slant, 0.035, 7, 0.4) + 3.5 * lace(rng, size, slant, 0.025, 7), muscle)
    inside = muscle * kit.smoothstep(bottom, 0.03, -0.03)
    scene.echo += 15 * streaks(rng, size, slant, 0.009, 0.18, rng.uniform(0.4, 1.0)) * inside
    scene.lay(
        DEEP + 3.5 * weave(rng, size, v, 0.04, 5, 0.4) + 3.5 * lace(rng, size, v, 0.04, 5),
        kit.smoothstep(bottom, -0.006, 0.006),
    )
    for edge, level in ((depth, rng.uniform(-20, -13)), (bottom, rng.uniform(-18, -10))):
        scene.shine(interfaces(edge, rng.uniform(0.6, 1.1)) * worn(rng, size, rng.uniform(0.2, 0.7)), level)
        band = np.exp(-((edge / rng.uniform(0.01, 0.025)) ** 2))
        scene.echo += 14 * streaks(rng, size, v, 0.009, 0.12, 0.9) * band
        scene.echo += 5 * band * worn(rng, size, 0.3)
    if person.rib:
        _rib(rng, scene, person.muscle + thick + rng.uniform(0.0, 0.08))


def _rib(rng: np.random.Generator, scene: Scene, depth: float) -> None:
    """A rib cut across: a bright cap over a clean shadow."""
    spot, wide = rng.uniform(0.1, 0.9), rng.uniform(0.12, 0.25)
    cap = depth + (scene.x - spot) ** 2 / wide * rng.uniform(0.2, 0.5) - scene.y
    cap = cap + 0.008 * sheet(rng, scene.size, 0.3, 0.1)
    within = kit.smoothstep(np.abs(scene.x - spot), wide, wide * 0.6)
    broken = worn(rng, scene.size, 0.7)
    scene.shine(np.exp(-((cap / 0.006) ** 2)) * within * broken, -14)
    scene.echo += 9 * np.exp(-((cap / 0.014) ** 2)) * within * broken
    scene.loss += 130 * kit.smoothstep(cap, 0.0, -0.01) * within * kit.smoothstep(cap, -0.15, -0.1)


def _gland(rng: np.random.Generator, scene: Scene, person: Person, v: np.ndarray) -> None:
    """Echogenic stroma in wavy layers, with darker islands of ducts, lobules and fat."""
    size = scene.size
    cover = kit.smoothstep(v - person.gland + 0.03 * sheet(rng, size, 0.08, 0.15), 0.04, -0.04)
    patches = sheet(rng, size, 0.2, 0.28)
    level = GLAND + 2.4 * weave(rng, size, v, rng.uniform(0.03, 0.055)) + 2.0 * patches
    rich = rng.uniform(1, 5) * kit.smoothstep(sheet(rng, size, 0.25, 0.3), -1.8, 1.0)
    level = level + rich * lace(rng, size, v, rng.uniform(0.02, 0.045), rng.uniform(1.8, 4))
    if person.composition == "fat":
        level = level - 4
    thick, flat = rng.uniform(0.016, 0.05), rng.uniform(1.3, 3.5)
    islands = along(sheet(rng, size, thick, thick * flat) + 0.5 * sheet(rng, size, thick / 2, thick * flat / 2), v)
    edge = 1.3 - 1.3 * person.islands - 0.5 * patches
    dark = kit.smoothstep(islands - edge, -0.3, 0.5)
    scene.lay(level - rng.uniform(7, 12) * dark, cover)
    scene.loss += 25 * cover * kit.smoothstep(sheet(rng, size, 0.25, 0.17), -0.2, 1.8)


def _fat(rng: np.random.Generator, scene: Scene, person: Person, v: np.ndarray) -> None:
    """Subcutaneous lobules between Cooper's ligaments, which rise to the skin from the crests of the gland."""
    size = scene.size
    arch = np.sqrt(sheet(rng, size, 2.0, rng.uniform(0.18, 0.4)) ** 2 + 0.08) - 0.8
    floor = person.fat + rng.uniform(0.01, 0.07) * arch + 0.006 * sheet(rng, size, 0.3, 0.06)
    depth = v - floor
    cover = kit.smoothstep(depth, 0.008, -0.008)
    wobble = (
        0.05 * sheet(rng, size, 0.2, 0.25) + 0.012 * sheet(rng, size, 0.06, 0.09),
        0.05 * sheet(rng, size, 0.2, 0.2),
    )
    gap, facing, own = lobules(
        rng, v + wobble[0], scene.x + wobble[1], int(rng.integers(10, 60)), rng.uniform(2.2, 4.2)
    )
    level = FAT + rng.uniform(-2, 3) + 0.8 * own + 1.2 * weave(rng, size, v, 0.06)
    level = level + rng.uniform(0.5, 2.5) * lace(rng, size, v + 0.5 * wobble[0], rng.uniform(0.02, 0.04), 2.5)
    scene.lay(level, cover)
    septa = (
        np.exp(-((gap / (0.004 + 0.0012 * sheet(rng, size, 0.1, 0.1).clip(-2, 2))) ** 2))
        * facing**3
        * worn(rng, size, rng.uniform(0.15, 0.55))
        * cover
    )
    scene.shine(kit.blur(septa.astype(np.float32), 0.35), rng.uniform(-15, -7))
    scene.echo += 4 * np.exp(-((gap / 0.01) ** 2)) * cover
    scene.loss += 40 * np.exp(-((gap / 0.006) ** 2)) * cover * (1 - facing)
    scene.echo += rng.uniform(4, 12) * streaks(rng, size, v, 0.009, 0.035, 0.6) * cover
    crest = np.exp(-((depth / 0.015) ** 2)) * worn(rng, size, 0.6)
    scene.echo += 12 * streaks(rng, size, v, 0.009, 0.07, 0.9) * crest
    scene.echo += 6 * crest
    scene.shine(interfaces(depth, rng.uniform(0.7, 1.3)) * worn(rng, size, rng.uniform(0.3, 0.8)), rng.uniform(-12, -6))


def _fibres(rng: np.random.Generator, scene: Scene, person: Person, v: np.ndarray) -> None:
    """Short bright streaks of connective tissue that run with the layers through everything below the skin."""
    size = scene.size
    below = kit.smoothstep(v - person.fat, -0.06, 0.06)
    for thick, long, level in ((0.008, 0.04, 12), (0.009, 0.08, 14), (0.012, 0.15, 13)):
        scene.echo += level * streaks(rng, size, v, thick, long, person.fibres * rng.uniform(0.4, 1)) * below


def _skin(rng: np.random.Generator, scene: Scene, person: Person) -> None:
    """Two bright lines with the corium between them, under a thin layer of gel with its reverberations."""
    size, y = scene.size, scene.y
    bottom = person.skin + rng.uniform(0.001, 0.006) * sheet(rng, size, 2.0, 0.3) + 0.002 * sheet(rng, size, 2.0, 0.08)
    scene.lay(SKIN - 6 + 3 * weave(rng, size, y, 0.03), kit.smoothstep(y - bottom, 0.004, -0.004))
    for line in (bottom, bottom + rng.uniform(0.015, 0.03) + 0.004 * sheet(rng, size, 2.0, 0.15)):
        share, thick = rng.uniform(0.2, 0.8), rng.uniform(0.003, 0.006)
        scene.shine(np.exp(-(((y - line) / thick) ** 2)) * worn(rng, size, share), rng.uniform(-13, -7))
    scene.shine(np.exp(-((y / rng.uniform(0.004, 0.012)) ** 2)), rng.uniform(-14, -7))
    for step in range(1, 4):
        scene.shine(np.exp(-(((y - step * rng.uniform(0.01, 0.012)) / 0.003) ** 2)), -17 - 3 * step)
    scene.echo += 3 * kit.smoothstep(y, 0.14, 0.02)
