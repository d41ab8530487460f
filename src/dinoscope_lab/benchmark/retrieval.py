"""Retrieval: how often the nearest cases are of the picture's own class, for each kind of vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dinoscope.fitting.statistics import Interval, grouped_bootstrap
from dinoscope.reading.scope import unit

K = 5
RERANKED = 100
"""So many of the nearest are ranked again by their patches."""


@dataclass(frozen=True)
class Set:
    """Queries and the cases they are searched in, the same kind of vector for both.

    Attributes:
        vectors: [N, K] unit vectors; cells: [N, m, d] unit patch vectors.
        members: [N, C] bool, the classes or findings of each; groups: [N].
    """

    vectors: np.ndarray
    cells: np.ndarray
    members: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Of M queries, each 0 to 1: average precision of the first five, vote of five, class of the first."""

    precision: np.ndarray
    vote: np.ndarray
    first: np.ndarray

    def intervals(self, groups: np.ndarray) -> dict[str, Interval]:
        """Means with 95 % intervals from resampling whole groups of queries."""
        named = {"value": self.precision, "vote": self.vote, "first": self.first}
        return {name: mean_with_interval(values, groups) for name, values in named.items()}


def mean_with_interval(values: np.ndarray, groups: np.ndarray) -> Interval:
    """Mean of [M] values with its 95 % interval from resampling whole groups [M]."""
    return grouped_bootstrap(lambda drawn: float(values[drawn].mean()), list(groups))


def measure(queries: Set, cases: Set, patches: bool = False) -> Scores:
    """Search each query among the cases, at most one case a group.

    Args:
        patches: rank the nearest again by their patches, as a region search of the whole picture would.
    """
    ranked = []
    for vector, cells in zip(queries.vectors, queries.cells, strict=True):
        order = np.argsort(-(cases.vectors @ vector), kind="stable")
        if patches:
            near = order[:RERANKED]
            best = np.einsum("qd,npd->nqp", cells, cases.cells[near]).max(axis=2).mean(axis=1)
            order = near[np.argsort(-best, kind="stable")]
        ranked.append(_first_of_each_group(order, cases.groups))
    return _scores(np.array(ranked), queries.members, cases.members)


def by_chance(queries: Set, cases: Set, seed: int) -> Scores:
    """The same for an order drawn at random."""
    rng = np.random.default_rng(seed)
    ranked = [_first_of_each_group(rng.permutation(len(cases.groups)), cases.groups) for _ in queries.groups]
    return _scores(np.array(ranked), queries.members, cases.members)


def kinds(cls: np.ndarray, patches_mean: np.ndarray, patches_deviation: np.ndarray) -> dict[str, np.ndarray]:
    """Unit vectors of each kind, from CLS tokens, means and standard deviations of patch tokens, each [N, D]."""
    return {
        "CLS": unit(cls),
        "mean patch": unit(patches_mean),
        "CLS + mean": unit(np.concatenate([cls, patches_mean], axis=1)),
        "CLS + mean + deviation": unit(np.concatenate([cls, patches_mean, patches_deviation], axis=1)),
    }


def _first_of_each_group(order: np.ndarray, groups: np.ndarray) -> list[int]:
    seen: set = set()
    kept: list[int] = []
    for i in order:
        if groups[i] not in seen:
            seen.add(groups[i])
            kept.append(int(i))
        if len(kept) == K:
            break
    return kept


def _scores(ranked: np.ndarray, truth: np.ndarray, members: np.ndarray) -> Scores:
    """Scores of ranked cases [M, K]; a case is right for a query when they share a class or a finding."""
    relevant = (members[ranked] & truth[:, None]).any(axis=2)
    positions = np.arange(1, relevant.shape[1] + 1)
    precision = (relevant * relevant.cumsum(axis=1) / positions).sum(axis=1)
    possible = np.minimum(K, (truth.astype(int) @ members.T.astype(int) > 0).sum(axis=1))
    # On a tie the class of the nearest wins, as on the page.
    counts = members[ranked].sum(axis=1) + 0.5 * members[ranked[:, 0]]
    vote = truth[np.arange(len(truth)), counts.argmax(axis=1)]
    return Scores(precision / np.maximum(possible, 1), vote.astype(float), relevant[:, 0].astype(float))
