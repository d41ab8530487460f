"""Add a folder of labelled pictures, of any size, to a task's search index; goes on where it was cut short."""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .. import settings, tasks, whole
from ..reading import images
from ..reading.encoder import Encoder
from ..reading.images import ImageError
from ..reading.projection import Projection
from ..similar import FACETS, Case, CaseIndex, IndexFault, Storage, regions
from ..tasks import Task
from .datasets import SUFFIXES

SAY_EVERY = 2.0
"""Seconds between two lines of progress."""


@dataclass(frozen=True)
class Entry:
    """A picture on disk that may become a case: id is its path in the folder."""

    id: str
    path: Path
    labels: tuple[str, ...]
    group: str = ""
    url: str = ""
    metadata: dict[str, str | float] = field(default_factory=dict)


@dataclass
class Tally:
    """How many pictures were met, and what became of them."""

    total: int
    met: int = 0
    added: int = 0
    held: int = 0
    unreadable: int = 0
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        rate = self.added / max(time.monotonic() - self.began, 1e-9)
        return (
            f"{self.met} of {self.total}: {self.added} added ({rate:.1f} a second), {self.held} already there, "
            f"{self.unreadable} unreadable"
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which pictures, of which task."""
    parser.add_argument(
        "--cases",
        type=Path,
        required=True,
        help="folder with one sub-folder a class; or with labels.csv: file, label (several with ;), and if known "
        "group or patient, url, age, sex, view, site",
    )
    parser.add_argument("--task", required=True, help="name of a fitted task")
    parser.add_argument("--licence", default="", help="licence of the pictures, shown with each case")
    parser.add_argument("--batch", type=int, default=32, help="pictures read and sent at once")


def run(arguments: argparse.Namespace) -> None:
    """Stream the folder into the index that QDRANT_URL or QDRANT_PATH names.

    Raises:
        ValueError, FileNotFoundError: with one sentence, for anything that keeps it from starting or going on.
    """
    chosen = settings.load()
    storage = Storage(
        chosen.qdrant_url, chosen.qdrant_api_key, chosen.qdrant_path, chosen.qdrant_shards, chosen.qdrant_replicas
    )
    if storage.kind == "memory":
        raise ValueError("set QDRANT_URL to a Qdrant server or QDRANT_PATH to a folder; memory forgets at the end")
    whole.finish(chosen.assets)
    folder = chosen.assets / "tasks" / tasks.check_name(arguments.task)
    if not folder.is_dir():
        raise FileNotFoundError(f"no task is called {arguments.task!r}; fit it first with `dinoscope fit`")
    encoder = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
    cached = tasks.cache(chosen.cache, encoder.fingerprint) / arguments.task
    task = tasks.load(cached if cached.is_dir() else folder, encoder.fingerprint, folder)
    projection = _projection(chosen.assets / "tasks", cached.parent, encoder.fingerprint)
    total = check(arguments.cases, task)
    try:
        index = CaseIndex(storage)
        cells = task.regions.cells.astype(np.float32) if task.regions else None
        index.fill(task.name, task.cases, task.vectors, cells, task.space(projection))
        tally = stream(arguments.cases, task, encoder, projection, index, total, arguments.licence, arguments.batch)
        print("building the search graph", flush=True)
        index.settle()
        count = index.count(task.name)
        index.close()
    except IndexFault as fault:
        raise ValueError(f"{fault}; run the command again, it goes on where it stopped") from fault
    print(f"{tally}\n{task.name} now holds {count} cases")


def check(folder: Path, task: Task) -> int:
    """How many pictures the folder holds.

    Raises:
        FileNotFoundError: for a missing or empty folder.
        ValueError: for a label that is no class of the task, or a labels.csv without its columns.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give a folder with one sub-folder a class")
    total = 0
    for entry in entries(folder):
        total += 1
        if strangers := [label for label in entry.labels if label not in task.head.classes]:
            raise ValueError(
                f"{entry.path} is labelled {strangers[0]!r}, which {task.title} does not know; "
                f"its classes are {', '.join(task.head.classes)}"
            )
    if not total:
        raise FileNotFoundError(f"no pictures under {folder}; looked for {', '.join(sorted(SUFFIXES))}")
    return total


def entries(folder: Path) -> Iterator[Entry]:
    """The pictures of a folder one by one, never all at once, in the same order each time."""
    table = folder / "labels.csv"
    if table.is_file():
        sources = {s for kind in FACETS.values() for s in kind.sources}
        with table.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if not {"file", "label"} <= set(rows.fieldnames or ()):
                raise ValueError(f"{table} has the columns {', '.join(rows.fieldnames or ())}; it needs file and label")
            for row in rows:
                yield Entry(
                    id=row["file"],
                    path=folder / row["file"],
                    labels=tuple(part.strip() for part in row["label"].split(";")),
                    group=row.get("group") or row.get("patient") or "",
                    url=row.get("url") or "",
                    metadata={k: v for k, v in row.items() if k in sources and v},
                )
        return
    for root, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(root) / name
            if path.suffix.lower() in SUFFIXES:
                yield Entry(path.relative_to(folder).as_posix(), path, (path.parent.name,))


def stream(
    folder: Path,
    task: Task,
    encoder: Encoder,
    projection: Projection,
    index: CaseIndex,
    total: int,
    licence: str,
    batch: int,
) -> Tally:
    """Read, encode and send what the index does not hold yet, a batch at a time."""
    tally, said = Tally(total), 0.0
    remaining = entries(folder)
    while part := list(itertools.islice(remaining, batch)):
        held = index.known(task.name, [e.id for e in part])
        cases, pictures = [], []
        for entry in part:
            if entry.id in held:
                continue
            try:
                picture = images.read(entry.path).picture
            except ImageError as fault:
                tally.unreadable += 1
                print(f"left out {entry.id}: {fault}", flush=True)
                continue
            pictures.append(picture)
            pixels = images.pixel_hash(picture)
            cases.append(
                Case(
                    id=entry.id,
                    labels=entry.labels,
                    origin="own",
                    licence=licence,
                    group=entry.group,
                    url=entry.url,
                    pixels=pixels,
                    metadata=entry.metadata,
                )
            )
        if cases:
            features = encoder(pictures)
            patches = None
            if task.regions is not None:
                patches = task.regions.vectors(regions.pool(features.patches, features.grid))
            index.add(task.name, cases, projection(features.pooled), patches)
        tally.met, tally.added, tally.held = tally.met + len(part), tally.added + len(cases), tally.held + len(held)
        if time.monotonic() - said > SAY_EVERY or tally.met == total:
            said = time.monotonic()
            print(tally, flush=True)
    return tally


def _projection(bundled: Path, cached: Path, fingerprint: str) -> Projection:
    """The projection that the app uses for this backbone.

    Raises:
        ValueError: when there is none, so that the app would not find what is added.
    """
    for folder in (bundled, cached):
        if found := Projection.load(folder / "projection.safetensors", fingerprint):
            return found
    raise ValueError("this backbone has no projection yet; start the app once with it, and it is fitted")
