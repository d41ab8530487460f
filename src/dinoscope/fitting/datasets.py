"""Data sets on disk: folders or CSV files of labelled pictures -> samples with group, fold and origin."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dcm"}
TEST_FOLD, VALIDATION_FOLD, TRAINING_FOLDS = 0, 1, (2, 3, 4)


@dataclass(frozen=True)
class Sample:
    """One picture on disk and what is known of it.

    Attributes:
        id: unique inside its data set.
        path: the file.
        label: class, or the first finding of a multi-label set.
        group: patient, lesion, tile or near-duplicate group; samples of one group share a fold.
        fold: 0 test, 1 validation, 2 to 4 training.
        official: the set's own split (`train`, `valid`, `test` or `all`).
        metadata: age, sex, view and the like, where known.
        url: address of the original at a pinned commit, or ""; blob: its git blob SHA-1.
    """

    id: str
    path: Path
    label: str
    group: str
    fold: int
    official: str = "all"
    metadata: dict[str, str] = field(default_factory=dict)
    url: str = ""
    blob: str = ""


def read(folder: Path, splits: Path | None = None) -> list[Sample]:
    """Read a data set, sorted by id.

    Args:
        folder: a tree in which each picture's folder names its class, or one that holds `labels.csv` with
            the columns `file` and `label` and, optionally, `id`, `group` (or `patient`), `fold`, `official`.
        splits: CSV with the columns id, file, label, group, fold, official; or a folder with one of
            these per data set, named like `folder`. Without it folds are drawn, grouped and stratified.
    Raises:
        FileNotFoundError: when the folder, every picture in it, or `splits` is missing.
        ValueError: when a CSV lacks the column of files or labels.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give a folder with one sub-folder a class")
    if splits is not None and not splits.exists():
        raise FileNotFoundError(f"{splits} does not exist; give a CSV with the columns id, file, label, group, fold")
    table = splits / f"{folder.name}.csv" if splits is not None and splits.is_dir() else splits
    if table is not None and table.is_file():
        samples = _from_csv(folder, table)
    elif (folder / "labels.csv").is_file() and "file" in _header(folder / "labels.csv"):
        samples = _from_csv(folder, folder / "labels.csv")
    else:
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.parent.name != "masks")
        stems = Counter(p.stem for p in files)
        names = [p.stem if stems[p.stem] == 1 else p.relative_to(folder).as_posix() for p in files]
        samples = [Sample(name, p, p.parent.name, "", -1) for name, p in zip(names, files, strict=True)]
    if not samples:
        raise FileNotFoundError(f"no pictures under {folder}; looked for {', '.join(sorted(SUFFIXES))}")
    if any(s.fold < 0 for s in samples):
        samples = _draw_folds(sorted(samples, key=lambda s: s.id))
    return sorted(_with_sources(_with_metadata(samples, folder), folder), key=lambda s: s.id)


def held_out(folders: Iterable[Path], splits: Path) -> set[tuple[str, str]]:
    """(set, id) of every test picture: fold 0, the official test splits, and copies of either in other sets.

    Whoever shares a patient, lesion or near-duplicate group with a test picture counts as one, too.
    """
    tests: set[tuple[str, str]] = set()
    for folder in folders:
        samples = read(folder, splits)
        groups = {s.group for s in samples if s.fold == TEST_FOLD or s.official == "test"}
        tests |= {(folder.name, s.id) for s in samples if s.group in groups}
    copies = splits / "cross_set_copies.csv"
    if copies.is_file():
        pairs = [((r["set_a"], r["id_a"]), (r["set_b"], r["id_b"])) for r in _rows(copies)]
        # A copy of a copy is a copy, so go on until nothing is added.
        while found := {x for pair in pairs if tests.intersection(pair) for x in pair} - tests:
            tests |= found
    return tests


def copies_of_tests(folder: Path, splits: Path | None) -> set[str]:
    """Ids of a set that show the same photograph as a picture in fold 0 of another set."""
    if splits is None or not (splits / "cross_set_copies.csv").is_file():
        return set()
    found: set[str] = set()
    folds: dict[str, dict[str, str]] = {}
    for row in _rows(splits / "cross_set_copies.csv"):
        for own, other in (("a", "b"), ("b", "a")):
            name = row[f"set_{other}"]
            if row[f"set_{own}"] == folder.name and (splits / f"{name}.csv").is_file():
                folds.setdefault(name, {r["id"]: r["fold"] for r in _rows(splits / f"{name}.csv")})
                if folds[name].get(row[f"id_{other}"]) == str(TEST_FOLD):
                    found.add(row[f"id_{own}"])
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file), [])


def _from_csv(folder: Path, table: Path) -> list[Sample]:
    columns = _header(table)
    if not {"file", "label"} <= set(columns):
        raise ValueError(f"{table} has the columns {', '.join(columns)}; it needs file and label")
    return [
        Sample(
            id=row.get("id") or Path(row["file"]).stem,
            path=folder / row["file"],
            label=row["label"],
            group=row.get("group") or row.get("patient") or "",
            fold=int(row.get("fold") or -1),
            official=row.get("official") or "all",
        )
        for row in _rows(table)
    ]


def _draw_folds(samples: list[Sample]) -> list[Sample]:
    """Five stratified folds that keep groups whole, always the same for the same samples."""
    from sklearn.model_selection import StratifiedGroupKFold

    groups = [s.group or s.id for s in samples]
    splitter = StratifiedGroupKFold(n_splits=5, shuffle=True, random_state=0)
    folds = [0] * len(samples)
    for fold, (_, members) in enumerate(splitter.split(groups, [s.label for s in samples], groups)):
        for i in members:
            folds[i] = fold
    return [replace(s, group=g, fold=f) for s, g, f in zip(samples, groups, folds, strict=True)]


def _with_metadata(samples: list[Sample], folder: Path) -> list[Sample]:
    """Join `metadata.csv` (and a multi-label set's `labels.csv`) by id."""
    known: dict[str, dict[str, str]] = {}
    for name in ("metadata.csv", "labels.csv"):
        if (folder / name).is_file() and "id" in _header(folder / name):
            for row in _rows(folder / name):
                known.setdefault(row["id"], {}).update({k: v for k, v in row.items() if v and k != "id"})
    return [replace(s, metadata=known.get(s.id, {})) for s in samples]


def _with_sources(samples: list[Sample], folder: Path) -> list[Sample]:
    """Join `sources.csv`: where the original of each picture stands at a pinned commit."""
    if not (folder / "sources.csv").is_file():
        return samples
    known = {
        r["id"]: (f"https://raw.githubusercontent.com/{r['repo']}/{r['commit']}/{quote(r['path'])}", r.get("blob", ""))
        for r in _rows(folder / "sources.csv")
    }
    return [replace(s, url=known[s.id][0], blob=known[s.id][1]) if s.id in known else s for s in samples]
