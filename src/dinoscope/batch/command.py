"""Read many pictures at once - a folder, an archive or files - into a table, with how often labelled ones are right."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .. import settings, visits
from ..errors import RequestError
from ..notice import NOTICE
from ..tasks import Task
from ..workbench import Workbench
from . import rows, sheet, summary
from .gather import gather
from .rows import Row
from .summary import Summary

SAY_EVERY = 2.0
"""Seconds between two lines of progress."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which pictures, and where the table goes."""
    parser.add_argument("pictures", type=Path, nargs="+", help="a folder, a ZIP archive, or picture files")
    parser.add_argument("--csv", type=Path, help="write the table to this file; - for the terminal")
    parser.add_argument("--task", default="", help="name of a task; else the one that most pictures are nearest to")


def run(arguments: argparse.Namespace) -> int:
    """Read, print what it comes to, and write the table; stopped by Ctrl-C, with what is there by then.

    Raises:
        RequestError, ValueError, OperatorError: with one sentence.
    """
    for path in arguments.pictures:
        if not path.exists():
            raise RequestError(f"{path} does not exist; give a folder, a ZIP archive, or picture files")
    # What an archive holds lies in a folder of this process alone, and goes with it.
    with visits.folder():
        gathered = gather(arguments.pictures, Path(tempfile.mkdtemp(prefix="batch-")))
        for sentence in gathered.said:
            _say(sentence)
        workbench = Workbench.load(settings.load(), say=_say)
        name = arguments.task
        if not name:
            name, count, asked = rows.task_of(workbench, gathered.items)
            _say(f"{count} of {asked} pictures asked are nearest to {workbench.tasks[name].title}; --task chooses")
        elif name not in workbench.tasks:
            raise RequestError(f"no task is called {name!r}; choose one of {', '.join(workbench.tasks)}")
        task = workbench.tasks[name]
        found = _read(workbench, gathered.items, task)
    if arguments.csv:
        _write(arguments.csv, found, task)
    _say("\n".join(lines(summary.of(found, task), task)))
    return 0 if any(r.reading for r in found) else 1


def _read(workbench: Workbench, items: tuple, task: Task) -> list[Row]:
    found: list[Row] = []
    told = time.monotonic()
    try:
        for step in rows.read(workbench, items, task.name):
            found.append(step.row)
            if step.row.error:
                _say(f"{step.row.item.name}: {step.row.error}")
            if time.monotonic() - told > SAY_EVERY and step.done < step.total:
                told = time.monotonic()
                _say(f"{step.done} of {step.total} pictures, {step.left:.0f} s left")
    except KeyboardInterrupt:
        _say(f"stopped after {len(found)} of {len(items)} pictures")
    return found


def lines(found: Summary, task: Task) -> list[str]:
    """A summary for a terminal."""
    said = [f"{found.pictures} pictures read as {task.title}: {task.facts['question']}"]
    said += [f"  {count:5d}  {task.display(label)}" for label, count in found.answers.items()]
    said += [f"  {found.none:5d}  {rows.NO_FINDING}"] * bool(found.none)
    for what, names in (
        ("unlike anything the head knows", found.unfamiliar),
        ("at the edge of what it knows", found.edge),
        ("not readable", found.unreadable),
    ):
        if names:
            said.append(f"{len(names)} {what}: {', '.join(names[:5])}{', …' * (len(names) > 5)}")
    if found.known:
        said.append(
            f"{found.known} labelled pictures are among those that the head was made with, and are not measured"
        )
    if found.measured:
        said.append(summary.in_words(found.measured))
        said += filter(None, [summary.caveats(found.measured)])
        called = [task.display(c) for c in found.measured.classes]
        wide = max(map(len, called))
        said.append(f"{'is, down; called, across':{wide + 5}}" + "".join(f"{n:6d}" for n in range(1, len(called) + 1)))
        for number, (name, row) in enumerate(zip(called, found.measured.confusion, strict=True), 1):
            said.append(f"{number:3d}  {name:{wide + 19}}" + "".join(f"{n:6d}" for n in row))
    if found.why_not:
        said.append(found.why_not)
    return [*said, NOTICE]


def _write(path: Path, found: list[Row], task: Task) -> None:
    if str(path) == "-":
        sys.stdout.write(sheet.text(found, task))
        return
    try:
        sheet.write(path, found, task)
    except OSError as fault:
        raise RequestError(f"{path} cannot be written ({fault.strerror}); give another file to --csv") from fault
    _say(f"written: {path}")


def _say(sentence: str) -> None:
    """To the terminal's other channel, so that the table may take the first."""
    print(sentence, file=sys.stderr, flush=True)
