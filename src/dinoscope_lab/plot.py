"""Plot: the README's picture of the measurements, drawn from the evidence files and from nothing else."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dinoscope.colour_maps import OKABE_ITO
from dinoscope.evidence import MEAN, SETS, Evidence
from dinoscope.fitting import catalogue

from . import rivals
from .benchmark.baselines import EDGES, OURS, PIXELS, RESIDUAL, SCRATCH

IMAGENET, EARLIER = f"{rivals.IMAGENET}, linear", f"{rivals.EARLIER}, linear"
METHODS = {
    OURS: ("o", OKABE_ITO[0]),
    RESIDUAL: ("s", OKABE_ITO[1]),
    SCRATCH: ("D", OKABE_ITO[5]),
    IMAGENET: ("v", OKABE_ITO[3]),
    EARLIER: ("P", OKABE_ITO[4]),
    EDGES: ("^", OKABE_ITO[2]),
    PIXELS: ("x", OKABE_ITO[7]),
}
"""Marker and colour of each method of the first panel."""
CLASSIFIER = "logistic regression"
CURVES = {
    CLASSIFIER: ("backbone", OURS),
    f"{CLASSIFIER}, {rivals.EARLIER}": (rivals.EARLIER, EARLIER),
    f"{CLASSIFIER}, {rivals.IMAGENET}": (rivals.IMAGENET, IMAGENET),
    RESIDUAL: (RESIDUAL, RESIDUAL),
}
"""Of the second panel, where one classifier is enough to see how a network stands: what each curve is called, and whose
marker it has."""


def svg(evidence: dict[str, Evidence]) -> str:
    """Up to three panels: the backbone set by set, label efficiency, robustness. The same numbers, the same file."""
    panels = {"backbone": _backbone, "labels": _labels, "robustness": _robustness}
    shown = [name for name in panels if name in evidence]
    # Letters as shapes: the reader's fonts are not ours. A salt and no date: the same numbers, the same bytes.
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "DINOscope", "font.size": 9}):
        figure = Figure(figsize=(9, 6.4), layout="constrained", facecolor="white")
        axes = figure.subplot_mosaic([["backbone", "labels"], ["backbone", "robustness"]], width_ratios=[1.15, 1])
        for name, axis in axes.items():
            axis.spines[["top", "right"]].set_visible(False)
            if name in shown:
                panels[name](axis, evidence[name])
            else:
                axis.set_axis_off()
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def growth(evidence: dict[str, Evidence]) -> str:
    """How a search slows down as the cases grow: a panel for each place they are kept in; "" without a measurement."""
    table = next((t for e in evidence.values() for t in e.tables if t.name == "growth"), None)
    if table is None:
        return ""
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "DINOscope", "font.size": 9}):
        places = table.places()
        figure = Figure(figsize=(4.5 * len(places), 3.4), layout="constrained", facecolor="white")
        for axis, place in zip(np.atleast_1d(figure.subplots(1, len(places), sharey=True)), places, strict=True):
            axis.spines[["top", "right"]].set_visible(False)
            rows = table.about(place)
            for i, search in enumerate(dict.fromkeys(r["search"] for r in rows)):
                mine = sorted((r for r in rows if r["search"] == search), key=lambda r: r["cases"])
                x, y, late = ([r[k] for r in mine] for k in ("cases", "median", "late"))
                axis.fill_between(x, y, late, color=OKABE_ITO[i], alpha=0.15, lw=0)
                axis.plot(x, y, "o-", color=OKABE_ITO[i], markersize=3, label=search)
            axis.set(xscale="log", yscale="log", xlabel="cases", title=f"Kept in {place}")
        figure.axes[0].set_ylabel("milliseconds, median to 95th percentile")
        figure.axes[0].legend(frameon=False, fontsize=8)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def _backbone(axis: Axes, e: Evidence) -> None:
    table = e.table("sets")
    if table is None:
        return
    values = {p: {r["method"]: r for r in table.about(p)} for p in table.places()}
    places = [MEAN, *sorted((p for p in values if p != MEAN), key=lambda p: values[p][OURS]["value"])]
    names = SETS | catalogue.titles() | {MEAN: f"mean of {len(places) - 1}"}
    for y, place in enumerate(places):
        ours = values[place][OURS]
        ends = [ours["value_low"], ours["value_high"]]
        axis.plot(ends, [y, y], color=METHODS[OURS][1], linewidth=5, alpha=0.25, solid_capstyle="butt")
    for method, (marker, colour) in METHODS.items():
        if method not in values[MEAN]:  # a rival that was not installed where this was measured
            continue
        size = 7 if method == OURS else 5
        x = [values[p][method]["value"] for p in places]
        axis.plot(x, range(len(places)), marker, color=colour, markersize=size, label=method, zorder=2 + size)
    axis.axhline(0.5, color="#cccccc", linewidth=0.8)
    axis.set_yticks(range(len(places)), [names.get(p, p) for p in places])
    axis.set_xlabel("balanced accuracy on test pictures, %; bars: 95 % interval of the backbone")
    axis.set_title("Frozen features and their rivals, set by set", loc="left", fontsize=10)
    axis.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.09), ncols=2)


def _labels(axis: Axes, e: Evidence) -> None:
    table = e.table("curves")
    if table is None:
        return
    rows = table.about(MEAN)
    for method, (name, like) in CURVES.items():
        mine = sorted((r for r in rows if r["method"] == method), key=lambda r: r["labels"])
        if not mine:  # a rival that was not installed where this was measured
            continue
        x, (marker, colour) = [r["labels"] for r in mine], METHODS[like]
        low, high = [r["value_low"] for r in mine], [r["value_high"] for r in mine]
        axis.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
        axis.plot(x, [r["value"] for r in mine], f"{marker}-", color=colour, markersize=4, label=name)
    axis.set_xscale("log")
    axis.set_xticks([1, 10, 100], ["1", "10", "100"])
    axis.set_xlabel(f"labels a class; {CLASSIFIER} on frozen features")
    axis.set_ylabel("balanced accuracy, %")
    axis.set_title(f"Label efficiency, mean of {len(table.places()) - 1} sets", loc="left", fontsize=10)
    axis.legend(frameon=False, fontsize=8, loc="lower right")


def _robustness(axis: Axes, e: Evidence) -> None:
    table = e.table("accuracy")
    if table is None:
        return
    rows = table.about(MEAN)
    for i, name in enumerate(dict.fromkeys(r["corruption"] for r in rows)):
        mine = sorted((r for r in rows if r["corruption"] == name), key=lambda r: r["strength"])
        y = [r["value"] for r in mine]
        axis.plot([r["strength"] for r in mine], y, "o-", color=OKABE_ITO[i], markersize=3, label=name)
    axis.set_xlabel("strength of the corruption")
    axis.set_ylabel("balanced accuracy, %")
    axis.set_title("Worse pictures, mean of the tasks", loc="left", fontsize=10)
    axis.legend(frameon=False, fontsize=8, loc="lower left", ncols=2)
