"""Fetch the originals of a task's public cases, so that heads can be fitted for another backbone.

With `--unlabelled`, those that a backbone is trained on beside the labelled sets; with `--thumbnails`, small pictures
of them for the page, before a talk without a network.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import atomic, bounds, settings
from ..settings import Settings
from ..similar import Case, public_pictures
from . import catalogue, unlabelled
from .originals import FetchError, Original, bring, name_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, and where to."""
    parser.add_argument("--task", action="append", default=[], help="name of a bundled task; may be repeated")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--unlabelled", action="store_true", help="the pictures for `pretrain --unlabelled`")
    which.add_argument(
        "--thumbnails", action="store_true", help="into the cache, for the page; of every task if none is named"
    )
    parser.add_argument("--set", action="append", default=[], help="of --unlabelled, only this set; may be repeated")
    parser.add_argument("--out", type=Path, help="folder; each task or set gets its own below it")
    parser.add_argument("--most", type=bounds.count, help="at most so many pictures a task or set")
    parser.add_argument("--mirror", default="", help="http://host[:port] to ask instead of the original host")


def run(arguments: argparse.Namespace) -> None:
    """Download what is not there yet, check, convert, and list what has labels in labels.csv."""
    chosen = settings.load()
    if arguments.thumbnails:
        thumbnails(_wanted(chosen, arguments.task, arguments.most), chosen.cache, arguments.mirror or chosen.mirror)
        return
    if not arguments.out or bool(arguments.unlabelled) == bool(arguments.task):
        raise FetchError(
            "say what to fetch and where to: --task NAME or --unlabelled, and --out FOLDER; or --thumbnails"
        )
    if arguments.unlabelled:
        count = unlabelled.fetch(arguments.out, arguments.set, arguments.most, arguments.mirror, say)
        print(f"{count} pictures; to learn from them: dinoscope pretrain --unlabelled {arguments.out} ...")
        return
    for name, wanted in _wanted(chosen, arguments.task, arguments.most).items():
        fetch(wanted, arguments.out / name, arguments.mirror)
    print(f"To use them: DINOSCOPE_IMAGES={arguments.out} DINOSCOPE_BACKBONE=facebook/dinov2-small make demo")


def _wanted(chosen: Settings, names: Sequence[str], most: int | None) -> dict[str, list[Case]]:
    """Task -> its public cases; of every task where none is named.

    Raises:
        FetchError: for a name that no bundled task has.
    """
    tasks, found = chosen.assets / "tasks", {}
    for name in names or _names(tasks):
        if name not in _names(tasks):
            raise FetchError(f"no bundled task is called {name!r}; choose one of {', '.join(_names(tasks))}")
        lines = (tasks / name / "cases.jsonl").read_text(encoding="utf-8").splitlines()
        cases = [Case.of(json.loads(line)) for line in lines]
        found[name] = [c for c in cases if public_pictures.fetchable(c)][:most]
    return found


def thumbnails(wanted: Mapping[str, Sequence[Case]], cache: Path, mirror: str = "") -> int:
    """Fill the cache with small pictures of public cases; returns how many are there now.

    Raises:
        FetchError: when not one picture of a task could be had.
    """
    count = 0
    for name, cases in wanted.items():
        originals = [Original(c.id, c.url, c.blob, public_pictures.place(cache, c)) for c in cases]
        count += len(bring(originals, name, mirror, say, public_pictures.small))
    print(f"{count} small pictures of public cases are in {cache}; the app shows them, with or without a network")
    return count


def fetch(cases: Sequence[Case], folder: Path, mirror: str = "") -> int:
    """Download the originals of public cases into `folder`, and list them; returns how many are there now.

    Raises:
        FetchError: when not one picture could be had.
    """
    wanted = {Original(c.id, c.url, c.blob, folder / _file(c)): c for c in cases}
    here = bring(list(wanted), folder.name, mirror, say)
    _list(sorted((c for o, c in wanted.items() if o.file in here), key=lambda c: c.id), folder)
    return len(here)


def say(sentence: str) -> None:
    """Told at once, also into a file."""
    print(sentence, flush=True)


def _file(case: Case) -> str:
    """Place of a picture below its task's folder."""
    return f"all/{name_of(case.id)}"


def _list(cases: Sequence[Case], folder: Path) -> None:
    """Write labels.csv: file, first label, id, group, fold, address, blob, and a column for each finding of several."""
    entry = catalogue.TASKS.get(folder.name, {})
    findings = [] if entry.get("exclusive", True) else list(entry["classes"])
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["file", "label", "id", "group", "fold", "url", "blob", *findings])
    for c in cases:
        known = [_file(c), c.labels[0], c.id, c.group, c.fold, c.url, c.blob]
        table.writerow([*known, *(int(f in c.labels) for f in findings)])
    atomic.write(folder / "labels.csv", text.getvalue())


def _names(tasks: Path) -> list[str]:
    return sorted(p.name for p in tasks.iterdir() if (p / "cases.jsonl").is_file()) if tasks.is_dir() else []
