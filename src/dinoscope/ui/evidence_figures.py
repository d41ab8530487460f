"""Evidence figures: which of the measured numbers are drawn, and how; each figure with its file, date and command."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from markupsafe import Markup

from ..evidence import Evidence
from ..tasks import Task
from . import charts
from .charts import Dot
from .render import part

CURVES = (
    ("labels a class", "balanced accuracy", "method", True),
    ("strength", "balanced accuracy", "corruption", False),
    ("strength", "called unfamiliar", "corruption", False),
    ("labels, %", "kappa", "method", True),
)
"""Columns that are drawn as curves: x, y, the one that tells curves apart, whether x is logarithmic."""
SHARES = ("balanced accuracy", "called unfamiliar")
"""Columns in percent."""
PLACES = (
    "set",
    "task",
    "head",
    "heads of",
    "findings of",
    "scope of",
    "search in",
    "lesions of",
    "explanations of",
    "groups of",
)
"""Columns that name the data set or task that a row is about."""
OURS = "backbone, linear"
SEARCHES = ("plain", "filtered", "grouped", "region")
"""Kinds of search that are timed as the cases grow."""


def of_head(shown: Task) -> list[Markup]:
    """What task.json measured of the shipped head: confusion or findings, and reliability."""
    metrics = shown.facts["metrics"]
    names = [shown.display(c) for c in shown.head.classes]
    file, command = f"tasks/{shown.name}/task.json", f"dinoscope fit --task {shown.name}"
    source = part("evidence", "source", file=file, date=metrics.get("date"), command=command)
    found = []
    if "confusion" in metrics:
        said = "Confusion matrix: what the pictures are, and what the head called them."
        found.append(_figure(charts.confusion(metrics["confusion"], names), said, source, wide=len(names) > 5))
    if "findings_roc_auc" in metrics:
        lines = [Dot(shown.display(f), area) for f, area in metrics["findings_roc_auc"].items()]
        lines.sort(key=lambda d: -d.value)
        found.append(_figure(charts.dots(lines, 0.4, 1, chance=0.5), "ROC-AUC of each finding.", source, wide=True))
    if "reliability" in metrics:
        said = "Reliability: points on the line are right as often as they claim; below it, the head is too sure."
        found.append(_figure(charts.reliability(metrics["reliability"]), said, source))
    return found


def of_rows(e: Evidence, place: str, chance: float | None = None) -> list[Markup]:
    """What can be drawn of a measurement's rows about one place: a comparison of methods, and curves."""
    found = []
    for columns, rows in e.tables:
        about = [r for r in rows if place_of(r) == place]
        if about and OURS in columns:
            said = "Balanced accuracy in percent on the same test pictures, linear probes unless it says otherwise."
            drawn = charts.dots(_methods(about[0]), 0, 100, " %", 100 * chance if chance else None)
            found.append(_figure(drawn, said, _source(e), wide=True))
        if about and {"group", "measure", "value", "low", "high"} <= set(columns):
            lines = [Dot(f"{r['group']} ({r['pictures']})", r["value"], r["low"], r["high"], True) for r in about]
            said = f"{_opening(about[0]['measure'])} in percent by group of patients, with the number of pictures."
            found.append(_figure(charts.dots(lines, 0, 100, " %"), said, _source(e), wide=True))
        if about and {"finding", "way", "against", "difference", "from", "to"} <= set(columns):
            found += _differences(e, about)
        if about and {"probe", "measure", "method", "value", "low", "high"} <= set(columns):
            found += _probed(e, about)
        for x, y, kind, logarithmic in CURVES:
            if about and {x, y, kind} <= set(columns):
                unit = ", %" if y in SHARES else ""
                drawn = charts.curves(_series(about, x, y, kind), x, f"{y}{unit}", logarithmic)
                found.append(_figure(drawn, f"{y.capitalize()} by {x}.", _source(e)))
    return found


