"""Listing: a table of pictures -> an entry for each, its file found however its path is written."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PureWindowsPath

from . import classes, tables
from .folds import FOLDS
from .tables import Row, Table
from .trees import LeftOut, Say, walk

NEEDED = ("file", "label")
OWN = ("id", "file", "label", "group", "patient", "fold", "official", "url", "blob")
"""Columns with a meaning of their own; all others are metadata."""


@dataclass
class Entry:
    """What a line says of a picture; the fields of a `Sample`."""

    id: str
    path: Path
    label: str
    group: str
    fold: int
    official: str
    url: str
    blob: str
    others: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Files:
    """The files below a folder, by the ways in which a table may write their paths."""

    folder: Path

    def find(self, written: str) -> Path | None:
        """The file: as written, with the slashes of Windows, in other cases, or absolute on another machine.

        Never one beside or above the folder: a table may come from anybody, and must not even tell what is there.
        """
        top = os.path.abspath(self.folder)
        for name in (written, written.replace("\\", "/")):
            below = os.path.relpath(os.path.abspath(self.folder / name), top)
            if below.split(os.sep)[0] != os.pardir and os.path.isfile(path := self.folder / below):
                return path
        there = PureWindowsPath(written)
        parts = there.parts[1:] if there.anchor else there.parts
        away = bool(there.anchor) or parts[:1] == (self.folder.name,)
        for start in range(max(0, len(parts) - self._deepest), len(parts)) if away else (0,):
            if found := self._by_key.get(_key("/".join(parts[start:]))):
                return found[0] if len(found) == 1 else None
        return None

    @cached_property
    def _deepest(self) -> int:
        """How many folders and a name the longest path below the folder has."""
        return max((key.count("/") + 1 for key in self._by_key), default=0)

    @cached_property
    def _by_key(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in walk(self.folder, LeftOut()):
            found.setdefault(_key(path.relative_to(self.folder).as_posix()), []).append(path)
        return found


def read(folder: Path, path: Path, say: Say) -> Iterator[Entry]:
    """The pictures of a table, each once.

    Raises:
        TableError: for a file that is not there, a fold that is none, two labels of one picture, or an id given twice.
    """
    table = tables.read(path, NEEDED)
    if not table.rows:
        raise tables.TableError(f"{path} lists no picture; give it a line for each, with the columns file and label")
    if table.encoding == "cp1252":
        say(f"{path} is not UTF-8; read as Windows-1252")
    files = Files(folder)
    some = next((row for row in table.rows if row.get("fold")), None)
    by_file: dict[str, tuple[Row, Entry]] = {}
    by_id: dict[str, Row] = {}
    repeated: Counter[str] = Counter()
    for row in table.rows:
        found = files.find(row.get("file"))
        if found is None:
            raise table.fault(
                row, "file", f"no picture {row.get('file')!r} below {folder}; mend the path, or remove the line"
            )
        labels = [x for part in row.get("label").split(";") if (x := classes.spelt(part))]
        if not labels:
            raise table.fault(row, "label", f"{row.get('label')!r} names no class")
        if some is not None and not row.get("fold"):
            raise table.fault(
                row, "fold", f"the cell is empty, though line {some.line} has one; give every picture a fold"
            )
        entry = Entry(
            id=row.get("id") or unicodedata.normalize("NFC", found.relative_to(folder).as_posix()),
            path=found,
            label=labels[0],
            group=_whole(row.get("group", "patient")),
            fold=_fold(table, row),
            official=row.get("official") or "all",
            url=row.get("url"),
            blob=row.get("blob"),
            others=tuple(labels[1:]),
            metadata={k: v for k, v in row.cells.items() if k not in OWN},
        )
        if (real := os.path.realpath(found)) in by_file:
            earlier, said = by_file[real]
            if {classes.key(x) for x in labels} != {classes.key(x) for x in (said.label, *said.others)}:
                raise table.fault(
                    row,
                    "label",
                    f"{row.get('file')!r} is {row.get('label')!r} here and {earlier.get('label')!r} in line "
                    f"{earlier.line}; keep one line, with ; between several findings",
                )
            repeated[row.get("file")] += 1
            continue
        if entry.id in by_id:
            raise table.fault(row, "id", f"{entry.id!r} stands in line {by_id[entry.id].line}, too; ids must be unique")
        by_file[real], by_id[entry.id] = (row, entry), row
    if repeated:
        say(f"{path}: {sum(repeated.values())} lines say again what was said, such as that of {next(iter(repeated))}")
    return iter([entry for _, entry in by_file.values()])


def _fold(table: Table, row: Row) -> int:
    """A fold as programs write whole numbers, 0 or 0.0; -1 for none."""
    written = row.get("fold")
    if not written:
        return -1
    number = _whole(written)
    if not number.isdecimal() or int(number) >= FOLDS:
        raise table.fault(row, "fold", f"{written!r} is no fold; give 0 (test), 1 (validation) or 2 to 4 (training)")
    return int(number)


def _whole(number: str) -> str:
    """A whole number without the .0 that it gets in a column with empty cells; anything else as it is."""
    return re.sub(r"^(\d+)\.0+$", r"\1", number)


def _key(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
