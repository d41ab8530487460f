"""Documents: docs/EVIDENCE.md, its picture and the README's figures, made from the evidence and never by hand."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import dinoscope_phantoms as phantoms
from dinoscope.evidence import MATRIX, MEAN, SETS, Evidence, Table, named, read
from dinoscope.fitting import catalogue
from dinoscope.reading import backbone
from dinoscope.settings import ROOT

from . import claims, maps, plot

BEGIN, END = "<!-- evidence: begin -->", "<!-- evidence: end -->"
PICTURE, PAGE = "docs/evidence.svg", "docs/EVIDENCE.md"
DRAWN = (
    "Balanced accuracy of the frozen backbone and of its rivals on each set; accuracy by labels a class; accuracy by "
    "strength of every corruption. The numbers stand in docs/EVIDENCE.md"
)
GROWTH = "docs/growth.svg"
GROWN = "Milliseconds of a search by the number of cases, in memory and in a folder. The numbers stand in the tables"
LONG = 60
"""Rows of a table that is shown; a longer one is left to its file."""


def page(evidence: dict[str, Evidence], fingerprint: str) -> str:
    """docs/EVIDENCE.md: what the sources claimed, then every measurement - headline, one table, the rest folded.

    Args:
        fingerprint: of the backbone that ships; what was measured on another one is said to be.
    """
    parts = [
        "# Evidence\n",
        "Made by `dinoscope benchmark` from the files in `model_assets/evidence`; not written by hand. The terms: a "
        "*head* is the linear layer that turns features into probabilities. The pictures of each set are in five "
        "*folds* that keep patients, lesions and near-copies together: folds 2 to 4 fit, fold 1 chooses, and fold 0, "
        "which nothing else has seen, measures. *kNN* is a vote of the nearest known pictures; *Dice* and *IoU* are "
        "overlaps of areas, 0 to 1. Intervals are 95 %; that of a network which is trained here as a rival holds the "
        "draw of the test pictures, not the chance of its training, by which a second one may lie points away.\n",
    ]
    if "backbone" in evidence:
        parts.append(f"![{DRAWN}]({Path(PICTURE).name})\n")
    if sources := claims.paragraphs(evidence):
        parts.append(f"## What the sources claimed, and what was found here\n\n{sources}\n")
    parts += [_measurement(e, fingerprint) for e in evidence.values()]
    return "\n".join(parts if evidence else [*parts, "Nothing has been measured yet.\n"])


def _measurement(e: Evidence, fingerprint: str) -> str:
    head = e.headline
    interval = f" (95 % interval {head['low']:g} to {head['high']:g})" if head.get("low") is not None else ""
    shown = [t for t in e.tables if t.kind != MATRIX]
    short = [t for t in shown if len(t.laid_out()[1]) <= LONG]
    left = len(e.tables) - len(short)
    stale = "" if e.fingerprint == fingerprint else "**Measured on an earlier backbone; not yet again on this one.** "
    divided = f", {e.split}" if e.split else ""
    how = (
        (f"{left} larger table{'s' * (left > 1)}: `model_assets/evidence/{e.name}.json`. " if left else "")
        + " ".join(e.notes)
        + f" Measured {e.date} on {e.machine}, backbone `{e.fingerprint[:8]}`{divided}, by `{e.command}`."
    )
    value = f"{head['value']:g} {head['unit']}".strip()
    picture = f"![{GROWN}]({Path(GROWTH).name})\n\n" if e.table("growth") else ""
    more = "\n\n".join(f"{t.title}\n\n{table(t)}" for t in short[1:])
    return (
        f"## {e.name}\n\n{stale}{head['label']}: **{value}**{interval}\n\n{picture}"
        + "".join(f"{t.title}\n\n{table(t)}\n\n" for t in short[:1])
        + f"<details><summary>More, and how it was measured</summary>\n\n{more}\n\n{how}\n\n</details>\n"
    )


def rivals(evidence: dict[str, Evidence]) -> str:
    """The README's one table: the frozen backbone beside its rivals, and how far it is ahead or behind.

    Neighbours of plain features are left out; docs/EVIDENCE.md has them.
    """
    e = evidence.get("backbone")
    if e is None:
        return "Nothing has been measured yet."
    head, sets, differences = e.headline, e.table("sets"), e.table("differences")
    means = {r["method"]: r for r in sets.about(MEAN)} if sets else {}
    gains = differences.about(MEAN) if differences else []
    gains = [r for r in gains if not r["method"].endswith(", kNN")]
    lines = [
        "| reads the pictures | balanced accuracy, % | the backbone is ahead by | 95 % interval |",
        "| --- | --- | --- | --- |",
        f"| **frozen backbone, linear head** | **{head['value']:g}** ({head['low']:g} to {head['high']:g}) | | |",
    ]
    for r in sorted(gains, key=lambda r: -means[r["method"]]["value"]):
        value = means[r["method"]]["value"]
        lines.append(f"| {r['method']} | {value:g} | {r['ahead']:g} | {r['ahead_low']:g} to {r['ahead_high']:g} |")
    return "\n".join(lines)


def block(evidence: dict[str, Evidence], fingerprint: str) -> str:
    """What stands between the README's two marks: the table, and a paragraph each on Explain and what is seen."""
    return "\n\n".join(filter(None, [rivals(evidence), maps.paragraphs(evidence, fingerprint)]))


def table(given: Table) -> str:
    """A table of the evidence in Markdown, data sets by the names of their tasks."""
    return markdown(*given.laid_out())


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    names = SETS | catalogue.titles()
    lines = [headings, ["---"] * len(headings), *([named(cell, names) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)


def renew(root: Path = ROOT) -> None:
    """Write docs/EVIDENCE.md, its picture and the README's figures from the current evidence."""
    measured = read(root / "model_assets" / "evidence")
    (root / PAGE).parent.mkdir(exist_ok=True)
    (root / PICTURE).write_text(plot.svg(measured), encoding="utf-8")
    if drawn := plot.growth(measured):
        (root / GROWTH).write_text(drawn, encoding="utf-8")
    shipped = backbone.fingerprint(root / "model_assets" / "backbone")
    (root / PAGE).write_text(page(measured, shipped), encoding="utf-8")
    readme = root / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    readme.write_text(f"{before}{BEGIN}\n\n{block(measured, shipped)}\n\n{END}{after}", encoding="utf-8")


def sheet(path: Path = ROOT / "docs" / "phantoms.png", side: int = 150, columns: int = 6, seed: int = 7) -> None:
    """One phantom of each class, with its modality and name below it."""
    kinds = {room: task for task, room in reversed(phantoms.ROOMS.items())}  # two tasks share the fundus
    drawn = [(t, label) for t in phantoms.ROOMS if t in kinds.values() for label in phantoms.classes(t)]
    width, height = side + 8, side + 44
    rows = math.ceil(len(drawn) / columns)
    picture = Image.new("RGB", (columns * width - 8, rows * height), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
    for i, (task, label) in enumerate(drawn):
        x, y = i % columns * width, i // columns * height
        phantom = phantoms.draw(task, label, seed).picture.resize((side, side), Image.Resampling.LANCZOS)
        picture.paste(phantom, (x, y))
        facts = catalogue.TASKS[task]
        name = textwrap.shorten(facts["classes"][label], 26, placeholder=" …")
        pen.multiline_text((x, y + side + 3), f"{facts['modality']}\n{name}", fill="black", font=font, spacing=2)
    path.parent.mkdir(exist_ok=True)
    picture.save(path, optimize=True)
