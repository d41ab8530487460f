"""Evidence: the measured numbers in model_assets/evidence, for the page, the README and the tests alike.

A table says what it is: what its rows are about, what is drawn over what, which numbers are an interval. Nobody guesses
it from the names of columns, and no number stands in a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

BARS, CURVES, MATRIX, TABLE = "bars", "curves", "matrix", "table"
KINDS = (BARS, CURVES, MATRIX, TABLE)
MEAN = "mean"
"""What a row is about that is about all data sets together."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: of the value in a row; title: for readers, the name where it is empty.
        unit: of a number, "%" among them; digits: after its point, None where the column holds text.
        low, high: names of the two values in a row that are the ends of its 95 % interval, empty where it has none.
        signed: the number is a difference, of which 0 means none.
    """

    name: str
    title: str = ""
    unit: str = ""
    digits: int | None = None
    low: str = ""
    high: str = ""
    signed: bool = False

    @property
    def heading(self) -> str:
        """The title with its unit."""
        return (self.title or self.name.replace("_", " ")) + (f", {self.unit}" if self.unit else "")

    @property
    def names(self) -> tuple[str, ...]:
        """Of its values in a row: the value, and the ends of its interval."""
        return tuple(n for n in (self.name, self.low, self.high) if n)

    def text(self, row: dict) -> str:
        """The value as a reader would write it, with its interval; empty where there is none."""
        value = row.get(self.name)
        if value is None:
            return ""
        if self.digits is None:
            return str(value)
        said = self._said(value)
        ends = [self._said(row[n]) for n in (self.low, self.high) if n and row.get(n) is not None]
        return f"{said} ({' to '.join(ends)})" if len(ends) == 2 else said

    def _said(self, value: float) -> str:
        return f"{round(value, self.digits) + 0.0:,.{self.digits}f}"


@dataclass(frozen=True)
class Table:
    """Rows of one shape, and how they are drawn.

    Attributes:
        name: by which code finds it; title: one line for readers.
        kind: `bars` (a bar for each `by`, as long as `y`), `curves` (a line for each `by`, `y` over `x`), `matrix`
            (`y` down, `x` across, the number of the only other number column in each cell) or `table` (not drawn).
        of: the column of the data set, task or place that a row is about; each has a figure of its own.
        by: one or more columns that name a bar or a curve.
        chance: the column of what guessing gives; ours: the value of the first `by` that the others are held against.
        logarithmic: the scale of `x`.
    Raises:
        ValueError: for a row that does not fit the columns; it names the table and the value.
    """

    name: str
    title: str
    kind: str
    columns: tuple[Column, ...]
    rows: list[dict]
    of: str = ""
    x: str = ""
    y: str = ""
    by: tuple[str, ...] = ()
    chance: str = ""
    ours: str = ""
    logarithmic: bool = False

    def __post_init__(self) -> None:
        numbers = {n for c in self.columns if c.digits is not None for n in c.names}
        known = numbers | {c.name for c in self.columns}
        drawn = {"y"} if self.kind == BARS else {"x", "y"} if self.kind in (CURVES, MATRIX) else set()
        missing = [f for f in drawn if not getattr(self, f)] + [
            n for n in (self.of, self.x, self.y, *self.by, self.chance) if n and n not in known
        ]
        if self.kind not in KINDS or missing:
            raise ValueError(
                f"table {self.name}: kind {self.kind!r}, without {missing}; its columns are {sorted(known)}"
            )
        for row in self.rows:
            for name, value in row.items():
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if name not in known or (value is not None and number != (name in numbers)):
                    raise ValueError(f"table {self.name}: {name} is {value!r}, which none of its columns holds")

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(c for c in self.columns if c.name == name)

    def about(self, place: str) -> list[dict]:
        """The rows about one data set or task; none where the table does not say what its rows are about."""
        return [r for r in self.rows if self.of and r.get(self.of) == place]

    def places(self) -> list[str]:
        """What its rows are about, each once."""
        return list(dict.fromkeys(r[self.of] for r in self.rows if r.get(self.of))) if self.of else []

    def named(self, row: dict) -> str:
        """What a row's bar or curve is called."""
        named = [self.column(n) for n in self.by]
        return ", ".join(f"{c.text(row)} {c.unit}".strip() for c in named)

    def find(self, **wanted: object) -> dict | None:
        """The first row with these values."""
        return next((r for r in self.rows if all(r.get(k) == v for k, v in wanted.items())), None)

    def laid_out(self) -> tuple[list[str], list[list[str]]]:
        """Headings, and the cells of each row, as text for readers.

        Bars of several places stand as one row a place and one column a bar, by the last of what tells bars apart;
        curves as one row a curve, a column for each x, of the mean alone where there is one; anything else as it is.
        """
        if self.kind == BARS and self.of and self.by and len(self.places()) > 1:
            *down, across = (self.column(n) for n in (self.of, *self.by))
            cells = [(tuple(c.text(r) for c in down), f"{across.text(r)} {across.unit}".strip(), r) for r in self.rows]
            return self._across(cells, [c.heading for c in down])
        if self.kind == CURVES:
            rows = self.about(MEAN) or self.rows
            first = [self.of, *self.by] if self.of and len({r[self.of] for r in rows}) > 1 else [*self.by]
            x = self.column(self.x)
            cells = [(tuple(self.column(n).text(r) for n in first), f"{r[self.x]:,.9g}", r) for r in rows]
            heads = [self.column(n).heading for n in first]
            return self._across(sorted(cells, key=lambda c: c[2][self.x]), [*heads[:-1], f"{heads[-1]} / {x.heading}"])
        shown = [c for c in self.columns if any(r.get(c.name) is not None for r in self.rows)]
        return [c.heading for c in shown], [[c.text(r) for c in shown] for r in self.rows]

    def _across(
        self, cells: Sequence[tuple[tuple[str, ...], str, dict]], heads: list[str]
    ) -> tuple[list[str], list[list[str]]]:
        """A row for each first part of `cells`, a column for each second one, in the order of their appearance."""
        y = self.column(self.y)
        columns = list(dict.fromkeys(c for _, c, _ in cells))
        found: dict[tuple[str, ...], dict[str, str]] = {}
        for row, column, values in cells:
            found.setdefault(row, {})[column] = y.text(values)
        return [*heads, *columns], [[*row, *(of.get(c, "") for c in columns)] for row, of in found.items()]


