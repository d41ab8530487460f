"""Write a folder that is ready to be uploaded as a Hugging Face Space, for the bundled backbone or another one.

For another one the originals of the public cases are fetched where there is a network, and its heads and vectors are
fitted and take the place of the bundled ones.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .. import bounds, settings, tasks
from ..similar import Case
from . import space
from .fetch import fetch, say
from .originals import FetchError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which backbone, and where to."""
    parser.add_argument("--backbone", default="bundled", help="bundled, a hub id, or a local folder")
    parser.add_argument("--out", type=Path, required=True, help="folder to write; not there yet, or empty")
    parser.add_argument("--images", type=Path, help="folder of data sets to fit on, instead of fetching the originals")
    parser.add_argument("--most", type=bounds.count, help="fetch at most so many pictures a task")
    parser.add_argument("--mirror", default="", help="http://host[:port] to ask instead of the original host")


def run(arguments: argparse.Namespace) -> None:
    """Write the folder, and say how it is uploaded.

    Raises:
        ValueError, OperatorError: with one sentence; no folder was written then.
    """
    chosen = settings.load()
    data = arguments.images or chosen.images
    if data is None and arguments.backbone != "bundled":
        data = _originals(chosen, arguments.most, arguments.mirror)
    size = space.write(arguments.backbone, arguments.out, data, chosen, say)
    print(f"{arguments.out} has {size >> 20} MB. To make it a Space:")
    print(".venv/bin/hf auth login")
    print(".venv/bin/hf repos create dinoscope --type space --space-sdk gradio")
    print(f".venv/bin/hf upload YOU/dinoscope {arguments.out} . --type space")


def _originals(chosen: settings.Settings, most: int | None, mirror: str) -> Path | None:
    """The originals of every task's public cases, in the cache; None where none can be had."""
    data, had = chosen.cache / "originals", False
    for folder in tasks.found(chosen.assets / "tasks")[0]:
        lines = (folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()
        wanted = [c for c in map(Case.of, map(json.loads, lines)) if c.url and c.blob][:most]
        if not wanted:
            continue
        try:
            fetch(wanted, data / folder.name, mirror)
            had = True
        except FetchError as fault:
            say(str(fault))
            if not had:
                say("The originals cannot be reached, so heads are fitted on drawn pictures alone, which know little.")
                return None
    return data if had else None
