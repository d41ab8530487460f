"""Fetch the originals of a task's public cases, so that heads can be fitted for another backbone."""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from PIL import Image

from .. import settings
from ..reading import images
from ..reading.images import ImageError
from ..similar import Case
from . import catalogue

SIDE = 256
QUALITY = 90
AT_ONCE = 4
"""Downloads at a time: the originals lie with hosts that owe us nothing."""
PATIENCE = 60
"""Seconds that one download may take to answer."""


class FetchError(ValueError):
    """An original that cannot be had; the message says which and why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which task, and where to."""
    parser.add_argument("--task", action="append", required=True, help="name of a bundled task; may be repeated")
    parser.add_argument("--out", type=Path, required=True, help="folder; each task gets its own below it")
    parser.add_argument("--most", type=int, help="at most so many pictures a task")
    parser.add_argument("--mirror", default="", help="http://host[:port] to ask instead of the original host")


def run(arguments: argparse.Namespace) -> None:
    """Download what is not there yet, check, convert, and list it in labels.csv."""
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
    """Download the originals of public cases into `folder`; returns how many are there now.

    Pictures that are there already are kept, so that a fetch cut short goes on where it stopped. What cannot be had is
    named and left out.

    Raises:
        FetchError: when not one picture could be had.
    """
    (folder / "all").mkdir(parents=True, exist_ok=True)
    here = [c for c in cases if (folder / _file(c)).is_file()]
    missing = [c for c in cases if not (folder / _file(c)).is_file()]
    print(f"{folder.name}: {len(here)} of {len(cases)} pictures are here", flush=True)
    failures = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = {pool.submit(_one, case, folder / _file(case), mirror): case for case in missing}
        for done, future in enumerate(as_completed(waiting), 1):
            try:
                future.result()
                here.append(waiting[future])
            except FetchError as fault:
                failures.append(str(fault))
                print(fault, flush=True)
            if done % 50 == 0 or done == len(missing):
                print(f"{folder.name}: {done} of {len(missing)} asked for, {len(failures)} failed", flush=True)
    if cases and not here:
        raise FetchError(f"{folder.name}: none of {len(cases)} pictures could be had; the first: {failures[0]}")
    _list(sorted(here, key=lambda c: c.id), folder)
    return len(here)


def _one(case: Case, path: Path, mirror: str) -> None:
    """Download, check and convert one original; the file appears whole or not at all."""
    url = case.url
    if mirror:
        url = urlunsplit((*urlsplit(mirror)[:2], *urlsplit(case.url)[2:]))
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            content = answer.read()
    except (OSError, urllib.error.URLError) as fault:
        raise FetchError(f"{case.id}: {url} does not answer ({fault})") from fault
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    if blob != case.blob:
        raise FetchError(f"{case.id}: {url} is no longer the picture it was (git blob {blob}, expected {case.blob})")
    try:
        picture = convert(content)
    except ImageError as fault:
        raise FetchError(f"{case.id}: {fault}") from fault
    draft = path.with_suffix(".part")
    draft.write_bytes(picture)
    draft.replace(path)


def convert(content: bytes) -> bytes:
    """An original as the folds were fitted on it: JPEG, quality 90, longest side at most 256 px, never enlarged.

    Raises:
        ImageError: when it is no picture.
    """
    picture = images.read(content).picture
    red, green, blue = picture.split()
    if red.tobytes() == green.tobytes() == blue.tobytes():
        picture = red
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _file(case: Case) -> str:
    """Place of a picture below its task's folder."""
    return f"all/{hashlib.sha256(case.id.encode()).hexdigest()[:20]}.jpg"


def _list(cases: Sequence[Case], folder: Path) -> None:
    """Write labels.csv: file, first label, id, group, fold, and a column for each finding of several."""
    entry = catalogue.TASKS.get(folder.name, {})
    findings = [] if entry.get("exclusive", True) else list(entry["classes"])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "label", "id", "group", "fold", *findings])
        for c in cases:
            table.writerow([_file(c), c.labels[0], c.id, c.group, c.fold, *(int(f in c.labels) for f in findings)])


def _names(tasks: Path) -> list[str]:
    return sorted(p.name for p in tasks.iterdir() if (p / "cases.jsonl").is_file()) if tasks.is_dir() else []
