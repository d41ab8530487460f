"""Evidence files: the head that every measurement carries, written the same way each time."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from dinoscope import manifest, whole


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


def write(
    path: Path,
    headline: dict,
    command: str,
    seed: int,
    fingerprint: str,
    seconds: float,
    rows: Sequence[dict],
    notes: Sequence[str],
    resumed: bool = False,
) -> None:
    """Write one measurement.

    Args:
        headline: {label, value, low, high, unit}; low and high None where there is no interval.
        rows: flat objects; notes: sentences.
        resumed: results may have been kept from an earlier run: the seconds are then those of the longest one on this
            backbone, which had the most to do.
    """
    if resumed and path.is_file():
        earlier = json.loads(path.read_text())
        seconds = max(seconds, earlier["seconds"]) if earlier["fingerprint"] == fingerprint else seconds
    content = {
        "headline": headline,
        "command": command,
        "seed": seed,
        "fingerprint": fingerprint,
        "machine": machine(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seconds": round(seconds, 1),
        "rows": list(rows),
        "notes": list(notes),
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    assets = path.parent.parent
    # Together with its line in the manifest: a kill between the two would leave assets that the app refuses.
    try:
        if (assets / manifest.MANIFEST).is_file():
            with whole.change(assets) as staged:
                whole.write(staged / path.relative_to(assets), text)
                manifest.stage(assets, staged)
            return
    except manifest.AssetError as fault:  # no reason to lose what took hours to measure
        print(fault, flush=True)
    whole.write(path, text)


def wide(rows: Sequence[dict], name: str, column: Callable[[dict], str], value: str) -> list[dict]:
    """One row for each `name`, with a column for each kind of row: its `value`, to three significant digits.

    Several rows of one name and kind are averaged; where there is none the cell is None.
    """
    cells: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        cells.setdefault(row[name], {}).setdefault(column(row), []).append(row[value])
    columns = dict.fromkeys(column(r) for r in rows)
    return [
        {name: of} | {c: float(f"{sum(found[c]) / len(found[c]):.3g}") if c in found else None for c in columns}
        for of, found in cells.items()
    ]
