"""Data sets on disk: folders or tables of labelled pictures -> samples with group and fold, for every command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from . import classes, folds, listing, tables, trees
from .folds import TEST_FOLD, TRAINING_FOLDS, VALIDATION_FOLD
from .trees import SUFFIXES, Say

__all__ = ["SUFFIXES", "TEST_FOLD", "TRAINING_FOLDS", "VALIDATION_FOLD", "Sample", "check_folds", "read"]


def _silent(_: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture on disk and what is known of it.

    Attributes:
        id: unique inside its data set: as a table says, or the path below the root.
        path: the file.
        label: class, or the first finding of a multi-label set; others: its further findings.
        group: patient, lesion, tile or near-duplicate group; samples of one group share a fold.
        fold: 0 test, 1 validation, 2 to 4 training; -1 where none is known.
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
    others: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Every class or finding it has."""
        return (self.label, *self.others)


def read(folder: Path, splits: Path | None = None, say: Say = _silent, drawn: bool = True) -> list[Sample]:
    """Read a data set, sorted by id. What counts as a class is said in `classes`.

    Args:
        folder: a tree with a folder a class, or one that holds `labels.csv` with the columns `file` and `label`
            (several with `;`) and, optionally, `id`, `group` (or `patient`), `fold`, `official`, `url`, age, sex.
        splits: CSV with the columns id, file, label, group, fold, official; or a folder with one of these per data
            set, named like `folder`. Without folds in it or in `labels.csv` they are drawn, grouped and stratified.
        say: told what was found, what was left out, and what was mended.
        drawn: whether folds are wanted at all; without, those that no table gives are -1.
    Raises:
        FileNotFoundError: when the folder, every picture in it, or `splits` is missing.
        ValueError: when a table cannot be understood, or the pictures are too few; with one sentence.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give a folder with one sub-folder a class")
    if splits is not None and not splits.exists():
        raise FileNotFoundError(f"{splits} does not exist; give a CSV with the columns id, file, label, group, fold")
    table = splits / f"{folder.name}.csv" if splits is not None and splits.is_dir() else splits
    if table is None or not table.is_file():
        if table is not None:
            say(f"{folder.name}: {splits} has no {table.name}, so its own labels and folds count")
        table = tables.of_labels(folder)
    if table is not None:
        samples = [Sample(**vars(entry)) for entry in listing.read(folder, table, say)]
    else:
        samples = [
            Sample(leaf.id, leaf.path, leaf.label, leaf.patient, -1, leaf.official) for leaf in trees.read(folder, say)
        ]
    if any(s.path.name.lower().endswith(trees.VOLUMES) for s in samples):
        say(f"{folder.name}: of each NIfTI volume the middle slice is read")
    samples = sorted(_one_spelling(samples, folder, say), key=lambda s: s.id)
    counts = Counter(label for s in samples for label in s.labels)
    say(f"{folder.name}: {len(samples)} pictures, {', '.join(f'{n} {label}' for label, n in sorted(counts.items()))}")
    if drawn and any(s.fold < 0 for s in samples):
        groups = [s.group or s.id for s in samples]
        given = folds.draw([s.label for s in samples], groups)
        samples = [replace(s, group=g, fold=f) for s, g, f in zip(samples, groups, given, strict=True)]
    return _with_sources(_with_metadata(samples, folder), folder)


def check_folds(samples: list[Sample], say: Say = _silent) -> None:
    """Refuse folds with which no head can be fitted honestly; see `folds.check`."""
    groups = [s.group or s.id for s in samples]
    folds.check([s.id for s in samples], [s.label for s in samples], groups, [s.fold for s in samples], say)


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
        pairs = [((r.get("set_a"), r.get("id_a")), (r.get("set_b"), r.get("id_b"))) for r in tables.read(copies).rows]
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
    for row in tables.read(splits / "cross_set_copies.csv").rows:
        for own, other in (("a", "b"), ("b", "a")):
            name = row.get(f"set_{other}")
            if row.get(f"set_{own}") == folder.name and (splits / f"{name}.csv").is_file():
                if name not in folds:
                    folds[name] = {r.get("id"): r.get("fold") for r in tables.read(splits / f"{name}.csv").rows}
                if folds[name].get(row.get(f"id_{other}")) == str(TEST_FOLD):
                    found.add(row.get(f"id_{own}"))
    return found


def _one_spelling(samples: list[Sample], folder: Path, say: Say) -> list[Sample]:
    """Every class in one spelling; what was written in several is said."""
    spelling, said = classes.settle(label for s in samples for label in s.labels)
    for sentence in said:
        say(f"{folder.name}: {sentence}")
    settled = []
    for sample in samples:
        first, *others = dict.fromkeys(spelling[classes.spelt(label)] for label in sample.labels)
        settled.append(replace(sample, label=first, others=tuple(others)))
    return settled


def _with_metadata(samples: list[Sample], folder: Path) -> list[Sample]:
    """Join `metadata.csv` (and a multi-label set's `labels.csv`) by id."""
    known: dict[str, dict[str, str]] = {}
    for path in (folder / "metadata.csv", tables.of_labels(folder)):
        if path is not None and path.is_file():
            for row in tables.read(path).rows:
                if row.get("id"):
                    known.setdefault(row.get("id"), {}).update({k: v for k, v in row.cells.items() if k != "id"})
    return [replace(s, metadata=s.metadata | known.get(s.id, {})) for s in samples]


def _with_sources(samples: list[Sample], folder: Path) -> list[Sample]:
    """Join `sources.csv`: where the original of each picture stands at a pinned commit."""
    if not (folder / "sources.csv").is_file():
        return samples
    known = {
        r.get("id"): (
            f"https://raw.githubusercontent.com/{r.get('repo')}/{r.get('commit')}/{quote(r.get('path'))}",
            r.get("blob"),
        )
        for r in tables.read(folder / "sources.csv", ("id", "repo", "commit", "path")).rows
    }
    return [replace(s, url=known[s.id][0], blob=known[s.id][1]) if s.id in known else s for s in samples]
