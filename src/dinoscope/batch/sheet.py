"""Sheets: the rows of a batch as CSV, where no name begins a formula and every line has the notice."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ..notice import NOTICE
from ..tasks import Task
from ..visit_tasks import OWN
from .rows import Row, answer

COLUMNS = (
    "file",
    "series",
    "slice",
    "task",
    "answer",
    "probability",
    "prediction_set",
    "coverage",
    "familiarity",
    "percentile",
    "neighbours_say",
    "agree",
    "label",
    "right",
    "warnings",
    "notice",
)
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%", "\t", "\r", "\n")
"""What a spreadsheet may take for the beginning of a formula."""


def text(rows: Sequence[Row], task: Task) -> str:
    """The table: a line of columns, and a line for each picture."""
    stream = io.StringIO(newline="")
    sheet = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n")
    sheet.writeheader()
    for row in rows:
        sheet.writerow({name: cell(value) for name, value in record(row, task).items()})
    return stream.getvalue()


def write(path: Path, rows: Sequence[Row], task: Task) -> None:
    """The table as a file, with the mark by which spreadsheets know that it is UTF-8."""
    path.write_text(text(rows, task), encoding="utf-8-sig", newline="")


def record(row: Row, task: Task) -> dict[str, object]:
    """One line, its names as they are: for JSON; `text` makes cells of them."""
    found, item = row.reading, row.item
    said: dict[str, object] = dict.fromkeys(COLUMNS, "")
    said |= {
        "file": item.name,
        "series": item.series,
        "slice": item.slice or "",
        "task": task.title if task.name.startswith(OWN) else task.name,
    }
    said |= {"label": item.label, "warnings": row.error, "notice": NOTICE}
    if found is None:
        return said
    warnings = [w for w in found.warnings if not w.startswith("Unfamiliar")]
    if row.known:
        warnings.append("This is one of the pictures that the head was made with.")
    said |= {
        "answer": answer(found, task),
        "probability": round(found.probabilities[found.label], 4),
        "prediction_set": "; ".join(task.display(c) for c in found.prediction_set),
        "coverage": found.coverage or "",
        "familiarity": found.scope.standing,
        "percentile": round(found.scope.percentile, 1),
        "neighbours_say": task.display(found.agreement.label) if found.agreement else "",
        "agree": found.agreement.agree if found.agreement else "",
        "right": "" if row.right is None else row.right,
        "warnings": " ".join(warnings),
    }
    return said


def cell(value: object) -> object:
    """A value as a cell: text on one line, with an apostrophe before what a spreadsheet would calculate."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return value
    line = "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp") else " " for c in value)
    return f"'{line}" if line.lstrip().startswith(FORMULA) or value.startswith(FORMULA) else line
