"""Folds: which pictures fit, which choose and which only measure - drawn, or given and checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

TEST_FOLD, VALIDATION_FOLD, TRAINING_FOLDS = 0, 1, (2, 3, 4)
FOLDS = 5
FEWEST_GROUPS = 3
"""Patients that a class needs at least: then it is in training, whichever two folds test and choose."""


def draw(labels: Sequence[str], groups: Sequence[str]) -> list[int]:
    """Five stratified folds that keep groups whole, always the same for the same pictures.

    Args:
        labels: [N] class of each picture; groups: [N] patient, or whatever else must not be parted.
    Raises:
        ValueError: with the numbers needed, where there are too few classes, pictures or groups.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    counts = Counter(labels)
    people: dict[str, set[str]] = {c: set() for c in labels}
    for label, group in zip(labels, groups, strict=True):
        people[label].add(group)
    if len(counts) < 2:
        raise ValueError(f"all pictures are of one class, {next(iter(counts), 'none')!r}; a task needs at least two")
    rare = min(counts, key=lambda c: (counts[c], c))
    if counts[rare] < FOLDS:
        raise ValueError(
            f"the class {rare!r} has {_so_many(counts[rare], 'picture')}; every class needs at least {FOLDS}, so that "
            "some can be kept back for choosing and measuring"
        )
    if len(set(groups)) < FOLDS:
        raise ValueError(
            f"the pictures are of {_so_many(len(set(groups)), 'patient')}; at least {FOLDS} are needed, as one "
            "patient's pictures must not both fit and measure a head"
        )
    narrow = min(people, key=lambda c: (len(people[c]), c))
    if len(people[narrow]) < FEWEST_GROUPS:
        raise ValueError(
            f"the class {narrow!r} comes from {_so_many(len(people[narrow]), 'patient')}; every class needs at least "
            f"{FEWEST_GROUPS}, as one patient's pictures must not both fit and measure a head"
        )
    folds = [0] * len(labels)
    for splitter in (StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0), GroupKFold(FOLDS)):
        for fold, (_, members) in enumerate(splitter.split(groups, labels, groups)):
            for i in members:
                folds[i] = fold
        if len(set(folds)) == FOLDS and not _untrained(labels, folds):
            return folds
    raise ValueError(
        f"the class {_untrained(labels, folds) or rare!r} cannot be spread over {FOLDS} folds with every patient "
        "whole; add patients of it, or give a column `fold` (0 test, 1 validation, 2 to 4 training)"
    )


def check(
    names: Sequence[str], labels: Sequence[str], groups: Sequence[str], folds: Sequence[int], say: Callable[[str], None]
) -> None:
    """Refuse given folds that would leave nothing to fit on, nothing to choose on, or one patient on both sides.

    Args:
        names: [N] ids, labels, groups and folds of the pictures.
        say: told when no fold measures.
    Raises:
        ValueError: with one sentence.
    """
    drawn = "leave the column fold out, and folds are drawn"
    if VALIDATION_FOLD not in folds:
        raise ValueError(f"no picture is in fold {VALIDATION_FOLD} (validation); {drawn}")
    if not set(folds) & set(TRAINING_FOLDS):
        raise ValueError(f"no picture is in folds 2 to 4 (training); {drawn}")
    if label := _untrained(labels, folds):
        raise ValueError(f"the class {label!r} has no picture in folds 2 to 4 (training); {drawn}")
    first: dict[str, int] = {}
    for i, group in enumerate(groups):
        other = first.setdefault(group, i)
        if folds[other] != folds[i]:
            raise ValueError(
                f"the patient or group {group!r} is in folds {folds[other]} and {folds[i]} ({names[other]} and "
                f"{names[i]}); give each of them one fold, or {drawn}"
            )
    if TEST_FOLD not in folds:
        say(f"no picture is in fold {TEST_FOLD} (test), so nothing is measured")


def _untrained(labels: Sequence[str], folds: Sequence[int]) -> str:
    """A class that no training fold holds, or ""."""
    trained = {label for label, fold in zip(labels, folds, strict=True) if fold in TRAINING_FOLDS}
    return next((label for label in labels if label not in trained), "")


def _so_many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
