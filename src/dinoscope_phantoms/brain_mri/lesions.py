"""Tumours of the brain MRI phantoms: where they sit, how they push, how they take up contrast medium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..kit import smoothstep
from .canvas import PX, SIDE, Canvas, Push, spline, texture
from .head import Anatomy
from .slices import SLICES


@dataclass(frozen=True)
class Tumour:
    """A tumour before it is drawn: view (key of `SLICES`), centre and radius in mm, and its habit.

    `gain` is the signal of enhancing tumour over that of white matter; `normal` points from the dura into the brain.
    """

    view: str
    site: str
    centre: tuple[float, float]
    radius: float
    gain: float
    habit: str
    normal: tuple[float, float] = (0.0, 0.0)

    def push(self) -> Push:
        """Its mass effect."""
        # The falx is a stiff sheet, so a mass on it shifts the midline less.
        strength = {"glioma": 0.75, "meningioma": 0.45 if self.site == "falx" else 0.9, "pituitary": 0.6}
        return Push(self.centre, self.radius, strength[self.habit.split()[0]])


GLIOMA_SITES = {
    "axial_high": [("frontal", 30, -42), ("parietal", 32, 34), ("frontal", 28, -18)],
    "axial_ventricles": [("frontal", 30, -48), ("temporal", 42, 8), ("parietal", 36, 44), ("thalamus", 15, 8)],
    "axial_fossa": [("cerebellum", 26, 42), ("brainstem", 3, 2), ("temporal", 42, -24)],
    "coronal_mid": [("frontal", 30, -52), ("temporal", 44, 12), ("insula", 36, -18)],
    "coronal_back": [("parietal", 32, -46), ("occipital", 34, -10), ("cerebellum", 26, 36)],
    "sagittal_mid": [("brainstem", 4, 14), ("corpus callosum", -10, -42), ("thalamus", 4, -16), ("cerebellum", 42, 22)],
    "sagittal_side": [("frontal", -48, -44), ("parietal", 36, -50), ("temporal", -16, 8), ("frontal", -20, -52)],
}
"""View -> (lobe, x, y) in mm; where gliomas of the hemispheres and the brain stem sit."""

DURAL_ARCS = {
    "axial_high": (("convexity", -60, 70),),
    "axial_ventricles": (("convexity", -62, 66),),
    "axial_basal": (("middle fossa", -40, 30), ("posterior fossa", 44, 70)),
    "axial_fossa": (("posterior fossa", 34, 72), ("middle fossa", -42, -14)),
    "coronal_mid": (("convexity", -80, 10),),
    "coronal_back": (("convexity", -80, 8), ("posterior fossa", 26, 52)),
    "sagittal_mid": (("convexity", -84, -20),),
    "sagittal_side": (("convexity", -82, -16),),
}
"""View -> (site, from y, to y): stretches of the dura, by height in mm, that bear meningiomas."""


def glioma(rng: np.random.Generator) -> Tumour:
    """Intra-axial, irregular; necrotic ring (high grade), patchy or cystic (Osborn's Brain, ch. 17)."""
    view = rng.choice(list(GLIOMA_SITES), p=[0.26, 0.28, 0.05, 0.15, 0.1, 0.06, 0.1])
    site, x, y = GLIOMA_SITES[view][rng.integers(len(GLIOMA_SITES[view]))]
    side = 1 if SLICES[view].plane == "sagittal" else rng.choice([-1, 1])
    radius = rng.uniform(8, 14) if site in {"brainstem", "thalamus", "corpus callosum"} else rng.uniform(12, 25)
    centre = (side * x + rng.normal(0, 2.5), y + rng.normal(0, 2.5))
    habit = rng.choice(["glioma ring", "glioma patchy", "glioma cystic"], p=[0.5, 0.35, 0.15])
    return Tumour(str(view), site, centre, radius, rng.uniform(1.6, 2.4), str(habit))


def meningioma(rng: np.random.Generator) -> Tumour:
    """Extra-axial on a broad dural base, evenly enhancing, with a tail (Osborn's Brain, ch. 22)."""
    view = str(rng.choice(list(DURAL_ARCS), p=[0.22, 0.16, 0.1, 0.08, 0.18, 0.12, 0.06, 0.08]))
    gain, radius = rng.uniform(1.75, 2.4), 9 + 18 * rng.beta(1.6, 1.8)
    if view in {"axial_high", "coronal_mid", "coronal_back"} and rng.random() < 0.3:
        side = rng.choice([-1, 1])
        low, high = (-60, 55) if view == "axial_high" else (-70, -56 if view == "coronal_mid" else -30)
        return Tumour(
            view, "falx", (side * radius * 0.4, rng.uniform(low, high)), radius, gain, "meningioma", (float(side), 0.0)
        )
    arcs = DURAL_ARCS[view]
    site, low, high = arcs[rng.integers(len(arcs))]
    if "fossa" in site:
        radius *= 0.7
    outline = spline(SLICES[view].brain, count=240)
    spots = np.flatnonzero((outline[:, 1] >= low) & (outline[:, 1] <= high))
    if SLICES[view].plane != "sagittal":
        spots = spots[np.abs(outline[spots, 0]) > 8]
    at = rng.choice(spots)
    tangent = outline[(at + 2) % 240] - outline[at - 2]
    normal = np.array([-tangent[1], tangent[0]]) / np.linalg.norm(tangent)
    centre = outline[at] + normal * radius * rng.uniform(0.45, 0.75)
    return Tumour(
        view,
        site,
        (float(centre[0]), float(centre[1])),
        radius,
        gain,
        "meningioma",
        (float(normal[0]), float(normal[1])),
    )


def pituitary(rng: np.random.Generator) -> Tumour:
    """Round sellar mass that rises out of the fossa, often waisted like a snowman (Osborn's Brain, ch. 25)."""
    view = str(rng.choice(["sagittal_mid", "coronal_mid", "axial_basal", "axial_fossa"], p=[0.3, 0.36, 0.19, 0.15]))
    radius = rng.uniform(6.5, 16)
    x, y = {"sagittal_mid": (-21, 11), "coronal_mid": (0, 15), "axial_basal": (0, -22), "axial_fossa": (0, -27)}[view]
    rise = 0 if SLICES[view].plane == "axial" else 0.62 * (radius - 5)
    centre = (x + rng.normal(0, 1.2), y - rise + rng.normal(0, 1))
    return Tumour(
        view, "sella" if radius < 8.5 else "sella and suprasellar", centre, radius, rng.uniform(1.7, 2.5), "pituitary"
    )


def paint(canvas: Canvas, rng: np.random.Generator, tumour: Tumour, anatomy: Anatomy) -> np.ndarray:
    """Paint the tumour and what surrounds it; returns its coverage [SIDE, SIDE] 0 to 1, oedema left out."""
    return {"glioma": _glioma, "meningioma": _meningioma, "pituitary": _pituitary}[tumour.habit.split()[0]](
        canvas, rng, tumour, anatomy
    )


def _reach(canvas: Canvas, rng, tumour: Tumour, rough: float, stretch: float = 1.25, grain: float = 1.1) -> np.ndarray:
    """Normalised distance from the tumour's centre, 1 on its irregular rim."""
    x, y = canvas.place(np.array([tumour.centre]))[0]
    radius = tumour.radius * canvas.scale * PX
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    angle, long = rng.uniform(0, np.pi), rng.uniform(1, stretch)
    c, s = np.cos(angle), np.sin(angle)
    u, v = ((columns - x) * c + (rows - y) * s) / long, (-(columns - x) * s + (rows - y) * c) * long
    lobes = texture(rng, grain * radius) + 0.4 * texture(rng, 0.4 * radius, 2)
    return (np.hypot(u, v) / radius + rough * lobes).astype(np.float32)


def _whole(inside: np.ndarray, canvas: Canvas, tumour: Tumour) -> np.ndarray:
    """Only the piece of `inside` [SIDE, SIDE] bool that is nearest to the centre, without holes."""
    pieces, count = ndimage.label(inside)
    if count > 1:
        x, y = canvas.place(np.array([tumour.centre]))[0]
        spots = np.argwhere(inside)
        nearest = spots[np.argmin(((spots - (y, x)) ** 2).sum(axis=1))]
        inside = pieces == pieces[tuple(nearest)]
    return ndimage.binary_fill_holes(inside)


def _soften(inside: np.ndarray, sigma: float) -> np.ndarray:
    return ndimage.gaussian_filter(inside.astype(np.float32), sigma, truncate=3.0)


def _oedema(canvas: Canvas, rng, tumour: Tumour, anatomy: Anatomy, reach: np.ndarray, extent: float) -> None:
    """Water spreads along white matter and spares the cortex: fingers, dark on T1."""
    edge = extent + 0.3 * texture(rng, 40, 3)
    wet = smoothstep(reach - edge, 0.0, -0.55) * ndimage.gaussian_filter(anatomy.white, 1.2)
    canvas.fill(canvas.tones["oedema"], 0.85 * wet)


def _glioma(canvas: Canvas, rng, tumour: Tumour, anatomy: Anatomy) -> np.ndarray:
    reach = _reach(canvas, rng, tumour, 0.17, 1.35)
    _oedema(canvas, rng, tumour, anatomy, reach, rng.uniform(1.4, 2.1))
    inside = _whole((reach < 1) & (anatomy.brain > 0.5), canvas, tumour)
    amount = _soften(inside, 1.3)
    depth = ndimage.distance_transform_edt(inside).astype(np.float32) / (tumour.radius * PX * canvas.scale)
    bright = canvas.tones["wm"] * tumour.gain
    mottled = texture(rng, 0.8 * tumour.radius * PX, 4, 0.7)
    patches = 0.8 + 0.34 * texture(rng, 0.7 * tumour.radius * PX, 2) + 0.12 * texture(rng, 7, 2)
    if tumour.habit == "glioma patchy":
        uptake = np.clip(patches * (0.2 + 0.8 * smoothstep(mottled, -0.9, 0.9)), 0.05, 1.15)
        core = smoothstep(texture(rng, 0.6 * tumour.radius * PX, 3, 0.7), 0.9, 1.6) * smoothstep(depth, 0.1, 0.3)
    else:
        thin = tumour.habit == "glioma cystic"
        rim = (0.12 if thin else 0.22) + (0.04 if thin else 0.2) * mottled
        ragged = depth + (0.02 if thin else 0.05) * texture(rng, 8, 2)
        rim = np.maximum(rim, 0.07)
        core = smoothstep(ragged - rim, -0.03, 0.08 if thin else 0.18)
        septa = smoothstep(np.abs(texture(rng, 0.7 * tumour.radius * PX, 2)), 0.3, 0.02)
        core = core * (1 - rng.uniform(0, 0.2 if thin else 0.75) * septa)
        uptake = np.clip(patches - 0.35 * smoothstep(depth, 0.1, 0.0), 0.15, 1.15)
    tissue = canvas.tones["wm"] + (bright - canvas.tones["wm"]) * uptake
    necrosis = (
        canvas.tones["necrosis"] * rng.uniform(0.85, 1.25) * (1 + 0.14 * texture(rng, 30) + 0.1 * texture(rng, 10, 2))
    )
    canvas.fill((tissue + (necrosis - tissue) * core).astype(np.float32), amount)
    return amount


def _meningioma(canvas: Canvas, rng, tumour: Tumour, anatomy: Anatomy) -> np.ndarray:
    reach = _reach(canvas, rng, tumour, 0.07, 1.22, 1.5)
    x, y = canvas.place(np.array([tumour.centre]))[0]
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    if rng.random() < 0.55:
        _oedema(canvas, rng, tumour, anatomy, reach, rng.uniform(1.25, 1.8))
    ahead = (columns - x) * tumour.normal[0] + (rows - y) * tumour.normal[1]
    radius = tumour.radius * PX * canvas.scale
    room = anatomy.brain > 0.35
    if tumour.site == "falx":
        room &= (columns - _falx(canvas)) * tumour.normal[0] > 0.5
    inside = _whole((reach < 1) & room, canvas, tumour)
    cleft = _soften(ndimage.binary_dilation(inside, iterations=2), 0.9)
    canvas.fill("csf", 0.6 * cleft * smoothstep(ahead, -0.2 * radius, 0.4 * radius) * anatomy.brain)
    _tail(canvas, rng, tumour, anatomy, (x, y), radius)
    amount = _soften(inside, 0.8)
    grain = 1 + 0.05 * texture(rng, 10, 4, 0.8) + 0.05 * texture(rng, radius)
    tissue = canvas.tones["wm"] * tumour.gain * grain
    if rng.random() < 0.25:
        specks = smoothstep(texture(rng, 11, 3), 1.4, 2.6)
        tissue = tissue * (1 - 0.45 * specks)
    canvas.fill(tissue.astype(np.float32), amount)
    return amount


def _falx(canvas: Canvas) -> np.ndarray:
    """Column of the falx in each row, [SIDE, 1]; it bends away from the mass."""
    line = canvas.place(np.stack([np.zeros(121), np.linspace(-120, 120, 121)], axis=1), True)
    return np.interp(np.arange(SIDE), line[:, 1], line[:, 0])[:, None]


def _tail(canvas: Canvas, rng, tumour: Tumour, anatomy: Anatomy, spot: tuple[float, float], radius: float) -> None:
    """Dural tail: the dura beside the base is thick and bright, tapering."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    far = np.hypot(columns - spot[0], rows - spot[1]) / radius
    if tumour.site == "falx":
        gap = np.abs(columns - _falx(canvas))
    else:
        gap = np.abs(
            ndimage.distance_transform_edt(anatomy.brain < 0.5) - ndimage.distance_transform_edt(anatomy.brain >= 0.5)
        )
    reach = rng.uniform(1.6, 2.3)
    taper = smoothstep(far, reach, 0.9)
    sheet = smoothstep(gap - 2.5 * taper, 0.8, 0.2) * smoothstep(taper, 0.0, 0.45)
    canvas.fill(canvas.tones["wm"] * tumour.gain * 0.95, sheet.astype(np.float32))


def _pituitary(canvas: Canvas, rng, tumour: Tumour, anatomy: Anatomy) -> np.ndarray:
    reach = _reach(canvas, rng, tumour, 0.08, 1.2, 1.0)
    radius = tumour.radius * PX * canvas.scale
    inside = reach < 1
    if tumour.radius > 9 and SLICES[tumour.view].plane != "axial" and rng.random() < 0.6:
        base = canvas.place(np.array([tumour.centre]) + (rng.normal(0, 1), 0.95 * tumour.radius))[0]
        rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
        inside |= np.hypot(columns - base[0], (rows - base[1]) * 1.15) < radius * rng.uniform(0.6, 0.8)
    inside = _whole(inside, canvas, tumour)
    cleft = _soften(ndimage.binary_dilation(inside, iterations=2), 0.9)
    canvas.fill("csf", 0.5 * cleft * anatomy.brain)
    amount = _soften(inside, 0.8)
    grain = 1 + 0.06 * texture(rng, 10, 4, 0.8) + 0.06 * texture(rng, radius)
    tissue = canvas.tones["wm"] * tumour.gain * grain
    if tumour.radius > 9 and rng.random() < 0.3:
        cyst = smoothstep(texture(rng, 1.1 * radius, 2), 0.7, 1.2) * smoothstep(reach, 0.85, 0.6)
        tissue = tissue + (canvas.tones["wm"] * 0.85 - tissue) * cyst
    canvas.fill(tissue.astype(np.float32), amount)
    return amount
