"""Scope: does this picture look like the cases its task was fitted on?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 5
FAMILIAR = 1.0
"""A picture below this percentile is called unfamiliar: one in a hundred of the task's own is, too."""


@dataclass(frozen=True)
class Scope:
    """How familiar a picture is.

    Attributes:
        distance: mean cosine distance to the nearest cases, 0 to 2.
        percentile: share in percent of the task's own held-out cases that lie at least as far off, 0 (alien) to 100.
    """

    distance: float
    percentile: float

    @property
    def familiar(self) -> bool:
        """Whether the head may be trusted with this kind of picture."""
        return self.percentile >= FAMILIAR


def unit(vectors: np.ndarray) -> np.ndarray:
    """[N, D] rows scaled to length 1, float32."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(norms, 1e-12)).astype(np.float32)


def distances(queries: np.ndarray, cases: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Mean cosine distance of each query to its k nearest cases.

    Args:
        queries: [M, D] unit vectors.
        cases: [N, D] unit vectors, N >= k.
    Returns:
        [M] float32.
    Raises:
        ValueError: if there are fewer than k cases.
    """
    if len(cases) < k:
        raise ValueError(f"{len(cases)} cases are too few to judge by the {k} nearest; add cases to the task")
    similarity = queries @ cases.T
    nearest = np.partition(similarity, len(cases) - k, axis=1)[:, -k:]
    return 1 - nearest.mean(axis=1)


def measure(query: np.ndarray, cases: np.ndarray, reference: np.ndarray, k: int = NEIGHBOURS) -> Scope:
    """Mean cosine distance to the k nearest cases, ranked against the same distance for known cases.

    Args:
        query: [D] unit vector.
        cases: [N, D] unit vectors, N >= k.
        reference: [M] ascending distances of held-out cases to their k nearest cases.
    Raises:
        ValueError: if the task has fewer than k cases.
    Source: Sun et al., "Out-of-distribution detection with deep nearest neighbors", ICML 2022.
    """
    distance = float(distances(query[None], cases, k)[0])
    farther = len(reference) - np.searchsorted(reference, distance, side="left")
    return Scope(distance, 100.0 * float(farther) / len(reference))
