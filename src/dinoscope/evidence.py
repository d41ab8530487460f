"""Evidence: the measured numbers in model_assets/evidence, for the page, the README and the tests alike."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Evidence:
    """One measurement.

    Attributes:
        name: of its file, without the ending.
        headline: {label, value, low, high, unit}; low and high are null where no interval was measured.
        command, seed, fingerprint, machine, date, seconds: how, on what and when it was measured.
        rows: flat objects; notes: sentences.
    """

    name: str
    headline: dict
    command: str
    seed: int
    fingerprint: str
    machine: str
    date: str
    seconds: float
    rows: list[dict]
    notes: list[str]

    @property
    def tables(self) -> list[tuple[list[str], list[dict]]]:
        """Columns and rows of each run of rows that have the same keys, for printing."""
        return [(list(keys), list(rows)) for keys, rows in itertools.groupby(self.rows, key=tuple)]


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
        ValueError: for a file without the common head; it names the file and what is missing.
    """
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            known = {k: v for k, v in content.items() if k in KEYS}  # a later version may write more
            found[path.stem] = Evidence(name=path.stem, **known)
        except (TypeError, AttributeError, json.JSONDecodeError) as fault:
            raise ValueError(f"{path} is no evidence file: {fault}; measure it again") from fault
    return found


def named(value: str, names: dict[str, str]) -> str:
    """A data set by its name for readers, also before a colon: `odir: age`; anything else as it is."""
    of, colon, rest = value.partition(": ")
    return names.get(of, of) + colon + rest
