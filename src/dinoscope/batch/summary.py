"""Summaries: what a batch says all in all, and how often the head was right where folders are labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..fitting.statistics import Interval, balanced_accuracy, grouped_bootstrap
from ..tasks import Task
from .rows import Row, called

FEW = 30
"""Groups below which an interval is too narrow to be believed."""


@dataclass(frozen=True)
class Measured:
    """How often the head was right on labelled pictures.

    Attributes:
        balanced_accuracy: the mean over the classes that occur of the share found, with its 95 % interval.
        classes: that occur as label or answer; confusion: [C][C] counts, a row each label, a column each answer.
        pictures, groups: how many were counted, copies once, and of how many patients; of none known, each picture is
            one.
    """

    balanced_accuracy: Interval
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    pictures: int
    groups: int
    patients: bool


@dataclass(frozen=True)
class Summary:
    """What a batch says all in all.

    Attributes:
        answers: class -> how many pictures the head calls so, in the order of the task.
        none: how many it calls nothing, as no finding reaches its threshold.
        unfamiliar, edge: names of the pictures that the head does not know, or hardly.
        unreadable: names of those that could not be read.
        measured: None without labels of the task's classes; why_not: then a sentence, where there were labels.
        known: labelled pictures that the head was made with, which are not measured.
    """

    pictures: int
    answers: dict[str, int]
    unfamiliar: tuple[str, ...]
    edge: tuple[str, ...]
    unreadable: tuple[str, ...]
    sure: int
    measured: Measured | None = None
    why_not: str = ""
    known: int = 0
    none: int = 0
    warned: tuple[str, ...] = field(default=())


def of(rows: Sequence[Row], task: Task) -> Summary:
    """Sum up a batch that one task has read."""
    read = [r for r in rows if r.reading is not None]
    named = [called(r.reading, task) for r in read if r.reading]
    counts = Counter(c for classes in named for c in classes)
    standing = {r.item.name: r.reading.scope.standing for r in read if r.reading}
    labelled = [r for r in read if r.truth]
    fresh = [r for r in labelled if not r.known]
    measured, why_not = None, ""
    if any(r.item.label for r in read):
        measured, why_not = _measured(fresh, read, task)
    return Summary(
        pictures=len(rows),
        answers={c: counts[c] for c in task.head.classes if counts[c]},
        unfamiliar=tuple(name for name, s in standing.items() if s == "unfamiliar"),
        edge=tuple(name for name, s in standing.items() if s == "edge"),
        unreadable=tuple(r.item.name for r in rows if r.reading is None),
        none=sum(not classes for classes in named),
        sure=sum(len(r.reading.prediction_set) == 1 for r in read if r.reading),
        measured=measured,
        why_not=why_not,
        known=len(labelled) - len(fresh),
        warned=tuple(dict.fromkeys(w for r in read if r.reading for w in r.reading.warnings if "Unfamiliar" not in w)),
    )


def _measured(fresh: Sequence[Row], read: Sequence[Row], task: Task) -> tuple[Measured | None, str]:
    others = sorted({r.item.label for r in read if r.item.label and not r.truth})
    if not task.head.exclusive:
        return None, f"{task.title} names findings, several at a time, which are not held against folders."
    if not fresh:
        if any(r.truth for r in read):
            return None, "Every labelled picture is one that the head was made with, so nothing is measured."
        listed = ", ".join(others[:6]) + ", …" * (len(others) > 6)
        return None, (
            f"The labels ({listed}) are none of the classes of {task.title}, so there is nothing to compare with; "
            "a head of your own can be fitted on them."
        )
    labelled = len(fresh)
    fresh = list({(r.pixels or r.item.name, r.truth): r for r in reversed(fresh)}.values())[::-1]
    copies = labelled - len(fresh)
    truth = np.array([r.truth for r in fresh])
    guess = np.array([r.reading.label for r in fresh if r.reading])
    groups = [r.item.group or f"picture {r.item.name}" for r in fresh]
    classes = tuple(c for c in task.head.classes if c in {*truth, *guess})
    left_out = [f"Labels that are none of its classes are left out: {', '.join(others[:6])}."] if others else []
    left_out += [f"{copies} pictures that repeat another one are counted once."] if copies else []
    if len(set(truth)) == 1:
        right = f"{(truth == guess).sum()} of {len(truth)} pictures of {task.display(truth[0])} are called so"
        only = "the only label here that is a class of this task"
        return None, " ".join([f"{right}, {only}; balanced accuracy needs two.", *left_out])
    interval = grouped_bootstrap(lambda i: balanced_accuracy(truth[i], guess[i]), groups)
    confusion = tuple(tuple(int(((truth == a) & (guess == b)).sum()) for b in classes) for a in classes)
    patients = any(r.item.group for r in fresh)
    return Measured(interval, classes, confusion, len(fresh), len(set(groups)), patients), " ".join(left_out)


def in_words(measured: Measured) -> str:
    """The figure with its interval."""
    found = measured.balanced_accuracy
    of = f"{measured.pictures} pictures" + (f" of {measured.groups} patients" if measured.patients else "")
    told = sum(any(row) for row in measured.confusion)
    return (
        f"Balanced accuracy {100 * found.value:.0f} % (95 % interval {100 * found.low:.0f} to {100 * found.high:.0f} "
        f"%) over {told} classes, {of}."
    )


def caveats(measured: Measured) -> str:
    """What to think of the figure; "" where there is nothing against it."""
    said = []
    if measured.groups < FEW:
        said.append("So few say little, and the interval is too narrow.")
    if not measured.patients:
        said.append("Patients are not known; several pictures of one person make the interval too narrow.")
    return " ".join(said)
