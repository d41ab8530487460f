"""Retinal vessels of the fundus phantoms: arteries and veins grow out of the disc and are inked.

Retina coordinates (u, v): origin at the disc's centre, u towards the temple, v downwards, in radii of a
45 degree camera field. A vessel is a polyline with a width at every point.

Sources: the arcades as parabolas around the macula, Oloumi, Rangayyan and Ells, "Parabolic modeling of the
major temporal arcade in retinal fundus images", IEEE Trans Instrum Meas 61:1825 (2012); the widths at a
branching as cubes, Murray, PNAS 12:207 (1926); arteries narrower than veins, Hubbard et al., Ophthalmology
106:2269 (1999).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

STEP = 0.022
"""Length of a growth step in field radii, about 2.5 pixels of a 224 pixel picture."""

THINNEST = 0.0054
"""A vessel of half a pixel: what a 45 degree camera no longer shows at this resolution."""

SUPERSAMPLING = 4

MOST = 260
"""Vessels of one eye at most: a bound on the time, reached by the most branching trees only."""


@dataclass(frozen=True)
class Vessel:
    """A polyline: points [N, 2] in retina coordinates (u, v), widths [N] in field radii, artery or vein."""

    points: np.ndarray
    widths: np.ndarray
    artery: bool


@dataclass
class _Tip:
    """A growing end: where, heading in radians, width, which field steers it, how far it still goes."""

    at: tuple[float, float]
    heading: float
    width: float
    steering: str
    artery: bool
    bow: float
    reach: float
    depth: int


def grow(
    rng: np.random.Generator,
    fovea: tuple[float, float],
    hub: tuple[float, float],
    tortuosity: float = 1.0,
    calibre: float = 1.0,
) -> list[Vessel]:
    """Grow the vessel tree of one eye.

    Args:
        fovea: its place in retina coordinates.
        hub: where the trunks leave the disc, in retina coordinates.
        tortuosity: 1 for ordinary vessels, 2 for clearly winding ones.
        calibre: factor on all widths.
    """
    tips = list(_trunks(rng, fovea, hub, calibre))
    vessels: list[Vessel] = []
    while tips and len(vessels) < MOST:
        vessel, branches = _extend(rng, tips.pop(0), fovea, tortuosity)
        if len(vessel.points) > 2:
            vessels.append(vessel)
            tips += branches
    return vessels


def _trunks(rng, fovea, hub, calibre):
    """The eight large trunks and the small vessels that leave the disc's rim by themselves."""
    inner_above = rng.random() < 0.5
    for artery in (False, True):
        base = calibre * (0.0225 if artery else 0.03)
        for down in (-1, 1):
            # One of the pair runs nearer to the macula, or they would lie on each other.
            inner = artery == (down < 0 if inner_above else down > 0)
            bow = rng.uniform(1.9, 3.0) if inner else rng.uniform(1.0, 1.7)
            heading = down * (math.pi / 2 + (rng.uniform(-0.4, 0.0) if inner else rng.uniform(0.05, 0.35)))
            start = (hub[0] + rng.normal(0, 0.012), hub[1] + down * rng.uniform(0, 0.03))
            width = base * rng.uniform(0.85, 1.1)
            steering = "upper" if down < 0 else "lower"
            yield _Tip(start, heading, width, steering, artery, bow, 4.0, 0)
            heading = down * (math.pi / 2 + rng.uniform(0.35, 0.95))
            start = (hub[0] + rng.normal(0, 0.012), hub[1] + down * rng.uniform(0, 0.03))
            yield _Tip(start, heading, base * rng.uniform(0.45, 0.65), "away", artery, 0, 4.0, 0)
        for _ in range(rng.integers(2, 4)):
            heading = math.atan2(fovea[1], fovea[0]) + rng.choice([-1, 1]) * rng.uniform(0.15, 0.8)
            width = calibre * rng.uniform(0.008, 0.0115)
            yield _Tip(hub, heading, width, "macula", artery, 0, rng.uniform(0.45, 0.9), 2)
        for _ in range(rng.integers(1, 4)):
            heading = math.pi + rng.uniform(-0.9, 0.9)
            yield _Tip(hub, heading, calibre * rng.uniform(0.008, 0.014), "away", artery, 0, rng.uniform(0.5, 1.2), 2)


