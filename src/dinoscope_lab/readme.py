"""README: its tables of numbers and its sheet of drawn cases, made by code and never by hand."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import dinoscope_phantoms as phantoms
from dinoscope.evidence import SETS, Evidence, named, read
from dinoscope.fitting import catalogue
from dinoscope.settings import ROOT

from . import claims, plot

BEGIN, END = "<!-- evidence: begin -->", "<!-- evidence: end -->"
PICTURE = "docs/evidence.svg"
DRAWN = (
    "Balanced accuracy of the frozen backbone and of four rivals on each set; accuracy by labels a class; accuracy by "
    "strength of seven corruptions. The numbers stand in the tables below and in model_assets/evidence"
)
SHORT, LONG = 14, 60
"""Rows of a table that stands open, and of one that is folded; a longer one is left to its file."""

Table = tuple[list[str], list[dict]]
"""Columns and rows."""


def section(evidence: dict[str, Evidence]) -> str:
    """Markdown of every measurement - headline, one table, the rest folded - and what the sources claimed."""
    parts = []
    for e in evidence.values():
        head = e.headline
        interval = f" (95 % interval {head['low']:g} to {head['high']:g})" if head.get("low") is not None else ""
        shown, folded = _chosen(e.tables)
        more = "\n\n".join(table(columns, rows) for columns, rows in folded if len(rows) <= LONG)
        left = sum(len(rows) > LONG for _, rows in folded)
        how = (
            (f"{left} longer tables: `model_assets/evidence/{e.name}.json`. " if left else "")
            + " ".join(e.notes)
            + f" Measured {e.date} on {e.machine}, backbone `{e.fingerprint[:8]}`, by `{e.command}`."
        )
        value = f"{head['value']:g} {head['unit']}".strip()
        parts.append(
            f"**{head['label']}: {value}**{interval}\n\n"
            + "".join(f"{table(columns, rows)}\n\n" for columns, rows in shown)
            + f"<details><summary>More, and how it was measured</summary>\n\n{more}\n\n{how}\n\n</details>\n"
        )
    if "backbone" in evidence:
        parts.insert(0, f"![{DRAWN}]({PICTURE})\n")
    if sources := claims.paragraphs(evidence):
        parts.append(f"### What the sources claimed, and what was found here\n\n{sources}\n")
    return "\n".join(parts) or "Nothing has been measured yet.\n"


def _chosen(tables: list[Table]) -> tuple[list[Table], list[Table]]:
    """The table that stands open, and all that is folded.

    Open is the first short table of results: not the one of what could not run.
    """
    short = (i for i, (columns, rows) in enumerate(tables) if len(rows) <= SHORT and "ran" not in columns)
    first = next(short, None)
    if first is None:
        return [], tables
    return [tables[first]], tables[:first] + tables[first + 1 :]


def table(columns: list[str], rows: list[dict]) -> str:
    """A Markdown table, data sets by the names of their tasks."""
    names = SETS | catalogue.titles()
    lines = [
        [c.replace("_", " ") for c in columns],
        ["---"] * len(columns),
        *(["" if row[c] is None else named(str(row[c]), names) for c in columns] for row in rows),
    ]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def renew(readme: Path = ROOT / "README.md", folder: Path = ROOT / "model_assets" / "evidence") -> bool:
    """Put the current evidence into the README and its picture; returns whether the text changed."""
    measured = read(folder)
    picture = readme.parent / PICTURE
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(plot.svg(measured), encoding="utf-8")
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    renewed = f"{before}{BEGIN}\n\n{section(measured)}\n{END}{rest.split(END, 1)[1]}"
    if renewed != text:
        readme.write_text(renewed, encoding="utf-8")
    return renewed != text


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
