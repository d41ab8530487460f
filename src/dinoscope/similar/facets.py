"""Facets: what the cases of a task can be filtered by, read the same way from every data set; a new one is a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from .. import bounds
from ..errors import RequestError, shown
from .case import ORIGINS, Case

Range = tuple[float | None, float | None]
"""Lowest and highest value, both included; None leaves a side open."""


@dataclass(frozen=True)
class Kind:
    """A facet as every task knows it.

    Attributes:
        title: how a page calls it.
        sources: keys of a case's metadata that hold it; the first that is there counts.
        unit: of a number, or "" for a facet of named values.
    """

    title: str
    sources: tuple[str, ...]
    unit: str = ""


FACETS = {
    "age": Kind("Age", ("age",), "years"),
    "sex": Kind("Sex", ("sex",)),
    "view": Kind("View", ("view", "plane")),
    "site": Kind("Site", ("site", "localization")),
    "side": Kind("Side", ("eye", "laterality")),
    "lesion_size": Kind("Lesion size", ("lesion_size",), "% of the picture"),
}
SEXES = {"m": "male", "f": "female"}
UNKNOWN = {"", "unknown", "none", "nan"}
A_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0}
"""How many of DICOM's days, weeks and months make a year."""
LARGEST = 1e6
"""A limit of a range lies below it."""


@dataclass(frozen=True)
class Facet:
    """A facet of one task: its named values, or the range of its numbers."""

    key: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Filters:
    """What a found case must have; what is empty asks for nothing.

    Attributes:
        labels: at least one of these.
        origins: one of these, out of `ORIGINS`.
        choices: facet -> one of these values.
        ranges: facet -> between these two numbers.
    """

    labels: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Mapping) -> Filters:
        """Read filters from a JSON object such as {"labels": ["glioma"], "sex": ["female"], "age": [40, null]}.

        Raises:
            RequestError: for a key that is no facet, an origin that is none, too many values, or a range that is not
                two numbers.
        """
        known = ("labels", "origins", *FACETS)
        if strangers := [k for k in entry if k not in known]:
            raise RequestError(f"no filter is called {shown(str(strangers[0]))}; choose from {', '.join(known)}")
        choices = {k: bounds.names(k, v) for k, v in entry.items() if k in FACETS and not FACETS[k].unit and v}
        ranges = {k: _range(k, v) for k, v in entry.items() if k in FACETS and FACETS[k].unit and v}
        labels, origins = (
            bounds.names("labels", entry.get("labels")),
            bounds.names("origins", entry.get("origins"), ORIGINS),
        )
        return cls(labels, origins, choices, ranges)

    def allow(self, case: Case) -> bool:
        """Whether a case has what is asked for."""
        own = values(case)
        named = {"labels": case.labels, "origin": (case.origin,)} | {k: (own.get(k),) for k in self.choices}
        wanted = {"labels": self.labels, "origin": self.origins, **self.choices}
        return all(not wanted[k] or set(wanted[k]) & set(named[k]) for k in wanted) and all(
            _within(own.get(k), *limits) for k, limits in self.ranges.items()
        )

    def json(self) -> dict:
        """The object that `of` reads; only what was asked for."""
        plain = asdict(self)
        named = {"labels": self.labels, "origins": self.origins, **plain["choices"], **plain["ranges"]}
        return {k: list(v) for k, v in named.items() if v}

    def parts(self) -> dict[str, Filters]:
        """Each filter by itself, by the name a page gives it."""
        single = {"Class": Filters(labels=self.labels)} if self.labels else {}
        single |= {"Origin": Filters(origins=self.origins)} if self.origins else {}
        single |= {FACETS[k].title: Filters(choices={k: v}) for k, v in self.choices.items() if v}
        return single | {FACETS[k].title: Filters(ranges={k: v}) for k, v in self.ranges.items()}


def values(case: Case) -> dict[str, str | float]:
    """A case's facets: numbers as numbers, named values in one spelling; unknown ones are left out."""
    found: dict[str, str | float] = {}
    for key, kind in FACETS.items():
        raw = next((case.metadata[s] for s in kind.sources if s in case.metadata), None)
        text = str(raw if raw is not None else "").strip()
        if text.lower() in UNKNOWN:
            continue
        if not kind.unit:
            found[key] = SEXES.get(text.lower(), text.lower()) if key == "sex" else text
        elif number := re.match(r"(\d+(?:\.\d+)?)([DWM]\b)?", text):  # 57, 57.0, and DICOM's 057Y and 006M
            found[key] = float(number[1]) / (A_YEAR[number[2]] if number[2] and kind.unit == "years" else 1)
    return found


def of(cases: Iterable[Case]) -> tuple[Facet, ...]:
    """The facets that tell some of these cases from others."""
    known: dict[str, list] = {}
    for case in cases:
        for key, value in values(case).items():
            known.setdefault(key, []).append(value)
    found = []
    for key in FACETS:
        distinct = sorted(set(known.get(key, ())))
        if len(distinct) < 2:
            continue
        if FACETS[key].unit:
            found.append(Facet(key, low=float(distinct[0]), high=float(distinct[-1])))
        else:
            found.append(Facet(key, tuple(distinct)))
    return tuple(found)


def _within(value: str | float | None, low: float | None, high: float | None) -> bool:
    return isinstance(value, float) and (low is None or value >= low) and (high is None or value <= high)


def _range(name: str, given: object) -> Range:
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise RequestError(f"the filter {name} must be [lowest, highest], null for no limit")
    low, high = (None if v is None else bounds.number(name, v, -LARGEST, LARGEST) for v in given)
    if low is not None and high is not None and low > high:
        raise RequestError(f"the filter {name} goes from {low:g} to {high:g}; give the lower number first")
    return low, high
