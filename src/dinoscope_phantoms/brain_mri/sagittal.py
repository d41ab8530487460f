"""Sagittal brain slices: the midline with brain stem and face, a hemisphere beside it."""

from __future__ import annotations

import numpy as np

from ..kit import smoothstep
from .canvas import Canvas, furrows, jitter, oval, path, spline, swell, texture
from .head import Slice, air_cells, cerebrum, dural_sinuses, folia, veins, vessels, wear

SAGITTAL_HEAD = np.array(
    path(
        "-6,-100 -40,-94 -70,-74 -88,-44 -94,-14 -93,0 -101,14 -112,30 -104,38 "
        "-101,46 -106,56 -100,64 -103,74 -103,92 -88,106 -62,112 -50,150 78,150 "
        "74,100 76,72 87,46 97,8 96,-30 80,-68 44,-94"
    )
)
SAGITTAL_BRAIN = np.array(
    path(
        "-6,-86 -38,-80 -62,-62 -77,-36 -80,-14 -72,-4 -56,0 -38,0 -26,6 -13,7 "
        "-8,16 0,34 8,50 22,56 36,52 56,44 72,24 83,0 83,-28 68,-60 38,-80"
    )
)[::-1]
SAGITTAL_VAULT = np.array(path("0,-125 -110,-90 -115,-16 -84,-8 -60,-6 -30,-20 0,20 30,44 50,66 90,60 125,0 110,-90"))
SIDE_BRAIN = np.array(
    path(
        "-6,-84 -38,-78 -60,-60 -75,-34 -78,-12 -66,0 -50,4 -44,16 -28,26 -8,26 "
        "10,24 18,38 32,50 52,48 70,28 80,4 80,-28 66,-58 36,-78"
    )
)[::-1]
SIDE_HEAD = np.array(
    path(
        "-6,-98 -40,-92 -68,-72 -86,-44 -92,-12 -96,8 -95,26 -92,46 -94,66 -88,92 "
        "-60,108 -40,150 78,150 74,100 76,72 86,46 94,8 93,-30 78,-66 44,-92"
    )
)