@dataclass(frozen=True)
class Evidence:
    """One measurement.

    Attributes:
        name: of its file, without the ending.
        headline: {label, value, low, high, unit}; low and high are null where no interval was measured.
        command, seed, fingerprint, machine, date, seconds: how, on what and when it was measured.
        notes: sentences; tables: what was measured, the most telling one first.
        split: what told fitting from measuring, with its fingerprint; empty where nothing was divided.
    """

    name: str
    headline: dict
    command: str
    seed: int
    fingerprint: str
    machine: str
    date: str
    seconds: float
    notes: list[str]
    tables: list[Table]
    split: str = ""

    def table(self, name: str) -> Table | None:
        """A table by its name, None where it was not measured."""
        return next((t for t in self.tables if t.name == name), None)

    def rows(self, name: str) -> list[dict]:
        """The rows of a table, none where it was not measured."""
        found = self.table(name)
        return found.rows if found else []


SETS = {
    "lgg_mri": "Brain MRI glioma slices",
    "wbc_masks": "White cells with outlines",
    "covid_cxr": "COVID-19 radiographs",
    "covid_cxr_boxes": "COVID-19 radiographs, findings",
    "ph2": "Skin lesion (PH2)",
    "polyp_kvasirseg": "Colon polyps",
}
"""Data sets that are no task of the app -> their names; a task gives its own title."""

KEYS = {f.name for f in fields(Evidence)} - {"name"}


def read(folder: Path) -> dict[str, Evidence]:
    """Every measurement in a folder, by name.

    Raises:
        ValueError: for a file without the common head, or with a table that is none; it names the file and the fault.
    """
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            known = {k: v for k, v in content.items() if k in KEYS}  # a later version may write more
            tables = [table(t) for t in known.get("tables", [])]
            found[path.stem] = Evidence(name=path.stem, **known | ({"tables": tables} if "tables" in known else {}))
        except (TypeError, AttributeError, KeyError, ValueError) as fault:
            raise ValueError(f"{path} is no evidence file: {fault}; measure it again") from fault
    return found


def table(content: dict) -> Table:
    """A table from its JSON; what a later version may have added is left out."""
    known = {k: v for k, v in content.items() if k in {f.name for f in fields(Table)}}
    shape = {f.name for f in fields(Column)}
    columns = tuple(Column(**{k: v for k, v in c.items() if k in shape}) for c in known.pop("columns"))
    return Table(columns=columns, by=tuple(known.pop("by", ())), **known)


def json_of(tables: Iterable[Table]) -> list[dict]:
    """Tables as JSON, without what is empty."""
    return [
        {
            f.name: [_told(c) for c in t.columns] if f.name == "columns" else getattr(t, f.name)
            for f in fields(Table)
            if getattr(t, f.name) not in ("", (), False)
        }
        for t in tables
    ]


def _told(column: Column) -> dict:
    return {k: v for k, v in vars(column).items() if v not in ("", None, False) or (k == "digits" and v == 0)}


def named(value: str, names: dict[str, str]) -> str:
    """A data set by its name for readers; anything else as it is."""
    return names.get(value, value)
