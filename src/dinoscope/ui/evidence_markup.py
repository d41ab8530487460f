"""Evidence markup: what was measured -> the HTML of the Evidence tab. Every text from a file is escaped here."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence
from html import escape

from ..evidence import SETS, Evidence, named
from ..tasks import Task
from . import charts
from . import evidence_figures as figures

NOTHING = '<div class="placeholder">Nothing has been measured yet: run `dinoscope benchmark`.</div>'
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


def task(shown: Task, measured: dict[str, Evidence], fingerprint: str) -> str:
    """How good one task's head is: the answer, its figures, what else was measured on it, and the data's flaws."""
    metrics = shown.facts["metrics"]
    flaw = f'<div class="warning" role="note"><b>What flatters it.</b> {escape(shown.facts["flaw"])}</div>'
    flaw = flaw if shown.facts["flaw"] else ""
    if not metrics:
        answer = "No real test picture was at hand when this head was fitted, so nothing is known about it."
        return f'<p class="answer" aria-live="polite">{answer}</p>{flaw}'
    right, chance = metrics["balanced_accuracy"], 1 / len(shown.head.classes) if shown.head.exclusive else 0.5
    answer = (
        f"On {metrics['pictures']} real pictures it had never seen, this head has a balanced accuracy of "
        f"<b>{100 * right['value']:.0f} %</b> (95 % interval {100 * right['low']:.0f} to {100 * right['high']:.0f} %); "
        f"guessing gives {100 * chance:.0f} %."
    )
    others = {n: e for n, e in measured.items() if any(figures.place_of(row) == shown.name for row in e.rows)}
    drawn = [*figures.of_head(shown), *(f for e in others.values() for f in figures.of_rows(e, shown.name, chance))]
    grid = f'<div class="figures">{"".join(drawn)}</div>' if drawn else ""
    return (
        f'<p class="answer" aria-live="polite">{answer}</p><div class="headlines">{_headlines(metrics)}</div>'
        f"{flaw}{grid}{_stranger([e.fingerprint for e in others.values()], fingerprint)}"
    )


def everything(measured: dict[str, Evidence], names: dict[str, str], fingerprint: str) -> str:
    """Every measurement, folded: its figure, its tables, how it was made.

    Args:
        names: task -> title.
    """
    if not measured:
        return NOTHING
    order = [n for n in TITLES if n in measured] + [n for n in measured if n not in TITLES]
    parts = "".join(_measurement(measured[n], SETS | names, fingerprint) for n in order)
    return f'<h2 class="section">Every measurement</h2>{parts}'


def table(columns: Sequence[str], rows: Sequence[dict], names: dict[str, str], title: str) -> str:
    """A table that scrolls sideways where it must, and the same as CSV."""
    head = "".join(f'<th scope="col">{escape(c.replace("_", " "))}</th>' for c in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(r[c], names)}</td>" for c in columns) + "</tr>" for r in rows)
    return (
        f'<div class="evidence-table" tabindex="0" role="region" aria-label="{escape(title)}"><table><thead><tr>{head}'
        f'</tr></thead><tbody>{body}</tbody></table></div><p class="downloads"><a download="{escape(title)}.csv" '
        f'href="{_csv(columns, rows)}">Download as CSV</a></p>'
    )


def _headlines(metrics: dict) -> str:
    """The figures that a reader asks for first."""
    cards = [("Balanced accuracy", "mean recall of the classes", metrics["balanced_accuracy"], 100, " %")]
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
    return "".join(
        f'<div class="headline"><div class="figure">{_number(m["value"], scale)}{unit}</div><div>{name}</div>'
        f'<div class="quiet">{_number(m["low"], scale)} to {_number(m["high"], scale)}{unit}; {note}</div></div>'
        for name, note, m, scale, unit in cards
    )


def _measurement(e: Evidence, names: dict[str, str], fingerprint: str) -> str:
    """One evidence file."""
    head = e.headline
    title = TITLES.get(e.name, e.name.replace("_", " ").capitalize())
    interval = f"95 % interval {head['low']:g} to {head['high']:g}" if head.get("low") is not None else ""
    tables = "".join(table(columns, rows, names, f"{e.name} {i}") for i, (columns, rows) in enumerate(e.tables, 1))
    drawn = "".join([*figures.of_rows(e, "mean"), *figures.of_growth(e)])
    grid = f'<div class="figures">{drawn}</div>' if drawn else ""
    notes = "".join(f"<li>{escape(n)}</li>" for n in e.notes)
    return (
        f'<details class="measurement"><summary><span><b>{escape(title)}</b><span class="quiet">'
        f'{escape(head["label"])}</span></span><span class="result"><b>{head["value"]:g} {escape(head["unit"])}</b>'
        f'<span class="quiet">{interval}</span></span></summary>{_stranger([e.fingerprint], fingerprint)}{grid}'
        f'{tables}<ul class="facts">{notes}<li>Measured {escape(e.date)} on {escape(e.machine)} in '
        f"{_duration(e.seconds)}, seed {e.seed}, backbone {escape(e.fingerprint[:8])}: {escape(e.name)}.json, "
        f"<code>{escape(e.command)}</code></li></ul></details>"
    )


def _stranger(measured: Sequence[str], running: str) -> str:
    """A warning when numbers belong to another backbone than the one that answers now."""
    others = sorted({f[:8] for f in measured if f != running})
    if not others:
        return ""
    return (
        f'<div class="warning" role="note">Measured on backbone {escape(", ".join(others))}; the one running now is '
        f"{escape(running[:8])}, so expect other numbers.</div>"
    )


def _number(value: float, scale: float) -> str:
    return f"{100 * value:.0f}" if scale == 100 else f"{value:.3f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"


def _cell(value: object, names: dict[str, str]) -> str:
    """A value as text; a data set by its name, its id on hover."""
    if isinstance(value, str) and (name := named(value, names)) != value:
        return f'<span title="{escape(value)}">{escape(name)}</span>'
    if isinstance(value, float):
        return charts.plain(value)
    return "" if value is None else escape(str(value))


def _csv(columns: Sequence[str], rows: Sequence[dict]) -> str:
    """A table as part of the page itself, with the values as they were measured."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return f"data:text/csv;base64,{base64.b64encode(text.getvalue().encode()).decode()}"
