"""Few labels: the three classical classifiers on frozen features, tuned with nothing but the labels they are given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from dinoscope.fitting.statistics import balanced_accuracy
from dinoscope.reading import scope

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Candidates for C; the third serves where there are too few labels to choose by."""
ENOUGH = 5
"""Labels a class from which on C is chosen by cross-validation, and kNN asks more than one neighbour."""

Classifier = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(features [n, P], labels [n], asked [m, P]) -> guessed labels [m]."""


def draw(truth: np.ndarray, allowed: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of `count` pictures of each class among the allowed ones, or of all that a rarer class has."""
    chosen = []
    for label in np.unique(truth[allowed]):
        members = np.flatnonzero(allowed & (truth == label))
        chosen.append(rng.permutation(members)[:count])
    return np.sort(np.concatenate(chosen))


def standardise(features: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Features by the mean and spread of the training pictures, which takes no label: [N, P] float64."""
    mean, spread = features[known].mean(0, dtype=np.float64), features[known].std(0, dtype=np.float64)
    return (features - mean) / np.maximum(spread, 1e-6)


def neighbours(features: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Majority of the nearest by cosine, the nearer class on a tie."""
    k = 1 if np.bincount(labels).max() < ENOUGH else 5
    nearest = np.argsort(-(scope.unit(asked) @ scope.unit(features).T), axis=1, kind="stable")[:, :k]
    return np.array([max(row.tolist(), key=row.tolist().count) for row in labels[nearest]])


def logistic(features: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Multinomial logistic regression.

    It is fitted in the span of its own rows, which a ridge never leaves: the same answer from as many dimensions as
    there are labels.
    """
    with threadpool_limits(1):
        middle = features.mean(0)
        _, spread, rows = np.linalg.svd(features - middle, full_matrices=False)
        basis = rows[spread > 1e-9 * spread[0]].T
        x = (features - middle) @ basis
        model = LogisticRegression(C=_choose(lambda c: LogisticRegression(C=c, max_iter=300), x, labels), max_iter=500)
        return model.fit(x, labels).predict((asked - middle) @ basis)


def machine(features: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Linear support vector machine, one class against another."""
    with threadpool_limits(1):
        return (
            SVC(C=_choose(lambda c: SVC(C=c, kernel="linear"), features, labels), kernel="linear")
            .fit(features, labels)
            .predict(asked)
        )


CLASSIFIERS: dict[str, Classifier] = {"kNN": neighbours, "logistic regression": logistic, "SVM": machine}


def _choose(build: Callable, x: np.ndarray, labels: np.ndarray, parts: int = 3) -> float:
    """The C that does best when each third of every class is guessed from the others."""
    if np.bincount(labels).max() < ENOUGH:
        return STRENGTHS[2]
    part = np.zeros(len(labels), int)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        part[members] = np.arange(len(members)) % parts
    scores = []
    for strength in STRENGTHS:
        guess = np.zeros_like(labels)
        for p in range(parts):
            guess[part == p] = build(strength).fit(x[part != p], labels[part != p]).predict(x[part == p])
        scores.append(balanced_accuracy(labels, guess))
    return STRENGTHS[int(np.argmax(scores))]
