"""Likeness: how far drawn cases pass for real ones, as numbers with intervals."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from dinoscope.fitting.statistics import Interval, grouped_bootstrap, wilson
from dinoscope.reading.scope import NEIGHBOURS

from .reals import Reals

OVERALL = "all"
"""The row of a task over its classes."""
APART = 1e-3
"""C of the regression that tells drawn from real."""


def rows(reals: Reals, labels: np.ndarray, pooled: np.ndarray) -> list[dict]:
    """One row a class, then one over all, of drawn cases [N] with features [N, P].

    Columns: `read` (share that a head of real pictures alone reads as what was drawn), `near` (share of the 5 nearest
    real training pictures that are of the drawn class), `rank` (of real held-out pictures, those that lie at least as
    far from training pictures; 0.5: as usual as they), `apart` (AUC of telling drawn from real, cross-validated),
    `distance` (squared maximum mean discrepancy to the real training pictures), each with the ends of its 95 %
    interval as `_low` and `_high`; `recall` of the same head on real pictures of fold 1.
    """
    read, near, rank = passing(reals, labels, pooled)
    found = []
    for name in (*reals.head.classes, OVERALL):
        mine = np.flatnonzero(labels == name) if name != OVERALL else np.arange(len(labels))
        if not len(mine):
            continue
        real = reals.known.labels == name if name != OVERALL else np.ones(len(reals.known.labels), bool)
        columns = {
            "read": Interval(float(read[mine].mean()), *wilson(int(read[mine].sum()), len(mine))),
            "near": _mean(near[mine]),
            "rank": _mean(rank[mine]),
            "apart": told_apart(reals.vectors[real], reals.embed(pooled[mine])),
            "distance": distance(reals.vectors[real], reals.embed(pooled[mine])),
        }
        row: dict = {"task": reals.task, "class": name, "drawn": len(mine)}
        if name in reals.recall:
            row["recall"] = round(reals.recall[name], 3)
        else:
            row["recall"] = round(float(np.mean(list(reals.recall.values()))), 3)
        for column, value in columns.items():
            row[column], row[f"{column}_low"], row[f"{column}_high"] = (
                round(v, 3) for v in (value.value, value.low, value.high)
            )
        found.append(row)
    return found


def read_by(reals: Reals, labels: np.ndarray, pooled: np.ndarray, name: str) -> dict:
    """What a network that judged no drawing makes of the drawn cases of one class, or of all.

    Args:
        reals: as that network sees them; labels: [N]; pooled: [N, P] its features of the drawn cases.
    Returns:
        `other`, the share that its head of real pictures alone reads as drawn, with its interval; `other_recall`, the
        same head's on real pictures of fold 1.
    """
    mine = labels == name if name != OVERALL else np.ones(len(labels), bool)
    guess = np.array(reals.head.classes)[reals.head.probabilities(pooled[mine]).argmax(1)]
    right = int((guess == labels[mine]).sum())
    low, high = wilson(right, int(mine.sum()))
    recall = reals.recall.get(name, float(np.mean(list(reals.recall.values()))))
    figures = {"other": right / mine.sum(), "other_low": low, "other_high": high, "other_recall": recall}
    return {k: round(float(v), 3) for k, v in figures.items()}


def _mean(values: np.ndarray) -> Interval:
    """Mean of [N] values, its interval from resampling them."""
    return grouped_bootstrap(lambda drawn: float(values[drawn].mean()), np.arange(len(values)))


def passing(reals: Reals, labels: np.ndarray, pooled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each drawn case [N]: whether it is read as drawn, its class's share of the nearest, its rank."""
    guess = np.array(reals.head.classes)[reals.head.probabilities(pooled).argmax(1)]
    similarity = reals.embed(pooled) @ reals.vectors.T
    nearest = np.argpartition(-similarity, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    near = (reals.known.labels[nearest] == labels[:, None]).mean(1)
    far = 1 - np.take_along_axis(similarity, nearest, axis=1).mean(1)
    rank = 1 - np.searchsorted(reals.usual, far, side="left") / len(reals.usual)
    return guess == labels, near, rank


def told_apart(real: np.ndarray, drawn: np.ndarray, folds: int = 3) -> Interval:
    """Area under the curve of a linear classifier that tells search vectors real [K, D] from drawn [N, D], out of fold.

    Interval: Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 1982.
    """
    x, y = np.concatenate([real, drawn]), np.repeat([0, 1], [len(real), len(drawn)])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=APART, class_weight="balanced", max_iter=300))
    with threadpool_limits(1):
        scores = cross_val_predict(model, x, y, cv=folds, method="decision_function")
    area = float(roc_auc_score(y, scores))
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (len(drawn) - 1) * (q1 - area**2) + (len(real) - 1) * (q2 - area**2)
    half = 1.96 * float(np.sqrt(max(spread, 0) / (len(drawn) * len(real))))
    return Interval(area, max(area - half, 0.0), min(area + half, 1.0))


def distance(real: np.ndarray, drawn: np.ndarray, draws: int = 200) -> Interval:
    """Squared maximum mean discrepancy of unit vectors [K, D] and [N, D], Gaussian kernel, unbiased: 0 for alike.

    The kernel's width is the median distance of real ones. The interval resamples the drawn ones.

    Source: Gretton et al., "A kernel two-sample test", JMLR 2012.
    """
    inside, across, own = kernels(real, drawn)
    k, n = len(real), len(drawn)
    of_real = (inside.sum() - np.trace(inside)) / (k * (k - 1))

    def value(weight: np.ndarray) -> float:
        # A case that is drawn twice does not make the drawn ones more alike: no case is paired with itself.
        pairs = weight @ own @ weight - weight**2 @ np.diag(own)
        return float(of_real + pairs / (n**2 - weight @ weight) - 2 * (across @ weight).mean() / n)

    rng = np.random.default_rng(0)
    times = [np.bincount(rng.integers(n, size=n), minlength=n).astype(float) for _ in range(draws)]
    low, high = np.percentile([value(t) for t in times], [2.5, 97.5])
    return Interval(value(np.ones(n)), float(low), float(high))


def kernels(real: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian kernels of real with real [K, K], real with drawn [K, N], drawn with drawn [N, N]."""
    inside = cdist(real, real, "sqeuclidean")
    width = np.median(inside[np.triu_indices(len(real), 1)])
    return tuple(
        np.exp(-d / width) for d in (inside, cdist(real, drawn, "sqeuclidean"), cdist(drawn, drawn, "sqeuclidean"))
    )