def _sagittal_mid(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Midline: corpus callosum, brain stem, cerebellum, sella."""
    outline = spline(SAGITTAL_BRAIN, count=300)
    width, open_ = wear(canvas, rng)
    keep = (outline[:, 1] < 8) & ~((outline[:, 1] > -14) & (outline[:, 0] > -60) & (outline[:, 0] < 70))
    cingulate = spline(jitter(rng, path("-46,-14 -54,-32 -42,-52 -12,-62 18,-58 34,-50 40,-66"), 1.5), False, 90)
    calcarine = spline(jitter(rng, path("76,-4 60,-14 42,-16"), 1.2), False, 30)
    parietal = spline(jitter(rng, path("68,-50 58,-36 46,-22"), 1.5), False, 30)
    sulci = furrows(rng, outline, 10, 19, keep, branch=0.5) + furrows(rng, cingulate, 12, 8, flip=True)
    white = cerebrum(canvas, rng, brain, sulci, [cingulate, calcarine, parietal], width)
    callosum = spline(
        path("-30,-18 -38,-26 -34,-38 -18,-46 4,-47 24,-39 36,-26 33,-20 27,-24 20,-33 4,-40 -16,-39 -28,-33 -31,-26")
    )
    canvas.fill("csf", 0.5 * canvas.strokes([np.vstack([callosum, callosum[:1]])], [2.0]))
    canvas.shape(
        "csf",
        swell(spline(path("-29,-27 -26,-34 -14,-39 4,-39 18,-33 22,-27 8,-28 -6,-27 -18,-22")), open_**0.5, (0, -38)),
        soft=0.8,
    )
    canvas.shape("wm", callosum, soft=0.8)
    canvas.shape("deep", oval(0, -19, 12.5, 8.5, -0.1), soft=1.3)
    canvas.shape("csf", spline(path("-22,-4 -14,-10 -12,-16 -6,-12 2,-9 3,-1 -4,4 -10,12 -20,6")), soft=1.2)
    canvas.fill("wm", 0.8 * canvas.strokes([spline(path("22,-27 8,-30 -8,-29 -15,-20 -16,-12"), False, 40)], [2.4]))
    canvas.fill(
        "csf", 0.8 * canvas.cover(spline(jitter(rng, path("18,-13 24,-18 30,-17 29,-10 24,-4 19,-6"), 1.0)), True, 1.6)
    )
    _sella(canvas, rng)
    stem = spline(
        path(
            "2,-10 12,-14 17,-8 16,4 17,16 18,30 19,46 22,64 26,90 27,130 17,130 "
            "15,92 10,64 5,46 1,32 -6,24 -8,12 -4,4 2,0"
        )
    )
    moat = canvas.cover(swell(stem, 1.0) + (-2.5, 0), True, 1.5)
    canvas.fill("csf", 0.8 * np.maximum(moat, canvas.cover(spline(path("10,54 34,50 34,132 12,132")), False, 1.2)))
    _arbor(canvas, rng)
    canvas.shape("wm", stem, soft=0.9)
    canvas.fill("deep", 0.5 * canvas.cover(oval(-1, 14, 7, 10), True, 3))
    canvas.shape("csf", spline(path("17,4 19,10 25,17 20,25 17.5,30")), soft=0.9)
    canvas.fill("csf", 0.7 * canvas.strokes([spline(path("10,-10 15,-4 17,4"), False, 14)], [1.2]))
    canvas.fill("wm", 0.85 * canvas.cover(oval(-18, -1, 5, 1.6, -0.4), True, 0.8))
    canvas.fill("mucosa", 0.8 * canvas.strokes([np.array([(-16, 0), (-20, 6)])], [1.3]))
    _midline_veins(canvas, rng, sulci)
    return white


def _arbor(canvas: Canvas, rng) -> None:
    """Cerebellum on the midline: white matter branches like a tree, folia open to the surface."""
    rim = spline(path("22,6 28,-4 40,-3 56,6 66,20 62,36 46,47 32,46 24,34 22,20"), count=120)
    region = canvas.cover(rim, True, 0.8)
    canvas.fill("csf", region)
    canvas.fill("gm", 0.93 * canvas.cover(swell(rim, 0.97), True, 0.8))
    root = np.array([25.0, 18.0])
    tips = rim[8:112:8] + rng.normal(0, 1, (13, 2))
    limbs = [
        spline([root, root + 0.5 * (tip - root) + rng.normal(0, 1.2, 2), root + 0.86 * (tip - root)], False, 16)
        for tip in tips
    ]
    twigs = [
        twig for limb in limbs for side in (True, False) for twig in furrows(rng, limb, 4.5, 4.0, flip=side, branch=0)
    ]
    canvas.fill(
        "wm", 0.9 * canvas.strokes(limbs + twigs, [np.linspace(3.0, 0.9, 16)] * len(limbs) + [0.8] * len(twigs))
    )
    clefts = furrows(rng, rim, 4.2, 8.5, branch=0.3)
    canvas.fill("csf", 0.75 * region * canvas.strokes(clefts, [np.linspace(1.1, 0.3, len(c)) for c in clefts]))


def _midline_veins(canvas: Canvas, rng, sulci: list[np.ndarray]) -> None:
    """Superior sagittal and straight sinus, internal cerebral vein, pericallosal artery."""
    lines = [
        spline(jitter(rng, path("31,-14 38,-5 50,2 61,8 70,13"), 0.9), False, 40),
        spline(path("-8,-26 10,-25 26,-20 31,-13"), False, 30),
        spline(jitter(rng, path("-22,-6 -36,-14 -43,-28 -34,-45 -24,-49 -10,-55 4,-51 16,-52"), 1.6), False, 60),
    ]
    for line, wide in zip(
        lines, [np.linspace(1.2, 2.6, 40), np.linspace(0.8, 1.7, 30), np.linspace(1.1, 0.3, 60)], strict=True
    ):
        start = rng.integers(0, len(line) // 3)
        vessels(
            canvas,
            [line[start:]],
            [wide[start:] * rng.uniform(0.6, 1.0)],
            rng.choice([0.0, rng.uniform(0.2, 0.8)], p=[0.2, 0.8]),
        )
    canvas.fill("plexus", 0.6 * canvas.strokes([spline(path("-6,-28 6,-29 18,-28"), False, 20)], [1.6]))
    veins(canvas, rng, sulci, 0.14)
    crest = spline(SAGITTAL_BRAIN, count=300)
    crest = crest[(crest[:, 1] < 12) & ~((crest[:, 1] > -30) & (crest[:, 0] < 60))]
    crest = crest[np.argsort(np.arctan2(crest[:, 1] + 20, crest[:, 0]))] * 1.02
    vessels(canvas, [crest], [np.linspace(1.0, 2.6, len(crest))], 0.75)


def _face_sagittal(canvas: Canvas, rng) -> None:
    """Nose, palate, tongue, airway, clivus, cervical spine."""
    canvas.shape("bone", spline(path("-86,-14 -60,4 -34,2 -12,8 10,50 2,56 -16,30 -40,34 -70,18 -88,6")), False, 1.5)
    canvas.shape("air", spline(jitter(rng, path("-90,-12 -84,-22 -80,-6 -84,2"), 1.2)), False, 0.9)
    ethmoid = spline(jitter(rng, path("-80,2 -60,4 -42,3 -40,14 -56,17 -76,13"), 1.5))
    air_cells(canvas, rng, ethmoid)
    for y in (20, 30, 40):
        turbinate = spline(
            jitter(rng, [(-96, y + 3), (-78, y - 3), (-50, y - 4), (-36, y + 1), (-52, y + 4), (-80, y + 4)], 1.5)
        )
        canvas.fill("mucosa", (0.8 * smoothstep(texture(rng, 14, 2), -1.3, 0.3)) * canvas.cover(turbinate, False, 1.2))
        canvas.fill("air", 0.8 * canvas.strokes([turbinate[60:150]], [float(rng.uniform(0.6, 2.2))], inside=False))
    canvas.shape("fat", spline(path("-94,50 -70,46 -36,47 -22,54 -40,52 -70,51 -90,56")), False, 1.0)
    grooves = 1 + 0.13 * texture(rng, 9, 3, 0.7, 3.0) + 0.07 * texture(rng, 60)
    canvas.shape(
        canvas.tones["muscle"] * 1.15 * grooves.astype(np.float32),
        spline(jitter(rng, path("-84,72 -66,58 -40,56 -22,68 -18,92 -30,112 -60,112 -80,96"), 1.5)),
        False,
        1.0,
    )
    canvas.fill(
        "air",
        canvas.strokes([spline(jitter(rng, path("-86,66 -66,54 -40,52 -24,60"), 1.0), False, 40)], [2.0], inside=False),
    )
    canvas.shape(
        "air",
        spline(jitter(rng, path("-24,40 -12,48 -10,66 -12,92 -12,130 -22,130 -18,92 -18,66 -30,50"), 1.0)),
        False,
        1.0,
    )
    canvas.shape("marrow", spline(path("-98,76 -88,80 -86,96 -92,102 -98,92")), False, 1.2)
    clivus = spline(jitter(rng, path("-12,10 -8,12 8,44 6,50 0,44 -14,24"), 0.8))
    canvas.shape(canvas.tones["marrow"] * rng.uniform(1.0, 1.9), clivus, False, 0.9)
    for k, y in enumerate((58, 74, 90, 106, 122)):
        block = np.array([(-2 + k, y - 6.5), (10 + k, y - 6), (11 + k, y + 6), (-1 + k, y + 6.5)])
        canvas.shape("bone", swell(block, 1.16), False, 0.8)
        canvas.fill(canvas.tone("marrow") * 1.45, 0.95 * canvas.cover(block, False, 1.2))
        canvas.fill("marrow", canvas.cover(jitter(rng, oval(44 + 2 * k, y + 4, 8, 2.6, 0.5, 14), 0.5), False, 1.2))
    nape = canvas.cover(spline(path("66,48 84,46 84,90 90,130 64,130 66,90")), False, 3)
    canvas.fill("fat", 0.75 * nape * smoothstep(texture(rng, 18, 3), -1.2, 0.2))


def _sella(canvas: Canvas, rng) -> None:
    """Pituitary in its fossa above the sphenoid sinus."""
    canvas.shape("air", spline(jitter(rng, path("-40,12 -28,16 -16,18 -12,28 -24,34 -38,28"), 1.2)), False, 1.0)
    canvas.fill("mucosa", canvas.strokes([jitter(rng, np.array([(-28, 16), (-27, 33)]), 1.0)], [1.0], inside=False))
    canvas.shape("gland", spline(path("-28,8 -20,7 -14,9 -16,14 -24,14")), False, 0.8)


def _sagittal_side(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Beside the midline: lateral ventricle, basal ganglia, cerebellar hemisphere."""
    outline = spline(SIDE_BRAIN, count=300)
    width, open_ = wear(canvas, rng)
    keep = (outline[:, 1] < 4) | ((outline[:, 0] < -10) & (outline[:, 1] < 25))
    sulci = furrows(rng, outline, 10, 21, keep, branch=0.5)
    sylvian = spline(jitter(rng, path("-40,4 -26,2 -10,-2 8,-8"), 1.4), False, 40)
    white = cerebrum(canvas, rng, brain, sulci, [sylvian], width)

    for x, y, rx, ry, angle in ((-14, -20, 17, 9, 0.1), (8, -14, 11, 9, 0.0)):
        canvas.shape("deep", oval(x, y, rx, ry, angle), soft=1.8)
    crescent = path("-34,-28 -22,-38 0,-40 22,-32 34,-16 46,-10 34,-6 26,-14 12,-26 -8,-30 -22,-28")
    canvas.shape("csf", swell(spline(jitter(rng, crescent, 1.0)), open_**0.5), soft=0.8)
    canvas.fill(
        "plexus",
        0.8
        * canvas.strokes(
            [spline(jitter(rng, path("14,-28 26,-18 29,-9"), 1.0), False, 20)], [float(rng.uniform(1, 3.2))]
        ),
    )
    cerebellum = canvas.cover(spline(path("20,12 32,6 50,8 66,16 64,34 48,48 30,46 20,32")), True, 1.0)
    white = white * (1 - cerebellum)
    canvas.fill("wm", cerebellum)
    folia(canvas, rng, cerebellum, 3.0)
    tent = spline(jitter(rng, path("18,8 34,2 52,4 74,14"), 0.8), False, 40)
    canvas.fill("csf", 0.6 * canvas.strokes([tent], [2.6]))
    canvas.fill("dura", 0.8 * canvas.strokes([tent], [1.1]))
    vessels(canvas, [sylvian[rng.integers(0, 8) : rng.integers(14, 40)]], 0.9, 0.75)
    veins(canvas, rng, sulci, 0.14)
    dural_sinuses(canvas, rng, [(76, 15, 3.6)])
    return white


def _face_side(canvas: Canvas, rng) -> None:
    """Orbit, maxillary sinus, petrous bone, jaw and neck beside the midline."""
    base = canvas.cover(spline(path("-84,-8 -50,8 -14,26 20,40 50,54 40,60 4,52 -30,38 -60,20 -84,8")), False, 2.0)
    canvas.fill("bone", base * smoothstep(texture(rng, 18, 3), 1.1, -0.2))
    canvas.shape("fat", spline(jitter(rng, path("-92,2 -78,-4 -56,6 -44,16 -62,32 -90,30"), 1.5)), False, 2.0)
    eye = (-83 + rng.normal(0, 1), 14 + rng.normal(0, 1))
    canvas.shape("skin", oval(*eye, 12, 12), False)
    canvas.shape("vitreous", oval(*eye, 10.6, 10.6), False)
    cords = [path("-78,1 -64,4 -47,13"), path("-76,27 -62,26 -47,18")]
    canvas.fill(
        "muscle",
        0.8 * canvas.strokes([spline(jitter(rng, c, 0.8), False, 14) for c in cords], [2.6] * 2, inside=False),
    )
    canvas.shape("air", spline(jitter(rng, path("-86,36 -64,33 -48,40 -52,58 -70,62 -84,52"), 1.5)), False, 1.0)
    canvas.shape("muscle", spline(jitter(rng, path("-44,34 -24,44 -16,66 -26,92 -42,70"), 1.5)), False, 1.5)
    canvas.shape("muscle", spline(jitter(rng, path("26,62 58,54 68,74 66,130 30,130"), 1.5)), False, 2.5)
    canvas.shape("air", spline(jitter(rng, path("12,42 22,46 28,54 18,54"), 1.5)), False, 1.4)


SLICES: dict[str, Slice] = {
    "sagittal_mid": Slice("sagittal", SAGITTAL_HEAD, SAGITTAL_BRAIN, _sagittal_mid, SAGITTAL_VAULT, _face_sagittal),
    "sagittal_side": Slice("sagittal", SIDE_HEAD, SIDE_BRAIN, _sagittal_side, SAGITTAL_VAULT, _face_side),
}
