"""Evidence markup: what was measured -> the parts of the Evidence tab."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from markupsafe import Markup

from ..evidence import MATRIX, SETS, Evidence, Table, named
from ..notice import NOTICE
from ..tasks import Task
from . import evidence_figures as figures
from .markup import placeholder
from .pictures import as_url
from .render import part

NOTHING = placeholder("Nothing has been measured yet: run `dinoscope benchmark`.")
FIRST, SETS_TABLE = "backbone", "sets"
"""The measurement, and its table, that say how good the backbone is against what."""
SHOWN = 4
"""Rivals in the first picture of a task: the best, so that it fits a phone's first screen."""
TITLES = {
    "backbone": "Frozen features beside simpler ones",
    "trust": "Can the heads be believed?",
    "sizes": "How many pixels are read?",
    "labels": "How many labels are enough?",
    "robustness": "Worse pictures, other patients",
    "encoders": "Encoders compared",
    "frozen": "Frozen features and a linear head",
    "start": "Where pre-training starts from",
    "fusion": "Several encoders at once",
    "explain": "Do explanations hold?",
    "similar": "Are the right cases found?",
    "phantoms": "Are the drawn cases like real ones?",
    "see": "Is a place found again?",
    "growth": "How does search grow?",
    "end_to_end": "Through the running app",
    "reliability": "Under attack",
    "conformance": "DICOM files, as others show them",
}
"""Evidence file -> what it answers; another file is called by its name."""


def task(shown: Task, measured: dict[str, Evidence], fingerprint: str) -> Markup:
    """How good one task's head is, against what: one sentence, one picture; then what else was measured on it."""
    metrics, chance = shown.facts["metrics"], 1 / len(shown.head.classes) if shown.head.exclusive else 0.5
    others = {n: e for n, e in measured.items() if any(t.about(shown.name) for t in e.tables)}
    first, rival = _against(others.get(FIRST), shown.name)
    drawn = [*first, *figures.of_head(shown)]
    for name, e in others.items():
        drawn += figures.of_place(e, shown.name, (SETS_TABLE,) if first and name == FIRST else ())
    return part(
        "evidence",
        "task",
        crossed=shown.crossed,
        facts=shown.facts,
        chance=chance,
        rival=rival,
        headlines=_headlines(metrics) if metrics else [],
        first=drawn[:1] if metrics else [],
        figures=drawn[1:] if metrics else [],
        stranger=_stranger([e.fingerprint for e in others.values()], fingerprint) if metrics else "",
    )


def _against(e: Evidence | None, place: str) -> tuple[list[Markup], dict | None]:
    """The backbone beside its rivals on one set, drawn; and the best of them, with the difference where it is known."""
    table = e.table(SETS_TABLE) if e else None
    if e is None or table is None:
        return [], None
    rows = [r for r in table.about(place) if r["method"] == table.ours or r["whose"] == "rival"]
    theirs = sorted((r for r in rows if r["whose"] == "rival"), key=lambda r: -r["value"])[:SHOWN]
    rows = [r for r in rows if r["whose"] != "rival" or r in theirs]
    if not theirs or not figures.drawable(table, rows):
        return [], None
    best = theirs[0]
    differences = e.table("differences")
    ahead = differences.find(set=place, method=best["method"]) if differences else None
    return [figures.figure(e, table, rows)], {"name": best["method"], "value": best["value"], "ahead": ahead}


def everything(measured: dict[str, Evidence], names: dict[str, str], fingerprint: str) -> Markup:
    """Every measurement, folded: its figure, its tables, how it was made.

    Args:
        names: task -> title.
    """
    if not measured:
        return NOTHING
    order = [n for n in TITLES if n in measured] + [n for n in measured if n not in TITLES]
    parts = [_measurement(measured[n], SETS | names, fingerprint) for n in order]
    return part("evidence", "everything", parts=parts)


def table(given: Table, names: dict[str, str], title: str) -> Markup:
    """A table that scrolls sideways where it must, and the same as CSV."""
    headings, rows = given.laid_out()
    cells = [[_cell(cell, names) for cell in row] for row in rows]
    return part("evidence", "table", said=given.title, columns=headings, rows=cells, title=title, csv=_csv(given))


def _headlines(metrics: dict) -> list[tuple]:
    """The figures that a reader asks for first: (name, note, value, low, high, unit)."""
    cards = []
    if "balanced_accuracy" in metrics:
        cards.append(("Balanced accuracy", "mean recall of the classes", metrics["balanced_accuracy"], 100, " %"))
    if "roc_auc" in metrics:
        cards.append(("ROC-AUC", "0.5 is guessing, 1 perfect", metrics["roc_auc"], 1, ""))
    if "coverage" in metrics:
        cards.append(
            ("Coverage", "prediction sets that hold the right class; 90 % is meant", metrics["coverage"], 100, " %")
        )
    if "calibration_error" in metrics:
        error = metrics["calibration_error"]
        luck = f"; {error['expected']:.3f} would be luck alone" if "expected" in error else ""
        cards.append(("Calibration error", f"claimed minus right{luck}", error, 1, ""))
    return [
        (name, note, *(_number(m[key], scale) for key in ("value", "low", "high")), unit)
        for name, note, m, scale, unit in cards
    ]


def _measurement(e: Evidence, names: dict[str, str], fingerprint: str) -> Markup:
    """One evidence file."""
    return part(
        "evidence",
        "measurement",
        e=e,
        title=TITLES.get(e.name, e.name.replace("_", " ").capitalize()),
        stranger=_stranger([e.fingerprint], fingerprint),
        figures=figures.of_all(e),
        tables=[table(t, names, f"{e.name} {t.name}") for t in e.tables if t.kind != MATRIX],
        took=_duration(e.seconds),
    )


def _stranger(measured: Sequence[str], running: str) -> Markup:
    """A warning when numbers belong to another backbone than the one that answers now."""
    others = sorted({f[:8] for f in measured if f != running})
    return part("evidence", "stranger", others=others, running=running[:8]) if others else Markup()


def _number(value: float, scale: float) -> str:
    return f"{100 * value:.0f}" if scale == 100 else f"{value:.3f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _cell(value: str, names: dict[str, str]) -> tuple[str, str]:
    """A cell; a data set by its name, its id on hover."""
    return (named(value, names), value) if value in names else (value, "")


def _csv(given: Table) -> str:
    """A table as part of the page itself, with the values as they were measured, and the notice."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*(name for c in given.columns for name in c.names), "notice"])
    writer.writeheader()
    writer.writerows({**row, "notice": NOTICE} for row in given.rows)
    return as_url(text.getvalue().encode(), "text/csv")
