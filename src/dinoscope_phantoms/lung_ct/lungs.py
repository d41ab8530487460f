"""Chest CT: aerated lung, its fissures, and its vessels, grown in three dimensions and cut by the slice."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from .. import kit
from ..chest_shapes import OVERSAMPLE, closed_curve, grow_tree, open_curve, ribbon
from .slice import Slice, pleura_outline


def draw_lungs(rng: np.random.Generator, scene: Slice) -> None:
    """Aerated lung with dependent density, emphysema, fissures, on either side of the mediastinal fat."""
    size, person, frame = scene.frame.size, scene.person, scene.frame
    y, _ = kit.grid(size)
    air = person.air + 22 * kit.fractal(rng, size, size / 12, 4, 0.6) + person.sink * kit.smoothstep(y, -0.3, 0.75)
    air += 24 * np.abs(kit.noise(rng, size, 2.5))
    if person.emphysema > 0:
        air -= 90 * person.emphysema * kit.smoothstep(kit.fractal(rng, size, size / 16, 3), 0.4, 1.4)
    air = np.maximum(air, -985).astype(np.float32)
    base = pleura_outline(person)
    for side, name in ((-1, "right"), (1, "left")):
        points = base * (side, person.depth) * rng.normal(1, 0.012, (1, 2)) + rng.normal(0, 0.09, base.shape)
        pleura = closed_curve(points)
        scene.pleura[name] = pleura
        frame.paint(scene.hu, pleura, air, 0.55)
        frame.paint(scene.lung, pleura, 1.0, 0.55)
        _fissure(rng, scene, side)


def _fissure(rng: np.random.Generator, scene: Slice, side: int) -> None:
    """The oblique fissure as a hairline, or as a veil where it lies almost in the plane of the slice."""
    level = scene.person.level
    along = np.interp(level, [0, 1, 2, 3, 4], [5.0, 4.8, 2.0, -3.0, -5.5]) + rng.normal(0, 0.5)
    path = open_curve(
        np.array([(2, along + 0.3), (5, along - 0.6), (8.5, along - 0.5), (13, along + 1.4)]) * (side, 1), 10
    )
    veil = np.zeros_like(scene.hu)
    scene.frame.paint(veil, ribbon(path, rng.uniform(0.1, 0.2)), rng.uniform(70, 200), 0.5)
    if rng.random() < 0.4:
        scene.frame.add(veil, ribbon(path, rng.uniform(1, 2)), rng.uniform(15, 40), 3)
    scene.hu += veil * scene.lung


def draw_vessels(rng: np.random.Generator, scene: Slice) -> None:
    """Arteries and veins of both lungs: grown in three dimensions from the hilum, then cut by the slice."""
    height = np.interp(scene.person.level, [0, 1, 2, 3, 4], [-5.5, -3.2, -0.8, 1.6, 4.2])
    size = scene.frame.size
    big = np.zeros((size * OVERSAMPLE, size * OVERSAMPLE), np.uint8)
    image = Image.fromarray(big)
    pen = ImageDraw.Draw(image)
    for side in (-1, 1):
        for _ in range(2):
            root = np.array([side * rng.uniform(3.0, 3.8), rng.uniform(-0.6, 1.2), -height])
            _slice_tree(rng, scene, pen, root, side)
    vessel = np.asarray(image.reduce(OVERSAMPLE), np.float32) / 255
    vessel = kit.blur(vessel, 0.45)
    blood = 0.35 * scene.person.blood + 20
    scene.hu += (blood - scene.hu) * vessel * scene.lung


def _slice_tree(rng: np.random.Generator, scene: Slice, pen: ImageDraw.ImageDraw, root: np.ndarray, side: int) -> None:
    """Draw the part of one vascular tree that lies in a slab about z = 0."""
    points = _inside(rng, scene, side, 620)
    tree = grow_tree(root, points, 0.5)
    radius = np.minimum(tree.radius(0.05, 2.35), 0.6)
    a, b = tree.nodes[tree.parent[1:]], tree.nodes[1:]
    ra, rb = radius[1:], radius[1:] * 0.9
    slab = scene.person.slab + rb
    near = np.minimum(np.abs(a[:, 2]), np.abs(b[:, 2])) < slab
    near |= np.sign(a[:, 2]) != np.sign(b[:, 2])
    a, b, ra, rb, slab = a[near], b[near], ra[near], rb[near], slab[near]
    dz = b[:, 2] - a[:, 2]
    dz = np.where(np.abs(dz) < 1e-6, 1e-6, dz)
    t0, t1 = (-slab - a[:, 2]) / dz, (slab - a[:, 2]) / dz
    lo, hi = np.clip(np.minimum(t0, t1), 0, 1), np.clip(np.maximum(t0, t1), 0, 1)
    start, end = a + lo[:, None] * (b - a), a + hi[:, None] * (b - a)
    mid = np.abs(start[:, 2] + end[:, 2]) / 2
    light = np.clip((ra / 0.14) ** 0.8, 0.22, 1) * np.clip(1.25 - mid / (slab + 1e-6), 0.25, 1)
    p, q = scene.frame.pixels(start[:, :2]) * OVERSAMPLE, scene.frame.pixels(end[:, :2]) * OVERSAMPLE
    scale = OVERSAMPLE * float(np.mean(scene.frame.scale))
    for i in np.argsort(light, kind="stable"):
        width = max(2.0, 2 * ra[i] * scale)
        shade = int(255 * light[i])
        pen.line([tuple(p[i]), tuple(q[i])], fill=shade, width=round(width))
        for end_point in (p[i], q[i]):
            pen.ellipse([*(end_point - width / 2), *(end_point + width / 2)], fill=shade)


def _inside(rng: np.random.Generator, scene: Slice, side: int, count: int) -> np.ndarray:
    """Random points [M, 3] of one lung within 4.5 cm of the slice, denser near the plane that will be seen."""
    outline = scene.pleura["left" if side > 0 else "right"]
    low, high = outline.min(0), outline.max(0)
    xy = rng.uniform(low, high, (count * 2, 2))
    keep = _contains(outline, xy)
    xy = xy[keep][:count]
    z = rng.normal(0, 2.2, len(xy))
    return np.column_stack([xy, z])


def _contains(outline: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Which points [N, 2] lie inside a closed outline [M, 2] (ray casting)."""
    a, b = outline, np.roll(outline, -1, 0)
    x, y = points[:, 0:1], points[:, 1:2]
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    slope = (b[:, 0] - a[:, 0]) / np.where(b[:, 1] == a[:, 1], 1e-9, b[:, 1] - a[:, 1])
    return (np.where(crosses, a[:, 0] + (y - a[:, 1]) * slope, -np.inf) > x).sum(1) % 2 == 1
