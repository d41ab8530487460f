"""Fetch the originals of a task's public cases, so that heads can be fitted for another backbone.

With `--unlabelled`, those that a backbone is trained on beside the labelled sets.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from .. import settings, whole
from ..similar import Case
from . import catalogue, unlabelled
from .originals import FetchError, Original, bring, name_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, and where to."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--task", action="append", help="name of a bundled task; may be repeated")
    which.add_argument("--unlabelled", action="store_true", help="the pictures for `pretrain --unlabelled`")
    parser.add_argument("--set", action="append", default=[], help="of --unlabelled, only this set; may be repeated")
    parser.add_argument("--out", type=Path, required=True, help="folder; each task or set gets its own below it")
    parser.add_argument("--most", type=int, help="at most so many pictures a task or set")
    parser.add_argument("--mirror", default="", help="http://host[:port] to ask instead of the original host")


def run(arguments: argparse.Namespace) -> None:
    """Download what is not there yet, check, convert, and list what has labels in labels.csv."""
    if arguments.unlabelled:
        count = unlabelled.fetch(arguments.out, arguments.set, arguments.most, arguments.mirror, say)
        print(f"{count} pictures; to learn from them: dinoscope pretrain --unlabelled {arguments.out} ...")
        return
    tasks = settings.load().assets / "tasks"
    for name in arguments.task:
        listing = tasks / name / "cases.jsonl"
        if not listing.is_file():
            raise FetchError(f"no bundled task is called {name!r}; choose one of {', '.join(_names(tasks))}")
        cases = [Case.of(json.loads(line)) for line in listing.read_text(encoding="utf-8").splitlines()]
        wanted = [c for c in cases if c.url and c.blob][: arguments.most]
        fetch(wanted, arguments.out / name, arguments.mirror)
    print(f"To use them: DINOSCOPE_IMAGES={arguments.out} DINOSCOPE_BACKBONE=facebook/dinov2-small make demo")


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
    whole.write(folder / "labels.csv", text.getvalue())


def _names(tasks: Path) -> list[str]:
    return sorted(p.name for p in tasks.iterdir() if (p / "cases.jsonl").is_file()) if tasks.is_dir() else []
