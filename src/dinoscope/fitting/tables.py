"""Tables: a CSV file as people's programs write it -> rows with their lines, or a sentence with line and column.

UTF-8 with or without a byte order mark, UTF-16, Windows-1252; commas, semicolons, tabs or bars; headers in any case.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DELIMITERS = ",;\t|"
NAMES = ("labels.csv", "labels.tsv", "labels.csv.txt")
"""A table of labels, in any case."""
SHEETS = ("labels.xlsx", "labels.xls", "labels.ods", "labels.numbers")
AS_TEXT = "save it as “CSV UTF-8”"


class TableError(ValueError):
    """A table that cannot be understood; the message names it, the line, the column and the remedy."""


@dataclass(frozen=True)
class Row:
    """One line of a table: where it stands, and column -> text without white space around it, where there is any."""

    line: int
    cells: dict[str, str]

    def get(self, *columns: str) -> str:
        """The first of these columns that says something, or ""."""
        return next((self.cells[c] for c in columns if self.cells.get(c)), "")


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: in lower case; encoding: what it was written in.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str = "utf-8"

    def fault(self, row: Row, column: str, what: str) -> TableError:
        """What to raise for a cell."""
        return TableError(f"{self.path}, line {row.line}, column {column}: {what}")


def of_labels(folder: Path) -> Path | None:
    """The table of labels in a folder; None without one.

    Raises:
        TableError: where there are several, or one that no program but its own can read.
    """
    files = sorted(p for p in folder.iterdir() if p.is_file())
    if sheets := [p for p in files if p.name.casefold() in SHEETS]:
        raise TableError(f"{sheets[0]} is a spreadsheet; {AS_TEXT} under the name labels.csv, and remove it")
    found = [p for p in files if p.name.casefold() in NAMES]
    if len(found) > 1:
        raise TableError(f"{folder} holds {found[0].name} and {found[1].name}; keep the one that is meant")
    return found[0] if found else None


def read(path: Path, needed: Sequence[str] = ()) -> Table:
    """Read a table.

    Args:
        needed: columns that it must have, and that must not be empty in any row.
    Raises:
        TableError: with one sentence, for anything that cannot be understood.
    """
    text, encoding = _decoded(path)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = text.lstrip("\n").partition("\n")[0].strip()
    if first.casefold().startswith("sep=") and len(first) == 5:  # Excel's own hint
        text = text.lstrip("\n").partition("\n")[2]
        skipped, delimiter = 1, first[4]
    else:
        skipped, delimiter = 0, _delimiter(text, needed)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    columns: list[str] = []
    rows = []
    try:
        for cells in lines:
            cells = [c.strip() for c in cells]
            if not any(cells):
                continue
            line = lines.line_num + skipped
            if not columns:
                columns = _columns(path, cells, needed)
                continue
            if any(cells[len(columns) :]):
                raise TableError(
                    f"{path}, line {line} has {len(cells)} cells, but there are {len(columns)} columns; "
                    "put text with a delimiter in it between quotation marks"
                )
            row = Row(line, {c: v for c, v in zip(columns, cells, strict=False) if c and v})
            for column in needed:
                if not row.get(column):
                    raise TableError(
                        f"{path}, line {line}, column {column}: the cell is empty; fill it, or remove the line"
                    )
            rows.append(row)
    except csv.Error as fault:
        raise TableError(f"{path}, line {lines.line_num + skipped} cannot be read ({fault}); {AS_TEXT}") from fault
    if not columns:
        raise TableError(f"{path} is empty; give it a line of columns, and a line for each picture")
    return Table(path, tuple(c for c in columns if c), tuple(rows), encoding)


def _columns(path: Path, cells: list[str], needed: Sequence[str]) -> list[str]:
    columns = [c.casefold() for c in cells]
    if missing := [c for c in needed if c not in columns]:
        named = ", ".join(c for c in cells if c)
        raise TableError(
            f"{path} has the columns {named}; it needs {' and '.join(needed)}"
            + (f" (it lacks {', '.join(missing)})" if len(missing) < len(needed) else "")
        )
    if double := [c for c, n in Counter(c for c in columns if c).items() if n > 1]:
        raise TableError(f"{path} has two columns {double[0]}; keep the one that is meant")
    return columns


def _decoded(path: Path) -> tuple[str, str]:
    """The text, and what it was written in."""
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise TableError(f"{path} cannot be read ({fault.strerror})") from fault
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(f"{path} is a spreadsheet, whatever its name says; {AS_TEXT}")
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    wide = next((name for mark, name in marks.items() if content.startswith(mark)), "")
    if b"\0" in content and not wide:
        raise TableError(f"{path} is no text, or text in an unusual encoding; {AS_TEXT}")
    for encoding in (wide,) if wide else ("utf-8", "cp1252"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError as fault:
            place = content[: fault.start].count(b"\n") + 1
    raise TableError(f"{path}, line {place} is neither UTF-8 nor Windows-1252; {AS_TEXT}")


def _delimiter(text: str, needed: Sequence[str]) -> str:
    """What parts the columns: that by which the header has most of the needed ones, then most at all."""
    header = text.lstrip("\n").partition("\n")[0]

    def found(delimiter: str) -> tuple[int, int]:
        cells = [c.strip().strip('"').strip().casefold() for c in header.split(delimiter)]
        return sum(c in cells for c in needed), len(cells)

    return max(DELIMITERS, key=found)
