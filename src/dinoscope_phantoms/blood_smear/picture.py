"""Peripheral blood smears in suspected B-lymphoblastic leukaemia, Wright-Giemsa stain, oil immersion.

The mask holds the nucleated lymphoid cells that the question is about: the lymphoblasts in `early`, `pre`
and `pro`, and in `benign` the haematogones (regenerating B-cell precursors, not a lesion). Smudge cells,
granulocytes, large reactive cells and platelets are drawn but never masked.

Signs: haematogones are small, with condensed, smudged chromatin, hardly any cytoplasm and no distinct
nucleoli, of mixed sizes among mature forms (McKenna et al., Blood 98:2498, 2001); L1 blasts are small and
alike with scant cytoplasm, L2 blasts are larger and uneven with nucleoli and more cytoplasm (Bennett et al.,
FAB proposals, Br J Haematol 33:451, 1976). The stages early, pre and pro are told apart by flow cytometry,
not by shape (Bene et al., EGIL, Leukemia 9:1783, 1995); how they differ in stain, crowding and size is the
habit of the real set (Ghaderzadeh et al., Int J Intell Syst 37:5113, 2022), and so it is here.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from .. import Phantom, kit
from .cells import Cell, Chromatin, erythrocytes, nucleus, outlines, territories, texture
from .slides import RED_CELL_UM, SLIDES, Colour, Slide

CLASSES: tuple[str, ...] = ("benign", "early", "pre", "pro")


def draw(label: str, seed: int, size: int = 224) -> Phantom:
    """Draw one smear field; see the module's doc-string for what the mask holds.

    Parameters: `lesion_size` (mask in percent of the picture), `site`, `contrast` (plasma minus masked cells,
    grey levels from 0 to 1), `cell_count` (masked cells in view), `mean_diameter` (micrometres, by the red
    cells as ruler), `nucleus_to_cytoplasm` (area ratio), `nucleoli` (mean per cell), `stain`, `red_cells`.
    """
    rng = np.random.default_rng([seed, CLASSES.index(label)])
    slides = SLIDES[label]
    share = np.array([slide.share for slide in slides])
    slide = slides[rng.choice(len(slides), p=share / share.sum())]
    canvas = 2 * size
    stretch = rng.uniform(*slide.stretch)
    red_radius = rng.uniform(*slide.red_width) / 200 * canvas
    cells = _place_nucleated(rng, slide, canvas, red_radius, stretch)
    owner, inside = territories(cells, canvas, stretch)
    centres = _place_red(rng, slide, canvas, red_radius, stretch, inside)
    thickness, rims = erythrocytes(
        rng, canvas, centres, red_radius, stretch, slide.pallor, slide.spikes, rng.uniform(0.05, 0.11)
    )
    focus = rng.uniform(*slide.focus) * size / 224
    red = _red_density(rng, slide, thickness, rims, inside, focus)
    white, nuclear, spots = _white_density(rng, slide, cells, owner, inside, canvas, stretch)
    specks = _platelets(rng, slide, canvas, red_radius) * np.where(inside > 0, 0.25, 1)[..., None]
    density = red + _glare(red) + kit.blur((white + specks).astype(np.float32), 1.4 * focus)
    picture = _photograph(rng, slide, density, size)

    lymphoid = np.array([cell.kind == "lymphoid" for cell in cells] + [False])
    mask = lymphoid[owner].reshape(size, 2, size, 2).mean(axis=(1, 3)) >= 0.5
    seen = np.unique(owner[lymphoid[owner]])
    area, nucleus_area = lymphoid[owner].sum(), nuclear[lymphoid[owner]].sum()
    diameter = np.mean([cells[n].radius for n in seen]) / red_radius * RED_CELL_UM
    grey = np.asarray(picture, dtype=np.float32).mean(axis=-1) / 255
    return Phantom(
        picture,
        mask,
        label,
        seed,
        {
            "lesion_size": round(float(mask.mean()) * 100, 2),
            "site": "peripheral blood",
            "contrast": round(float(np.percentile(grey[~mask], 90) - grey[mask].mean()), 3),
            "cell_count": float(len(seen)),
            "mean_diameter": round(float(diameter), 1),
            "nucleus_to_cytoplasm": round(float(nucleus_area / max(area - nucleus_area, 1)), 1),
            "nucleoli": round(float(np.mean([spots[n] for n in seen])), 2),
            "stain": slide.stain,
            "red_cells": float(len(centres)),
        },
    )


def _density(colour: Colour) -> np.ndarray:
    """Optical density per channel that turns white light into `colour`."""
    return -np.log(np.asarray(colour, dtype=np.float32) / 255)


def _place_nucleated(
    rng: np.random.Generator, slide: Slide, canvas: int, red_radius: float, stretch: float
) -> list[Cell]:
    """Scatter the nucleated cells, some against a neighbour; at least one lymphoid cell is in view."""
    um = red_radius / RED_CELL_UM
    kinds = ["lymphoid"] * int(rng.integers(slide.count[0], slide.count[1] + 1))
    others = {"large": slide.large, "granulocyte": slide.granulocyte, "smudge": slide.smudge}
    for kind, mean in others.items():
        kinds += [kind] * int(min(rng.poisson(mean), 3 * mean + 1))
    typical = rng.uniform(*slide.width)
    cells: list[Cell] = []
    for n, kind in enumerate(kinds):
        if kind == "lymphoid":
            um_wide = max(6.2, typical * np.clip(1 + slide.uneven * rng.standard_normal(), 0.65, 1.5))
            oval, rough, blebs = rng.uniform(0.03, 0.13), rng.uniform(0.2, 1) * slide.ruffle, slide.blebs
        elif kind == "smudge":
            um_wide, oval, rough, blebs = rng.uniform(11.5, 19.5), rng.uniform(0.1, 0.26), 0.006, 1.5
        else:
            um_wide = rng.uniform(0.78, 1.22) * {"large": 14.5, "granulocyte": 12.5}[kind]
            oval, rough, blebs = 0.08, 0.005, 1.0
        radius = um_wide * um
        shape = outlines(rng, 1, oval, rough, blebs=blebs)[0]
        for _ in range(40):
            margin = -0.5 * radius if n else radius
            y, x = rng.uniform(margin, canvas - margin, 2)
            if cells and rng.random() < slide.crowd:
                mate = cells[rng.integers(len(cells))]
                turn, gap = rng.uniform(0, 2 * np.pi), (radius + mate.radius) * rng.uniform(0.9, 1.06)
                y, x = mate.y + gap * stretch * np.sin(turn), mate.x + gap * np.cos(turn)
            apart = all(np.hypot((y - c.y) / stretch, x - c.x) > 0.88 * (radius + c.radius) for c in cells)
            if apart and margin <= y <= canvas - margin and margin <= x <= canvas - margin:
                cells.append(Cell(y, x, radius, kind, shape))
                break
    return cells


def _place_red(
    rng: np.random.Generator,
    slide: Slide,
    canvas: int,
    radius: float,
    stretch: float,
    inside: np.ndarray,
) -> np.ndarray:
    """Centres [N, 2] of the red cells: chains first, then loose ones, thinner where the plasma pooled."""
    wanted = int(rng.uniform(*slide.red_cover) * canvas**2 / (np.pi * radius**2 * stretch))
    pool = kit.noise(rng, 64, 22)
    chains: list[tuple[float, float]] = []
    for _ in range(wanted):
        if len(chains) >= wanted * slide.rouleaux:
            break
        y, x = rng.uniform(0, canvas, 2)
        turn = rng.uniform(0, 2 * np.pi)
        before = np.array(chains).reshape(-1, 2)
        for _ in range(rng.integers(2, 10)):
            # Chains may touch and cross a little, but they do not pile up.
            if (np.hypot((before[:, 0] - y) / stretch, before[:, 1] - x) < 1.5 * radius).any():
                break
            chains.append((y, x))
            turn += 0.7 * rng.standard_normal()
            step = radius * rng.uniform(0.8, 1.9)
            y, x = y + step * stretch * np.sin(turn), x + step * np.cos(turn)
    loose = rng.uniform(-radius, canvas + radius, (6 * wanted, 2))
    kept = np.array(chains, dtype=np.float64).reshape(-1, 2)
    room = rng.uniform(1.25, 2.3, len(loose)) * radius
    for spot, gap in zip(loose, room, strict=True):
        if len(kept) >= wanted:
            break
        y, x = np.clip(spot / canvas * 64, 0, 63).astype(int)
        if pool[y, x] > rng.uniform(0.2, 2.2):
            continue
        if not len(kept) or (np.hypot((kept[:, 0] - spot[0]) / stretch, kept[:, 1] - spot[1]) > gap).all():
            kept = np.vstack([kept, spot])
    y, x = np.clip(kept, 0, canvas - 1).astype(int).T
    return kept[inside[y, x] < -0.25 * radius]


def _red_density(
    rng: np.random.Generator,
    slide: Slide,
    thickness: np.ndarray,
    rims: np.ndarray,
    inside: np.ndarray,
    focus: float,
) -> np.ndarray:
    """Optical density [S, S, 3] of the red cells, pushed aside where a nucleated cell lies."""
    tint = _density(slide.colours.red) * rng.uniform(0.78, 1.08) * np.exp(0.05 * rng.standard_normal(3))
    # Stacked discs do not add up fully: the film is pressed flat between them.
    stacked = (1 - np.exp(-thickness)) * 1.58
    layer = stacked[..., None] * tint + (rims * 0.18)[..., None] * np.array([1.3, 1.0, 0.4], dtype=np.float32)
    beneath = 1 - 0.9 * kit.smoothstep(inside, -1.0, 1.5)
    return kit.blur((layer * beneath[..., None]).astype(np.float32), 2 * focus * rng.uniform(*slide.red_blur))


def _glare(density: np.ndarray) -> np.ndarray:
    """Stain haze and stray light that tint the plasma next to crowded cells; same shape as `density`."""
    step = 16
    small = kit.blur(density[::step, ::step], 1.5)
    wide = np.repeat(np.repeat(small, step, axis=0), step, axis=1)[: len(density), : len(density)]
    return 0.11 * ndimage.uniform_filter(wide, (step + 1, step + 1, 0))


def _white_density(
    rng: np.random.Generator,
    slide: Slide,
    cells: list[Cell],
    owner: np.ndarray,
    inside: np.ndarray,
    canvas: int,
    stretch: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Optical density [S, S, 3] of the nucleated cells, nuclei [S, S] bool, nucleoli by cell [N]."""
    grain, clump, tone = (texture(rng, canvas, s * canvas / 448) for s in (3.0, 8.0, 22.0))
    violet, magenta = _density(slide.colours.violet), _density(slide.colours.magenta)
    plasm, smudge = _density(slide.colours.plasm), _density(slide.colours.smudge)
    layer = np.zeros((canvas, canvas, 3), dtype=np.float32)
    nuclear = np.zeros((canvas, canvas), dtype=bool)
    spots_of = np.zeros(len(cells), dtype=int)
    typical = np.mean([cell.radius for cell in cells if cell.kind == "lymphoid"])
    for n, cell in enumerate(cells):
        # Chromatin that fills a smaller nucleus is packed more densely, so small cells stain darker.
        packing = np.clip((typical / cell.radius) ** 0.7, 0.7, 1.4)
        look = _chromatin(rng, slide, cell.kind, packing if cell.kind == "lymphoid" else 1.0)
        spots_of[n] = look.nucleoli
        where, coverage, spots = nucleus(rng, cell, look, canvas, stretch)
        mine = owner[where] == n
        body = mine * np.clip(inside[where] / 2.0, 0, 1)
        g, c, t = grain[where], clump[where], tone[where]
        if cell.kind == "smudge":
            torn = np.clip((inside[where] + 0.8 * g + 1.1 * c - 1) / rng.uniform(3, 14), 0, 1)
            ragged = mine * torn * np.clip(0.95 + 0.2 * t + 0.08 * c + 0.1 * g, 0, 2) * look.density
            layer[where] += ragged[..., None] * smudge
            continue
        edge = np.exp(-np.clip(inside[where], 0, None) / 2.5)
        inner = coverage * body
        dye = look.density * (1 + look.grain * g + look.clumps * c + 0.18 * edge) * (1 - 0.4 * spots)
        hue = np.clip(look.pink + 0.2 * t + 0.05 * c - 0.3 * edge, 0, 1)[..., None]
        layer[where] += (inner * dye)[..., None] * (violet * (1 - hue) + magenta * hue)
        cytoplasm = body * (1 - coverage) * (0.85 + 0.15 * c + 0.1 * g + 0.4 * edge)
        tint = smudge if cell.kind == "granulocyte" else plasm
        layer[where] += cytoplasm[..., None] * tint
        nuclear[where] |= mine & (coverage > 0.5)
    return layer, nuclear, spots_of


