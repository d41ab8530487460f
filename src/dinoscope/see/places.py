"""Places: which patches of a picture, or of two, the network holds for alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST = 10
"""Pairs of places drawn between two pictures."""


@dataclass(frozen=True)
class Pair:
    """A place in one picture and the place in another that is nearest to it, and it to that.

    Attributes:
        here, there: numbers of the patches, in reading order.
        likeness: cosine of their vectors, -1 to 1.
    """

    here: int
    there: int
    likeness: float


def mutual(here: np.ndarray, there: np.ndarray, most: int = MOST) -> list[Pair]:
    """The most alike pairs of patches that are each other's nearest, best first.

    Args:
        here: [M, K] unit vectors; there: [N, K] unit vectors.
    Source: best buddies, Dekel et al., "Best-buddies similarity for robust template matching", CVPR 2015.
    """
    likeness = here @ there.T
    back, forth = likeness.argmax(axis=0), likeness.argmax(axis=1)
    own = np.flatnonzero(back[forth] == np.arange(len(here)))
    best = sorted(own, key=lambda i: (-likeness[i, forth[i]], i))[:most]
    return [Pair(int(i), int(forth[i]), float(likeness[i, forth[i]])) for i in best]
