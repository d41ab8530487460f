"""Add a folder of labelled pictures, of any size, to a task's search index; goes on where it was cut short."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .. import atomic, bounds, fusion, settings, tasks
from ..reading.encoder import Encoder
from ..reading.projection import Projection
from ..similar import CaseIndex, IndexFault, Storage, regions, thumbnails
from ..tasks import Task
from . import classes, datasets
from .datasets import Sample
from .own_cases import Arrivals, Known, New
from .own_process import carry_out

SAY_EVERY = 2.0
"""Seconds between two lines of progress."""


@dataclass
class Tally:
    """How many pictures were met, and what became of them."""

    total: int
    met: int = 0
    added: int = 0
    held: int = 0
    unreadable: int = 0
    replaced: int = 0
    torn: int = 0
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        rate = self.added / max(time.monotonic() - self.began, 1e-9)
        return (
            f"{self.met} of {self.total}: {self.added} added ({rate:.1f} a second), {self.held} already there, "
            f"{self.unreadable} unreadable"
            + (f", {self.replaced} replaced" if self.replaced else "")
            + (f", {self.torn} left out" if self.torn else "")
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
    parser.add_argument("--batch", type=bounds.count, default=32, help="pictures read and sent at once")


def run(arguments: argparse.Namespace) -> None:
    """Stream the folder into the index that QDRANT_URL or QDRANT_PATH names.

    Raises:
        ValueError, FileNotFoundError, OperatorError: with one sentence, for anything that keeps it from starting or
            going on.
    """
    tasks.check_name(arguments.task)
    chosen = settings.load()
    kind = Storage.of(chosen).kind
    if kind == "memory":
        raise ValueError("set QDRANT_URL to a Qdrant server or QDRANT_PATH to a folder; memory forgets at the end")
    if kind == "folder":  # its engine writes through mapped memory: a disk that fills up meanwhile kills the process
        hint = "a full disk does that: make room, and run the command again, it goes on where it stopped"
        carry_out(add, arguments, f"{chosen.qdrant_path} holds what was added before; {hint}")
    else:
        add(arguments)


def add(arguments: argparse.Namespace) -> None:
    """The work of the command, in this process; raises as `run` does."""
    chosen = settings.load()
    atomic.finish(chosen.assets)
    folder = chosen.assets / "tasks" / arguments.task
    if not folder.is_dir():
        raise FileNotFoundError(f"no task is called {arguments.task!r}; fit it first with `dinoscope fit`")
    try:
        alone = Encoder.load(chosen.backbone, chosen.assets / "backbone", chosen.device)
        encoder = fusion.together(alone, chosen.fusion, chosen.device)
        cached = tasks.cache(chosen.cache, encoder.fingerprint) / arguments.task
        shipped = fusion.place(chosen.assets, chosen.fusion)
        task = None
        if encoder is not alone:
            task = fusion.load(shipped, tasks.load(folder, alone.fingerprint), encoder.fingerprint)
        task = task or tasks.load(cached if cached.is_dir() else folder, encoder.fingerprint, folder)
        projection = _projection((folder.parent, shipped, cached.parent), encoder.fingerprint)
        samples = check(arguments.cases, task)
        print(
            f"bringing the index up to date with the {len(task.cases)} cases that {task.name} was fitted on", flush=True
        )
        index = CaseIndex(Storage.of(chosen))
        cells = task.regions.cells.astype(np.float32) if task.regions else None
        small = thumbnails.of(chosen.cache, task.cases)
        index.fill(task.name, task.cases, task.vectors, cells, task.space(projection), small)
        arrivals = Arrivals(arguments.cases, task.name, index, arguments.licence)
        tally = stream(samples, arrivals, task, encoder, projection, arguments.batch)
        print("building the search graph", flush=True)
        index.settle()
        count = index.count(task.name)
        index.close()
    except IndexFault as fault:
        raise ValueError(f"{fault}; run the command again, it goes on where it stopped") from fault
    print(f"{tally}\n{task.name} now holds {count} cases", flush=True)


def check(folder: Path, task: Task) -> list[Sample]:
    """The pictures of a folder, each with labels in the task's own spelling.

    Raises:
        FileNotFoundError: for a missing or empty folder.
        ValueError: for a label that is no class of the task, or a table that cannot be understood.
    """
    known = {classes.key(label): label for label in task.head.classes}
    samples = []
    for sample in datasets.read(folder, say=_say, drawn=False):
        if strangers := [label for label in sample.labels if classes.key(label) not in known]:
            raise ValueError(
                f"{sample.path} is labelled {strangers[0]!r}, which {task.title} does not know; "
                f"its classes are {', '.join(task.head.classes)}"
            )
        first, *others = (known[classes.key(label)] for label in sample.labels)
        samples.append(replace(sample, label=first, others=tuple(others)))
    return samples


def stream(
    samples: Sequence[Sample],
    arrivals: Arrivals,
    task: Task,
    encoder: Encoder,
    projection: Projection,
    batch: int,
) -> Tally:
    """Read, encode and send what the index does not hold yet, a batch at a time."""
    tally, said = Tally(len(samples)), 0.0
    for start in range(0, len(samples), batch):
        part = arrivals.sort(samples[start : start + batch])
        new = [p for p in part if isinstance(p, New)]
        for known in (p for p in part if isinstance(p, Known)):
            tally.held += not known.why
            tally.unreadable += known.unreadable
            tally.torn += bool(known.why) and not known.unreadable
            if known.why:
                _say(known.why)
        if new:
            features = encoder([n.picture for n in new])
            patches = None
            if task.regions is not None:
                patches = task.regions.vectors(regions.pool(features.patches, features.grid))
            arrivals.index.add(
                task.name,
                [n.case for n in new],
                projection(features.pooled),
                patches,
                thumbnails=[thumbnails.make(n.picture) for n in new],
            )
        tally.met += len(part)
        tally.replaced += sum(n.replaces for n in new)
        tally.added += sum(not n.replaces for n in new)
        if time.monotonic() - said > SAY_EVERY or tally.met == tally.total:
            said = time.monotonic()
            _say(str(tally))
    return tally


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _projection(folders: Sequence[Path], fingerprint: str) -> Projection:
    """The projection that the app uses for this backbone: the first that is its own.

    Raises:
        ValueError: when there is none, so that the app would not find what is added.
    """
    for folder in folders:
        if found := Projection.load(folder / "projection.safetensors", fingerprint):
            return found
    raise ValueError("this backbone has no projection yet; start the app once with it, and it is fitted")