def of_growth(e: Evidence) -> list[Markup]:
    """How long a search takes as the cases grow: a figure for each place they are kept in."""
    found = []
    for columns, rows in e.tables:
        if not {"kept_in", "cases", *(f"{s}_ms" for s in SEARCHES)} <= set(columns):
            continue
        for place in dict.fromkeys(r["kept_in"] for r in rows):
            mine = sorted((r for r in rows if r["kept_in"] == place), key=lambda r: r["cases"])
            if len(mine) < 2:
                continue
            series = [charts.Series(s, tuple((float(r["cases"]), float(r[f"{s}_ms"])) for r in mine)) for s in SEARCHES]
            said = f"Milliseconds a search takes as the cases grow, kept in {place}; the query is encoded already."
            found.append(_figure(charts.curves(series, "cases", "milliseconds", True), said, _source(e)))
    return found


def _differences(e: Evidence, rows: Sequence[dict]) -> list[Markup]:
    """A figure for each way of using an encoder: by how much one start beats each other one, finding by finding."""
    found = []
    for way in dict.fromkeys(r["way"] for r in rows):
        mine = [r for r in rows if r["way"] == way]
        lines = [
            Dot(f"{r['finding'].replace('_', ' ')}, against {r['against']}", r["difference"], r["from"], r["to"])
            for r in mine
        ]
        reach = math.ceil(round(10 * max(abs(edge) for r in mine for edge in (r["from"], r["to"])), 6)) / 10
        said = f"By how much ROC-AUC is higher from a self-supervised start, {way}; left of the middle it is lower."
        found.append(_figure(charts.dots(lines, -reach, reach, level="no difference"), said, _source(e), wide=True))
    return found


def _probed(e: Evidence, rows: Sequence[dict]) -> list[Markup]:
    """A figure for each probe: every encoder on one scale."""
    found = []
    for about, measure in dict.fromkeys((r["set"], r["measure"]) for r in rows):
        mine = [r for r in rows if (r["set"], r["measure"]) == (about, measure)]
        most, unit = (100, " %") if measure == "balanced accuracy" else (1, "")
        first = mine[0]["method"]
        lines = [Dot(r["method"], r["value"], r["low"], r["high"], r["method"] == first) for r in mine]
        lines.sort(key=lambda d: -d.value)
        asked = about.partition(": ")[2].replace("localization", "body site") or mine[0]["probe"]
        said = f"{_opening(asked)} from frozen features of each encoder: {measure}."
        chance = mine[0]["chance"] or None
        found.append(_figure(charts.dots(lines, 0, most, unit, chance), said, _source(e), wide=True))
    return found


def _opening(text: str) -> str:
    """Text that opens a sentence; ROC stays ROC."""
    return text[:1].upper() + text[1:]


def _methods(row: dict) -> list[Dot]:
    """Each method of a comparison, best first; only the backbone's own probe has its interval in the row."""
    edges = re.fullmatch(r"(-?[\d.]+) to (-?[\d.]+)", str(row.get("interval", "")))
    low, high = (float(edges[1]), float(edges[2])) if edges else (None, None)
    lines = [
        Dot(name, value, low, high, ours=True) if name == OURS else Dot(name, value)
        for name, value in row.items()
        if isinstance(value, int | float) and "pictures" not in name
    ]
    return sorted(lines, key=lambda d: -d.value)


def _series(rows: Sequence[dict], x: str, y: str, kind: str) -> list[charts.Series]:
    """The curves of a long table; a band only where the columns low and high belong to y."""
    banded = y == "balanced accuracy" and {"low", "high"} <= set(rows[0])
    found = []
    for name in dict.fromkeys(r[kind] for r in rows):
        mine = sorted((r for r in rows if r[kind] == name), key=lambda r: r[x])
        band = tuple((float(r["low"]), float(r["high"])) for r in mine) if banded else ()
        found.append(charts.Series(name, tuple((float(r[x]), float(r[y])) for r in mine), band))
    return found


def _figure(drawn: Markup, said: str, source: Markup, wide: bool = False) -> Markup:
    return part("evidence", "figure", drawn=drawn, said=said, source=source, wide=wide)


def _source(e: Evidence) -> Markup:
    return part("evidence", "source", file=f"{e.name}.json", date=e.date, command=e.command)


def place_of(row: dict) -> str | None:
    """The data set or task that a row is about."""
    return next((str(row[p]).partition(": ")[0] for p in PLACES if p in row), None)
