"""Results: what the verbs of the workbench return, and how it reads as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cases import SimilarCase
from .explain.faithfulness import Curve
from .scope import Scope


@dataclass(frozen=True)
class Reading:
    """What Classify returns.

    Attributes:
        task: name of the task; detected: whether it was chosen by the nearest cases.
        label: the most likely class.
        probabilities: calibrated, by class, in the order of the task.
        prediction_set: classes that cannot be ruled out, most likely first.
        coverage: share of pictures of this kind whose class is in such a set.
        scope: how familiar the picture is.
        facts, warnings: sentences about the picture.
    """

    task: str
    detected: bool
    label: str
    probabilities: dict[str, float]
    prediction_set: tuple[str, ...]
    coverage: float
    scope: Scope
    facts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def json(self) -> dict:
        """Plain values, for an answer over HTTP."""
        return {
            "task": self.task,
            "task_detected": self.detected,
            "label": self.label,
            "probabilities": self.probabilities,
            "prediction_set": list(self.prediction_set),
            "coverage": self.coverage,
            "scope": {
                "distance": self.scope.distance,
                "percentile": self.scope.percentile,
                "familiar": self.scope.familiar,
            },
            "facts": list(self.facts),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Explanation:
    """What Explain returns.

    Attributes:
        target: the class whose probability is explained; probability: its value for this picture.
        saliency: [H, W] float32 in the picture's own pixels; higher where the picture causes the score.
        mask_scores: [N] causal score of each mask.
        deletion, insertion: faithfulness curves with their random orders.
        seed: of the noise and the random orders.
    """

    task: str
    target: str
    method: str
    seed: int
    probability: float
    saliency: np.ndarray
    mask_scores: np.ndarray
    deletion: Curve
    insertion: Curve
    warnings: tuple[str, ...] = ()

    def json(self) -> dict:
        """Plain values, for an answer over HTTP; the saliency map travels as a file."""
        return {
            "task": self.task,
            "target": self.target,
            "method": self.method,
            "seed": self.seed,
            "probability": self.probability,
            "shape": list(self.saliency.shape),
            "masks": len(self.mask_scores),
            "mask_scores": self.mask_scores.tolist(),
            "deletion": _plain(self.deletion),
            "insertion": _plain(self.insertion),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Vote:
    """What the found cases say: their most frequent class, and how many of them carry it."""

    label: str
    count: int
    of: int


def vote(found: Sequence[SimilarCase]) -> Vote | None:
    """Majority class of the found cases; on a tie, that of the nearest. None without cases."""
    if not found:
        return None
    labels = [s.case.labels[0] for s in found]
    winner = max(labels, key=labels.count)
    return Vote(winner, labels.count(winner), len(labels))


def _plain(curve: Curve) -> dict:
    return {
        "share": curve.share.tolist(),
        "score": curve.score.tolist(),
        "random": curve.random.tolist(),
        "area": curve.area,
        "random_area": curve.random_area,
    }
