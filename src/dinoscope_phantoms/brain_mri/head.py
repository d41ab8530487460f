"""What every brain MRI slice has: skull, scalp, folded cortex, vessels, cerebellar folia.

The slices place their outlines by hand in millimetres (x to the right of the picture, y down, origin at its
centre) after the proportions in Osborn's Brain (2nd ed., 2017) and Duvernoy's The Human Brain (2nd ed., 1999).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..kit import smoothstep
from .canvas import PX, SIDE, Canvas, both, furrows, jitter, oval, spline, swell, texture


@dataclass(frozen=True)
class Anatomy:
    """What a lesion needs to know of the head it grows in: coverages [SIDE, SIDE] 0 to 1."""

    brain: np.ndarray
    white: np.ndarray


@dataclass(frozen=True)
class Slice:
    """A standard slice: outlines in mm and the function that paints what lies inside the brain.

    `vault` closes round the part of the head where skull and scalp wrap the brain; None for all of it.
    """

    plane: str
    head: np.ndarray
    brain: np.ndarray
    paint: Callable[[Canvas, np.random.Generator, np.ndarray], np.ndarray]
    vault: np.ndarray | None = None
    face: Callable[[Canvas, np.random.Generator], None] | None = None


def paint(canvas: Canvas, rng: np.random.Generator, view: Slice) -> Anatomy:
    """Paint the head of a slice onto the canvas."""
    head = canvas.cover(spline(view.head + rng.normal(0, 0.7, view.head.shape)), soft=0.8)
    brain = canvas.cover(spline(view.brain, count=240), soft=0.6)
    canvas.fill(_soup(canvas, rng), head)
    if view.face is not None:
        view.face(canvas, rng)
        canvas.fill("air", 1 - head)
    vault = head if view.vault is None else head * canvas.cover(spline(view.vault), soft=5)
    _shell(canvas, rng, head, brain, vault)
    white = view.paint(canvas, rng, brain)
    return Anatomy(brain, white)


def _soup(canvas: Canvas, rng) -> np.ndarray:
    """Unnamed soft tissue of face and neck: muscle, fat between its bundles, thin dark septa, vessels."""
    depots = smoothstep(texture(rng, 50, 3), 0.7, 1.6)
    planes = smoothstep(np.abs(texture(rng, 20, 3, 0.6, 3.0)), 0.4, 0.06) * smoothstep(texture(rng, 34), -1.3, 0.2)
    septa = smoothstep(np.abs(texture(rng, 17, 3, 0.65, 3.0)), 0.32, 0.04) * smoothstep(texture(rng, 34), -0.7, 0.5)
    flow = smoothstep(texture(rng, 7, 2), 2.1, 2.8)
    tone = canvas.tone("muscle") * (1.05 + 0.22 * texture(rng, 14, 4, 0.7, 2.0))
    tone = tone + (canvas.tones["fat"] * (0.78 + 0.1 * texture(rng, 10, 2)) - tone) * np.maximum(depots, planes)
    tone = tone * (1 - 0.85 * septa)
    return tone + (canvas.tones["vessel"] - tone) * flow


def _shell(canvas: Canvas, rng, head: np.ndarray, brain: np.ndarray, vault: np.ndarray) -> None:
    """Skin, scalp fat, outer table, marrow, inner table, dura and fluid between head and brain outline."""
    outside = ndimage.distance_transform_edt(head > 0.5).astype(np.float32)
    inside = ndimage.distance_transform_edt(brain < 0.5).astype(np.float32)
    wobble = 0.03 * texture(rng, 40, 2)
    depth = outside / (outside + inside + 1e-3) + wobble
    scalp = rng.uniform(0.34, 0.47)
    marrow = rng.uniform(0.25, 1.0)
    tones = canvas.tones
    wall = np.full_like(depth, tones["bone"])
    grain = 1 + 0.16 * texture(rng, 110) + 0.07 * texture(rng, 7, 2)
    wall += (tones["fat"] * grain - wall) * smoothstep(depth, scalp + 0.03, scalp - 0.03)
    plate = smoothstep(depth, scalp + 0.12, scalp + 0.2) * smoothstep(depth, 0.84, 0.74)
    wall += (tones["marrow"] * grain - wall) * plate * marrow * smoothstep(texture(rng, 30), -1.2, 0.4)
    wall += (tones["csf"] - wall) * smoothstep(depth, 0.9, 0.95)
    dura = np.exp(-(((inside - 1.7) / 0.9) ** 2))
    wall += (tones["dura"] - wall) * dura * smoothstep(texture(rng, 16), -1.0, 0.8) * 0.8
    wall += (tones["skin"] - wall) * smoothstep(outside, 2.4, 1.0)
    # Where muscle or neck lies below the skull, the wall is as thick as bone alone.
    bony = np.maximum(smoothstep((outside + inside) / PX, 23, 17), smoothstep(inside / PX, 9.5, 7))
    canvas.fill(wall, vault * bony)
    vault = vault * smoothstep((outside + inside) / PX, 23, 17)
    rind = head * (1 - vault) * smoothstep(outside / PX + 40 * wobble, 7.0, 3.0)
    canvas.fill(tones["fat"] * grain, rind)
    canvas.fill("skin", head * (1 - vault) * smoothstep(outside, 2.6, 1.0))


def cerebrum(
    canvas: Canvas, rng, brain: np.ndarray, sulci: list[np.ndarray], clefts: list[np.ndarray], width: float = 1.0
) -> np.ndarray:
    """Folded cortex: fluid in the sulci, a ribbon of grey matter along them, white matter inside.

    Args:
        brain: coverage of the brain.
        sulci: curves in mm that start at the surface.
        clefts: fissures that keep their width to the end.
        width: how open the sulci are; 1 is an adult, 2 an atrophied brain.
    Returns:
        coverage of white matter.
    """
    lines, widths = [], []
    for line in sulci:
        mouth = 0.8 * np.exp(-np.arange(len(line)) / 2)
        wide = width * rng.gamma(2.2, 0.42) * (np.linspace(1.2, 0.45, len(line)) + mouth)
        lines.append(line)
        widths.append(wide * _squeeze(canvas, line))
    for line in clefts:
        lines.append(line)
        pulse = 1 + 0.35 * np.sin(np.arange(len(line)) / rng.uniform(2, 6) + rng.uniform(0, 6))
        widths.append((0.5 + 0.9 * width) * rng.uniform(0.7, 1.2) * pulse * _squeeze(canvas, line))
    surface = canvas.thread(lines) | (brain < 0.5)
    away = ndimage.distance_transform_edt(~surface).astype(np.float32) / (PX * canvas.scale)
    ribbon = 2.5 + 0.5 * texture(rng, 9)
    white = brain * smoothstep(away - ribbon, -0.7, 1.1)
    haze = 1 + 0.025 * texture(rng, 60) + 0.02 * texture(rng, 6, 2)
    canvas.fill(canvas.tones["gm"] * haze, brain)
    canvas.fill(canvas.tones["wm"] * haze, white)
    canvas.fill("csf", brain * np.clip(canvas.strokes(lines, widths), 0, 1))
    return white


def _squeeze(canvas: Canvas, line: np.ndarray) -> np.ndarray:
    """How far a mass leaves the sulcus open at each point, 0.15 to 1."""
    if canvas.push is None:
        return np.ones(len(line))
    distance = np.linalg.norm(line - canvas.push.centre, axis=1)
    return 1 - 0.85 * canvas.push.strength * np.exp(-((distance / (2.4 * canvas.push.radius)) ** 2))


def vessels(canvas: Canvas, lines: list[np.ndarray], width: float | list, amount: float = 0.9) -> None:
    """Curves of flowing blood: bright with contrast medium, flow voids without."""
    widths = width if isinstance(width, list) else [width] * len(lines)
    canvas.fill("vessel", amount * canvas.strokes(lines, widths))


def veins(canvas: Canvas, rng, sulci: list[np.ndarray], share: float = 0.12) -> None:
    """Cortical veins: short stretches of some sulci carry one."""
    chosen = [line[: rng.integers(2, max(3, len(line)))] for line in sulci if rng.random() < share]
    vessels(canvas, chosen, [float(rng.uniform(0.5, 1.1)) for _ in chosen], 0.75)


def wear(canvas: Canvas, rng) -> tuple[float, float]:
    """Width of the sulci and size of the ventricles: both grow with age, not quite in step."""
    return 0.5 + 1.4 * canvas.atrophy + rng.uniform(0, 0.25), 0.72 + 0.85 * canvas.atrophy + rng.normal(0, 0.06)


def ventricle(canvas: Canvas, rng, half, factor: float, unlike: float = 0.9) -> None:
    """Paint a ventricle on both sides, each side a little different."""
    for side in both(swell(half, factor)):
        canvas.shape("csf", spline(jitter(rng, side, unlike)), soft=0.8)


def nuclei(canvas: Canvas, rng, ovals: list[tuple[float, float, float, float, float]]) -> None:
    """Deep grey matter on both sides."""
    for x, y, rx, ry, angle in ovals:
        for sign in (1, -1):
            canvas.shape("deep", jitter(rng, oval(sign * x, y, rx, ry, sign * angle, 14), 0.5), soft=1.6)


def midline(rng, top: float, bottom: float, count: int = 60) -> np.ndarray:
    """Nearly straight curve down the midline from y = `top` to y = `bottom`."""
    y = np.linspace(top, bottom, count)
    sway = rng.normal(0, 0.5) * np.sin((y - top) / rng.uniform(9, 20)) + rng.normal(0, 0.12) * np.sin(y / 5)
    return np.stack([sway, y], axis=1)


def medial_surface(rng, top: float, bottom: float, depth: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Interhemispheric fissure and the sulci that leave it to both sides."""
    line = midline(rng, top, bottom)
    return line, furrows(rng, line, 9, depth, flip=True) + furrows(rng, line, 9, depth)