def _extend(rng, tip: _Tip, fovea, tortuosity) -> tuple[Vessel, list[_Tip]]:
    """Walk one vessel to its end and note where it branches."""
    u, v = tip.at
    heading, width, turn = tip.heading, tip.width, 0.0
    points, widths, branches = [(u, v)], [width], []
    side = 1 if rng.random() < 0.5 else -1
    next_branch = rng.uniform(0.15, 0.4) if tip.depth == 0 else rng.uniform(0.1, 0.35)
    travelled = 0.0
    wander = tortuosity * (0.028 if tip.depth == 0 else 0.05)
    ripple = (
        tortuosity
        * rng.uniform(0.02, 0.09)
        * np.sin(2 * np.pi * (STEP * np.arange(300) / rng.uniform(0.16, 0.4) + rng.random()))
    )
    jitters = rng.standard_normal(int(tip.reach / STEP) + 2)
    for jitter, wave in zip(jitters, ripple, strict=False):
        target, pull = _steer(tip, u, v, fovea)
        turn = 0.72 * turn + wander * jitter
        drift = (target - heading + math.pi) % (2 * math.pi) - math.pi
        heading += turn + wave + pull * drift
        u, v = u + STEP * math.cos(heading), v + STEP * math.sin(heading)
        travelled += STEP
        width *= 1 - 0.09 * STEP if tip.depth == 0 else 1 - 0.5 * STEP
        points.append((u, v))
        widths.append(width)
        if _over(tip, u, v, width, fovea):
            break
        if travelled > next_branch and tip.depth < 3 and width > 1.15 * THINNEST:
            child = width * (rng.uniform(0.32, 0.75) if tip.depth == 0 else rng.uniform(0.5, 0.85))
            width = max((width**3 - child**3), 0) ** (1 / 3)
            branches.append(_branch(rng, tip, (u, v), heading, child, side, fovea))
            # Not a full kick: the wider limb turns less (Murray).
            heading -= side * 0.25 * (child / max(width, child)) ** 2
            side = -side if rng.random() < 0.75 else side
            next_branch = travelled + (rng.uniform(0.12, 0.36) if tip.depth == 0 else rng.uniform(0.12, 0.38))
    return Vessel(np.array(points), np.array(widths), tip.artery), branches


def _branch(rng, tip: _Tip, at, heading, width, side, fovea) -> _Tip:
    """A side branch: towards the macula on the arcade's inner side, away from it on the outer side."""
    angle = heading + side * rng.uniform(0.5, 1.15)
    to_fovea = math.atan2(fovea[1] - at[1], fovea[0] - at[0])
    inward = math.cos(angle - to_fovea) > 0 and at[0] > 0.1
    steering = "macula" if inward and tip.steering != "away" else "away"
    reach = min(2.5, width * rng.uniform(30, 75))
    return _Tip(at, angle, max(width, THINNEST * 1.1), steering, tip.artery, 0, reach, tip.depth + 1)


def _steer(tip: _Tip, u: float, v: float, fovea) -> tuple[float, float]:
    """The heading that the place suggests, and how strongly it pulls per step."""
    if tip.steering in ("upper", "lower"):
        down = -1 if tip.steering == "upper" else 1
        rise = max(0.04, 1 - max(u, 0) / (0.9 * fovea[0])) if abs(v) > 0.45 else 1.0
        return math.atan2(down * rise, 2 * tip.bow * abs(v)), 0.11
    if tip.steering == "macula":
        return math.atan2(0.75 * (fovea[1] - v), max(fovea[0] - u, -0.1) + 0.35), 0.035
    centre = 0.35 * fovea[0]
    return math.atan2(v - 0.3 * fovea[1], u - centre if u < 0 else u * 0.9 + 0.05), 0.03


def _over(tip: _Tip, u: float, v: float, width: float, fovea) -> bool:
    """Whether the vessel ends here: too thin, off the picture, or at the fovea's avascular zone."""
    if width < THINNEST or u * u + v * v > 5.5:
        return True
    return math.hypot(u - fovea[0], v - fovea[1]) < (0.13 if tip.depth > 0 else 0.3)


def ink(
    vessels: list[Vessel], place, radii: tuple[float, float], size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coverage of veins, of arteries and of their central light reflexes, each [size, size] in 0 to 1.

    Args:
        place: function from (u, v) arrays to (x, y) picture coordinates in -1 to 1.
        radii: half axes (y, x) of the field in the picture, in half sides; they squash widths too.
    """
    big = size * SUPERSAMPLING
    layers = [Image.new("L", (big, big)) for _ in range(3)]
    pens = [ImageDraw.Draw(layer) for layer in layers]
    # Thin vessels first: a wide one then covers their roots instead of being cut by them.
    for vessel in sorted(vessels, key=lambda vessel: vessel.widths[0]):
        x, y = place(vessel.points[:, 0], vessel.points[:, 1])
        pixels = np.stack([(x + 1) / 2 * big, (y + 1) / 2 * big], axis=1)
        along = np.diff(np.stack([x, y], axis=1), axis=0)
        step = np.hypot(along[:, 0], along[:, 1]) + 1e-9
        # The squash is affine: areas scale by the product of the radii, lengths by the step's own stretch.
        across = vessel.widths[1:] * radii[0] * radii[1] * STEP / step * big / 2
        pen = pens[1 if vessel.artery else 0]
        # A thinner column of blood absorbs less (Beer and Lambert), so small vessels are fainter too.
        blood = (255 * np.clip(0.45 + 18 * vessel.widths[1:], 0, 1)).astype(int)
        for (x0, y0), (x1, y1), w, fill in zip(
            pixels[:-1].tolist(), pixels[1:].tolist(), across.tolist(), blood.tolist(), strict=True
        ):
            r = w / 2
            pen.line((x0, y0, x1, y1), fill=fill, width=max(1, round(w)))
            pen.ellipse((x1 - r, y1 - r, x1 + r, y1 + r), fill=fill)
            if w > 1.6 * SUPERSAMPLING:
                pens[2].line((x0, y0, x1, y1), fill=255, width=max(1, round(0.3 * w)))
    veins, arteries, reflex = (np.asarray(layer.reduce(SUPERSAMPLING), dtype=np.float32) / 255 for layer in layers)
    return veins, arteries, reflex
