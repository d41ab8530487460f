"""Few labels: the three classical classifiers on frozen features, tuned with nothing but the labels they are given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from dinoscope.fitting.statistics import balanced_accuracy
from dinoscope.reading import scope

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Candidates for C; the third serves where there are too few labels to choose by."""
ENOUGH = 5
"""Labels a class from which on C is chosen by cross-validation, and kNN asks more than one neighbour."""

Classifier = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(features [n, P], labels [n], groups [n], asked [m, P]) -> guessed labels [m]."""


def draw(truth: np.ndarray, allowed: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of `count` pictures of each class among the allowed ones, or of all that a rarer class has."""
    chosen = []
    for label in np.unique(truth[allowed]):
        members = np.flatnonzero(allowed & (truth == label))
        chosen.append(rng.permutation(members)[:count])
    return np.sort(np.concatenate(chosen))


def set_aside(labels: np.ndarray, groups: np.ndarray, parts: int, rng: np.random.Generator) -> np.ndarray:
    """[n] bool: about one in `parts` of the labels of each class, at least one where it has two, and never all.

    Groups stay whole, or what is chosen by the labels aside would favour what remembers patients; only a class whose
    groups are too few is divided inside one.
    """
    classes = int(labels.max()) + 1
    held = np.eye(classes, dtype=int)[labels]
    wanted = np.maximum(1, held.sum(0) // parts)
    _, member = np.unique(groups.astype(str), return_inverse=True)
    of_group = np.stack([held[member == g].sum(0) for g in range(member.max() + 1)])
    chosen = np.zeros(len(of_group), bool)

    def fits(group: int) -> bool:
        left = of_group[~chosen].sum(0) - of_group[group]
        return not chosen[group] and bool((left[of_group[group] > 0] > 0).all())

    for group in rng.permutation(len(of_group)).tolist():
        if fits(group) and ((of_group[chosen].sum(0) + of_group[group] <= wanted) | (of_group[group] == 0)).all():
            chosen[group] = True
    for label in np.flatnonzero((of_group[chosen].sum(0) == 0) & (held.sum(0) > 1)):
        mine = sorted(np.flatnonzero(of_group[:, label]).tolist(), key=lambda g: of_group[g].sum())
        chosen[[g for g in mine if fits(g)][:1]] = True
    aside = chosen[member]
    for label in np.flatnonzero((held[aside].sum(0) == 0) & (held.sum(0) > 1)):
        aside[np.flatnonzero(labels == label)[: wanted[label]]] = True
    return aside


def standardise(features: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Features by the mean and spread of the training pictures, which takes no label: [N, P] float64."""
    mean, spread = features[known].mean(0, dtype=np.float64), features[known].std(0, dtype=np.float64)
    return (features - mean) / np.maximum(spread, 1e-6)


def neighbours(features: np.ndarray, labels: np.ndarray, _: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Majority of the nearest by cosine, the nearer class on a tie."""
    k = 1 if np.bincount(labels).max() < ENOUGH else 5
    nearest = np.argsort(-(scope.unit(asked) @ scope.unit(features).T), axis=1, kind="stable")[:, :k]
    return np.array([max(row.tolist(), key=row.tolist().count) for row in labels[nearest]])


def logistic(features: np.ndarray, labels: np.ndarray, groups: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Multinomial logistic regression.

    It is fitted in the span of its own rows, which a ridge never leaves: the same answer from as many dimensions as
    there are labels.
    """
    with threadpool_limits(1):
        middle = features.mean(0)
        _, spread, rows = np.linalg.svd(features - middle, full_matrices=False)
        basis = rows[spread > 1e-9 * spread[0]].T
        x = (features - middle) @ basis
        strength = _choose(lambda c: LogisticRegression(C=c, max_iter=300), x, labels, groups)
        model = LogisticRegression(C=strength, max_iter=500)
        return model.fit(x, labels).predict((asked - middle) @ basis)


def machine(features: np.ndarray, labels: np.ndarray, groups: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Linear support vector machine, one class against another."""
    with threadpool_limits(1):
        strength = _choose(lambda c: SVC(C=c, kernel="linear"), features, labels, groups)
        return SVC(C=strength, kernel="linear").fit(features, labels).predict(asked)


CLASSIFIERS: dict[str, Classifier] = {"kNN": neighbours, "logistic regression": logistic, "SVM": machine}


def _choose(build: Callable, x: np.ndarray, labels: np.ndarray, groups: np.ndarray, parts: int = 3) -> float:
    """The C that does best when each third of every class is guessed from the others."""
    if np.bincount(labels).max() < ENOUGH:
        return STRENGTHS[2]
    part = thirds(labels, groups, parts)
    scores = []
    for strength in STRENGTHS:
        guess = np.zeros_like(labels)
        for p in np.unique(part):
            guess[part == p] = build(strength).fit(x[part != p], labels[part != p]).predict(x[part == p])
        scores.append(balanced_accuracy(labels, guess))
    return STRENGTHS[int(np.argmax(scores))]


def thirds(labels: np.ndarray, groups: np.ndarray, parts: int = 3) -> np.ndarray:
    """[n] the part of each label: every class in each, groups whole unless a class would be missing somewhere then."""
    part = np.zeros(len(labels), int)
    if np.bincount(labels)[np.unique(labels)].min() >= parts:
        for p, (_, test) in enumerate(StratifiedGroupKFold(parts).split(labels, labels, groups)):
            part[test] = p
        if all(len(np.unique(labels[part != p])) == len(np.unique(labels)) for p in range(parts)):
            return part
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        part[members] = np.arange(len(members)) % parts
    return part
