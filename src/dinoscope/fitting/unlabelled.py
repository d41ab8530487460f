"""Unlabelled: the public pictures that the bundled backbone learnt from beside the labelled sets, and how to get them.

The list names no label and holds no picture: where each original is, at a pinned commit, and its git blob. Whatever
shares a patient, lesion or number with a held-out picture, or nearly is one, was left out when it was drawn up.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

from .originals import FetchError, Original, address, bring, name_of

LIST = Path(__file__).with_name("unlabelled.csv.gz")
"""Columns set, id, repo, commit, path, blob, bytes; 34,594 pictures of 21 sets."""


def listed(path: Path = LIST) -> list[dict[str, str]]:
    """The rows of the list."""
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fetch(
    out: Path,
    sets: Sequence[str] = (),
    most: int | None = None,
    mirror: str = "",
    say: Callable[[str], None] = print,
    rows: Sequence[dict[str, str]] | None = None,
) -> int:
    """Bring the pictures to `out`/<set>/, as `pretrain --unlabelled` takes them; returns how many are there now.

    Args:
        sets: only these; most: at most so many of each set; rows: of another list.
    Raises:
        FetchError: for a set that is not listed, or when not one picture could be had.
    """
    every = list(listed() if rows is None else rows)
    known = list(dict.fromkeys(r["set"] for r in every))
    if strange := [s for s in sets if s not in known]:
        raise FetchError(f"no unlabelled set is called {strange[0]!r}; choose of {', '.join(known)}")
    here = 0
    faults = []
    for name in sets or known:
        wanted = [
            Original(r["id"], address(r["repo"], r["commit"], r["path"]), r["blob"], out / name / name_of(r["id"]))
            for r in [r for r in every if r["set"] == name][:most]
        ]
        try:
            here += len(bring(wanted, name, mirror, say))
        except FetchError as fault:  # one repository that is gone must not keep the others from coming
            faults.append(str(fault))
            say(str(fault))
        if faults and not here:
            break
    if not here:
        raise FetchError(faults[0] if faults else "the list of unlabelled pictures is empty")
    return here
