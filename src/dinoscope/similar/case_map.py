"""Case map: a task's cases in two dimensions, and where a picture falls among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CaseMap:
    """The cases on their two principal axes.

    Attributes:
        mean: [K]; axes: [K, 2].
        points: [N, 2], in the order of the task's cases.
        share: of the variance that the two axes hold, 0 to 1.
    """

    mean: np.ndarray
    axes: np.ndarray
    points: np.ndarray
    share: float

    def place(self, vector: np.ndarray) -> tuple[float, float]:
        """Where a picture's vector [K] falls."""
        x, y = (vector - self.mean) @ self.axes
        return float(x), float(y)


def fit(vectors: np.ndarray) -> CaseMap:
    """Principal component analysis of [N, K] vectors; the same axes, the same way round, at every start."""
    mean = vectors.mean(axis=0)
    centred = vectors - mean
    variances, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    # An axis may come out either way round: its largest entry is made positive.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    share = float(variances[-2:].sum() / max(variances.sum(), 1e-12))
    return CaseMap(mean, axes, centred @ axes, share)
