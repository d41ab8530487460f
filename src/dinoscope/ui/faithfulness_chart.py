"""Faithfulness chart: the curves of a map, each beside the band that random orders span."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from ..colour_maps import OKABE_ITO
from ..explain.faithfulness import Curve, Curves
from .charts import Plot, ticks_between
from .render import part

RANDOM = OKABE_ITO[7]


def faithfulness(curves: Curves, gone: str, unit: str = "probability") -> tuple[Markup, Markup]:
    """Deletion and insertion, in the page's own text colour.

    Args:
        gone: what becomes of patches that go, in a word or two.
        unit: what the score is; a probability is drawn from 0 to 1, anything else over the range of both curves.
    """
    deletion, insertion = curves.deletion, curves.insertion
    every = np.concatenate([deletion.score, deletion.random.ravel(), insertion.score, insertion.random.ravel()])
    low, high = (0.0, 1.0) if unit == "probability" else (float(every.min()), float(every.max()))
    ticks = ticks_between(low, high)
    return (
        _drawn(deletion, f"Deletion: salient patches {gone} first", OKABE_ITO[5], unit, ticks),
        _drawn(insertion, f"Insertion: salient patches shown first, others {gone}", OKABE_ITO[0], unit, ticks),
    )


def _drawn(curve: Curve, title: str, colour: str, unit: str, ticks: list[tuple[float, str]]) -> Markup:
    plot = Plot((0, 1), (ticks[0][0], ticks[-1][0]))
    share, low, high = curve.share, curve.random.min(axis=0), curve.random.max(axis=0)
    around = [*zip(share, high, strict=True), *zip(share[::-1], low[::-1], strict=True)]
    marks = part(
        "charts",
        "faithfulness_marks",
        band=plot.line(around),
        mean=plot.line(zip(share, curve.random.mean(axis=0), strict=True)),
        line=plot.line(zip(share, curve.score, strict=True)),
        colour=colour,
        random=RANDOM,
    )
    shares = [(s, f"{s:g}") for s in (0, 0.25, 0.5, 0.75, 1)]
    drawn = plot.drawn(marks, shares, ticks, "share of patches", unit, title)
    return part("charts", "faithfulness", title=title, curve=curve, drawn=drawn, colour=colour, random=RANDOM)
