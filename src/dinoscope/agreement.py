"""Agreement: do the nearest cases say what the head says, and how often was such an answer right?"""

from __future__ import annotations

import numpy as np

from .reading.heads import prediction_set
from .results import Agreement, Record
from .tasks import Task


def of(task: Task, probabilities: np.ndarray, votes: np.ndarray | None) -> Agreement | None:
    """The head's probabilities [C] and the cases' votes [C] held against each other; None without votes."""
    joined = task.together
    if votes is None or joined is None:
        return None
    classes = task.head.classes
    together = joined.probabilities(probabilities[None], votes[None])[0]
    agree = bool(probabilities.argmax() == votes.argmax())
    measured = task.facts["metrics"].get("agreement", {}).get("agreed" if agree else "not_agreed", {})
    return Agreement(
        agree=agree,
        label=classes[int(votes.argmax())],
        votes=_by_class(classes, votes),
        together=_by_class(classes, together),
        prediction_set=prediction_set(classes, together, joined.threshold, joined.thresholds),
        record=Record(**measured["head"]) if measured.get("head") else None,
        record_together=Record(**measured["together"]) if measured.get("together") else None,
    )


def _by_class(classes: tuple[str, ...], values: np.ndarray) -> dict[str, float]:
    return {c: float(v) for c, v in zip(classes, values, strict=True)}
