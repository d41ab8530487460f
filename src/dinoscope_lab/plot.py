"""Plot: the README's picture of the measurements, drawn from the evidence files and from nothing else."""

from __future__ import annotations

import io

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dinoscope.evidence import SETS, Evidence
from dinoscope.figures import OKABE_ITO
from dinoscope.fitting import catalogue

from . import rivals
from .benchmark.baselines import EDGES, OURS, PIXELS, RESIDUAL, SCRATCH

IMAGENET = f"{rivals.IMAGENET}, linear"
METHODS = {
    OURS: ("o", OKABE_ITO[0]),
    RESIDUAL: ("s", OKABE_ITO[1]),
    SCRATCH: ("D", OKABE_ITO[5]),
    IMAGENET: ("v", OKABE_ITO[3]),
    EDGES: ("^", OKABE_ITO[2]),
    PIXELS: ("x", OKABE_ITO[7]),
}
"""Marker and colour of each method of the first panel."""


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


def _backbone(axis: Axes, e: Evidence) -> None:
    rows = sorted((r for r in e.rows if "set" in r and r["set"] != "mean"), key=lambda r: r[OURS])
    rows = [next(r for r in e.rows if r.get("set") == "mean"), *rows]
    names = SETS | catalogue.titles() | {"mean": f"mean of {len(rows) - 1}"}
    for y, row in enumerate(rows):
        low, high = (float(edge) for edge in row["interval"].split(" to "))
        axis.plot([low, high], [y, y], color=METHODS[OURS][1], linewidth=5, alpha=0.25, solid_capstyle="butt")
    for method, (marker, colour) in METHODS.items():
        if method not in rows[0]:  # a rival that was not installed where this was measured
            continue
        size = 7 if method == OURS else 5
        values = [r[method] for r in rows]
        axis.plot(values, range(len(rows)), marker, color=colour, markersize=size, label=method, zorder=2 + size)
    axis.axhline(0.5, color="#cccccc", linewidth=0.8)
    axis.set_yticks(range(len(rows)), [names.get(r["set"], r["set"]) for r in rows])
    axis.set_xlabel("balanced accuracy on test pictures, %; bars: 95 % interval of the backbone")
    axis.set_title("Frozen features and their rivals, set by set", loc="left", fontsize=10)
    axis.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.09), ncols=2)


def _labels(axis: Axes, e: Evidence) -> None:
    rows = [r for r in e.rows if r.get("set") == "mean" and "balanced accuracy" in r]
    # Of a rival one classifier is enough to see how it stands.
    methods = dict.fromkeys(m for r in rows if ", " not in (m := r["method"]) or m.startswith("logistic"))
    for i, method in enumerate(methods):
        mine = sorted((r for r in rows if r["method"] == method), key=lambda r: r["labels a class"])
        x = [r["labels a class"] for r in mine]
        axis.fill_between(x, [r["low"] for r in mine], [r["high"] for r in mine], color=OKABE_ITO[i], alpha=0.15, lw=0)
        axis.plot(x, [r["balanced accuracy"] for r in mine], "o-", color=OKABE_ITO[i], markersize=3, label=method)
    axis.set_xscale("log")
    axis.set_xticks([1, 10, 100], ["1", "10", "100"])
    axis.set_xlabel("labels a class")
    axis.set_ylabel("balanced accuracy, %")
    axis.set_title(
        f"Label efficiency, mean of {len({r['set'] for r in e.rows if 'set' in r}) - 1} sets", loc="left", fontsize=10
    )
    axis.legend(frameon=False, fontsize=8, loc="lower right")


def _robustness(axis: Axes, e: Evidence) -> None:
    rows = [r for r in e.rows if r.get("set") == "mean"]
    for i, name in enumerate(dict.fromkeys(r["corruption"] for r in rows)):
        mine = sorted((r for r in rows if r["corruption"] == name), key=lambda r: r["strength"])
        y = [r["balanced accuracy"] for r in mine]
        axis.plot([r["strength"] for r in mine], y, "o-", color=OKABE_ITO[i], markersize=3, label=name)
    axis.set_xlabel("strength of the corruption")
    axis.set_ylabel("balanced accuracy, %")
    axis.set_title("Worse pictures, mean of the tasks", loc="left", fontsize=10)
    axis.legend(frameon=False, fontsize=8, loc="lower left", ncols=2)
