"""Trees: a folder with a sub-folder a class -> its pictures with class and patient, by the rule of `classes`."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..reading.formats import kinds
from . import classes

VOLUMES = kinds.SUFFIXES["NIfTI"]
SUFFIXES = {s for endings in kinds.SUFFIXES.values() for s in endings} - {*VOLUMES}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Leaf:
    """One picture of a tree.

    Attributes:
        id: its path below the root, with `/` on every system.
        label: its class as the folder spells it; patient: the folder below, or "".
        official: the part of the set that a folder above the class names.
    """

    id: str
    path: Path
    label: str
    patient: str
    official: str


@dataclass
class LeftOut:
    """What a walk passed over: reason -> the first few and how many."""

    seen: dict[str, list[str]] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)

    def add(self, reason: str, name: str) -> None:
        """One more."""
        self.count[reason] += 1
        self.seen.setdefault(reason, [])
        if len(self.seen[reason]) < 3:
            self.seen[reason].append(name)

    def __str__(self) -> str:
        return "; ".join(
            f"{self.count[reason]} {reason} ({', '.join(names)}{', …' * (self.count[reason] > len(names))})"
            for reason, names in self.seen.items()
        )


def read(folder: Path, say: Say) -> list[Leaf]:
    """The pictures of a tree in the order of their ids; what is passed over is said.

    Raises:
        FileNotFoundError: where there is no picture.
        ValueError: where no folder, or more than one layer of folders, may be that of the classes.
    """
    out = LeftOut()
    found = sorted(((*_parts(p, folder),), p) for p in walk(folder, out))
    if not found:
        raise FileNotFoundError(
            f"no pictures under {folder}; looked for {', '.join(sorted([*SUFFIXES, *VOLUMES]))}"
            + (f"; left out: {out}" * bool(out.count))
        )
    depth = _layers([parts for parts, _ in found])
    leaves = []
    for parts, path in found:
        inner = parts[depth:]
        if len(inner) < 2:
            out.add("pictures beside the folders of the classes", "/".join(parts))
            continue
        between = [p for p in inner[1:-1] if classes.key(p) not in classes.PICTURES | classes.PARTS.keys()]
        official = next((classes.PARTS[k] for p in parts[:depth] if (k := classes.key(p)) in classes.PARTS), "all")
        leaves.append(Leaf("/".join(parts), path, inner[0], between[0] if between else "", official))
    for name in sorted(p.name for p in folder.iterdir() if p.is_dir() and not classes.hidden(p.name)):
        if unicodedata.normalize("NFC", name) not in {parts[0] for parts, _ in found} | {classes.MASKS}:
            out.add("folders without a picture", name)
    if not leaves:
        raise ValueError(
            f"the {len(found)} pictures under {folder} lie in no folder that names their class; put each class in a "
            "folder of its own, or list the pictures in labels.csv with the columns file and label"
        )
    _check_layers(folder, leaves)
    if patients := {leaf.patient for leaf in leaves if leaf.patient}:
        say(f"{folder.name}: the folders below the classes are taken for patients, {len(patients)} of them")
    if depth and len({leaf.official for leaf in leaves}) > 1:
        say(f"{folder.name}: {', '.join(sorted({p[0] for p, _ in found if len(p) > 1}))} are taken together")
    if out.count:
        say(f"{folder.name}: left out: {out}")
    return leaves


def walk(folder: Path, out: LeftOut) -> Iterator[Path]:
    """Every picture below a folder, by name or by DICOM's own mark, linked folders included; never one twice."""
    seen: set[str] = set()
    shut: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=shut.append, followlinks=True):
        place = os.path.realpath(root)
        if place in seen:
            folders.clear()
            continue
        seen.add(place)
        for name in [n for n in folders if classes.hidden(n)]:
            folders.remove(name)
            out.add("hidden folders", _relative(Path(root) / name, folder))
        folders.sort()
        for name in sorted(files):
            path = Path(root) / name
            shown = _relative(path, folder)
            if classes.hidden(name):
                out.add("hidden files", shown)
            elif not os.path.isfile(path):  # a link to nowhere, a pipe, a folder's name
                out.add("names without a file", shown)
            elif not _is_picture(path):
                out.add("files not named like pictures", shown)
            elif any(classes.key(p) == classes.MASKS for p in Path(shown).parts[:-1]):
                out.add("outlines in folders called masks", shown)
            else:
                yield path
    for fault in shut:
        out.add("folders that may not be read", _relative(Path(fault.filename), folder))


def _is_picture(path: Path) -> bool:
    """By its name's ending; without one, as scanners write them, by DICOM's mark."""
    if path.suffix.lower() in SUFFIXES or path.name.lower().endswith(VOLUMES):
        return True
    if path.suffix and not path.suffix[1:].isdecimal():
        return False
    try:
        with path.open("rb") as file:
            return kinds.is_dicom(file.read(132))
    except OSError:
        return False


def _layers(paths: list[tuple[str, ...]]) -> int:
    """How many folders of every path only name a part of the set, or that here are pictures."""
    depth = 0
    while inner := [p for p in paths if len(p) > depth + 2]:
        tops = {classes.key(p[depth]) for p in paths if len(p) > depth + 1}
        if not (tops <= classes.PARTS.keys() or tops <= classes.PICTURES) or not inner:
            break
        depth += 1
    return depth


def _check_layers(folder: Path, leaves: list[Leaf]) -> None:
    """Refuse a tree whose classes may be one layer further down: it would be sites that the head tells apart."""
    below: dict[str, set[str]] = {}
    for leaf in leaves:
        below.setdefault(classes.key(leaf.label), set()).add(classes.key(leaf.patient))
    common, union = set.intersection(*below.values()), set.union(*below.values())
    if len(below) > 1 and "" not in union and len(common) > 1 and 2 * len(common) > len(union):
        raise ValueError(
            f"{folder} may have its classes one folder further down: {', '.join(sorted(common)[:4])} lie in each of "
            f"{', '.join(sorted(below)[:4])}; list the pictures in labels.csv with the columns file, label and patient"
        )


def _parts(path: Path, folder: Path) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFC", part) for part in path.relative_to(folder).parts)


def _relative(path: Path, folder: Path) -> str:
    return "/".join(_parts(path, folder))
