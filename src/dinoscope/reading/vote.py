"""Vote: what the nearest real cases of a task say to a picture, and what they and the head say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, softmax

LEAST = 1e-12
"""Stands for a probability of nothing, whose logarithm is taken."""


@dataclass(frozen=True)
class Together:
    """How the vote of the nearest cases joins the head: fitted with it, chosen on the validation fold.

    Attributes:
        neighbours: k, how many cases vote; nearness: t, a case counts by exp(cosine similarity / t).
        share: of the vote in the mean of its probabilities and the head's, 0 to 1.
        temperature: the log-odds of that mean are divided by it.
        threshold: a class is in the prediction set of the two when its probability is at least this.
        thresholds: probabilities from which on a finding is called present; empty for exclusive classes.
    """

    neighbours: int
    nearness: float
    share: float
    temperature: float = 1.0
    threshold: float = 0.0
    thresholds: tuple[float, ...] = ()

    @classmethod
    def of(cls, facts: dict) -> Together | None:
        """What a task's facts say of it; None where it was fitted before cases had a vote.

        Raises:
            KeyError, TypeError: for facts that are damaged.
        """
        joined = facts.get("together")
        return cls(**joined | {"thresholds": tuple(joined["thresholds"])}) if joined else None

    def vote(self, similarity: np.ndarray, members: np.ndarray) -> np.ndarray:
        """Votes of the nearest cases [M, C], each 0 to 1; of exclusive classes the rows sum to 1.

        Of exclusive classes a vote counts for more the rarer its class is among all cases, so that a frequent one
        does not win by numbers alone. Findings get the share of the votes that have them.

        Args:
            similarity: [M, N] cosine similarities of M pictures to N cases; minus infinity for who has no vote.
            members: [N, C] bool, the class or findings of each case.
        Source: Dudani, "The distance-weighted k-nearest-neighbor rule", IEEE Trans. SMC 1976.
        """
        k = min(self.neighbours, similarity.shape[1])
        nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(similarity, nearest, axis=1).astype(np.float64) / self.nearness
        # Where nobody may vote, all cases do so alike.
        nobody = np.isneginf(near.max(axis=1, keepdims=True))
        weights = softmax(np.where(nobody, 0, near), axis=1)
        ballots = np.where(nobody[..., None], members.mean(axis=0), members[nearest])
        if self.thresholds:
            return np.einsum("mk,mkc->mc", weights, ballots)
        votes = np.einsum("mk,mkc->mc", weights, ballots / np.maximum(members.sum(axis=0), 1))
        return votes / votes.sum(axis=1, keepdims=True)

    def probabilities(self, head: np.ndarray, vote: np.ndarray) -> np.ndarray:
        """Calibrated probabilities [M, C] of both, from the head's and the vote's [M, C]."""
        logits = self.logits(head, vote) / self.temperature
        return expit(logits) if self.thresholds else softmax(logits, axis=1)

    def logits(self, head: np.ndarray, vote: np.ndarray) -> np.ndarray:
        """The same before calibration: log-odds of the weighted mean, or its logarithm for exclusive classes."""
        mean = np.clip((1 - self.share) * head + self.share * vote, LEAST, 1 - LEAST)
        return logit(mean) if self.thresholds else np.log(mean)
