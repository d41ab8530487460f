"""Compare drawn cases with the real training pictures at hand: numbers, and sheets to look at."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from dinoscope import bounds, settings
from dinoscope.reading.encoder import Encoder
from dinoscope.reading.projection import Projection
from dinoscope_phantoms import ROOMS

from . import fresh, likeness, maps, reals, sheets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which tasks, against which pictures, and where to."""
    parser.add_argument("--images", type=Path, required=True, help="folder of data sets with a splits folder in it")
    parser.add_argument("--out", type=Path, required=True, help="folder for numbers and sheets, outside the repository")
    parser.add_argument("--task", choices=list(ROOMS), action="append", help="may be given more than once; default all")
    parser.add_argument("--n", type=bounds.count, default=24, help="drawn cases a class")
    parser.add_argument("--seed", type=int, default=fresh.FIRST_SEED, help="of the first drawn case; the next follow")
    parser.add_argument("--maps", type=int, default=4, help="maps a class; 0 for none")
    parser.add_argument("--no-sheets", action="store_true", help="numbers alone")


def run(arguments: argparse.Namespace) -> None:
    """Measure task by task; what is done is written at once."""
    chosen = settings.load()
    out = sheets.outside(arguments.out)
    encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
    projection = Projection.load(chosen.assets / "tasks" / "projection.safetensors", encoder.fingerprint)
    projection = projection or Projection.plain(encoder.width, encoder.fingerprint)
    table: list[dict] = []
    located: list[dict] = []
    for task in reals.asked(arguments.task):
        real = reals.read(encoder, projection, arguments.images, task, chosen.cache)
        drawn = fresh.read(encoder, task, arguments.n, arguments.seed)
        table += likeness.rows(real, drawn.labels, drawn.pooled)
        for row in table:
            if row["task"] == task:
                print(in_words(row), flush=True)
        if arguments.maps:
            found = maps.rows(encoder, real, drawn, arguments.maps)
            located += found
            for row in found[:1]:
                print(f"{task}: map on the drawn lesion {row['hit']:.2f}, its patch {row['patch']:.2f}", flush=True)
        if not arguments.no_sheets:
            sheets.neighbours(real, drawn, out / f"{task}-neighbours.jpg")
            sheets.pixels(real, drawn, out / f"{task}-pixels.png")
        write(out, encoder.fingerprint, table, located)
    overall = [row for row in table if row["class"] == likeness.OVERALL]
    for column, title in (("read", "read as drawn"), ("rank", "rank")):
        print(f"{title}, mean of {len(overall)}: {np.mean([r[column] for r in overall]):.3f}")
    if located:
        of_map = [r for r in located if r["method"] == maps.MAP and r["class"] == likeness.OVERALL]
        for column, title in (("hit", "map on the drawn lesion"), ("patch", "its patch on it")):
            print(f"{title}, mean of {len(of_map)}: {np.mean([r[column] for r in of_map]):.3f}")


def write(out: Path, fingerprint: str, table: list[dict], located: list[dict]) -> None:
    """comparison.json, and the rows by class as comparison.csv."""
    text = json.dumps({"fingerprint": fingerprint, "rows": [*table, *located]}, indent=1)
    (out / "comparison.json").write_text(text + "\n", encoding="utf-8")
    with (out / "comparison.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def in_words(row: dict) -> str:
    """One row as a line."""
    return (
        f"{row['task']:14} {row['class']:24} real {row['recall']:.2f}  as drawn {row['read']:.2f} "
        f"[{row['read_low']:.2f}, {row['read_high']:.2f}]  neighbours {row['near']:.2f}  "
        f"rank {row['rank']:.2f}  told apart {row['apart']:.2f}  distance {row['distance']:.3f}"
    )
