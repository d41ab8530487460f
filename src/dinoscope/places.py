"""Places: which folders are tasks, where fitted ones are kept, and where the pictures of an own one are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from . import atomic
from .reading.heads import FORMAT

FILES = ("task.json", "cases.jsonl", "head.safetensors", "vectors.safetensors")
"""What a task's folder must hold; anything else in it is optional."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def check_name(name: str) -> str:
    """A task's name, which becomes the name of a folder and of a collection.

    Raises:
        ValueError: for anything but a word of letters, digits, `_` and `-`.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"a task cannot be called {name!r}, as folders get its name; use up to 64 letters a to z, digits, _ and -"
        )
    return name


def cache(folder: Path, fingerprint: str) -> Path:
    """Where tasks fitted for this backbone by this version of the app are kept."""
    return folder / f"{fingerprint[:16]}-v{FORMAT}"


def found(folder: Path) -> tuple[list[Path], list[str]]:
    """The tasks below a folder, and a sentence for each folder there that is none, so that it stops nobody."""
    tasks, strays = [], []
    for path in sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []:
        missing = [name for name in FILES if not (path / name).is_file()]
        if not missing and NAME.fullmatch(path.name):
            tasks.append(path)
        elif not path.name.startswith((atomic.STAGED, atomic.DECIDED)):
            why = f"lacks {', '.join(missing)}" if missing else "has a name that no task can have"
            strays.append(f"{path} {why} and is passed over; fit the task again, or remove the folder")
    return tasks, strays


def pictures(folder: Path, data: Path | None) -> tuple[Path | None, Path | None]:
    """The labelled pictures from which a task can be fitted for another backbone, and their splits; None without any.

    Args:
        folder: the task's, whose task.json remembers where an operator's own pictures were.
        data: folder of data sets, each named like its task, perhaps with a `splits` folder beside them.
    """
    if data is not None and (data / folder.name).is_dir():
        return data / folder.name, data / "splits" if (data / "splits").is_dir() else None
    try:
        own = json.loads((folder / "task.json").read_text(encoding="utf-8"))["pictures"]
        known = Path(own["folder"]), Path(own["splits"]) if own["splits"] else None
    except (OSError, ValueError, KeyError, TypeError):  # a bundled task remembers none
        return None, None
    return known if known[0].is_dir() else (None, None)


def unfit(folder: Path, data: Path | None) -> str:
    """Why a task cannot be fitted for another backbone here, with the command that would do; "" where it can."""
    if (folder / "phantoms.jsonl").is_file() or pictures(folder, data)[0] is not None:
        return ""
    return f"its pictures are not at hand; set DINOSCOPE_IMAGES to a folder that has them in {folder.name}"
