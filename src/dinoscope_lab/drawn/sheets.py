"""Sheets to look at: drawn cases beside their nearest real ones, and what the pixels of both have in common.

They hold real pictures, so that they are written outside the repository only.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw
from scipy import ndimage

from dinoscope.reading import images
from dinoscope.settings import ROOT

from .fresh import Fresh
from .reals import Reals

SIDE = 176
"""Pixels to which pictures on a sheet are squashed."""
SHOWN, NEAREST = 5, 3
MEASURED = 40
"""Real pictures a class whose pixels are measured."""


def outside(folder: Path) -> Path:
    """The folder, made.

    Raises:
        ValueError: for one inside the repository, as the sheets show pictures that must not come into it.
    """
    if folder.resolve().is_relative_to(ROOT):
        raise ValueError(f"{folder} is inside the repository; the sheets show real pictures, so name a folder outside")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def neighbours(reals: Reals, fresh: Fresh, path: Path) -> None:
    """A column a drawn case, first it, then its nearest real training pictures; two rows of such a class."""
    guess = reals.head.probabilities(fresh.pooled)
    similarity = reals.embed(fresh.pooled) @ reals.vectors.T
    names = [c for c in reals.head.classes if (fresh.labels == c).any()]
    sheet = Image.new("RGB", (SHOWN * 2 * SIDE, len(names) * (1 + NEAREST) * SIDE), "white")
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        for column, i in enumerate(np.flatnonzero(fresh.labels == name)[: SHOWN * 2]):
            read = reals.head.classes[int(guess[i].argmax())]
            tiles = [(fresh.phantoms[i].picture, f"drawn {name}\nread {read} {guess[i].max():.2f}")]
            for k in np.argsort(-similarity[i])[:NEAREST]:
                case = reals.known.cases[k]
                tiles.append((_picture(reals, case.id), f"{case.labels[0]}"))
            for down, (picture, text) in enumerate(tiles):
                at = (column * SIDE, (row * (1 + NEAREST) + down) * SIDE)
                sheet.paste(picture.resize((SIDE, SIDE)), at)
                pen.text((at[0] + 3, at[1] + 3), text, fill="yellow", stroke_width=1, stroke_fill="black")
    sheet.save(path, quality=88)


def pixels(reals: Reals, fresh: Fresh, path: Path) -> None:
    """Grey histograms, spectra, sharpness, borders and colours: real solid, drawn dashed, a column a class."""
    names = [c for c in reals.head.classes if (fresh.labels == c).any()]
    with matplotlib.rc_context({"font.size": 8}):
        figure = Figure(figsize=(3.2 * len(names), 12), layout="constrained", facecolor="white")
        axes = figure.subplots(5, len(names), squeeze=False)
        for column, name in zip(axes.T, names, strict=True):
            ids = [c.id for c in reals.known.cases if c.labels[0] == name]
            chosen = np.random.default_rng(0).permutation(len(ids))[:MEASURED]
            real = [_picture(reals, ids[i]) for i in chosen]
            drawn = [p.picture for p in fresh.phantoms if p.label == name]
            for pictures, style, label in ((real, "-", "real"), (drawn, "--", "drawn")):
                _draw(column, np.stack([_square(p) for p in pictures]), style, label)
            column[0].set_title(name)
            column[0].legend(frameon=False)
        titles = (
            "grey levels",
            "spectrum, log10",
            "sharpness, share of pictures",
            "grey from the border inwards",
            "red - blue",
        )
        for axis, title in zip(axes[:, 0], titles, strict=True):
            axis.set_ylabel(title)
        figure.savefig(path, dpi=70)


def _draw(column: np.ndarray, levels: np.ndarray, style: str, label: str) -> None:
    """One kind's lines in each panel of a class; levels [N, S, S, 3] in 0 to 1."""
    grey = levels.mean(-1)
    histogram: Axes = column[0]
    colour = "black" if label == "real" else "#d55e00"
    share, edges = np.histogram(grey, 40, (0, 1))
    histogram.plot(edges[:-1], share / share.sum(), style, color=colour, label=label)
    column[1].plot(spectrum(grey), style, color=colour)
    sharp = np.log10([ndimage.laplace(g).var() + 1e-7 for g in grey])
    share, edges = np.histogram(sharp, 20, (-6, -0.5))
    column[2].plot(edges[:-1], share / share.sum(), style, color=colour)
    column[3].plot(rings(grey), style, color=colour)
    share, edges = np.histogram((levels[..., 0] - levels[..., 2]).mean((1, 2)), 20, (-0.5, 0.5))
    column[4].plot(edges[:-1], share / share.sum(), style, color=colour)


def spectrum(grey: np.ndarray) -> np.ndarray:
    """Mean log10 power of grey pictures [N, S, S] by spatial frequency, from 1 to S / 2 cycles a picture."""
    side = grey.shape[1]
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.abs(np.fft.fftshift(np.fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window), axes=(1, 2))) ** 2
    y, x = np.indices((side, side)) - side // 2
    ring = np.hypot(y, x).astype(int)
    mean = ndimage.mean(np.log10(power + 1e-9).mean(0), ring, np.arange(1, side // 2))
    return np.asarray(mean)


def rings(grey: np.ndarray) -> np.ndarray:
    """Mean grey of pictures [N, S, S] by distance from the nearest border, in pixels."""
    side = grey.shape[1]
    y, x = np.indices((side, side))
    inward = np.minimum(np.minimum(y, x), np.minimum(side - 1 - y, side - 1 - x))
    return np.asarray(ndimage.mean(grey.mean(0), inward, np.arange(side // 2)))


def _square(picture: Image.Image) -> np.ndarray:
    """[S, S, 3] in 0 to 1."""
    return np.asarray(picture.convert("RGB").resize((SIDE, SIDE)), np.float32) / 255


def _picture(reals: Reals, name: str) -> Image.Image:
    return images.read(reals.files[name]).picture.convert("RGB")