def _chromatin(rng: np.random.Generator, slide: Slide, kind: str, packing: float) -> Chromatin:
    """The nucleus of one cell of this kind; `packing` is a factor on its density."""
    pink = rng.uniform(*slide.pink)
    if kind == "large":
        return Chromatin(rng.uniform(0.5, 0.8), rng.uniform(0.6, 0.9), 0.07, 0.1, int(rng.integers(0, 3)), 0.15, pink)
    if kind == "granulocyte":
        return Chromatin(0.4, rng.uniform(0.8, 1.0), 0.05, 0.15, 0, 0.0, pink, int(rng.integers(3, 5)))
    if kind == "smudge":
        return Chromatin(1.0, rng.uniform(0.4, 1.1), 0.1, 0.1, 0, 0.0, pink)
    return Chromatin(
        rng.uniform(*slide.nuclear),
        rng.uniform(*slide.density) * packing,
        slide.grain * rng.uniform(0.7, 1.4),
        slide.clumps * rng.uniform(0.6, 1.5),
        int(min(rng.poisson(slide.nucleoli), 3)),
        slide.cleft * (rng.random() < 0.35) * rng.uniform(0.4, 1.4),
        pink,
    )


def _platelets(rng: np.random.Generator, slide: Slide, canvas: int, red_radius: float) -> np.ndarray:
    """Optical density [S, S, 3] of platelets (1 to 3 micrometres, granular, in clumps) and stain specks."""
    y, x = np.mgrid[:canvas, :canvas].astype(np.float32)
    layer = np.zeros((canvas, canvas), dtype=np.float32)
    at = rng.uniform(0, canvas, 2)
    for _ in range(int(rng.integers(slide.platelets[0], slide.platelets[1] + 1))):
        lone = rng.random() < 0.6
        at = rng.uniform(0, canvas, 2) if lone else at + red_radius * 0.5 * rng.standard_normal(2)
        radius = red_radius * rng.uniform(0.05, 0.3)
        y0, x0 = np.clip((at - 3 * radius - 2), 0, canvas).astype(int)
        y1, x1 = np.clip((at + 3 * radius + 3), 0, canvas).astype(int)
        d = np.hypot(y[y0:y1, x0:x1] - at[0], x[y0:y1, x0:x1] - at[1]) / radius
        layer[y0:y1, x0:x1] += rng.uniform(0.2, 1.0) * np.exp(-(d**2.5))
    layer *= np.clip(1 + 0.5 * texture(rng, canvas, 4.0 * canvas / 448), 0, 2)
    return layer[..., None] * _density(slide.colours.violet)


