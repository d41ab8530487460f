"""Evidence files: the head that every measurement carries, written the same way each time."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from dinoscope import atomic, manifest
from dinoscope.evidence import Column, Table, json_of


@dataclass(frozen=True)
class How:
    """How something was measured: command, seed, fingerprint of the backbone, seconds, and the division into folds."""

    command: str
    seed: int
    fingerprint: str
    seconds: float
    split: str = ""


def machine() -> str:
    """The processor and how many of its cores are used."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = models[0] if models else model
    cores = torch.get_num_threads()
    return f"{model}, {cores} core{'s' * (cores > 1)}, {platform.system()}"


def write(path: Path, headline: dict, how: How, tables: Iterable[Table], notes: Sequence[str]) -> None:
    """Write one measurement, with its line in the manifest where it lies beside one.

    Args:
        headline: {label, value, low, high, unit}; low and high None where there is no interval.
        tables: the most telling one first; empty ones are left out. notes: sentences.
    """
    content = {
        "headline": headline,
        "command": how.command,
        "seed": how.seed,
        "fingerprint": how.fingerprint,
        "machine": machine(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seconds": round(how.seconds, 1),
        **({"split": how.split} if how.split else {}),
        "notes": list(notes),
    }
    text = text_of(content, [t for t in tables if t.rows])
    assets = path.parent.parent
    # Together with its line in the manifest: a kill between the two would leave assets that the app refuses.
    try:
        if (assets / manifest.MANIFEST).is_file():
            with atomic.change(assets) as staged:
                atomic.write(staged / path.relative_to(assets), text)
                manifest.stage(assets, staged)
            return
    except manifest.AssetError as fault:  # no reason to lose what took hours to measure
        print(fault, flush=True)
    atomic.write(path, text)


def text_of(head: dict, tables: Sequence[Table]) -> str:
    """A file's text: its head, then its tables with a line for each column and row, as a reader of changes wants it."""

    def line(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    def listed(values: Sequence[object]) -> str:
        return "[\n   " + ",\n   ".join(map(line, values)) + "\n  ]"

    told = []
    for table in json_of(tables):
        entries = [f'"{k}": {listed(v) if k in ("columns", "rows") else line(v)}' for k, v in table.items()]
        told.append("{\n  " + ",\n  ".join(entries) + "\n }")
    return json.dumps(head, indent=1, ensure_ascii=False)[:-2] + ',\n "tables": [' + ", ".join(told) + "]\n}\n"


def percent(name: str, title: str = "", interval: bool = True, signed: bool = False) -> Column:
    """A column of percent to one digit, with its interval beside it as `name_low` and `name_high`."""
    return number(name, title, "%", 1, interval, signed)


def number(
    name: str, title: str = "", unit: str = "", digits: int = 3, interval: bool = False, signed: bool = False
) -> Column:
    """A column of numbers, its interval, where it has one, beside it as `name_low` and `name_high`."""
    ends = (f"{name}_low", f"{name}_high") if interval else ("", "")
    return Column(name, title, unit, digits, *ends, signed)


def count(name: str, title: str = "") -> Column:
    """A column of whole numbers."""
    return Column(name, title, "", 0)


def tried(rows: Sequence[dict]) -> Table:
    """Which encoders could be read, and why one could not: rows of `encoder`, `ran`, `why`."""
    columns = (Column("encoder"), Column("ran"), Column("why"))
    return Table("tried", "What was read, and what could not be", "table", columns, list(rows))
