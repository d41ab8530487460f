"""Canvas of the brain MRI phantoms: shapes in millimetres, bent as one head, rasterised with soft edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFilter
from scipy.interpolate import CubicSpline

from ..kit import mix

SIDE = 384
"""Working resolution in pixels; the finished picture is reduced from it, so every size shows the same case."""
FIELD_MM = 240.0
"""Field of view of the scanner: 24 cm, the usual one for heads."""
PX = SIDE / FIELD_MM
"""Pixels for a millimetre."""
OVER = 2
GRAINY = {"muscle", "fat", "marrow", "mucosa", "gland", "plexus"}
"""Tissues that are never of one even grey at this resolution."""


def texture(
    rng: np.random.Generator, scale: float, octaves: int = 1, decay: float = 0.55, stretch: float = 1.0
) -> np.ndarray:
    """Smooth random field [SIDE, SIDE], mean 0, deviation 1; `scale` is its largest blob in pixels.

    `stretch` makes the blobs so many times taller than wide. A dozen of these go into every picture, so they are
    enlarged by Pillow, ten times faster than `kit.fractal`.
    """
    field = np.zeros((SIDE, SIDE), dtype=np.float32)
    for octave in range(octaves):
        wide = max(scale / 2**octave, 1.0)
        tall = wide * stretch
        counts = int(np.ceil(SIDE / tall)) + 4, int(np.ceil(SIDE / wide)) + 4
        coarse = Image.fromarray(rng.standard_normal(counts, dtype=np.float32))
        box = (1.5, 1.5, 1.5 + SIDE / wide, 1.5 + SIDE / tall)
        field += decay**octave * np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box))
    return (field - field.mean()) / (field.std() + 1e-6)


@dataclass(frozen=True)
class Push:
    """Mass effect: tissue around `centre` (x, y in mm) gives way for a mass of `radius` mm."""

    centre: tuple[float, float]
    radius: float
    strength: float


def spline(points: ArrayLike, closed: bool = True, count: int = 160) -> np.ndarray:
    """A smooth curve [count, 2] through control points (x, y) in mm, by chord length."""
    knots = np.asarray(points, dtype=float)
    if closed:
        knots = np.vstack([knots, knots[:1]])
    along = np.concatenate([[0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(knots, axis=0), axis=1)) + 1e-6)])
    curve = CubicSpline(along, knots, bc_type="periodic" if closed else "natural")
    return curve(np.linspace(0, along[-1], count, endpoint=not closed))


def path(points: str, side: float = 1.0) -> np.ndarray:
    """Control points [N, 2] in mm from "x,y x,y ..."; `side` -1 mirrors them in the midline."""
    return np.array([pair.split(",") for pair in points.split()], dtype=float) * (side, 1.0)


def mirrored(half: ArrayLike) -> np.ndarray:
    """Close a right half-outline, listed from the top midline to the bottom midline, with its mirror image."""
    right = np.asarray(half, dtype=float)
    left = right[::-1] * (-1, 1)
    return np.vstack([right, left[np.abs(left[:, 0]) > 1e-6]])


def oval(x: float, y: float, rx: float, ry: float, angle: float = 0.0, count: int = 40) -> np.ndarray:
    """Points of an ellipse; angle in radians, clockwise on the picture."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    dx, dy = rx * np.cos(t), ry * np.sin(t)
    return np.stack([x + dx * np.cos(angle) - dy * np.sin(angle), y + dx * np.sin(angle) + dy * np.cos(angle)], axis=1)


