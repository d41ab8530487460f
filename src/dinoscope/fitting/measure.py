"""Measure: how right, how calibrated and how cautious a head is on test pictures."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from ..reading.heads import Head, prediction_set
from ..reading.vote import Together
from .features import Labelled
from .statistics import (
    Interval,
    balanced_accuracy,
    calibration_error,
    expected_calibration_error,
    grouped_bootstrap,
    reliability,
    wilson,
)

FEW = 30
"""Groups below which a bootstrap's interval is too narrow: with five pictures guessed right it has no width at all."""


def measure(head: Head, test: Labelled) -> dict:
    """Metrics of a head with 95 % intervals from resampling groups; one that these pictures do not give is absent.

    Exclusive classes: balanced accuracy, macro F1, ROC-AUC (one against the rest), all three only where every class
    occurs, as they would be those of another question; calibration error with the error a perfectly calibrated head
    would show on as many pictures, coverage and mean size of the prediction sets.
    Findings: the mean over findings of ROC-AUC and, at the thresholds, of balanced accuracy, over those that some
    pictures have and some have not.
    Both: the points of a reliability diagram, of findings over every pair of picture and finding; `unseen` names what
    no picture, or every picture, has.
    """
    probabilities = head.probabilities(test.pooled)
    groups = [c.group or c.id for c in test.cases]
    truth = test.membership(head.classes)
    common = {
        "split": "fold 0, grouped by patient, lesion or near-duplicate where known",
        "pictures": len(test.cases),
        "groups": len(set(groups)),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    held = truth.sum(axis=0)
    told = (held > 0) & (head.exclusive | (held < len(truth)))
    if not told.all():
        common["unseen"] = [c for c, seen in zip(head.classes, told, strict=True) if not seen]
    measured = (
        _classes(head, test, probabilities, truth, groups)
        if head.exclusive
        else _findings(head, probabilities, truth, groups)
    )
    return common | {k: v for k, v in measured.items() if v is not None}


def on_held(head: Head, held: Labelled) -> float:
    """How right a head is on held-out pictures, to choose by: balanced accuracy, of findings the mean at thresholds."""
    probabilities, truth = head.probabilities(held.pooled), held.membership(head.classes)
    if head.exclusive:
        return round(balanced_accuracy(truth.argmax(1), probabilities.argmax(1)), 4)
    called = probabilities >= np.array(head.thresholds)
    told = truth.any(0) & ~truth.all(0)
    columns = zip(truth.T[told], called.T[told], strict=True)
    return round(float(np.mean([balanced_accuracy(t, c) for t, c in columns])), 4)


def in_words(metrics: dict) -> str:
    """The figure of a fit with its interval, or why there is none."""
    if not metrics:
        return "no picture is kept back for a test (fold 0), so nothing is measured"
    few = "; so few say little" if metrics["groups"] < FEW else ""
    of = f"{metrics['pictures']} test pictures in {metrics['groups']} groups (fold 0){few}"
    if "balanced_accuracy" not in metrics:
        return f"no test picture tells {', '.join(metrics['unseen'])}, so balanced accuracy is not measured; {of}"
    right = metrics["balanced_accuracy"]
    return f"balanced accuracy {right['value']:.3f} (95 % interval {right['low']:.3f} to {right['high']:.3f}), {of}"


def _classes(head: Head, test: Labelled, probabilities: np.ndarray, truth: np.ndarray, groups: list[str]) -> dict:
    """Metrics of exclusive classes; None for one that cannot be computed."""
    guess, right = probabilities.argmax(1), truth.argmax(1)
    sets = [head.prediction_set(p) for p in probabilities]
    covered = np.array([label in kept for label, kept in zip(test.labels, sets, strict=True)])
    expected = expected_calibration_error(probabilities, groups)
    ece = grouped_bootstrap(lambda i: calibration_error(probabilities[i], right[i]), groups, biased=True).json()
    every = truth.any(axis=0).all()

    def of_all(statistic, draws: int = 1000) -> dict | None:
        return grouped_bootstrap(statistic, groups, draws).json() if every else None

    return {
        "balanced_accuracy": of_all(lambda i: balanced_accuracy(right[i], guess[i])),
        "macro_f1": of_all(lambda i: f1_score(right[i], guess[i], average="macro"), 200),
        "roc_auc": of_all(lambda i: _auc(truth[i], probabilities[i]), 200),
        "calibration_error": ece | {"expected": round(expected, 4), "excess": round(ece["value"] - expected, 4)},
        "coverage": grouped_bootstrap(lambda i: covered[i].mean(), groups).json(),
        "set_size": round(float(np.mean([len(s) for s in sets])), 3),
        "confusion": np.bincount(right * len(head.classes) + guess, minlength=len(head.classes) ** 2)
        .reshape(len(head.classes), -1)
        .tolist(),
        "reliability": [b.json() for b in reliability(probabilities.max(1), guess == right)],
    }


def _findings(head: Head, probabilities: np.ndarray, truth: np.ndarray, groups: list[str]) -> dict:
    """Metrics of findings; None for one that cannot be computed."""
    called = probabilities >= np.array(head.thresholds)
    told = [k for k in range(len(head.classes)) if 0 < truth[:, k].sum() < len(truth)]

    def over_findings(metric, values) -> dict | None:
        def mean(i: np.ndarray) -> float:
            columns = [k for k in told if 0 < truth[i, k].sum() < len(i)]
            return float(np.mean([metric(truth[i, k], values[i, k]) for k in columns])) if columns else np.nan

        return grouped_bootstrap(mean, groups).json() if told else None

    return {
        "balanced_accuracy": over_findings(balanced_accuracy, called),
        "roc_auc": over_findings(roc_auc_score, probabilities),
        "findings_roc_auc": {
            head.classes[k]: round(float(roc_auc_score(truth[:, k], probabilities[:, k])), 4) for k in told
        },
        "reliability": [b.json() for b in reliability(probabilities.ravel(), truth.ravel())],
    }


def measure_together(head: Head, joined: Together, votes: np.ndarray, test: Labelled) -> dict:
    """What the vote of the nearest cases adds to a head on test pictures: `vote`, `together` and `agreement`.

    The first two as balanced accuracy, of both together also calibration error, coverage and mean size of the sets.
    Agreement: the share of pictures where head and vote name the same first class, and how often there and elsewhere
    the head, the vote and both together were right, with Wilson's intervals. Of findings the first named counts, and is
    right where the picture has it.

    Args:
        votes: [N, C] of the training cases on the test pictures.
    """
    given = head.probabilities(test.pooled)
    both = joined.probabilities(given, votes)
    groups, truth = [c.group or c.id for c in test.cases], test.membership(head.classes)
    named = {"head": given.argmax(1), "vote": votes.argmax(1), "together": both.argmax(1)}
    right = {who: truth[np.arange(len(truth)), first] for who, first in named.items()}
    agreed = named["head"] == named["vote"]
    found: dict = {"agreement": {"share": _share(agreed)}}
    for name, chosen in (("agreed", agreed), ("not_agreed", ~agreed)):
        if chosen.any():
            found["agreement"][name] = {who: _share(r[chosen]) for who, r in right.items()}
    if not head.exclusive:
        return found
    answer = truth.argmax(1)
    for who in ("vote", "together"):
        guess = named[who]
        found[who] = {"balanced_accuracy": grouped_bootstrap(partial(_accuracy, answer, guess), groups).json()}
    sets = [prediction_set(head.classes, p, joined.threshold) for p in both]
    covered = np.array([label in kept for label, kept in zip(test.labels, sets, strict=True)])
    error, expected = calibration_error(both, answer), expected_calibration_error(both, groups)
    found["together"] |= {
        "calibration_error": {"value": round(error, 4), "expected": round(expected, 4)}
        | {"excess": round(error - expected, 4)},
        "coverage": grouped_bootstrap(lambda i: covered[i].mean(), groups).json(),
        "set_size": round(float(np.mean([len(s) for s in sets])), 3),
    }
    return found


def _accuracy(truth: np.ndarray, guess: np.ndarray, drawn: np.ndarray) -> float:
    return balanced_accuracy(truth[drawn], guess[drawn])


def _share(right: np.ndarray) -> dict[str, float]:
    """The share of [N] that is true, with its interval and N."""
    low, high = wilson(int(right.sum()), len(right))
    return Interval(float(right.mean()), low, high).json() | {"pictures": len(right)}


def _auc(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean ROC-AUC of each class against the rest, over the classes that occur."""
    columns = [k for k in range(truth.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    return float(np.mean([roc_auc_score(truth[:, k], probabilities[:, k]) for k in columns])) if columns else np.nan
