"""Coronal brain slices: through the sella, through the cerebellum."""

from __future__ import annotations

import numpy as np

from ..kit import smoothstep
from .canvas import Canvas, furrows, jitter, mirrored, oval, path, spline, swell, texture
from .head import (
    Slice,
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

CORONAL_HEAD = mirrored(path("0,-101 26,-97 51,-81 68,-49 75,-6 74,32 73,60 69,88 60,118 52,150 0,150"))
CORONAL_BRAIN = mirrored(path("0,-85 8,-87 25,-82 45,-67 58,-40 63,-8 62,18 50,33 34,34 22,25 14,13 0,11"))
CORONAL_VAULT = mirrored(path("0,-120 70,-110 110,-40 95,12 60,42 20,34 0,18"))
BACK_HEAD = mirrored(path("0,-100 26,-96 51,-80 68,-47 74,-4 70,32 58,62 54,90 60,122 66,150 0,150"))
BACK_BRAIN = mirrored(path("0,-84 8,-86 25,-81 45,-66 58,-38 63,-5 60,22 52,44 32,58 12,60 0,56"))
BACK_VAULT = mirrored(path("0,-120 70,-110 110,-40 95,40 60,66 20,70 0,68"))


def _coronal_mid(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Through the third ventricle, temporal lobes, pituitary and cavernous sinuses."""
    outline = spline(CORONAL_BRAIN, count=300)
    width, open_ = wear(canvas, rng)
    keep = (outline[:, 1] < 20) | (np.abs(outline[:, 0]) > 26)
    fissure, medial = medial_surface(rng, -84, -46, 9)
    sylvian = [spline(jitter(rng, path("64,-8 52,-10 43,-8 37,-11", s), 1.2), False, 24) for s in (1, -1)]
    insulae = [spline(jitter(rng, path("34,-24 39,-16 40,-7 36,2", s), 1.2), False, 30) for s in (1, -1)]
    sulci = furrows(rng, outline, 10, 17, keep & (np.abs(outline[:, 1] + 8) > 6), branch=0.5) + medial
    sulci += [f for line, flip in zip(insulae, (True, False), strict=True) for f in furrows(rng, line, 9, 8, flip=flip)]
    white = cerebrum(canvas, rng, brain, sulci, [fissure, *sylvian, *insulae], width)
    nuclei(canvas, rng, [(17, -29, 4, 6, 0.5), (26, -13, 5, 9, 0.2), (9, -14, 6, 8, 0.0), (29, 12, 7, 5, 0.2)])
    canvas.shape("wm", spline(mirrored(path("0,-44 12,-47 26,-47 23,-43 11,-41 0,-38"))), soft=1.2)
    ventricle(canvas, rng, path("1.2,-36 5,-38.5 11,-41 17,-43.5 19,-42 15,-36 10,-30 6,-26 2,-25"), open_)
    canvas.shape("wm", oval(0, -31, 0.9, 7), soft=0.8)
    canvas.shape("csf", oval(0, -12, 1.5 * open_, 8), soft=0.8)
    ventricle(canvas, rng, path("26,17 31,15 35,18 31,19"), rng.uniform(0.6, 1.4), 0.6)
    canvas.shape("csf", spline(mirrored(path("0,-3 9,0 20,2 22,10 14,13 0,11"))), soft=1.4)
    canvas.shape("wm", spline(mirrored(path("0,0 6,1 10,3 6,5 0,4.5"))), soft=1.0)
    _cavernous(canvas, rng)
    canvas.fill("mucosa", 0.8 * canvas.strokes([midline(rng, 4, 11, 8)], [1.4]))
    for s in (1, -1):
        middle = spline(jitter(rng, path("8,2 18,0 30,-2 38,-8", s), 1.4), False, 26)
        vessels(canvas, [middle[rng.integers(0, 9) : rng.integers(12, 26)]], 0.9, rng.uniform(0.2, 0.75))
    vessels(canvas, [line[rng.integers(0, 6) : rng.integers(9, 20)] for line in sylvian + insulae], 0.8, 0.7)
    canvas.fill("dura", 0.8 * canvas.strokes([midline(rng, -86, -52)], [0.9]))
    veins(canvas, rng, sulci)
    ears(canvas, rng, 76, 30)
    dural_sinuses(canvas, rng, [(0, -87, 3.4)])
    return white


def _face_coronal(canvas: Canvas, rng) -> None:
    """Sella, sphenoid sinus, pharynx, chewing muscles and jaw."""
    base = canvas.cover(spline(mirrored(path("0,18 18,25 34,39 52,36 64,24 66,34 50,45 30,47 0,46"))), False, 1.8)
    canvas.fill("bone", base * smoothstep(texture(rng, 16, 2), 1.3, 0.1))
    canvas.fill("mucosa", 0.7 * canvas.cover(spline(mirrored(path("0,48 18,50 20,66 14,82 0,84"))), False, 2.0))
    canvas.shape("air", spline(jitter(rng, mirrored(path("0,53 8,54 10,62 8,71 0,73")), 1.6)), False, 1.0)
    canvas.fill("mucosa", canvas.strokes([np.array([(0, 52), (rng.normal(0, 0.8), 62), (0, 74)])], [1.6], inside=False))
    chewing = path("24,48 40,50 36,72 26,92 22,70"), path("52,46 62,56 57,88 48,98 50,70")
    for sign in (1, -1):
        for half in (*chewing, path("64,-18 69,0 66,30 58,46 63,20")):
            belly = canvas.cover(spline(jitter(rng, np.multiply(half, (sign, 1)), 1.5)), False, 1.5)
            canvas.fill("muscle", 0.75 * belly * smoothstep(np.abs(texture(rng, 22, 3)), 0.05, 0.4))
        ramus = path("44,52 49,54 46,86 41,100 40,80", sign)
        canvas.shape("bone", spline(jitter(rng, ramus, 0.8)), False, 1.0)
        canvas.shape("marrow", swell(spline(ramus), 0.7), False, 1.0)
    tongue = canvas.cover(spline(mirrored(path("0,86 20,90 28,106 20,126 0,130"))), False, 2.0)
    canvas.fill(canvas.tones["muscle"] * (1.05 + 0.16 * texture(rng, 14, 3)), tongue)


def _cavernous(canvas: Canvas, rng) -> None:
    """Pituitary between the cavernous sinuses with the flow voids of the carotids."""
    floor = canvas.cover(spline(mirrored(path("0,14 20,18 26,32 22,46 0,48"))), False, 2.0)
    canvas.fill(
        canvas.tone("marrow") * (1 + 0.3 * texture(rng, 12, 3)),
        0.8 * floor * smoothstep(texture(rng, 14, 3), -1.0, 0.4),
    )
    sinus = spline(jitter(rng, mirrored(path("0,24 11,23 17,30 13,40 0,43")), 2.0))
    sinus = swell(sinus, rng.uniform(0.6, 1.1), (0, 24))
    lining = canvas.cover(swell(sinus, 1.1), False, 1.0) * smoothstep(texture(rng, 16, 2), -1.0, 0.8)
    canvas.fill("mucosa", 0.8 * lining)
    canvas.shape("air", sinus, False, 1.0)
    septum = np.array([(rng.normal(0, 2), 24), (rng.normal(0, 4), 42)])
    canvas.fill(
        "mucosa",
        rng.uniform(0.3, 0.8) * canvas.cover(sinus, False, 1.0) * canvas.strokes([septum], [1.1], inside=False),
    )
    for sign in (1, -1):
        wall = canvas.cover(spline(jitter(rng, path("8,10 16,9 20,16 15,24 8,21", sign), 1.4)), False, 1.4)
        canvas.fill("plexus", wall * smoothstep(texture(rng, 10, 2), -2.2, 0.2) * rng.uniform(0.6, 0.95))
        for y, chance in ((13, 0.9), (19, 0.6)):
            if rng.random() < chance:
                radii = rng.uniform(1.6, 3.0, 2)
                canvas.shape("bone", oval(sign * 13 + rng.normal(0, 1.2), y + rng.normal(0, 1), *radii), False, 1.1)
    canvas.shape("gland", spline(mirrored(path("0,11 6,11.5 8,15 6,18 0,19"))), False, 0.8)


def _coronal_back(canvas: Canvas, rng, brain: np.ndarray) -> np.ndarray:
    """Through the atria, the tentorium and the cerebellum."""
    outline = spline(BACK_BRAIN, count=300)
    width, open_ = wear(canvas, rng)
    fissure, medial = medial_surface(rng, -82, -14, 13)
    sulci = furrows(rng, outline, 10, 18, outline[:, 1] < 12, branch=0.5) + medial
    white = cerebrum(canvas, rng, brain, sulci, [fissure], width)
    ventricle(canvas, rng, path("20,-22 27,-20 31,-10 28,-2 24,-6 21,-14"), open_)
    for sign in (1, -1):
        plexus = spline(jitter(rng, path("24,-16 26,-8", sign), 0.6), False, 8)
        canvas.fill("plexus", 0.7 * canvas.strokes([plexus], [float(rng.uniform(1, 3))]))
    cerebellum = canvas.cover(spline(mirrored(path("0,0 16,6 36,15 54,22 50,42 30,56 12,57 0,52"))), True, 1.0)
    white = white * (1 - cerebellum)
    canvas.fill("wm", cerebellum)
    folia(canvas, rng, cerebellum)
    canvas.fill("csf", 0.5 * canvas.strokes([midline(rng, 34, 52, 12)], [1.6]))
    tent = [spline(jitter(rng, path("1,-6 14,3 34,12 56,18", s), 0.8), False, 40) for s in (1, -1)]
    canvas.fill("csf", 0.6 * canvas.strokes(tent, [2.4, 2.4]))
    canvas.fill("dura", 0.8 * canvas.strokes([*tent, midline(rng, -84, -6)], [1.1, 1.1, 0.9]))
    veins(canvas, rng, sulci)
    dural_sinuses(canvas, rng, [(0, -85, 3.8), (59, 19, 3.4), (-59, 19, 3.0), (0, -6, 2.2)])
    return white


def _neck_coronal(canvas: Canvas, rng) -> None:
    """Neck muscles below the occiput."""
    for sign in (1, -1):
        for x, wide in ((9, 7), (24, 8), (41, 7)):
            half = [
                (sign * (x - wide), 76),
                (sign * (x + wide), 72),
                (sign * (x + wide - 2), 130),
                (sign * (x - wide + 1), 130),
            ]
            belly = canvas.cover(spline(jitter(rng, half, 2.0)), False, 2.0)
            canvas.fill("muscle", 0.9 * belly * smoothstep(np.abs(texture(rng, 22, 3)), 0.05, 0.4))
    canvas.fill("fat", 0.7 * canvas.strokes([midline(rng, 72, 130)], [float(rng.uniform(1.0, 2.5))], inside=False))


SLICES: dict[str, Slice] = {
    "coronal_mid": Slice("coronal", CORONAL_HEAD, CORONAL_BRAIN, _coronal_mid, CORONAL_VAULT, _face_coronal),
    "coronal_back": Slice("coronal", BACK_HEAD, BACK_BRAIN, _coronal_back, BACK_VAULT, _neck_coronal),
}