def _photograph(rng: np.random.Generator, slide: Slide, density: np.ndarray, size: int) -> Image.Image:
    """Light through the film, the lens and the camera; JPEG as in the real set."""
    uneven = 1 - kit.vignette(2 * size, 1.0, tuple(rng.uniform(-0.3, 0.3, 2)))
    uneven = np.clip(uneven * rng.uniform(0.6, 1.3) + 0.06 * texture(rng, 2 * size, size), 0, 1)
    light = kit.mix(
        np.broadcast_to(np.asarray(slide.colours.light, dtype=np.float32) / 255, density.shape),
        np.asarray(slide.colours.corner, dtype=np.float32) / 255,
        uneven,
    )
    # The camera was balanced on green, so plasma drifts to cyan or yellow but never to pink.
    drift = np.array([0.014, 0, 0.014]) * np.abs(rng.standard_normal(3))
    light = light * (rng.uniform(1.005, 1.05) - drift)
    through = light * np.exp(-density)
    through = np.stack([ndimage.gaussian_filter(through[..., c], s) for c, s in enumerate((0.65, 0.5, 0.95))], axis=-1)
    picture = through.reshape(size, 2, size, 2, 3).mean(axis=(1, 3))
    picture = picture + rng.uniform(0.5, 1.0) * (picture - kit.blur(picture, 1.0))
    picture = kit.sensor_noise(rng, picture, rng.uniform(0.006, 0.012), 0.5)
    return kit.develop(picture, jpeg_quality=int(rng.integers(88, 96)))
