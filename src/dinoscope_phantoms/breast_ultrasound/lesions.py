"""Breast masses on ultrasound: fibroadenomas and cysts, and carcinomas with the signs of the BI-RADS lexicon.

Signs after the ACR BI-RADS Atlas, 5th ed. (2013), Ultrasound, section III (shape, orientation, margin, echo pattern,
posterior features, calcifications), and Stavros et al., Radiology 196:123 (1995).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .. import kit
from .anatomy import Person
from .outline import MARGINS, Outline, place
from .scene import FAT, Scene
from .textures import interfaces, sheet, weave, worn

Facts = dict[str, float | str]


def benign(rng: np.random.Generator, scene: Scene, person: Person) -> tuple[np.ndarray, Facts]:
    """An oval, circumscribed, parallel mass that pushes the layers aside."""
    kind = str(rng.choice(["fibroadenoma", "cyst"], p=[0.68, 0.32]))
    area = float(np.clip(rng.lognormal(np.log(0.042 if kind == "fibroadenoma" else 0.022), 0.65), 0.006, 0.2))
    long = float(np.clip(rng.normal(1.55, 0.3), 1.1, 2.4) if kind == "fibroadenoma" else rng.uniform(1.0, 1.6))
    shape = "lobulated" if kind == "fibroadenoma" and rng.random() < 0.4 else "oval"
    mass = place(rng, scene, person, area, long, MARGINS[shape])
    _push(scene, mass, rng.uniform(0.3, 0.6))
    around = _surrounding(scene, mass)
    if kind == "cyst":
        haze = kit.smoothstep(mass.rho, 0.2, 1.0) * kit.smoothstep(scene.y - mass.centre[0], 0.0, -mass.radii[0])
        level: np.ndarray | float = -60 + rng.uniform(5, 18) * haze
        boost, soft = rng.uniform(5, 11), rng.uniform(0.01, 0.02)
    else:
        drop = rng.uniform(8.5, 15)
        level = min(around, FAT + 3) - drop + rng.uniform(1.5, 4) * weave(rng, scene.size, scene.y, 0.05, 2.0)
        level = level + rng.uniform(0.5, 2.5) * sheet(rng, scene.size, 0.08, 0.1)
        boost, soft = rng.uniform(-1, 8), rng.uniform(0.012, 0.03)
    cover = mass.cover(soft)
    scene.lay(level, cover)
    if kind == "fibroadenoma" and rng.random() < 0.5:
        bands = interfaces(sheet(rng, scene.size, 0.07, 0.2), 1.0) * cover
        scene.shine(bands * kit.smoothstep(mass.rho, 0.95, 0.7), rng.uniform(-32, -25))
    _capsule(rng, scene, mass, kind)
    _transmit(rng, scene, mass, -boost, 0.15)
    _edge_shadows(rng, scene, mass, rng.uniform(2, 8))
    return mass.rho < 1, {
        "kind": kind,
        "shape": shape,
        "margin": "circumscribed",
        "echo_pattern": "anechoic" if kind == "cyst" else "hypoechoic",
        "posterior": "enhancement" if boost > 3 else "none",
        "calcifications": "no",
    }


def malignant(rng: np.random.Generator, scene: Scene, person: Person) -> tuple[np.ndarray, Facts]:
    """An irregular, markedly dark mass with a hostile margin, an echogenic halo and mostly a shadow behind."""
    margin = str(rng.choice(["spiculated", "angular", "microlobulated", "indistinct"], p=[0.32, 0.2, 0.18, 0.3]))
    area = float(np.clip(rng.lognormal(np.log(0.14), 0.5), 0.03, 0.36))
    long = float(np.exp(rng.normal(0.2, 0.28)))
    mass = place(rng, scene, person, area, long, MARGINS[margin])
    _push(scene, mass, -rng.uniform(0.05, 0.15))
    around = _surrounding(scene, mass)
    halo = rng.uniform(4, 10) * kit.smoothstep(mass.rho, 1 + rng.uniform(0.35, 0.8), 1.0)
    above = kit.smoothstep(scene.y - mass.centre[0], 1.2 * mass.radii[0], -0.2 * mass.radii[0])
    scene.echo += halo * above * worn(rng, scene.size, 0.7)
    if margin == "spiculated":
        _strands(rng, scene, mass)
    width = {"spiculated": 0.08, "angular": 0.08, "microlobulated": 0.07, "indistinct": 0.15}[margin]
    soft = width * np.exp(0.5 * sheet(rng, scene.size, 0.15, 0.15) + 2 * (scene.y - mass.centre[0]))
    level = max(around, FAT) - rng.uniform(8.5, 14.5) + rng.uniform(2.5, 5) * sheet(rng, scene.size, 0.08, 0.1)
    level = level + rng.uniform(2.5, 5) * weave(rng, scene.size, scene.y, 0.05, 1.4, skew=0.15)
    # The rim, where tumour and tissue interlock, sends more back than the core.
    level = level + rng.uniform(3, 9) * kit.smoothstep(mass.rho, 0.35, 1.0)
    scene.lay(level, mass.cover(soft) * rng.uniform(0.88, 1))
    behind = str(rng.choice(["shadowing", "none", "enhancement"], p=[0.62, 0.23, 0.15]))
    change = {"shadowing": rng.uniform(9, 20), "none": 0.0, "enhancement": -rng.uniform(4, 9)}[behind]
    _transmit(rng, scene, mass, change, 0.45)
    calcified = bool(rng.random() < 0.35)
    if calcified:
        _calcifications(rng, scene, mass)
    return mass.rho < 1, {
        "kind": "carcinoma",
        "shape": "irregular",
        "margin": margin,
        "echo_pattern": "heterogeneous",
        "posterior": behind,
        "calcifications": "yes" if calcified else "no",
    }


MASSES = {"benign": benign, "malignant": malignant}


def _push(scene: Scene, mass: Outline, amount: float) -> None:
    """Bend the tissue around a mass: outwards where it grows by displacing, inwards where it retracts."""
    near = amount * np.exp(-(np.maximum(mass.rho - 1, 0) / 0.45)) * kit.smoothstep(mass.rho, 0, 0.6)
    skin = kit.smoothstep(scene.y, 0.03, 0.12)
    scale = mass.radius / (mass.rho * mass.radius + 0.3 * mass.radius)
    scene.move(-near * (scene.y - mass.centre[0]) * scale * skin, -near * (scene.x - mass.centre[1]) * scale * skin)


def _surrounding(scene: Scene, mass: Outline) -> float:
    """Mean echo level [dB] of the tissue at the flanks of a mass."""
    ring = (mass.rho > 1) & (mass.rho < 1.5) & (np.abs(scene.y - mass.centre[0]) < 0.7 * mass.radii[0])
    return float(scene.echo[ring].mean())


def _capsule(rng: np.random.Generator, scene: Scene, mass: Outline, kind: str) -> None:
    """Thin bright lines where the margin faces the beam, the far one brighter behind a cyst."""
    line = interfaces((mass.rho - 1.0) * mass.radius * scene.size, rng.uniform(0.9, 1.5))
    fade = worn(rng, scene.size, 0.5)
    behind = scene.y > mass.centre[0]
    bonus = 6 if kind == "cyst" else 0
    scene.shine(line * fade * ~behind, -18 + rng.uniform(-5, 2))
    scene.shine(line * fade * behind, -18 + bonus + rng.uniform(-5, 2))


def _strands(rng: np.random.Generator, scene: Scene, mass: Outline) -> None:
    """Straightened ligaments around a mass that retracts: dark strands and bright fat between them, both radial."""
    table = ndimage.gaussian_filter1d(rng.standard_normal(720), rng.uniform(6, 11), mode="wrap")
    angle = np.arctan2(scene.y - mass.centre[0], scene.x - mass.centre[1])
    turns = (angle + np.pi) / (2 * np.pi) * 720 + 6 * sheet(rng, scene.size, 0.1, 0.1)
    ray = np.interp(turns, np.arange(720), table / table.std(), period=720)
    reach = kit.smoothstep(mass.rho, rng.uniform(1.6, 2.1), 1.0) * worn(rng, scene.size, 0.7)
    scene.echo += (rng.uniform(3.5, 6) * ray * reach).astype(np.float32)


def _transmit(rng: np.random.Generator, scene: Scene, mass: Outline, decibels: float, uneven: float = 0.0) -> None:
    """Attenuate (or, below 0, enhance) what lies behind the thickest part of a mass by so many decibels."""
    streaky = np.clip(1 + uneven * sheet(rng, scene.size, 2.0, 0.08), 0.1, None)
    scene.loss += decibels / (2 * mass.radii[0]) * mass.cover(0.3 * mass.radius) * streaky


def _edge_shadows(rng: np.random.Generator, scene: Scene, mass: Outline, decibels: float) -> None:
    """Refraction at the flanks of a smooth mass leaves a thin dark line behind each."""
    inside = mass.rho < 1
    columns = np.flatnonzero(inside.any(0))
    for column in columns[[0, -1]]:
        row = np.flatnonzero(inside[:, column]).mean() / scene.size
        line = np.exp(-(((scene.x - (column + 0.5) / scene.size) / rng.uniform(0.012, 0.03)) ** 2))
        scene.loss += decibels / 0.1 * rng.uniform(0.4, 1) * line * ((scene.y > row) & (scene.y < row + 0.1))


def _calcifications(rng: np.random.Generator, scene: Scene, mass: Outline) -> None:
    """Bright points without shadows, in clusters inside a mass."""
    dots = np.zeros_like(scene.echo)
    rows, columns = np.nonzero(mass.rho < 0.8)
    heart = rng.integers(len(rows))
    weight = np.exp(-((rows - rows[heart]) ** 2 + (columns - columns[heart]) ** 2) / (0.07 * scene.size) ** 2)
    for i in rng.choice(len(rows), int(rng.integers(4, 16)), p=weight / weight.sum()):
        dots[rows[i], columns[i]] = rng.uniform(0.15, 1) ** 2
    spot = ndimage.gaussian_filter(dots, (0.5 * scene.size / 224, 0.9 * scene.size / 224))
    scene.shine(spot / (spot.max() + 1e-9), rng.uniform(-14, -8))
