"""Axial brain slices: above the ventricles, through them, at the orbits, through the posterior fossa."""

from __future__ import annotations

import numpy as np

from ..kit import smoothstep
from .canvas import Canvas, furrows, jitter, mirrored, oval, path, spline, swell, texture
from .head import (
    Slice,
    air_cells,
    cerebrum,
    dural_sinuses,
    ears,
    folia,
    medial_surface,
    midline,
    nuclei,
    veins,
    ventricle,
    vessels,
    wear,
)

AXIAL_HEAD = mirrored(path("0,-95 26,-90 50,-72 64,-44 72,-6 73,30 62,64 38,88 0,97"))
AXIAL_BRAIN = mirrored(path("0,-81 9,-82 24,-78 42,-64 54,-40 60,-6 61,26 51,56 31,76 12,82 0,80"))
BASAL_HEAD = mirrored(path("0,-107 7,-104 15,-96 34,-98 54,-92 66,-76 71,-48 74,-14 75,14 73,40 60,70 36,90 0,97"))
BASAL_BRAIN = mirrored(path("0,-50 14,-46 24,-36 32,-40 46,-44 57,-28 61,2 61,30 51,56 31,76 12,82 0,80"))
BASAL_VAULT = mirrored(path("0,-42 20,-40 42,-52 58,-56 90,-60 100,60 60,110 0,120"))


