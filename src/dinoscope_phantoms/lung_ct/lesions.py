"""Lung tumours on CT: an adenocarcinoma, a large cell and a squamous cell carcinoma in their usual guise.

The signs follow Webb & Higgins, "Thoracic Imaging", 3rd ed. (2017), chapter 3, and Travis et al., J Thorac
Oncol 6:244 (2011) for the ground glass of lepidic adenocarcinoma.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .. import kit
from ..chest_shapes import blob, open_curve, ribbon
from .slice import Slice

Tumour = tuple[np.ndarray, dict[str, float | str]]


def adenocarcinoma(rng: np.random.Generator, scene: Slice) -> Tumour:
    """A peripheral nodule with spicules and pleural tags, or a ground-glass one with a solid core."""
    radius = float(rng.uniform(1.1, 2.3))
    spot, side = _site(rng, scene, radius + rng.uniform(0.0, 0.9), "rib")
    kind = str(rng.choice(["spiculated", "ground glass", "lobulated"], p=[0.5, 0.3, 0.2]))
    cover = np.zeros_like(scene.hu)
    if kind == "ground glass":
        radius *= 1.3
        veil = scene.frame.coverage(blob(rng, spot, radius, 0.12, 10, 1.2), 2.2)
        veil = np.clip(veil * (0.8 + 0.25 * kit.fractal(rng, scene.frame.size, 9, 3)), 0, 1)
        _fill(rng, scene, veil * 0.42, 20.0)
        cover = np.maximum(cover, veil)
        radius *= rng.uniform(0.25, 0.6)
    body = scene.frame.coverage(
        blob(rng, spot, radius, 0.16 if kind == "lobulated" else 0.11, 12, rng.uniform(1, 1.35)), 0.8
    )
    if kind != "lobulated":
        body = np.maximum(body, _spicules(rng, scene, spot, radius, int(rng.integers(7, 20))))
    body = np.maximum(body, _pleural_tag(rng, scene, spot, radius))
    if rng.random() < 0.35:
        for _ in range(rng.integers(1, 4)):
            hole = scene.frame.coverage(
                blob(rng, tuple(np.add(spot, rng.normal(0, radius * 0.35, 2))), rng.uniform(0.1, 0.22), 0.1),
                0.6,
            )
            body = body * (1 - 0.75 * hole)
    _fill(rng, scene, body, rng.uniform(15, 60))
    cover = np.maximum(cover, body)
    return _finish(scene, cover), {"site": f"{side} peripheral", "margin": kind}


def large_cell(rng: np.random.Generator, scene: Slice) -> Tumour:
    """A large smooth mass with necrotic patches: broad on the ribs, far back, or bulky on the mediastinum."""
    place = str(rng.choice(["rib", "back", "mediastinum"], p=[0.35, 0.3, 0.35]))
    radius = float(rng.uniform(2.0, 3.5))
    spot, side = _site(rng, scene, radius * rng.uniform(0.5, 0.95), place)
    outline = blob(rng, spot, radius, 0.07, 7, rng.uniform(1.1, 1.6))
    cover = scene.frame.coverage(outline, 0.9)
    cover = np.maximum(cover, _spicules(rng, scene, spot, radius, int(rng.integers(0, 7))) * 0.8)
    size = scene.frame.size
    necrosis = kit.smoothstep(kit.fractal(rng, size, size / 14, 3), 0.2, 1.3) * scene.frame.coverage(
        blob(rng, spot, radius * 0.7, 0.15), 4
    )
    _fill(rng, scene, cover, rng.uniform(40, 75) - 35 * necrosis)
    return _finish(scene, cover), {"site": f"{side} {_NAMES[place]}", "margin": "smooth"}


def squamous(rng: np.random.Generator, scene: Slice) -> Tumour:
    """A mass at the hilum or beside the spine, often with consolidated lung behind a blocked bronchus, some hollow."""
    place = str(rng.choice(["hilum", "spine", "rib"], p=[0.5, 0.38, 0.12]))
    radius = float(rng.uniform(1.7, 2.8))
    spot, side = _site(rng, scene, radius * rng.uniform(0.35, 0.8), place)
    behind = bool(place != "rib" and rng.random() < 0.65)
    if behind:
        _collapse(rng, scene, spot, side)
    cover = scene.frame.coverage(blob(rng, spot, radius, 0.13, 10, rng.uniform(1, 1.5)), 0.9)
    cover = np.maximum(cover, _spicules(rng, scene, spot, radius, int(rng.integers(4, 10))))
    cavity = bool(rng.random() < {"hilum": 0.08, "spine": 0.3, "rib": 0.5}[place])
    _fill(rng, scene, cover, rng.uniform(30, 65))
    if cavity:
        within = tuple(np.add(spot, rng.normal(0, 0.25 * radius, 2)))
        hole = scene.frame.coverage(blob(rng, within, radius * rng.uniform(0.3, 0.5), 0.16, 8, 1.5), 0.8)
        scene.hu += (-930 - scene.hu) * hole * np.clip(cover * _room(scene) * 2 - 0.6, 0, 1)
    mask = _finish(scene, cover)
    return mask, {
        "site": f"{side} {_NAMES[place]}",
        "margin": "lobulated",
        "cavity": "yes" if cavity else "no",
        "obstruction": "yes" if behind else "no",
    }


TUMOURS = {
    "adenocarcinoma": adenocarcinoma,
    "large_cell_carcinoma": large_cell,
    "squamous_cell_carcinoma": squamous,
}


_NAMES = {
    "hilum": "hilum",
    "mediastinum": "mediastinal",
    "spine": "paravertebral",
    "back": "peripheral",
    "rib": "peripheral",
}
_ARCS = {"rib": (10, 68), "back": (44, 76), "spine": (68, 82)}
"""Stretches of the pleura's outline, from the breastbone (0) along the ribs to the spine (80)."""
_HEIGHTS = {"hilum": (-0.5, 3.5), "mediastinum": (-5.0, 0.5)}
"""Where along the mediastinum a mass may sit [cm]."""


