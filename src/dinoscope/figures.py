"""Figures: results -> overlays and plots, in colours that colour-blind readers can tell apart."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from .explain.faithfulness import Curve, Curves

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Class colours (Okabe and Ito, "Color universal design", 2008)."""

COLOUR_MAP = "inferno"
"""Perceptually even, and dark where nothing is salient."""

# Not in a context of its own around each figure: these are the whole process's, and threads would undo each other's.
matplotlib.rcParams.update({"svg.fonttype": "none", "font.family": "sans-serif"})

_INK = "#010203"
"""Stands for the page's text colour until the figure is SVG; then the browser fills it in, light or dark."""


def heat(saliency: np.ndarray) -> Image.Image:
    """Saliency [H, W] -> RGB colours of the whole picture, its lowest value dark and its highest bright."""
    low, high = float(saliency.min()), float(saliency.max())
    level = (saliency - low) / (high - low) if high > low else np.zeros_like(saliency)
    colours = matplotlib.colormaps[COLOUR_MAP](level, bytes=True)
    return Image.fromarray(np.ascontiguousarray(colours[..., :3]))


def overlay(picture: Image.Image, saliency: np.ndarray, opacity: float = 0.55) -> Image.Image:
    """The picture under its saliency; `opacity` from 0 (picture only) to 1 (colours only)."""
    return Image.blend(picture.convert("RGB"), heat(saliency), opacity)


def ranks(saliency: np.ndarray) -> Image.Image:
    """Saliency [H, W] -> grey levels: for each pixel the share of the map that is below it, 0 to 255."""
    order = np.argsort(np.argsort(saliency, axis=None, kind="stable"), kind="stable")
    return Image.fromarray((order * (255 / max(1, order.size - 1))).reshape(saliency.shape).astype(np.uint8))


def let_through(picture: Image.Image, mask: np.ndarray, side: int) -> Image.Image:
    """What a mask [h, w] on the grid of patches leaves of the picture, at most `side` pixels long; the rest dark."""
    small = picture.convert("RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    level = Image.fromarray((mask.clip(0, 1) * 255).astype(np.uint8)).resize(small.size, Image.Resampling.BILINEAR)
    return Image.composite(small, Image.new("RGB", small.size, "#20262e"), level)


def faithfulness(curves: Curves, gone: str, unit: str = "probability") -> tuple[str, str]:
    """Each curve beside the band of random orders, as an SVG that takes the page's text colour.

    Args:
        gone: what becomes of patches that go, in a word or two.
        unit: what the score is; a probability is drawn from 0 to 1, anything else over the range of both curves.
    """
    deletion, insertion = curves.deletion, curves.insertion
    every = np.concatenate([deletion.score, deletion.random.ravel(), insertion.score, insertion.random.ravel()])
    margin = 0.05 * (np.ptp(every) or 1)
    limits = (0.0, 1.0) if unit == "probability" else (float(every.min() - margin), float(every.max() + margin))
    return (
        _curve(deletion, f"Deletion: salient patches {gone} first", OKABE_ITO[5], unit, limits),
        _curve(insertion, f"Insertion: salient patches shown first, others {gone}", OKABE_ITO[0], unit, limits),
    )


def _curve(curve: Curve, title: str, colour: str, unit: str, limits: tuple[float, float]) -> str:
    figure = Figure(figsize=(3.5, 2.6), layout="constrained")
    axis = figure.subplots()
    low, high = curve.random.min(axis=0), curve.random.max(axis=0)
    axis.fill_between(curve.share, low, high, color=OKABE_ITO[7], alpha=0.35, linewidth=0, label="random order")
    axis.plot(curve.share, curve.random.mean(axis=0), color=OKABE_ITO[7], linewidth=1)
    axis.plot(curve.share, curve.score, color=colour, linewidth=2, label="this map")
    axis.set_title(f"{title}\narea {curve.area:.2f}, random {curve.random_area:.2f}", fontsize=9, color=_INK)
    axis.set_xlabel("share of patches", fontsize=8, color=_INK)
    axis.set_ylabel(unit, fontsize=8, color=_INK)
    axis.set_xlim(0, 1)
    axis.set_ylim(*limits)
    axis.tick_params(labelsize=8, colors=_INK)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(_INK)
    legend = axis.legend(fontsize=8, frameon=False, labelcolor=_INK)
    legend.set_in_layout(False)
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """The figure as an SVG element for a page: transparent, real text, in the page's own text colour."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True)
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].replace(_INK, "currentColor")
