"""Fit how the vote of the nearest cases joins a task's head."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from ..reading.heads import conformal_threshold
from ..reading.projection import Projection
from ..reading.vote import Together
from .features import Labelled
from .logistic import COVERAGE, Fitted, chances, decision_threshold, folds_of, losses, temperature

USUAL = Together(neighbours=30, nearness=0.07, share=0.5)
"""Best on the mean of fold 1 over the sets; a task departs from it only for a gain that is more than noise."""
NEIGHBOURS = (15, 30, 60)
NEARNESS = (0.05, 0.07, 0.1)
SHARES = (0.3, 0.5, 0.7)


def fit_together(known: Labelled, held: Labelled, fitted: Fitted, projection: Projection) -> Together:
    """Neighbours, nearness and share have the least temperature-scaled log loss on `held`.

    They stay the usual ones where that loss falls by no more than two standard errors.

    Temperature and thresholds are set as the head's are: by the guesses for `held` and, each fold guessed from the
    others, for `known`. There no case votes on its own fold, nor on its own group.

    Args:
        known: the cases that vote, all of them real; held: of the validation fold, which do not.
        fitted: the head, with its guesses for both.
    """
    classes, exclusive = fitted.head.classes, fitted.head.exclusive
    members = known.membership(classes)
    truth = np.concatenate([members, held.membership(classes)])
    heads = fitted.probabilities
    similarity = similarities(known, held, projection)
    asked = np.arange(len(truth)) >= len(known.cases)  # the validation fold chooses
    if not asked.any():
        asked[:] = True

    def lost(candidate: Together) -> np.ndarray:
        logits = candidate.logits(heads[asked], candidate.vote(similarity[asked], members))
        return losses(logits / temperature(logits, truth[asked], exclusive), truth[asked], exclusive)

    found = usual = replace(USUAL, thresholds=() if exclusive else (0.5,) * len(classes))
    expected, most = lost(usual), 0.0
    for k, nearness, share in product(NEIGHBOURS, NEARNESS, SHARES):
        candidate = replace(usual, neighbours=k, nearness=nearness, share=share)
        gain = expected - lost(candidate)
        if gain.mean() > max(most, 2 * gain.std() / len(gain) ** 0.5):
            found, most = candidate, gain.mean()
    logits = found.logits(heads, found.vote(similarity, members))
    found = replace(found, temperature=temperature(logits, truth, exclusive))
    probabilities = chances(logits / found.temperature, exclusive)
    if exclusive:
        return replace(found, threshold=conformal_threshold(probabilities[truth], COVERAGE))
    return replace(found, thresholds=tuple(map(decision_threshold, probabilities.T, truth.T)))


def similarities(known: Labelled, held: Labelled, projection: Projection) -> np.ndarray:
    """Cosines [K + H, K] of known and held cases to the known ones; minus infinity inside a fold or a group."""
    voters = projection(known.pooled)
    found = np.concatenate([voters, projection(held.pooled)]) @ voters.T
    groups, folds = np.array([c.group or c.id for c in known.cases]), folds_of(known)
    found[: len(voters)][(folds[:, None] == folds) | (groups[:, None] == groups)] = -np.inf
    return found