def _site(rng: np.random.Generator, scene: Slice, inset: float, place: str) -> tuple[tuple[float, float], str]:
    """A centre [cm] in one lung: `inset` from the pleura of a stretch of ribs or spine, or from the mediastinum."""
    side = str(rng.choice(["right", "left"], p=[0.5, 0.5]))
    sign = -1 if side == "right" else 1
    if place in _HEIGHTS:
        for y in rng.permutation(np.linspace(*_HEIGHTS[place], 11)):
            x = scene.medial_border(sign, float(y))
            if x is not None and x < 8:
                return (sign * (x + inset), float(y)), side
        place = "spine"
    first, last = _ARCS[place]
    point = scene.pleura[side][rng.integers(first, last)]
    inward = np.array([sign * 5.8, 1.0]) - point
    return tuple(point + inward / np.linalg.norm(inward) * inset), side


def _spicules(
    rng: np.random.Generator, scene: Slice, spot: tuple[float, float], radius: float, count: int
) -> np.ndarray:
    """Fine strands that run from the rim into the lung and fade."""
    cover = np.zeros_like(scene.hu)
    for angle in rng.uniform(0, 2 * np.pi, count):
        reach = radius + rng.gamma(1.6, 0.3)
        along = np.array([radius * 0.55, (radius + reach) / 2, reach])
        bend = angle + np.array([0, rng.normal(0, 0.06), rng.normal(0, 0.2)])
        path = open_curve(np.stack([spot[0] + along * np.cos(bend), spot[1] + along * np.sin(bend)], axis=1), 5)
        width = np.geomspace(rng.uniform(0.3, 0.75), 0.07, len(path)) * min(1.3, 0.6 + radius / 3)
        window, share = scene.frame.cover(ribbon(path, width), 0.6)
        cover[window] = np.maximum(cover[window], share * rng.uniform(0.55, 1.0))
    return cover


def _pleural_tag(rng: np.random.Generator, scene: Slice, spot: tuple[float, float], radius: float) -> np.ndarray:
    """A strand or two to the nearest pleura."""
    cover = np.zeros_like(scene.hu)
    lines = np.concatenate(list(scene.pleura.values()))
    order = np.argsort(np.linalg.norm(lines - spot, axis=1))
    for k in range(rng.integers(1, 4)):
        target = lines[order[int(rng.integers(0, 6)) + 4 * k]]
        if np.linalg.norm(target - spot) > radius + 2.5:
            continue
        path = open_curve(np.stack([spot, (np.add(spot, target)) / 2 + rng.normal(0, 0.1, 2), target]), 5)
        window, share = scene.frame.cover(ribbon(path, np.linspace(0.3, 0.12, len(path))), 0.5)
        cover[window] = np.maximum(cover[window], share)
    return cover


def _collapse(rng: np.random.Generator, scene: Slice, spot: tuple[float, float], side: str) -> None:
    """Consolidated lung between the blocked bronchus and the pleura behind it, airy towards its edge."""
    pleura = scene.pleura[side]
    start = int(rng.integers(46, 62))
    arc = pleura[start : start + rng.integers(12, 22)]
    size = scene.frame.size
    patch = scene.frame.coverage(np.concatenate([[np.array(spot)], arc]), rng.uniform(1.5, 6.0))
    patchy = np.clip(rng.uniform(0.3, 0.8) + 0.4 * kit.fractal(rng, size, size / 16, 5, 0.75), 0, 1)
    _fill(rng, scene, patch * patchy * rng.uniform(0.6, 1.0), 35.0)


def _fill(rng: np.random.Generator, scene: Slice, cover: np.ndarray, value: np.ndarray | float) -> None:
    """Replace lung by tissue of `value` Hounsfield units where `cover` is 1; other organs keep their place."""
    tissue = value + 8 * kit.fractal(rng, scene.frame.size, 12, 3)
    scene.hu += (tissue - scene.hu) * cover * _room(scene)


def _room(scene: Slice) -> np.ndarray:
    """Where a tumour may lie: the lungs with their vessels and airways, but neither heart nor chest wall."""
    reach = 0.45 * float(np.mean(scene.frame.scale))
    closed = kit.smoothstep(kit.blur(scene.lung, reach), 0.42, 0.58)
    return np.maximum(np.clip(2.5 * kit.blur(scene.lung, 0.8), 0, 1), closed)


def _finish(scene: Slice, cover: np.ndarray) -> np.ndarray:
    """The mask: the largest piece of what was covered, without gaps; the lung gives way to it."""
    pieces, count = ndimage.label(cover * _room(scene) > 0.4)
    mask = np.zeros(cover.shape, bool)
    if count:
        mask = ndimage.binary_fill_holes(pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:]))
    scene.lung[mask] = 0
    return mask
