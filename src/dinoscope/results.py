"""Results: what the verbs of the workbench return, and how it reads as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from .explain.faithfulness import Curve, Curves, Verdict, verdict
from .explain.localisation import Localisation
from .reading.scope import Scope
from .similar import SimilarCase


@dataclass(frozen=True)
class Record:
    """How often something was right on a task's held-out pictures: a share with its 95 % interval, of so many."""

    value: float
    low: float
    high: float
    pictures: int


@dataclass(frozen=True)
class Agreement:
    """Whether the nearest real cases of the training folds say what the head says.

    Attributes:
        agree: whether both name the same class first; label: what the cases name.
        votes: of the cases, by class.
        together: calibrated probabilities of head and cases, by class; prediction_set: of these.
        record: how often the head was right where the two agreed, or did not, as here; None where it was not measured.
        record_together: the same for the two together.
    """

    agree: bool
    label: str
    votes: dict[str, float]
    together: dict[str, float]
    prediction_set: tuple[str, ...]
    record: Record | None = None
    record_together: Record | None = None


@dataclass(frozen=True)
class Reading:
    """What Classify returns.

    Attributes:
        task: name of the task; detected: whether it was chosen by the nearest cases; second: then, the name of
            another one whose cases are nearly as near, or "".
        label: the most likely class.
        probabilities: calibrated, by class, in the order of the task.
        prediction_set: classes that cannot be ruled out, most likely first.
        coverage: share of pictures of this kind whose class is in such a set.
        scope: how familiar the picture is.
        facts, warnings: sentences about the picture.
        agreement: what the nearest cases say to it; None where the task has no real cases.
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
    agreement: Agreement | None = None
    second: str = ""

    def json(self) -> dict:
        """Plain values, for an answer over HTTP."""
        return {
            "task": self.task,
            "task_detected": self.detected,
            "task_second": self.second or None,
            "label": self.label,
            "probabilities": self.probabilities,
            "prediction_set": list(self.prediction_set),
            "coverage": self.coverage,
            "scope": {
                "distance": self.scope.distance,
                "percentile": self.scope.percentile,
                "familiar": self.scope.familiar,
            },
            "agreement": asdict(self.agreement) | {"prediction_set": list(self.agreement.prediction_set)}
            if self.agreement
            else None,
            "facts": list(self.facts),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Explanation:
    """What Explain returns.

    Attributes:
        target: the class whose probability is explained.
        probability: the score's value for this picture: a probability; with `instead_of` a difference of two,
            with `like` a cosine similarity.
        saliency: [H, W] float32 in the picture's own pixels; higher where the picture causes the score.
        mask_scores: [N] causal score of each mask.
        masks: [N, h, w] float32, the masks on the grid of patches.
        seed: of all that is drawn, the random orders among it.
        by_tokens, by_pixels: faithfulness curves when patches are not read, and when they are blurred, each with
            random orders; None before they are measured.
        instead_of: the class the target is compared with, or "".
        like: id of the case whose similarity is explained, or "".
        quick: whether fewer passes were made.
        localisation: how the map lies on the lesion, where the picture is a case with an outline.
    """

    task: str
    target: str
    method: str
    seed: int
    probability: float
    saliency: np.ndarray
    mask_scores: np.ndarray
    masks: np.ndarray
    by_tokens: Curves | None = None
    by_pixels: Curves | None = None
    instead_of: str = ""
    like: str = ""
    quick: bool = False
    localisation: Localisation | None = None
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """How many random orders the map beats; None before it is measured."""
        return verdict(self.by_tokens, self.by_pixels) if self.by_tokens and self.by_pixels else None

    def json(self) -> dict:
        """Plain values, for an answer over HTTP; the saliency map travels as a file."""
        return {
            "task": self.task,
            "target": self.target,
            "method": self.method,
            "seed": self.seed,
            "instead_of": self.instead_of or None,
            "like": self.like or None,
            "quick": self.quick,
            "probability": self.probability,
            "shape": list(self.saliency.shape),
            "masks": len(self.mask_scores),
            "mask_scores": self.mask_scores.tolist(),
            "by_tokens": _both(self.by_tokens),
            "by_pixels": _both(self.by_pixels),
            "verdict": asdict(self.verdict) | {"faithful": self.verdict.faithful} if self.verdict else None,
            "localisation": asdict(self.localisation) if self.localisation else None,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class MapCheck:
    """Rank correlations of a map with others of the same picture, patch by patch, -1 to 1.

    Attributes:
        second_seed: with the map of another seed: high where the noise does not matter.
        randomised: with the map of a head that was never fitted: low where the map explains the head.
    """

    second_seed: float
    randomised: float


@dataclass(frozen=True)
class Vote:
    """What the found cases say: a class or finding, and how many of them carry it."""

    label: str
    count: int
    of: int


def votes(found: Sequence[SimilarCase]) -> list[Vote]:
    """How many of the found cases carry each class or finding, the most frequent first; on a tie, the nearest's."""
    counts = Counter(label for s in found for label in s.case.labels)
    return [Vote(label, count, len(found)) for label, count in counts.most_common()]


def vote(found: Sequence[SimilarCase]) -> Vote | None:
    """The first of `votes`; None without cases."""
    return next(iter(votes(found)), None)


def _both(curves: Curves | None) -> dict | None:
    return None if curves is None else {"deletion": _plain(curves.deletion), "insertion": _plain(curves.insertion)}


def _plain(curve: Curve) -> dict:
    return {
        "share": curve.share.tolist(),
        "score": curve.score.tolist(),
        "random": curve.random.tolist(),
        "area": curve.area,
        "random_area": curve.random_area,
    }