def folia(canvas: Canvas, rng, region: np.ndarray, gap: float = 3.4) -> None:
    """Cerebellar folia in slices across them: fine dark lines along the surface."""
    depth = ndimage.distance_transform_edt(region > 0.5).astype(np.float32) / PX
    rows = np.mgrid[:SIDE, :SIDE][0].astype(np.float32) / PX
    # Folia run across the hemisphere and only roughly along its rim.
    phase = 0.5 * depth + 0.55 * rows + 2.2 * texture(rng, 55) + 0.7 * texture(rng, 14)
    lines = smoothstep(np.cos(2 * np.pi * phase / gap), 0.35, 1.0) * smoothstep(depth, 22, 2)
    patchy = smoothstep(texture(rng, 16), -1.0, 0.7)
    canvas.fill("gm", 0.7 * region * smoothstep(depth + 2.5 * texture(rng, 14), 12, 5))
    canvas.fill("csf", 0.5 * region * lines * patchy)


def dural_sinuses(canvas: Canvas, rng, places: list[tuple[float, float, float]]) -> None:
    """Dural sinuses cut across: small triangles."""
    for x, y, r in places:
        canvas.shape("vessel", jitter(rng, oval(x, y, r, r, 0.4, 5), 0.5), inside=False, soft=0.8)


def air_cells(canvas: Canvas, rng, outline: np.ndarray) -> None:
    """Ethmoid cells: air between thin walls of mucosa."""
    room = canvas.cover(outline, False, 1.0)
    walls = smoothstep(np.abs(texture(rng, 9, 2, 0.5, 1.8)), 0.34, 0.05) * smoothstep(texture(rng, 22), -1.0, 0.5)
    canvas.fill("air", room)
    canvas.fill("mucosa", 0.9 * room * walls)


def ears(canvas: Canvas, rng, x: float, y: float) -> None:
    """Auricles, each cut a little differently; some slices miss them."""
    for sign in (1, -1):
        if rng.random() < 0.3:
            continue
        half = [(x - 2, y - 9), (x + 5, y - 6), (x + 10, y + 3), (x + 5, y + 12), (x - 1, y + 8)]
        lobe = spline(jitter(rng, np.multiply(half, (sign, 1)), 1.8))
        canvas.shape("skin", lobe, False, 0.9)
        canvas.fill("air", 0.8 * canvas.cover(swell(lobe, rng.uniform(0.3, 0.6)) + (sign * 1.5, 0), False, 0.9))
