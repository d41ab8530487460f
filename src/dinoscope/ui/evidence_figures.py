"""Evidence figures: tables drawn by their kind; each figure with its file, date and command."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from ..evidence import BARS, CURVES, MATRIX, MEAN, Column, Evidence, Table
from ..tasks import Task
from ..visit_tasks import OWN
from . import charts
from .charts import Dot
from .render import part

FEW = 3
"""Places of a table without a mean that are drawn one by one where nobody has chosen a place."""


def of_head(shown: Task) -> list[Markup]:
    """What task.json measured of the shipped head: confusion or findings, and reliability."""
    metrics = shown.facts["metrics"]
    names = [shown.display(c) for c in shown.head.classes]
    file, command = f"tasks/{shown.name}/task.json", f"dinoscope fit --task {shown.name}"
    if shown.name.startswith(OWN):  # its name is a secret of the visit, and may end up in a picture of the screen
        file, command = "fitted in this visit", "dinoscope fit --from dinoscope-head.zip"
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


def of_place(e: Evidence, place: str, without: Sequence[str] = ()) -> list[Markup]:
    """What was measured on one data set or task, a figure a table; the tables named in `without` are left out."""
    return [figure(e, t, t.about(place)) for t in e.tables if t.name not in without and drawable(t, t.about(place))]


def of_all(e: Evidence) -> list[Markup]:
    """What was measured over all sets: the means, or a table that is about few places or none in particular."""
    found = []
    for t in e.tables:
        places = t.places()
        parts = [t.about(MEAN)] if MEAN in places else [t.about(p) for p in places] if places else [t.rows]
        named = places if len(parts) > 1 else [""]
        if len(parts) <= FEW:
            found += [figure(e, t, rows, p) for p, rows in zip(named, parts, strict=True) if drawable(t, rows)]
    return found


def drawable(table: Table, rows: Sequence[dict]) -> bool:
    """Whether there is anything to draw: curves need two points, differences between none are none."""
    least = 2 if table.kind == CURVES else 1
    having = [r for r in rows if table.kind in (BARS, CURVES, MATRIX) and r.get(table.y) is not None]
    return len(having) >= least and (table.kind != CURVES or len({r[table.x] for r in having}) >= least)


def figure(e: Evidence, table: Table, rows: Sequence[dict], place: str = "") -> Markup:
    """Rows of one table, drawn by its kind, with what they are and where they come from."""
    if table.kind == MATRIX:
        names = list(dict.fromkeys(r[table.y] for r in rows))
        number = next(c.name for c in table.columns if c.digits is not None)
        counts = {(r[table.y], r[table.x]): r[number] for r in rows}
        drawn = charts.confusion([[counts.get((a, b), 0) for b in names] for a in names], _plain(names))
    elif table.kind == CURVES:
        x, y = table.column(table.x), table.column(table.y)
        drawn = charts.curves(_series(table, rows), x.heading, y.heading, table.logarithmic)
    else:
        drawn = _bars(table, rows)
    said = f"{table.title}; {place}." if place else f"{table.title}."
    source = part("evidence", "source", file=f"{e.name}.json", date=e.date, command=e.command)
    return _figure(drawn, said, source, wide=table.kind != CURVES)


def _bars(table: Table, rows: Sequence[dict]) -> Markup:
    y = table.column(table.y)
    rows = [r for r in rows if r.get(table.y) is not None]
    lines = [
        Dot(
            table.named(r).replace("_", " "),
            r[table.y],
            r.get(y.low) if y.low else None,
            r.get(y.high) if y.high else None,
            bool(table.ours) and r[table.by[0]] == table.ours,
        )
        for r in rows
    ]
    lines.sort(key=lambda d: -d.value)
    low, high = _scale(y, lines)
    guessed = rows[0].get(table.chance) if table.chance else None
    unit = f" {y.unit}" if y.unit else ""
    return charts.dots(lines, low, high, unit, guessed, level="no difference" if y.signed else "")


def _scale(y: Column, lines: Sequence[Dot]) -> tuple[float, float]:
    """The ends of the scale: even on both sides of no difference, else from 0 to 100 %, 1, or a round number."""
    most = max(abs(v) for d in lines for v in (d.value, d.low, d.high) if v is not None)
    power = 10 ** math.floor(math.log10(max(most, 1e-9)))
    reach = math.ceil(round(most / power, 6)) * power
    if y.signed:
        return -reach, reach
    lowest = min(d.value for d in lines)
    return (min(0.0, lowest), 100.0 if y.unit == "%" else 1.0 if most <= 1 else reach)


def _series(table: Table, rows: Sequence[dict]) -> list[charts.Series]:
    """A curve for each name, with its band where every point has one."""
    y, found = table.column(table.y), []
    for name in dict.fromkeys(table.named(r) for r in rows):
        mine = sorted((r for r in rows if table.named(r) == name), key=lambda r: r[table.x])
        ends = [(r.get(y.low), r.get(y.high)) for r in mine] if y.low else []
        band = tuple((float(a), float(b)) for a, b in ends if a is not None and b is not None)
        points = tuple((float(r[table.x]), float(r[table.y])) for r in mine)
        found.append(charts.Series(name, points, band if len(band) == len(points) else ()))
    return found


def _plain(names: Sequence[str]) -> list[str]:
    return [n.replace("_", " ") for n in names]


def _figure(drawn: Markup, said: str, source: Markup, wide: bool = False) -> Markup:
    return part("evidence", "figure", drawn=drawn, said=said, source=source, wide=wide)
