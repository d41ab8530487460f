"""Scope: does this picture look like the cases its task was fitted on?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 5
FALSE_ALARMS = 0.01
"""Share of the task's own pictures that may be called unfamiliar."""
EDGE = 10.0
"""Below this percentile a picture is not called familiar, either."""


@dataclass(frozen=True)
class Scope:
    """How familiar a picture is.

    Attributes:
        distance: mean cosine distance to the nearest cases, 0 to 2.
        percentile: share in percent of the task's own held-out cases that lie at least as far off, 0 (alien) to 100.
        familiar: whether the head may be trusted with this kind of picture.
    """

    distance: float
    percentile: float
    familiar: bool

    @property
    def standing(self) -> str:
        """In a word: unfamiliar, edge (of what the head knows), or familiar."""
        return "unfamiliar" if not self.familiar else "edge" if self.percentile < EDGE else "familiar"


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


def farther(distances: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """How many of the ascending reference distances [M] are at least as large as each of [N]: [N] int."""
    return len(reference) - np.searchsorted(reference, distances, side="left")


def familiar(distances: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Whether pictures at these distances [N] are like the held-out cases, whose distances are `reference`: [N] bool.

    A picture of the task's own is as likely to take any place among M held-out cases as they are, so the farthest
    floor(0.01 (M + 1)) of the M + 1 places raise at most one false alarm in a hundred. Where M is too small for even
    one such place, only what lies farther than every held-out case is unfamiliar.

    Source: Bates et al., "Testing for outliers with conformal p-values", Annals of Statistics 2023.
    """
    alarmed = max(1, int(FALSE_ALARMS * (len(reference) + 1) + 1e-9))
    return farther(distances, reference) >= alarmed


def measure(
    query: np.ndarray, cases: np.ndarray, reference: np.ndarray, others: np.ndarray | None = None, k: int = NEIGHBOURS
) -> Scope:
    """Mean cosine distance to the k nearest cases, ranked against the same distance for known cases.

    Args:
        query: [D] unit vector.
        cases: [N, D] unit vectors, N >= k.
        reference: [M] ascending distances of held-out cases to their k nearest cases.
        others: [N] bool, cases that are neither the picture itself nor of its group, as none of them is for a held-out
            case; all count where these are fewer than k.
    Raises:
        ValueError: if the task has fewer than k cases.
    Source: Sun et al., "Out-of-distribution detection with deep nearest neighbors", ICML 2022.
    """
    if others is not None and others.sum() >= k:
        cases = cases[others]
    distance = distances(query[None], cases, k)
    share = float(farther(distance, reference)[0]) / len(reference)
    return Scope(float(distance[0]), 100.0 * share, bool(familiar(distance, reference)[0]))
