"""Evidence markup: what was measured -> the parts of the Evidence tab."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from markupsafe import Markup

from ..evidence import SETS, Evidence, named
from ..tasks import Task
from . import evidence_figures as figures
from .markup import placeholder
from .pictures import as_url
from .render import part, plain

NOTHING = placeholder("Nothing has been measured yet: run `dinoscope benchmark`.")
TITLES = {
    "backbone": "Frozen features beside simpler ones",
    "labels": "How many labels are enough?",
    "robustness": "Worse pictures, other patients",
    "encoders": "Encoders compared",
    "frozen": "Frozen features and a linear head",
    "start": "Where pre-training starts from",
    "fusion": "Several encoders at once",
    "explain": "Do explanations hold?",
    "similar": "Does case search find the right cases?",
    "phantoms": "Are the drawn cases like real ones?",
    "end_to_end": "Through the running app",
}
"""Evidence file -> what it answers; another file is called by its name."""


def task(shown: Task, measured: dict[str, Evidence], fingerprint: str) -> Markup:
    """How good one task's head is: the answer, its figures, what else was measured on it, and the data's flaws."""
    metrics, chance = shown.facts["metrics"], 1 / len(shown.head.classes) if shown.head.exclusive else 0.5
    others = {n: e for n, e in measured.items() if any(figures.place_of(row) == shown.name for row in e.rows)}
    drawn = [*figures.of_head(shown), *(f for e in others.values() for f in figures.of_rows(e, shown.name, chance))]
    return part(
        "evidence",
        "task",
        facts=shown.facts,
        chance=chance,
        headlines=_headlines(metrics) if metrics else [],
        figures=drawn if metrics else [],
        stranger=_stranger([e.fingerprint for e in others.values()], fingerprint) if metrics else "",
    )


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


def table(columns: Sequence[str], rows: Sequence[dict], names: dict[str, str], title: str) -> Markup:
    """A table that scrolls sideways where it must, and the same as CSV."""
    cells = [[_cell(r[c], names) for c in columns] for r in rows]
    return part("evidence", "table", columns=columns, rows=cells, title=title, csv=_csv(columns, rows))


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
        figures=[*figures.of_rows(e, "mean"), *figures.of_growth(e)],
        tables=[table(columns, rows, names, f"{e.name} {i}") for i, (columns, rows) in enumerate(e.tables, 1)],
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


def _cell(value: object, names: dict[str, str]) -> tuple[str, str]:
    """A value as text; a data set by its name, its id on hover."""
    if isinstance(value, str) and (name := named(value, names)) != value:
        return name, value
    if isinstance(value, float):
        return plain(value), ""
    return "" if value is None else str(value), ""


def _csv(columns: Sequence[str], rows: Sequence[dict]) -> str:
    """A table as part of the page itself, with the values as they were measured."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return as_url(text.getvalue().encode(), "text/csv")