def both(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An outline and its mirror image in the midline."""
    p = np.asarray(points, dtype=float)
    return p, p * (-1, 1)


def jitter(rng, points, amount: float = 1.2) -> np.ndarray:
    """Control points shifted a little, so that the two sides differ."""
    p = np.asarray(points, dtype=float)
    return p + rng.normal(0, amount, p.shape)


def swell(points: np.ndarray, factor: float, centre: tuple[float, float] | None = None) -> np.ndarray:
    """Enlarge an outline about its own middle."""
    p = np.asarray(points, dtype=float)
    c = p.mean(axis=0) if centre is None else np.asarray(centre)
    return c + (p - c) * factor


class Canvas:
    """Grey picture under construction.

    Attributes:
        field: [SIDE, SIDE] float32 signal, 0 to 1.
        tones: tissue -> signal in the sequence that is drawn.
        scale: zoom of the head within the field of view.
        atrophy: 0 (young brain) to 1 (old); opens sulci and ventricles together.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        tones: dict[str, float],
        scale: float = 1.0,
        tilt: float = 0.0,
        shift: tuple[float, float] = (0.0, 0.0),
        push: Push | None = None,
        atrophy: float = 0.3,
    ):
        self.tones, self.scale, self.push, self.atrophy = tones, scale, push, atrophy
        self.shift = np.asarray(shift)
        c, s = np.cos(tilt), np.sin(tilt)
        self.turn = np.array([[c, s], [-s, c]]) @ np.diag(rng.normal(1, 0.035, 2))
        wavelengths = rng.uniform(80, 220, 7)
        directions = rng.uniform(0, 2 * np.pi, 7)
        self._waves = (2 * np.pi / wavelengths)[:, None] * np.stack([np.cos(directions), np.sin(directions)], axis=1)
        self._phases = rng.uniform(0, 2 * np.pi, 7)
        self._sway = rng.normal(0, 1.05, (7, 2))
        self.weave = 1 + 0.1 * texture(rng, 9, 3, 0.7)
        self.field = np.full((SIDE, SIDE), tones["air"], dtype=np.float32)

    def place(self, points: ArrayLike, inside: bool = False) -> np.ndarray:
        """Millimetres of the standard head -> pixels of this person's; `inside` the skull the mass pushes."""
        p = np.asarray(points, dtype=float)
        if inside and self.push is not None:
            away = p - self.push.centre
            distance = np.linalg.norm(away, axis=-1, keepdims=True) + 1e-6
            reach = self.push.radius * self.push.strength * np.exp(-((distance / (3.2 * self.push.radius)) ** 2))
            p = p + away / distance * (np.hypot(distance, reach) - distance)
        p = p + np.sin(p @ self._waves.T + self._phases) @ self._sway
        return (p @ self.turn * self.scale + self.shift) * PX + SIDE / 2

    def cover(self, points: np.ndarray, inside: bool = False, soft: float = 0.0) -> np.ndarray:
        """Coverage [SIDE, SIDE] 0 to 1 of a closed outline in mm; `soft` blurs its edge by so many pixels."""
        sheet = Image.new("L", (SIDE * OVER, SIDE * OVER))
        ImageDraw.Draw(sheet).polygon([tuple(p) for p in self.place(points, inside) * OVER], fill=255)
        return self._reduce(sheet, soft)

    def strokes(
        self, lines: Sequence[np.ndarray], widths: Sequence[np.ndarray | float], inside: bool = True
    ) -> np.ndarray:
        """Coverage of curves in mm; `widths` in mm, one number for a curve or one for each of its points."""
        sheet = Image.new("L", (SIDE * OVER, SIDE * OVER))
        pen = ImageDraw.Draw(sheet)
        for line, width in zip(lines, widths, strict=True):
            spots = self.place(line, inside) * OVER
            wide = np.broadcast_to(np.asarray(width, dtype=float), (len(line),)) * PX * OVER * self.scale
            for a, b, w in zip(spots[:-1].tolist(), spots[1:].tolist(), wide[1:].tolist(), strict=True):
                # Lines thinner than a fine pixel get less ink instead, or thin sulci would all look alike.
                pen.line([*a, *b], fill=int(255 * min(1.0, w)), width=max(1, round(w)))
        return self._reduce(sheet, 0.0)

    def thread(self, lines: Sequence[np.ndarray]) -> np.ndarray:
        """Pixels [SIDE, SIDE] bool that curves in mm, inside the skull, run through."""
        sheet = Image.new("L", (SIDE, SIDE))
        pen = ImageDraw.Draw(sheet)
        for line in lines:
            pen.line([tuple(p) for p in self.place(line, True)], fill=255)
        return np.asarray(sheet) > 0

    def fill(self, tissue: str | float | np.ndarray, amount: np.ndarray) -> None:
        """Blend a tissue, a signal or a texture over the picture."""
        self.field = mix(self.field, self.tone(tissue) if isinstance(tissue, str) else tissue, amount)

    def tone(self, tissue: str) -> float | np.ndarray:
        """Signal of a tissue, with its grain where it has one."""
        return self.tones[tissue] * self.weave if tissue in GRAINY else self.tones[tissue]

    def shape(
        self, tissue: str | float | np.ndarray, points: np.ndarray, inside: bool = True, soft: float = 0.7
    ) -> np.ndarray:
        """Fill a closed outline in mm; returns its coverage."""
        amount = self.cover(points, inside, soft)
        self.fill(tissue, amount)
        return amount

    @staticmethod
    def _reduce(sheet: Image.Image, soft: float) -> np.ndarray:
        sheet = sheet.reduce(OVER)
        if soft:
            sheet = sheet.filter(ImageFilter.GaussianBlur(soft))
        return np.asarray(sheet, dtype=np.float32) / 255