def _axial_high(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Above the ventricles: falx, long sulci, centrum semiovale."""
    outline = spline(AXIAL_BRAIN, count=300)
    width, _ = wear(canvas, rng)
    fissure, medial = medial_surface(rng, -78, 78, 11)
    sulci = furrows(rng, outline, 10, 26, branch=0.5) + medial
    white = cerebrum(canvas, rng, brain, sulci, [fissure], width)
    if rng.random() < 0.5:
        body = path("5,-20 8,-26 12,-20 14,2 17,24 12,22 8,4")
        ventricle(canvas, rng, body, rng.uniform(0.6, 1.15))
    canvas.fill("dura", 0.75 * canvas.strokes([midline(rng, -80, -40), midline(rng, 20, 79)], [0.9, 0.9]))
    veins(canvas, rng, sulci)
    dural_sinuses(canvas, rng, [(0, -83, 2.2), (0, 81, 3.6)])
    return white


def _axial_ventricles(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Through frontal horns, basal ganglia, thalami and atria."""
    outline = spline(AXIAL_BRAIN, count=300)
    width, open_ = wear(canvas, rng)
    front, medial_front = medial_surface(rng, -79, -46, 10)
    back, medial_back = medial_surface(rng, 44, 79, 9)
    insulae, sylvian = [], []
    for sign in (1, -1):
        sylvian.append(spline(jitter(rng, path("62,-10 53,-8 47,-4 41,-6", sign), 1.8), False, 24))
        insulae.append(spline(jitter(rng, path("33,-30 40,-22 42,-8 39,4 40,12", sign), 1.3), False, 40))
    keep = np.abs(outline[:, 1] + 14) > 9
    sulci = furrows(rng, outline, 10, 17, keep, branch=0.5) + medial_front + medial_back
    sulci += [f for line, flip in zip(insulae, (True, False), strict=True) for f in furrows(rng, line, 9, 9, flip=flip)]
    white = cerebrum(canvas, rng, brain, sulci, [front, back, *sylvian, *insulae], width)
    nuclei(canvas, rng, [(14, -25, 5, 9, 0.3), (26, -9, 5, 15, 0.22), (21, -6, 3, 8, 0.25), (10, 9, 8.5, 12, -0.3)])
    ventricle(canvas, rng, path("1.2,-16 1.3,-28 3,-36 7,-42 12,-45 15,-42 12,-35 8,-26 4.5,-16 2.5,-12"), open_)
    ventricle(canvas, rng, path("15,20 20,19 27,27 32,39 30,49 25,50 23,41 19,32 14,26"), open_)
    canvas.fill("wm", 0.9 * canvas.strokes([np.array([(0, -36), (0.3, -26), (0, -16)])], [1.3]))
    canvas.shape("csf", oval(0, 4, 1.6 * open_, 11), soft=0.8)
    canvas.shape("wm", spline(path("-14,27 0,29 14,27 10,33 0,36 -10,33")), soft=1.5)
    canvas.shape("csf", spline(path("-7,24 0,20 7,24 3,27 0,29 -3,27")), soft=0.9)
    vessels(
        canvas,
        [np.array([(0, 25), (0, 30)]), np.array([(-2, 22), (-4, 18)]), np.array([(2, 22), (4, 18)])],
        [2.4, 1.0, 1.0],
    )
    for sign in (1, -1):
        plexus = spline(jitter(rng, path("20,28 24,34 25,41", sign), 0.8), False, 14)
        canvas.fill("plexus", 0.8 * canvas.strokes([plexus], [float(rng.uniform(1.2, 3.2))]))
    vessels(canvas, [line[rng.integers(0, 5) : rng.integers(9, 24)] for line in sylvian + insulae], 0.8, 0.7)
    canvas.fill("dura", 0.75 * canvas.strokes([midline(rng, -80, -50), midline(rng, 40, 79)], [0.9, 0.9]))
    veins(canvas, rng, sulci)
    dural_sinuses(canvas, rng, [(0, -83, 2.0), (0, 81, 3.8)])
    return white


def _axial_basal(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Through orbits, temporal lobes, suprasellar cistern, midbrain and upper cerebellum."""
    outline = spline(BASAL_BRAIN, count=300)
    width, _ = wear(canvas, rng)
    keep = (outline[:, 1] < 44) & (np.abs(outline[:, 0]) > 16) & (np.abs(outline[:, 1] + 34) > 6)
    sulci = furrows(rng, outline, 10, 14, keep, branch=0.5)
    gyri, _ = medial_surface(rng, -50, -26, 6)
    sylvian = [
        spline(jitter(rng, path("59,-20 51,-27 42,-26 30,-29 16,-22", sign), 1.6), False, 30) for sign in (1, -1)
    ]
    white = cerebrum(canvas, rng, brain, sulci, [gyri, *sylvian], width)
    lobes = canvas.cover(spline(mirrored(path("0,26 14,30 32,34 48,44 44,62 24,77 0,80"))), True, 1.5)
    canvas.fill("wm", lobes * 0.8)
    folia(canvas, rng, lobes)
    canvas.shape(
        "csf",
        spline(
            jitter(rng, mirrored(path("0,-33 4,-26 15,-26 20,-21 12,-15 13,-9 19,-3 20,8 16,17 11,22 4,21 0,24")), 0.9)
        ),
        soft=1.2,
    )
    canvas.shape(
        "wm",
        spline(jitter(rng, mirrored(path("0,-4 3,-8 7,-12 14,-7 17,2 14.5,9 12,14 8,19 4,18 0,19")), 0.6)),
        soft=1.1,
    )
    canvas.shape("csf", oval(0, 14, 1.3, 1.6), soft=0.8)
    canvas.shape("gm", spline(path("-8,-22 0,-19 8,-22 5,-18 0,-16 -5,-18")), soft=1.2)
    horn = path("31,2 34,10 35,20 33,21 31,12 29,3")
    ventricle(canvas, rng, horn, rng.uniform(0.5, 1.5))
    circle = [spline(jitter(rng, path("2,-25 10,-22 22,-23 36,-28", s), 1.0), False, 30) for s in (1, -1)]
    circle += [spline(jitter(rng, path("3,-9 13,-8 19,4 16,16", s), 0.8), False, 30) for s in (1, -1)]
    for line in circle:
        vessels(canvas, [line[rng.integers(0, 8) : rng.integers(12, 30)]], 0.9, rng.uniform(0.2, 0.75))
    vessels(canvas, [np.array([(-0.6, -9), (0.6, -9)])], 2.2, 0.7)
    tent = [spline(path("2,24 14,27 34,36 50,47", s), False, 30) for s in (1, -1)]
    canvas.fill("dura", rng.uniform(0.1, 0.5) * canvas.strokes(tent, [0.9, 0.9]))
    veins(canvas, rng, sulci, 0.08)
    ears(canvas, rng, 76, 12)
    dural_sinuses(canvas, rng, [(0, 81, 3.4)])
    return white


def _axial_fossa(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Through temporal poles, petrous bones, pons, fourth ventricle and cerebellum."""
    outline = spline(BASAL_BRAIN, count=300)
    keep = (outline[:, 1] < -2) & (np.abs(outline[:, 0]) > 22)
    sulci = furrows(rng, outline, 10, 11, keep, branch=0.5)
    white = cerebrum(canvas, rng, brain, sulci, [], wear(canvas, rng)[0])
    fossa = canvas.cover(spline(mirrored(path("0,-14 12,-12 26,2 44,14 56,24 52,54 32,75 12,81 0,78"))), True, 1.2)
    canvas.fill("wm", fossa)
    folia(canvas, rng, fossa, 3.2)
    middle = canvas.cover(spline(mirrored(path("0,-62 17,-60 17,-38 20,-24 12,-14 0,-13"))), False, 1.5)
    canvas.fill(canvas.tone("marrow") * smoothstep(texture(rng, 18, 3), -1.3, 0.6), middle)
    for sign in (1, -1):
        ridge = np.multiply(path("62,14 54,19 40,12 24,0 14,-10 20,-16 34,-8 52,1 62,2"), (sign, 1))
        rock = canvas.cover(spline(jitter(rng, ridge, 1.3)), False, 1.4)
        canvas.fill("bone", rock)
        canvas.fill("marrow", rock * smoothstep(texture(rng, 12, 2), 0.5, 1.5))
        canvas.shape("plexus", spline(jitter(rng, path("10,-34 17,-32 18,-20 12,-17", sign), 1.0)), False, 1.0)
        canvas.shape("bone", oval(sign * 13.5, -27 + rng.normal(0, 1.5), 2.8, rng.uniform(2.5, 5)), False)
    sinus = spline(jitter(rng, mirrored(path("0,-56 10,-56 12,-44 8,-36 0,-35")), 1.2))
    canvas.shape("mucosa", swell(sinus, 1.1), False)
    canvas.shape("air", sinus, False)
    canvas.shape("gland", oval(0, -28, 6, 4.5), False)
    canvas.shape("csf", spline(jitter(rng, mirrored(path("0,-14 12,-11 24,3 19,8 15,2 8,-6 0,-8")), 0.8)), soft=1.0)
    canvas.shape("wm", spline(mirrored(path("0,-7 9,-6 15,2 24,10 18,17 8,12 0,12"))), soft=1.2)
    canvas.shape(
        "csf",
        swell(spline(jitter(rng, mirrored(path("0,11 6,12 8,16 3,20 0,22")), 0.6)), rng.uniform(0.7, 1.3)),
        soft=0.9,
    )
    vessels(canvas, [np.array([(-0.5, -9.5), (0.5, -9.5)])], 2.0, 0.8)
    canvas.fill("csf", 0.6 * canvas.strokes([midline(rng, 62, 78, 10)], [1.6]))
    veins(canvas, rng, sulci, 0.08)
    ears(canvas, rng, 76, 12)
    dural_sinuses(canvas, rng, [(0, 81, 3.2), (54, 30, 3.6), (-54, 30, 3.0)])
    return white


def _face_axial(canvas: Canvas, rng) -> None:
    """Orbits, ethmoid cells, temporal muscles and ears at the level of the globes."""
    for sign in (1, -1):
        canvas.shape("fat", spline(path("14,-84 30,-92 48,-80 44,-62 22,-44 14,-60", sign)), False, 1.0)
        canvas.shape("bone", spline(path("50,-84 54,-70 45,-56 34,-44 40,-58 48,-70", sign)), False, 1.0)
        canvas.shape("muscle", spline(path("54,-70 64,-52 68,-28 62,-34 52,-52", sign)), False, 1.0)
        eye = (sign * 31 + rng.normal(0, 0.8), -78 + rng.normal(0, 1.2))
        canvas.shape("skin", oval(*eye, 12.6, 12.6), False)
        canvas.shape("vitreous", oval(*eye, 11.2, 11.2), False)
        canvas.shape("muscle", oval(eye[0], eye[1] - 8.2, 4.8, 2.0), False)
        cords = [
            spline([(eye[0] - sign * 1, eye[1] + 12), (sign * 27, -58), (sign * 18, -45)], False, 20),
            spline([(eye[0] - sign * 11, eye[1] + 4), (sign * 17, -62), (sign * 17, -48)], False, 20),
            spline([(eye[0] + sign * 12, eye[1] + 4), (sign * 39, -60), (sign * 25, -46)], False, 20),
        ]
        canvas.fill("muscle", canvas.strokes(cords, [3.2, 3.4, 3.2], inside=False))
    canvas.shape("air", spline(mirrored(path("0,-98 8,-92 12,-76 13,-58 10,-46 0,-44"))), False, 0.9)
    air_cells(canvas, rng, spline(mirrored(path("0,-97 7,-91 11,-76 12,-58 9,-47 0,-45"))))
    canvas.fill(
        "mucosa",
        0.9
        * canvas.strokes(
            [np.array([(rng.normal(0, 0.5), -97), (rng.normal(0, 0.5), -70), (0, -46)])], [1.3], inside=False
        ),
    )


SLICES: dict[str, Slice] = {
    "axial_high": Slice("axial", AXIAL_HEAD, AXIAL_BRAIN, _axial_high),
    "axial_ventricles": Slice("axial", AXIAL_HEAD, AXIAL_BRAIN, _axial_ventricles),
    "axial_basal": Slice("axial", BASAL_HEAD, BASAL_BRAIN, _axial_basal, BASAL_VAULT, _face_axial),
    "axial_fossa": Slice("axial", BASAL_HEAD, BASAL_BRAIN, _axial_fossa, BASAL_VAULT, _face_axial),
}
