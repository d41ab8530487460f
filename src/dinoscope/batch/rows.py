"""Rows: every picture of a batch read by one task, one after the other, and what is kept of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import RequestError
from ..fitting import classes
from ..reading import images
from ..reading.encoded import Encoded
from ..results import Reading
from ..similar import thumbnails
from ..tasks import Task
from ..workbench import Workbench
from .gather import Item

NO_FINDING = "no finding"
ASKED = 8
"""Pictures that are asked which task they are nearest to, where none is chosen."""

Check = Callable[[], None]
"""Raises once the reading is to stop."""


@dataclass(frozen=True)
class Row:
    """What is kept of one picture.

    Attributes:
        reading: None where it could not be read; error: then the sentence why.
        truth: the task's class that its label names, "" where it names none.
        known: whether it is one of the cases that the task's head was fitted on.
        pixels: sha256 of the decoded picture.
        pooled: [P] float32, what heads read; alone: of the backbone alone, where two networks read.
        thumbnail: WebP.
    """

    item: Item
    reading: Reading | None = None
    error: str = ""
    truth: str = ""
    known: bool = False
    pixels: str = ""
    pooled: np.ndarray | None = field(default=None, repr=False, compare=False)
    alone: np.ndarray | None = field(default=None, repr=False, compare=False)
    thumbnail: bytes = field(default=b"", repr=False, compare=False)

    @property
    def right(self) -> bool | None:
        """Whether the head names the class of the picture's label; None where that cannot be said."""
        return None if self.reading is None or not self.truth else self.reading.label == self.truth


@dataclass(frozen=True)
class Progress:
    """How far a batch is.

    Attributes:
        row: the one that was read last; left: seconds that the rest is expected to take.
    """

    row: Row
    done: int
    total: int
    left: float


def task_of(workbench: Workbench, items: Sequence[Item]) -> tuple[str, int, int]:
    """The task that most of a batch's pictures are nearest to; how many of those that were asked, of how many.

    Raises:
        RequestError: when none of them can be read.
    """
    step = max(1, len(items) // ASKED)
    votes: Counter[str] = Counter()
    last: RequestError | None = None
    for item in items[::step][:ASKED]:
        try:
            votes[workbench.classify(item.path).task] += 1
        except RequestError as fault:
            last = fault
    if not votes:
        raise last or RequestError("there is no picture to read")
    task, count = votes.most_common(1)[0]
    return task, count, votes.total()


def read(workbench: Workbench, items: Sequence[Item], task: str, check: Check = lambda: None) -> Iterator[Progress]:
    """Read every picture in turn; one that cannot be read is a row with its sentence, and the others go on.

    Args:
        check: asked before every picture; what it raises ends the batch.
    """
    chosen = workbench.task(task)
    named = names(chosen)
    began = time.monotonic()
    for done, item in enumerate(items, 1):
        check()
        row = _read(workbench, item, chosen, named)
        spent = time.monotonic() - began
        yield Progress(row, done, len(items), spent / done * (len(items) - done))


def called(found: Reading, task: Task) -> tuple[str, ...]:
    """What the head calls a picture: its first class, or every finding that reaches its threshold."""
    return (found.label,) if task.head.exclusive else tuple(found.prediction_set)


def answer(found: Reading, task: Task) -> str:
    """The same as readers write it."""
    return ", ".join(task.display(c) for c in called(found, task)) or NO_FINDING


def names(task: Task) -> dict[str, str]:
    """How a folder may be called that holds a class of the task: by its label or as readers write it -> the label.

    None of a task of findings: several may be there at once, so that one name is neither right nor wrong.
    """
    if not task.head.exclusive:
        return {}
    return {classes.key(name.replace("_", " ")): c for c in task.head.classes for name in (task.display(c), c)}


def _read(workbench: Workbench, item: Item, task: Task, named: dict[str, str]) -> Row:
    truth = named.get(classes.key(item.label.replace("_", " ")), "")
    row = Row(item, truth=truth)
    try:
        encoded = workbench.read(item.path)
        reading = workbench.classify(encoded, task.name)
    except RequestError as fault:
        return replace(row, error=str(fault))
    pixels = images.pixel_hash(encoded.decoded.picture)
    return replace(
        row,
        reading=replace(reading, detected=False),
        known=task.of_pixels(pixels) is not None,
        pixels=pixels,
        pooled=encoded.pooled[0],
        alone=_alone(encoded),
        thumbnail=thumbnails.make(encoded.decoded.picture),
    )


def _alone(encoded: Encoded) -> np.ndarray | None:
    return None if encoded.beside is None else encoded.tokens.pooled.cpu().numpy()[0]
