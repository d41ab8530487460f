"""Own head: the labelled pictures of a batch -> a task of the visit's own, and the batch as that head guesses it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from ..errors import RequestError
from ..reading import scope
from ..reading.scope import Scope
from ..results import Reading
from ..similar import Case, CaseIndex
from ..tasks import Task
from ..visit_tasks import VisitTasks, name
from ..workbench import Workbench
from .gather import Item
from .rows import Row

FEWEST = 5
"""Pictures of a class."""

GROUPINGS: dict[str, tuple[str, Callable[[Item], str]]] = {
    "folders": ("The folder below the class is the patient", lambda item: item.group),
    "names": (
        "A file's name begins with the patient, up to the first _ or -",
        lambda item: re.split(r"[_\-]", PurePosixPath(item.name).stem, maxsplit=1)[0].strip(),
    ),
    "series": ("Each DICOM series is a patient", lambda item: item.series or item.group),
    "each": ("Every picture shows another patient", lambda item: item.name),
}
"""How pictures of one patient are told: name -> what a reader sees, and the group of an item, "" where it has none."""


@dataclass(frozen=True)
class Fitted:
    """A head of the visit's own.

    Attributes:
        task: as it is known to this visit; rows: the batch again, each labelled picture, and every copy of it, guessed
            by a head that had seen neither it nor its group.
        left_out: sentences about pictures that it was not fitted on.
    """

    task: Task
    rows: tuple[Row, ...]
    left_out: tuple[str, ...]


def fit(
    workbench: Workbench, visitor: str, rows: Sequence[Row], grouping: str, title: str, parcel: Path, like: str
) -> Fitted:
    """Fit a head on the labelled pictures of a batch, for one visit, and write what can be taken along.

    Args:
        grouping: one of `GROUPINGS`.
        parcel: file that is written, for `dinoscope fit --from`.
        like: the task whose colours are used for what the network sees.
    Raises:
        RequestError: with the numbers needed, where there are too few classes, pictures or patients.
    """
    from ..fitting import crossed  # scikit-learn, which a start need not wait for
    from ..fitting import parcel as parcels
    from ..fitting.features import Labelled

    if not isinstance(workbench.tasks, VisitTasks):
        raise TypeError("only a workbench with visits can keep a head for one")
    chosen, left_out = _chosen(rows)
    groups = _groups(chosen, grouping)
    _check(Counter(r.item.label for r in chosen))
    own = name()
    cases = [
        Case(r.item.name, (r.item.label,), "own", "your own", group, pixels=r.pixels)
        for r, group in zip(chosen, groups, strict=True)
    ]
    folder = parcel.parent
    try:
        pool = Labelled(cases, np.stack([r.pooled for r in chosen if r.pooled is not None]))
        found = crossed.fit(own, title, pool, workbench.projection, folder, workbench.task(like).axes)
        if workbench.alone is not None and isinstance(workbench.alone.tasks, VisitTasks):
            seen = Labelled(cases, np.stack([r.alone for r in chosen if r.alone is not None]))
            single = crossed.fit(own, title, seen, workbench.alone.projection, folder, workbench.task(like).axes)
            workbench.alone.tasks.add(visitor, single.task)
    except ValueError as fault:
        raise RequestError(f"No head can be fitted: {fault}.") from fault
    index = CaseIndex()
    space = found.task.space(workbench.projection)
    index.fill(own, found.task.cases, found.task.vectors, None, space, [r.thumbnail for r in chosen])
    workbench.tasks.add(visitor, found.task, index)
    parcels.pack(parcel, title, pool, workbench.projection.fingerprint, found.task.facts["metrics"])
    guessed = {
        r.pixels: _reading(found.task, p, d)
        for r, p, d in zip(chosen, found.probabilities, found.distances, strict=True)
    }
    patients = {r.pixels: group for r, group in zip(chosen, groups, strict=True)}
    rows = [replace(r, item=replace(r.item, group=patients.get(r.pixels, r.item.group))) for r in rows]
    again = [_again(workbench, r, found.task, guessed.get(r.pixels)) for r in rows]
    return Fitted(found.task, tuple(again), tuple(left_out))


def _chosen(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """The readable, labelled rows, each picture once."""
    first: dict[str, Row] = {}
    copies = 0
    for row in rows:
        if row.reading is None or not row.item.label or row.pooled is None:
            continue
        same = first.setdefault(row.pixels, row)
        copies += same is not row
        if same.item.label != row.item.label:
            raise RequestError(
                f"One picture stands in two classes: {same.item.name} and {row.item.name}; leave it in one of them."
            )
    unlabelled = sum(r.reading is not None and not r.item.label for r in rows)
    counted = ((copies, "that repeat another one"), (unlabelled, "without a label"))
    said = [f"{n} {what} left out of the fit." for n, what in counted if n]
    return list(first.values()), said


def _groups(rows: Sequence[Row], grouping: str) -> list[str]:
    if grouping not in GROUPINGS:
        raise RequestError(
            "Say first which pictures show the same patient: one patient's pictures must not both fit and measure a "
            "head, or it looks better than it is."
        )
    words, group_of = GROUPINGS[grouping]
    groups = [group_of(r.item) for r in rows]
    if lacking := [r.item.name for r, group in zip(rows, groups, strict=True) if not group]:
        raise RequestError(
            f"“{words}” is not so for {len(lacking)} of {len(rows)} pictures, such as {lacking[0]}; choose another way."
        )
    return groups


def _check(counts: Counter[str]) -> None:
    if len(counts) < 2:
        raise RequestError(f"There are {len(counts)} classes; a head needs at least 2, each in a folder of its own.")
    few = {label: n for label, n in sorted(counts.items()) if n < FEWEST}
    if few:
        listed = ", ".join(f"{label} has {n}" for label, n in few.items())
        raise RequestError(f"A head needs at least {FEWEST} pictures of each class; {listed}.")


def _again(workbench: Workbench, row: Row, task: Task, reading: Reading | None) -> Row:
    """A row as the visit's own head sees it."""
    if row.reading is None or row.pooled is None:
        return replace(row, truth="")
    if reading is None:
        vector = workbench.projection.for_scope(workbench.projection(row.pooled[None]))
        training = workbench.projection.for_scope(task.training)
        far = float(scope.distances(vector, training)[0])
        reading = _reading(task, task.head.probabilities(row.pooled[None])[0], far)
    truth = row.item.label if row.item.label in task.head.classes else ""
    return replace(row, reading=replace(reading, facts=row.reading.facts), truth=truth, known=False)


def _reading(task: Task, probabilities: np.ndarray, distance: float) -> Reading:
    at = np.array([distance], dtype=np.float32)
    share = float(scope.farther(at, task.reference)[0]) / len(task.reference)
    return Reading(
        task=task.name,
        detected=False,
        label=task.head.classes[int(probabilities.argmax())],
        probabilities={c: float(p) for c, p in zip(task.head.classes, probabilities, strict=True)},
        prediction_set=task.head.prediction_set(probabilities),
        coverage=task.head.coverage,
        scope=Scope(float(distance), 100.0 * share, bool(scope.familiar(at, task.reference)[0])),
    )
