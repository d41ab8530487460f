"""Crossed: a task from few labelled pictures - each fits the head, and is guessed by one it did not fit.

Nothing is kept back as for `fit`, where fold 0 only measures: what is measured is the mean of five heads, each fitted
on four parts of the pictures and asked about the fifth, and the head that is used was fitted on all five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ..reading import scope
from ..reading.projection import Projection
from ..see.axes import Axes
from ..tasks import Task
from . import catalogue, folds
from .features import Labelled
from .logistic import fit_head
from .statistics import balanced_accuracy, grouped_bootstrap, reliability
from .together import fit_together

TRAINING = 2
"""The fold that all cases are said to be of: none is kept back."""
FLAW = (
    "Fitted on few pictures in the browser and measured by cross-validation alone: pictures of another scanner, "
    "hospital or year were not asked."
)


@dataclass(frozen=True)
class Crossed:
    """A task, and what was said of each of its N pictures by a head that had seen neither it nor its group.

    Attributes:
        probabilities: [N, C]; distances: [N] to the nearest cases of the other parts, as the scope measures them.
    """

    task: Task
    probabilities: np.ndarray
    distances: np.ndarray


def fit(
    name: str, title: str, pool: Labelled, projection: Projection, folder: Path, axes: Axes | None = None
) -> Crossed:
    """Fit a task on all pictures of a pool, and measure it by five-fold cross-validation with groups kept whole.

    Args:
        pool: N cases of one label each; those of one group are never parted.
        folder: that the task is said to lie in; nothing is written.
        axes: colours of what the network sees, fitted on pictures like these.
    Raises:
        ValueError: with the numbers needed, for too few classes, pictures or groups.
    """
    groups = [c.group or c.id for c in pool.cases]
    labels = [c.labels[0] for c in pool.cases]
    parts = np.array(folds.draw(labels, groups))
    _check_spread(labels, parts)
    parted = replace(pool, cases=[replace(c, fold=TRAINING + int(f)) for c, f in zip(pool.cases, parts, strict=True)])
    none = parted.at(np.zeros(len(parts), dtype=bool))
    guesses = np.zeros((len(parts), len(set(labels))))
    vectors = projection(pool.pooled)
    seen, far = projection.for_scope(vectors), np.zeros(len(parts), dtype=np.float32)
    for part in range(folds.FOLDS):
        asked = parts == part
        head = fit_head(parted.at(~asked), none, projection.fingerprint).head
        guesses[asked] = head.probabilities(pool.pooled[asked])
        far[asked] = scope.distances(seen[asked], seen[~asked])
    fitted = fit_head(parted, none, projection.fingerprint)
    joined = fit_together(parted, none, fitted, projection)
    cases = tuple(replace(c, fold=TRAINING) for c in pool.cases)
    facts = catalogue.facts(name, list(fitted.head.classes)) | {
        "title": title,
        "question": f"Which class of “{title}” is this?",
        "data": f"{len(cases)} pictures of the visitor's own",
        "flaw": FLAW,
        "exclusive": True,
        "cases": {"public": 0, "phantom": 0, "own": len(cases)},
        "fitted_on": len(cases),
        "C": fitted.strength,
        "phantom_weight": 0.0,
        "together": asdict(joined),
        "metrics": _metrics(fitted.head.classes, labels, groups, guesses),
    }
    task = Task(
        name=name,
        facts=facts,
        head=replace(fitted.head, task=name),
        cases=cases,
        vectors=vectors,
        reference=np.sort(far),
        folder=folder,
        axes=axes,
        together=joined,
    )
    return Crossed(task, guesses, far)


def _metrics(classes: Sequence[str], labels: Sequence[str], groups: Sequence[str], guesses: np.ndarray) -> dict:
    """As `measure` gives them for test pictures."""
    truth, guess = np.array([list(classes).index(c) for c in labels]), guesses.argmax(1)
    confusion = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(confusion, (truth, guess), 1)
    return {
        "split": "cross-validation in five parts, groups kept whole: each picture was guessed by a head fitted on the "
        "other parts",
        "pictures": len(labels),
        "groups": len(set(groups)),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "balanced_accuracy": grouped_bootstrap(lambda i: balanced_accuracy(truth[i], guess[i]), groups).json(),
        "confusion": confusion.tolist(),
        "reliability": [b.json() for b in reliability(guesses.max(1), guess == truth)],
    }


def _check_spread(labels: Sequence[str], parts: np.ndarray) -> None:
    for label in sorted(set(labels)):
        if len({int(p) for p, of in zip(parts, labels, strict=True) if of == label}) < 2:
            raise ValueError(
                f"the class {label!r} cannot be spread over two parts with every patient whole; add patients of it"
            )