def furrows(
    rng: np.random.Generator,
    outline: np.ndarray,
    spacing: float,
    depth: float,
    keep: np.ndarray | None = None,
    flip: bool = False,
    branch: float = 0.6,
) -> list[np.ndarray]:
    """Sulci: wandering curves in mm that leave an outline to one side, some with side branches.

    Args:
        outline: [N, 2] dense curve in mm; the walk starts to the right of its direction, or left with `flip`.
        spacing: mean distance between neighbours in mm.
        depth: mean length in mm.
        keep: [N] bool, where on the outline sulci may start.
        branch: chance of a side branch.
    """
    steps = np.diff(outline, axis=0, append=outline[-1:] * 2 - outline[-2:-1])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(steps, axis=1))])[:-1]
    count = int(along[-1] / spacing)
    wanted = (np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)) * spacing
    index = np.clip(np.searchsorted(along, wanted), 1, len(outline) - 2)
    if keep is not None:
        index = index[keep[index]]
    tangent = outline[np.minimum(index + 2, len(outline) - 1)] - outline[np.maximum(index - 2, 0)]
    heading = np.arctan2(tangent[:, 1], tangent[:, 0]) + (-np.pi / 2 if flip else np.pi / 2)
    lengths = depth * rng.gamma(12, 1 / 12, len(index)) * np.where(rng.random(len(index)) < 0.28, 0.45, 1.0)
    main = _walk(
        rng, outline[index], heading + rng.normal(0, 0.22, len(index)), lengths, rng.choice([-1, 1], len(index))
    )
    sides = []
    for line, angle in zip(main, heading, strict=True):
        if len(line) > 6 and rng.random() < branch:
            at = rng.integers(len(line) // 2, len(line) - 2)
            bend = rng.choice([-1, 1]) * rng.uniform(0.7, 1.3)
            sides += _walk(
                rng,
                line[at : at + 1],
                np.array([angle + bend]),
                np.array([depth * rng.uniform(0.25, 0.45)]),
                np.array([-np.sign(bend)]),
            )
    return main + sides


def _walk(rng, start: np.ndarray, heading: np.ndarray, lengths: np.ndarray, bend: np.ndarray) -> list[np.ndarray]:
    """Curves of 1.2 mm steps from `start` [N, 2] along `heading` [N], swaying to alternate sides."""
    pace = 1.2
    count = max(3, int(np.ceil(lengths.max() / pace))) if len(lengths) else 3
    t = np.arange(count)[:, None] * pace
    sway = bend * rng.uniform(0.2, 0.9, len(start)) * np.sin(t / rng.uniform(2.0, 4.5, len(start)))
    drift = np.cumsum(rng.normal(0, 0.09, (count, len(start))), axis=0)
    angle = heading + sway + drift
    path = start[None] + pace * np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=-1), axis=0)
    path = np.concatenate([start[None], path])
    return [path[: max(3, int(n / pace) + 1), i] for i, n in enumerate(lengths)]
