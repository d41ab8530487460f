"""Measure: how right, how calibrated and how cautious a head is on test pictures."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from ..reading.heads import Head
from .features import Labelled
from .statistics import balanced_accuracy, calibration_error, expected_calibration_error, grouped_bootstrap, reliability


def measure(head: Head, test: Labelled) -> dict:
    """Metrics of a head with 95 % intervals from resampling groups.

    Exclusive classes: balanced accuracy, macro F1, ROC-AUC (one against the rest), calibration error with the error
    a perfectly calibrated head would show on as many pictures, coverage and mean size of the prediction sets.
    Findings: the mean over findings of ROC-AUC and, at the thresholds, of balanced accuracy.
    Both: the points of a reliability diagram; of findings, over every pair of picture and finding.
    """
    probabilities = head.probabilities(test.pooled)
    groups = [c.group or c.id for c in test.cases]
    common = {
        "split": "fold 0, grouped by patient, lesion or near-duplicate where known",
        "pictures": len(test.cases),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }
    truth = test.membership(head.classes)
    if not head.exclusive:
        called = probabilities >= np.array(head.thresholds)

        def over_findings(metric, values):
            def mean(i: np.ndarray) -> float:
                columns = [k for k in range(len(head.classes)) if 0 < truth[i, k].sum() < len(i)]
                return float(np.mean([metric(truth[i, k], values[i, k]) for k in columns])) if columns else np.nan

            return grouped_bootstrap(mean, groups).json()

        return common | {
            "balanced_accuracy": over_findings(balanced_accuracy, called),
            "roc_auc": over_findings(roc_auc_score, probabilities),
            "findings_roc_auc": {
                c: round(float(roc_auc_score(truth[:, k], probabilities[:, k])), 4)
                for k, c in enumerate(head.classes)
                if 0 < truth[:, k].sum() < len(truth)
            },
            "reliability": [b.json() for b in reliability(probabilities.ravel(), truth.ravel())],
        }
    guess, right = probabilities.argmax(1), truth.argmax(1)
    sets = [head.prediction_set(p) for p in probabilities]
    covered = np.array([label in kept for label, kept in zip(test.labels, sets, strict=True)])
    expected = expected_calibration_error(probabilities, groups)
    ece = grouped_bootstrap(lambda i: calibration_error(probabilities[i], right[i]), groups, biased=True).json()
    return common | {
        "balanced_accuracy": grouped_bootstrap(lambda i: balanced_accuracy(right[i], guess[i]), groups).json(),
        "macro_f1": grouped_bootstrap(lambda i: f1_score(right[i], guess[i], average="macro"), groups, 200).json(),
        "roc_auc": grouped_bootstrap(lambda i: _auc(truth[i], probabilities[i]), groups, 200).json(),
        "calibration_error": ece | {"expected": round(expected, 4), "excess": round(ece["value"] - expected, 4)},
        "coverage": grouped_bootstrap(lambda i: covered[i].mean(), groups).json(),
        "set_size": round(float(np.mean([len(s) for s in sets])), 3),
        "confusion": np.bincount(right * len(head.classes) + guess, minlength=len(head.classes) ** 2)
        .reshape(len(head.classes), -1)
        .tolist(),
        "reliability": [b.json() for b in reliability(probabilities.max(1), guess == right)],
    }


def _auc(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean ROC-AUC of each class against the rest, over the classes that occur."""
    columns = [k for k in range(truth.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    return float(np.mean([roc_auc_score(truth[:, k], probabilities[:, k]) for k in columns])) if columns else np.nan
